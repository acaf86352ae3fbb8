"""The units as systemd itself reads them, and whether users, folders and rules fit to them."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shuttergate import companion
from shuttergate.config import Config
from shuttergate.console import process as console_process
from shuttergate.parent import children, notify, supervisor
from shuttergate.system import confine
from support import needs
from support.places import ROOT

SYSTEMD = ROOT / "systemd"
GATE = SYSTEMD / "shuttergate.service"
CONSOLE = SYSTEMD / "shuttergate-console.service"
KIOSK = SYSTEMD / "shuttergate-kiosk.service"
USER_DATA = [SYSTEMD / "cloud-init" / name for name in ("user-data", "user-data.ja")]
UNITS = [GATE, CONSOLE, KIOSK]
EXPOSURE_LIMITS = {GATE: 1.0, CONSOLE: 1.5, KIOSK: 2.5}
MANUALS = [ROOT / "docs" / "install.md", ROOT / "docs" / "install.ja.md"]

ANALYZE = shutil.which("systemd-analyze")
NEEDS_SYSTEMD = needs.both(
    needs.program("systemd-analyze"),
    # Where systemd does not run, the tool makes itself that folder.
    needs.root(
        os.access("/run", os.W_OK) or Path("/run/systemd").is_dir(),
        "systemd-analyze without a systemd that runs",
    ),
)


def settings(unit: Path) -> dict[str, list[str]]:
    """Every key of a unit with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().replace("\\\n", "").splitlines():
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


@NEEDS_SYSTEMD.mark
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # The commands must exist for this check: stand-ins in a tree of their own.
    copy = tmp_path / unit.name
    programs = r"/opt/shuttergate/venv/bin/\S+|/usr/bin/(cage|chvt|curl)"
    copy.write_text(re.sub(programs, "/bin/true", unit.read_text()))
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


@NEEDS_SYSTEMD.mark
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


@needs.program("systemd-sysusers").mark
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


@needs.program("systemd-tmpfiles").mark
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
    assert (tmp_path / "var/lib/shuttergate/album").stat().st_mode & 0o777 == 0o700


def test_the_gate_may_use_camera_pins_and_accelerator_and_no_other_device() -> None:
    found = settings(GATE)
    assert found["DevicePolicy"] == ["closed"]
    assert sorted(found["DeviceAllow"]) == [
        f"char-{kind} rw" for kind in ("dma_heap", "gpiochip", "media", "usb_device", "video4linux")
    ]
    assert "PrivateDevices" not in found


@pytest.mark.parametrize("unit", [GATE, CONSOLE], ids=lambda unit: unit.stem)
def test_it_does_not_see_the_programs_that_listen_on_a_computer(unit: Path) -> None:
    found = settings(unit)
    hidden = {
        path.removeprefix("-") for line in found["InaccessiblePaths"] for path in line.split()
    }
    assert {"/run/dbus", "/run/systemd/journal", "/run/systemd/private", "/run/user"} <= hidden
    # What the kit needs of /run: to say that it is ready, and what is plugged in.
    assert not {"/run", "/run/systemd", "/run/systemd/notify", "/run/udev"} & hidden


