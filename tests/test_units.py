"""The units as systemd itself reads them, and whether users, folders and rules fit to them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shuttergate import child, confine, supervisor

ROOT = Path(__file__).parents[1]
SYSTEMD = ROOT / "systemd"
GATE = SYSTEMD / "shuttergate.service"
CONSOLE = SYSTEMD / "shuttergate-console.service"
UNITS = [GATE, CONSOLE]
EXPOSURE_LIMITS = {GATE: 1.0, CONSOLE: 1.5}

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not on this machine")


def settings(unit: Path) -> dict[str, list[str]]:
    """Every key of a unit with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if line and line[0] not in "#;[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)\s*(s|min|)", text).groups()  # type: ignore[union-attr]
    return float(number) * (60 if unit == "min" else 1)


def lines(name: str) -> list[list[str]]:
    """The lines of a sysusers.d or tmpfiles.d file, in words."""
    text = re.sub(r'"[^"]*"', '"…"', (SYSTEMD / name).read_text())
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def users() -> set[str]:
    return {words[1] for words in lines("shuttergate.sysusers") if words[0] == "u"}


def groups() -> set[str]:
    return users() | {words[1] for words in lines("shuttergate.sysusers") if words[0] == "g"}


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # The commands must exist for this check: stand-ins in a tree of their own.
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"/opt/shuttergate/venv/bin/\S+", "/bin/true", unit.read_text()))
    done = subprocess.run(
        [str(ANALYZE), "verify", "--recursive-errors=no", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    about_it = [line for line in done.stderr.splitlines() if unit.stem in line or str(copy) in line]
    assert done.returncode == 0, done.stderr
    # An unknown key is only a warning to systemd; to a sandbox it is a hole.
    assert not about_it


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_its_exposure_is_within_the_limit(unit: Path) -> None:
    limit = EXPOSURE_LIMITS[unit]
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--no-pager"]
        + [f"--threshold={round(limit * 10)}", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (figure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(figure) <= limit


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_systemd_makes_the_users(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "shuttergate.sysusers")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = [line.split(":") for line in (tmp_path / "etc" / "passwd").read_text().splitlines()]
    assert {words[0] for words in made} == users()
    assert {words[6] for words in made} == {"/usr/sbin/nologin"}
    rows = (tmp_path / "etc" / "group").read_text().splitlines()
    assert groups() <= {row.partition(":")[0] for row in rows}


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="no systemd-tmpfiles here")
def test_systemd_makes_the_album(tmp_path: Path) -> None:
    # Owned by whoever runs the test: the users are not on this machine.
    rules = tmp_path / "shuttergate.conf"
    text = (SYSTEMD / "shuttergate.tmpfiles").read_text()
    rules.write_text(re.sub(r" (root|shuttergate) +(root|shuttergate) ", " - - ", text))
    done = subprocess.run(
        ["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var/lib/shuttergate/album").stat().st_mode & 0o777 == 0o750


def test_the_gate_may_use_camera_pins_and_accelerator_and_no_other_device() -> None:
    found = settings(GATE)
    assert found["DevicePolicy"] == ["closed"]
    assert sorted(found["DeviceAllow"]) == [
        f"char-{kind} rw" for kind in ("dma_heap", "gpiochip", "media", "usb_device", "video4linux")
    ]
    assert "PrivateDevices" not in found


def test_the_page_may_use_no_device_and_write_no_file() -> None:
    found = settings(CONSOLE)
    assert found["DevicePolicy"] == ["closed"]
    assert found["PrivateDevices"] == ["yes"]
    assert found["ProtectSystem"] == ["strict"]
    assert not {"DeviceAllow", "ReadWritePaths", "StateDirectory"} & set(found)


def test_the_gate_has_no_network_and_the_page_only_its_port() -> None:
    gate, console = settings(GATE), settings(CONSOLE)
    assert gate["PrivateNetwork"] == ["yes"]
    assert gate["IPAddressDeny"] == console["IPAddressDeny"] == ["any"]
    assert gate["RestrictAddressFamilies"] == ["AF_UNIX AF_NETLINK"]
    assert console["IPAddressAllow"] == ["localhost"]
    assert console["SocketBindDeny"] == ["any"]
    assert len(console["SocketBindAllow"]) == 1


def test_the_album_is_the_one_place_that_can_be_written() -> None:
    gate = settings(GATE)
    assert gate["ProtectSystem"] == ["strict"]
    (folder,) = gate["ReadWritePaths"]
    assert folder.startswith("-"), "without its album a kit must start and say so"
    made = {words[1]: words for words in lines("shuttergate.tmpfiles")}
    _, _, mode, user, group, age = made[folder.removeprefix("-")]
    assert (mode, user, group) == ("0750", *gate["User"], *gate["Group"])
    assert age == "-", "photos are never cleaned away"
    assert f'"{folder[1:]}"' in (SYSTEMD / "install.sh").read_text()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_its_user_and_groups_are_made(unit: Path) -> None:
    found = settings(unit)
    assert set(found["User"]) <= users()
    assert set(found["Group"]) <= groups()
    assert set(found["SupplementaryGroups"][0].split()) <= groups()


def test_gate_and_page_are_two_users() -> None:
    assert settings(GATE)["User"] != settings(CONSOLE)["User"]


def test_every_file_of_the_rules_goes_to_a_group_of_the_gate() -> None:
    given = re.findall(r'GROUP="(\w+)"', (SYSTEMD / "shuttergate.rules").read_text())
    assert set(given) == set(settings(GATE)["SupplementaryGroups"][0].split())


def test_the_coral_is_known_before_and_after_its_first_inference() -> None:
    rules = (SYSTEMD / "shuttergate.rules").read_text()
    found = re.findall(r'ATTR\{idVendor\}=="(\w+)", ATTR\{idProduct\}=="(\w+)"', rules)
    assert found == [("1a6e", "089a"), ("18d1", "9302")]
    for line in rules.splitlines():
        if not line.startswith("#"):
            assert 'MODE="0660"' in line, "for a group, not for everybody"


def test_the_watchdog_outlasts_a_restart_of_the_gate_process() -> None:
    longest_s = supervisor.START_LIMIT_S + child.BACK_OFF_CAP_S
    gate = settings(GATE)
    assert gate["Type"] == ["notify"]
    assert gate["NotifyAccess"] == ["main"]
    assert longest_s < seconds(gate["WatchdogSec"][0]) <= 60
    assert longest_s < seconds(gate["TimeoutStartSec"][0]) <= 90
    # A stopped process does not hear SIGABRT.
    assert gate["WatchdogSignal"] == ["SIGKILL"]


def test_stopping_has_the_time_that_the_supervisor_takes() -> None:
    assert seconds(settings(GATE)["TimeoutStopSec"][0]) > 2 * supervisor.STOP_LIMIT_S


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_restarts_have_a_limit_that_can_be_reached(unit: Path) -> None:
    found = settings(unit)
    assert found["Restart"] == ["on-failure"]
    assert found["RestartPreventExitStatus"] == ["2"]
    window_s = seconds(found["StartLimitIntervalSec"][0])
    assert int(found["StartLimitBurst"][0]) * 2 * seconds(found["RestartSec"][0]) < window_s


def test_whatever_happened_the_line_is_lowered() -> None:
    (after,) = settings(GATE)["ExecStopPost"]
    start = settings(GATE)["ExecStart"][0]
    assert "-m shuttergate.release" in after
    assert re.findall(r"--config \S+", after) == re.findall(r"--config \S+", start)


def test_lgpio_has_a_folder_for_its_fifo_and_gpiozero_its_view_of_proc() -> None:
    gate = settings(GATE)
    assert gate["WorkingDirectory"] == [f"/run/{gate['RuntimeDirectory'][0]}"]
    assert gate["ProcSubset"] == ["all"]


def test_the_sandbox_lets_the_processes_confine_themselves() -> None:
    """`confine` sets a seccomp filter, which @system-service alone does not allow."""
    assert "seccomp" in settings(GATE)["SystemCallFilter"][-1].split()
    assert confine.no_network.__doc__


def test_the_hardware_watchdog_is_within_what_a_pi_can_count_to() -> None:
    assert (
        0 < seconds(settings(SYSTEMD / "shuttergate-watchdog.conf")["RuntimeWatchdogSec"][0]) < 15
    )


def test_the_first_boot_sets_no_password() -> None:
    text = (SYSTEMD / "cloud-init" / "user-data").read_text()
    assert text.startswith("#cloud-config\n")
    assert "ssh_pwauth: false" in text
    assert "lock_passwd: true" in text
    for word in ("passwd:", "hashed_passwd", "chpasswd", "password:"):
        assert not re.search(rf"^\s*-?\s*{word}", text, re.MULTILINE), word
    # Whatever is somebody's own is a placeholder.
    assert "<ssh-ed25519" in text and "<yourname>" in text and "://" not in text
