"""The installer on a machine that has nothing of ours yet, and once more."""

from __future__ import annotations

import grp
import re
import shutil
from pathlib import Path

from bank import Bank
from service import (
    ALBUM,
    CONFIG,
    KIOSK,
    PAGE,
    UNIT,
    install,
    paths,
    run,
    show,
    snapshot,
    systemctl,
    wait_until,
)
from workbench import Note

OURS = ("/etc", "/opt/shuttergate", "/usr/local", "/boot", "/var/lib/shuttergate")
DEVICES = {"/dev/gpiochip0": "gpio", "/dev/dma_heap/system": "video"}


def modes() -> dict[str, tuple[str, int]]:
    found = {}
    for name in DEVICES:
        facts = Path(name).stat()
        found[name] = (grp.getgrgid(facts.st_gid).gr_name, facts.st_mode & 0o777)
    return found


def test_the_installer_brings_the_kit_to_ready(bank: Bank, note: Note) -> None:
    """installed, enabled, started: systemd hears READY"""
    Path("/bench/before").write_text("\n".join(inventory()))
    shutil.copytree("/boot/firmware", "/bench/boot")
    assert not ALBUM.exists() and not CONFIG.exists()
    before = modes()
    assert all(group == "root" for group, _ in before.values()), before
    said = install("--board", "pi-cpu")
    print(said)
    assert "apt-get install" in said, "the packages were there already"
    for unit, due in ((UNIT, "enabled"), (PAGE, "enabled"), (KIOSK, "disabled")):
        assert run("systemctl", "is-enabled", unit).stdout.strip() == due
    assert show("ActiveState", PAGE) == "active"
    assert (show("ActiveState"), show("Type"), show("NRestarts")) == ("active", "notify", "0")
    assert not re.search(r"^fault", said, re.MULTILINE), "the doctor found one"
    assert 'board = "pi-cpu"' in CONFIG.read_text()
    assert "persist_gpio_outputs=n" in Path("/boot/firmware/cmdline.txt").read_text()
    # Not by hand: what udev made of the rule, on devices that were there before it.
    assert modes() == {name: (group, 0o660) for name, group in DEVICES.items()}
    note("apt and pip from files; doctor without a fault; devices by the udev rule")


def inventory() -> list[str]:
    """Return every file of the system, and every account."""
    folders = ("/etc", "/opt", "/usr/local", "/usr/bin", "/usr/sbin", "/var/lib", "/boot", "/home")
    accounts = Path("/etc/passwd").read_text().splitlines()
    return paths(*folders) + [f"account {line}" for line in accounts]


def test_a_second_run_changes_nothing(note: Note) -> None:
    """the installer, run again, changes no file, and the service runs after it"""
    before = snapshot(*OURS)
    said = install()
    print(said)
    assert snapshot(*OURS) == before
    assert not re.search(r"^(write|copy|rm|cp) ", said, re.MULTILINE), said
    assert show("ActiveState") == "active"
    note(f"{len(before)} paths: mode, owner, time and size are the same")


def test_the_gate_opens(bank: Bank, note: Note) -> None:
    """an owner's settings for a slow machine; then the real gate opens the line"""
    text = CONFIG.read_text()
    for name, value in (("max_age_ms", 1500), ("clear_frames", 2)):
        text, count = re.subn(rf"(?m)^{name} = \d+", f"{name} = {value}", text)
        assert count == 1
    CONFIG.write_text(text)
    systemctl("restart", UNIT)
    assert wait_until(bank.line, 30), show("StatusText")
    assert wait_until(lambda: show("StatusText") == "open")
    note("picamera2 on libcamera's virtual camera, lgpio on gpio-sim, both models on the CPU")