def test_the_page_may_use_no_device_and_write_no_file() -> None:
    found = settings(CONSOLE)
    assert found["DevicePolicy"] == ["closed"]
    assert found["PrivateDevices"] == ["yes"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["ReadOnlyPaths"] == settings(GATE)["ReadOnlyPaths"] == ["/run /dev/shm"]
    assert found["LimitFSIZE"] == ["0"]
    assert not {"DeviceAllow", "ReadWritePaths", "StateDirectory"} & set(found)


def test_the_page_has_nothing_of_the_album_but_the_photos_that_it_is_handed() -> None:
    (album,) = settings(GATE)["ReadWritePaths"]
    for unit in (CONSOLE, KIOSK):
        shut = [path.removeprefix("-") for path in settings(unit)["InaccessiblePaths"][-1].split()]
        assert any(Path(album.removeprefix("-")).is_relative_to(path) for path in shut)


def test_the_page_looks_at_the_kit_and_reads_its_settings() -> None:
    gate, console = settings(GATE), settings(CONSOLE)
    (start,) = console["ExecStart"]
    assert re.findall(r"--config \S+", start) == re.findall(r"--config \S+", gate["ExecStart"][0])
    # By name, and not by whether the kit is there already.
    assert f"--window {companion.SERVICE_SOCKET}" in start
    assert companion.SERVICE_SOCKET.parent == Path("/run", gate["RuntimeDirectory"][0])
    assert console["SupplementaryGroups"] == gate["Group"]
    assert gate["RuntimeDirectoryMode"] == ["0750"]
    assert not {"Requires", "BindsTo", "After"} & set(console), "it starts without the kit"


def test_whoever_looks_on_takes_nothing_from_the_gate() -> None:
    for unit in (CONSOLE, KIOSK):
        found = settings(unit)
        assert int(found["Nice"][0]) >= console_process.NICENESS
        assert int(found["CPUWeight"][0]) <= 20  # the kit has 100, which is every service's
        assert found["MemoryMax"] and found["MemorySwapMax"] == ["0"]
    # A picture that takes too much ends the child that judges it, and not the page.
    assert settings(CONSOLE)["OOMPolicy"] == ["continue"]


def test_the_kiosk_asks_this_computer_and_no_other() -> None:
    kiosk = settings(KIOSK)
    assert kiosk["IPAddressDeny"] == ["any"]
    assert kiosk["IPAddressAllow"] == ["127.0.0.1/32"]
    # A session of its own would be outside of this unit, and so of what is denied to it.
    assert "PAMName" not in kiosk
    assert kiosk["NoNewPrivileges"] == ["yes"]


def test_the_kiosk_sees_no_camera() -> None:
    kiosk = settings(KIOSK)
    assert kiosk["DevicePolicy"] == ["closed"]
    assert sorted(kiosk["DeviceAllow"]) == ["/dev/tty0 rw", "char-drm rw"]
    assert "PrivateDevices" not in kiosk


def test_the_kiosk_writes_no_file_but_in_memory() -> None:
    kiosk = settings(KIOSK)
    assert kiosk["ProtectSystem"] == ["strict"]
    folder = f"/run/{kiosk['RuntimeDirectory'][0]}"
    assert f"--user-data-dir={folder}/" in kiosk["ExecStart"][0]
    assert any(f"HOME={folder} " in words for words in kiosk["Environment"])
    mounted = [path.partition(":")[0] for path in kiosk["TemporaryFileSystem"][0].split()]
    assert mounted == ["/tmp", "/var/tmp"]
    assert not {"ReadWritePaths", "StateDirectory", "CacheDirectory", "PrivateTmp"} & set(kiosk)


def test_the_kiosk_shows_the_page_and_waits_for_it() -> None:
    kiosk = settings(KIOSK)
    assert kiosk["Environment"][0] == f"PAGE=http://127.0.0.1:{Config().page.port}/ VIEW="
    wait = kiosk["ExecStartPre"][0]
    assert wait.endswith("${PAGE}health") and "--retry-connrefused" in wait
    retries = int(re.findall(r"--retry (\d+)", wait)[0])
    assert retries < seconds(kiosk["TimeoutStartSec"][0])
    assert kiosk["ExecStart"][0].endswith(" ${PAGE}${VIEW}")
    # It comes and goes with the page, and only where somebody has switched it on.
    assert kiosk["WantedBy"] == kiosk["PartOf"] == [CONSOLE.name]
    assert (kiosk["Restart"], kiosk["StartLimitIntervalSec"]) == (["always"], ["0"])


@pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.name)
def test_the_manual_opens_the_page_to_private_networks_only(manual: Path) -> None:
    (block,) = re.findall(r"(?m)^    \[Unit\]\n(?:    .*\n|\n)+", manual.read_text())
    edit = [line.strip().partition("=") for line in block.splitlines() if "=" in line]
    given = [value for key, _, value in edit if key == "ExecStart"]
    assert given == ["", settings(CONSOLE)["ExecStart"][0] + " --lan"]
    (allowed,) = [value.split() for key, _, value in edit if key == "IPAddressAllow"]
    assert all(ipaddress.ip_network(network).is_private for network in allowed)


@pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.name)
def test_the_manual_installs_what_the_kiosk_runs(manual: Path) -> None:
    (line,) = re.findall(r"apt install .*\bcage\b.*", manual.read_text())
    programs = re.findall(r"/usr/bin/(cage|chromium|curl)\b", KIOSK.read_text())
    # Without xwayland bookworm's cage does not start.
    assert {*programs, "seatd", "xwayland"} <= set(line.split())
    assert f"systemctl enable --now {KIOSK.stem}" in manual.read_text()


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
    assert (mode, user, group) == ("0700", *gate["User"], *gate["Group"])
    assert age == "-", "photos are never cleaned away"
    assert f'"{folder[1:]}"' in (SYSTEMD / "install.sh").read_text()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_its_user_and_groups_are_made(unit: Path) -> None:
    found = settings(unit)
    assert set(found["User"]) <= users()
    assert set(found["Group"]) <= groups()
    assert set(found["SupplementaryGroups"][0].split()) <= groups()


