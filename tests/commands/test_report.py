"""A report that can be sent away: all of the kit, and nothing of whose it is."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shuttergate.cli import app
from shuttergate.commands import report


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
    found = json.loads(text)
    parts = {one["part"]: one["health"] for one in found["findings"]}
    assert parts["camera"] == parts["gpio"] == "ok"
    assert {one["channel"] for one in found["channels"]} == {"consent-clean", "open-nsfw"}
    assert found["budget"]["max_age_ms"] == 250 and found["camera"]["frames"] > 0
    assert not [one for one in report.secrets() if one in text]


def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "collect", lambda config, board: report.AgeBudget(*[0.0] * 7))
    path = tmp_path / "gone" / "report.json"
    done = CliRunner().invoke(app, ["doctor", "--report", str(path)])
    assert done.exit_code == 1 and "No such file or directory; name a file" in done.output
