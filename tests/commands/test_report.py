"""A report that can be sent away: all of the kit, and nothing of whose it is."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from shuttergate.board import read_board
from shuttergate.cli import app
from shuttergate.commands import report
from shuttergate.config import AlbumSettings, Config, SceneSettings
from shuttergate.examination import Examined, Health


def computer(root: Path) -> Path:
    """A made-up root of a Raspberry Pi."""
    for name, text in {
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/device-tree/serial-number": "10000000abcdef12\0",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
        "sys/class/net/eth0/address": "d8:3a:dd:01:02:03\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_what_tells_one_computer_from_another_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "hanakos-kit")
    monkeypatch.setenv("HOME", "/home/hanako")
    taken_out = report.secrets(computer(tmp_path))
    said = (
        "hanakos-kit, /home/hanako/Pictures of hanako, 10000000abcdef12, "
        "0123456789abcdef0123456789abcdef, d8:3a:dd:01:02:03"
    )
    left = report.without(said, taken_out)
    for one in ("hanako", "10000000abcdef12", "0123456789", "d8:3a"):
        assert one not in left
    assert left.count(report.TAKEN_OUT) == 6


def test_of_two_names_the_one_that_holds_the_other_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "hanako-kamera")
    monkeypatch.setenv("HOME", "/home/kamera")
    left = report.without("hanako-kamera, kamera", report.secrets(tmp_path))
    assert left == f"{report.TAKEN_OUT}, {report.TAKEN_OUT}"


def test_whoever_asks_by_sudo_has_a_name_too_and_a_camera_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("SUDO_USER", "taro")
    (tmp_path / "home" / "hanako").mkdir(parents=True)
    serial = tmp_path / "sys/bus/usb/devices/1-1/serial"
    serial.parent.mkdir(parents=True)
    serial.write_text("9AE0F2BF\n")
    assert {"taro", "hanako", "9AE0F2BF"} <= set(report.secrets(tmp_path))


def found(**more: Any) -> report.Report:
    """A report of a kit that its owner described."""
    board = replace(read_board("simulated"), title={"en": "Hanako's kit"})
    board = replace(board, camera=replace(board.camera, **more))
    findings = [
        Examined("camera", Health.FAULT, "/home/x/Taro, class 3.jpg: is no picture; camera"),
        Examined("disk", Health.OK, "1 GB free for the album in /mnt/Hanako/album"),
        Examined("gpio", Health.WARNING, "no camera of hanako", "ask camera"),
    ]
    machine = {"model": "camera"}
    return report.Report(machine, {"shuttergate": "1"}, board, findings, None, [], None, None)


def test_no_path_that_its_owner_chose_is_in_it_nor_a_boards_title() -> None:
    config = Config(album=AlbumSettings(folder="/mnt/Hanako/album"))
    config = replace(config, scene=SceneSettings(path="/home/x/Taro, class 3.jpg"))
    sent = report.sendable(found(), config, ["hanako"])
    text = msgspec.json.encode(sent).decode()
    assert "Hanako" not in text and "hanako" not in text and "Taro" not in text
    assert [one.seen for one in sent.findings[:2]] == [
        report.TAKEN_OUT,
        f"1 GB free for the album in {report.TAKEN_OUT}",
    ]
    camera = "/dev/v4l/by-id/usb-046d_9AE0F2BF-video-index0"
    webcam = found(driver="webcam", device=camera)
    first = replace(webcam.findings[0], seen=f"{camera} is busy")
    sent = report.sendable(replace(webcam, findings=[first]), Config(), [])
    assert "9AE0F2BF" not in msgspec.json.encode(sent).decode()


def test_a_computer_that_is_called_like_a_part_spoils_no_report() -> None:
    sent = report.sendable(found(), Config(), ["camera", "fault"])
    again = msgspec.json.decode(msgspec.json.encode(sent), type=report.Report)
    assert [one.part for one in again.findings] == ["camera", "disk", "gpio"]
    assert again.findings[0].health is Health.FAULT and again.packages == {"shuttergate": "1"}
    assert again.findings[2].mend == f"ask {report.TAKEN_OUT}"
    assert report.without("cameras, camera", ["camera"]) == f"cameras, {report.TAKEN_OUT}"


def test_usual_names_spoil_no_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "raspberrypi")
    monkeypatch.setenv("HOME", "/home/pi")
    taken_out = report.secrets(tmp_path)
    assert report.without("a pi on raspberrypi", taken_out) == "a pi on raspberrypi"


def test_the_machine_is_told_by_kind(tmp_path: Path) -> None:
    found = report.machine(computer(tmp_path))
    assert found["model"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert found["system"] == "Debian GNU/Linux 13 (trixie)"
    assert "10000000abcdef12" not in json.dumps(found)


def test_the_command_writes_it_and_names_this_computer_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    settings = tmp_path / "kit.toml"
    settings.write_text(f'[album]\nfolder = "{tmp_path}/album"\n')
    done = CliRunner().invoke(app, ["doctor", "--report", str(path), "--config", str(settings)])
    assert done.exit_code == 0, done.output
    text = path.read_text()
    assert str(tmp_path) not in text
    found = json.loads(text)
    parts = {one["part"]: one["health"] for one in found["findings"]}
    assert parts["camera"] == parts["gpio"] == "ok"
    assert {one["channel"] for one in found["channels"]} == {"consent-clean", "open-nsfw"}
    assert found["budget"]["max_age_ms"] == 250 and found["camera"]["frames"] > 0
    assert not [one for one in report.secrets() if one in text]


def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "collect", lambda config, board: found())
    path = tmp_path / "gone" / "report.json"
    done = CliRunner().invoke(app, ["doctor", "--report", str(path)])
    assert done.exit_code == 1 and "No such file or directory; name a file" in done.output


def test_a_fault_in_it_is_told_by_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "collect", lambda config, board: found())
    path = tmp_path / "report.json"
    done = CliRunner().invoke(app, ["doctor", "--report", str(path)])
    assert (done.exit_code, path.exists()) == (1, True)
    done = CliRunner().invoke(app, ["doctor", "--measure", "--report", str(path)])
    assert done.exit_code == 2 and "leave out --measure" in done.output


def test_what_a_class_taught_is_nobody_elses_business() -> None:
    """Its file and its name are theirs; that it cannot be read is not."""
    why = "/home/class-2b/banana.rule: is no taught rule"
    theirs = Examined("taught rule 1", Health.FAULT, why, "copy it anew, or teach the rule anew")
    (sent,) = report.sendable(replace(found(), findings=[theirs]), Config(), []).findings
    assert sent == replace(theirs, seen=report.TAKEN_OUT)