def test_gate_page_and_kiosk_are_three_users() -> None:
    assert len({settings(unit)["User"][0] for unit in UNITS}) == len(UNITS)


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
    longest_s = supervisor.START_LIMIT_S + children.BACK_OFF_CAP_S
    gate = settings(GATE)
    assert seconds(gate["WatchdogSec"][0]) == notify.STEP_LIMIT_S
    assert gate["Type"] == ["notify"]
    assert gate["NotifyAccess"] == ["main"]
    assert longest_s < seconds(gate["WatchdogSec"][0]) <= 60
    assert longest_s < seconds(gate["TimeoutStartSec"][0]) <= 90
    # A stopped process does not hear SIGABRT.
    assert gate["WatchdogSignal"] == ["SIGKILL"]


def test_stopping_has_the_time_that_the_supervisor_takes() -> None:
    assert seconds(settings(GATE)["TimeoutStopSec"][0]) > 2 * supervisor.STOP_LIMIT_S


@pytest.mark.parametrize("unit", [GATE, CONSOLE], ids=lambda unit: unit.stem)
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
    """`confine` sets filters and a room, which @system-service alone does not allow."""
    sandbox = {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
    for unit in (GATE, CONSOLE):
        assert sandbox <= set(settings(unit)["SystemCallFilter"][-1].split())
    assert confine.no_network.__doc__ and confine.enter_room.__doc__


def test_the_hardware_watchdog_is_within_what_a_pi_can_count_to() -> None:
    assert (
        0 < seconds(settings(SYSTEMD / "shuttergate-watchdog.conf")["RuntimeWatchdogSec"][0]) < 15
    )


@pytest.mark.parametrize("file", USER_DATA, ids=lambda file: file.name)
def test_the_first_boot_sets_no_password(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.startswith("#cloud-config\n")
    assert "ssh_pwauth: false" in text
    assert "lock_passwd: true" in text
    for word in ("passwd:", "hashed_passwd", "chpasswd", "password:"):
        assert not re.search(rf"^\s*-?\s*{word}", text, re.MULTILINE), word
    # Whatever is somebody's own is a placeholder.
    assert "<ssh-ed25519" in text and "<yourname>" in text and "://" not in text


def first_boot(text: str) -> dict[str, Any]:
    """A user-data file as cloud-init reads it."""
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def test_the_first_boot_is_the_same_in_japanese_but_for_what_the_installer_speaks() -> None:
    english, japanese = (
        first_boot(re.sub(r"<[^>\n]*>", "<>", file.read_text("utf-8"))) for file in USER_DATA
    )
    installer = english["runcmd"].pop()
    assert japanese["runcmd"].pop() == ["env", "LANGUAGE=ja", *installer]
    assert english == japanese


def test_the_first_boot_lets_its_owner_in_before_all_else() -> None:
    """Raspberry Pi OS comes with ssh off, and there is no password: without this nobody comes in.

    `enable_ssh` is no key of cloud-init's; images ignored it, and Raspberry Pi Imager left it.
    """
    read = first_boot(USER_DATA[0].read_text("utf-8"))
    assert read["runcmd"][0] == ["systemctl", "enable", "--now", "ssh"]
    (user,) = read["users"]
    assert user["ssh_authorized_keys"] and "sudo" in user["groups"]
    assert "bootcmd" not in read  # before the network: `--now` would wait there for ever
    assert "enable_ssh" not in read


@pytest.mark.parametrize("file", USER_DATA, ids=lambda file: file.name)
def test_the_first_boot_fits_cloud_inits_schema(file: Path, tmp_path: Path) -> None:
    needs.program("cloud-init").or_skip()
    filled = tmp_path / "user-data"

    def refused(text: str) -> str:
        filled.write_text(text, "utf-8")
        done = subprocess.run(
            ["cloud-init", "schema", "--config-file", filled],
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr

    text = re.sub(r"<(\w+/\w+)>", r"\1", file.read_text("utf-8"))
    text = text.replace("<yourname>", "ada").replace("<ssh-ed25519 …", "ssh-ed25519 AAAA")
    assert refused(text) == ""
    assert "package_update" in refused(text.replace("package_update: true", "package_update: soon"))
