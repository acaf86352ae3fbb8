"""The installer over a changed checkout, and then the installer's way out."""

from __future__ import annotations

import pwd
import re
import shutil
from pathlib import Path

import pytest
from bank import Bank
from check_install import inventory
from service import ALBUM, CHECKOUT, CONFIG, install, main_pid, run, show, wait_until
from workbench import Note

BOOT = ("/boot/firmware/cmdline.txt", "/boot/firmware/config.txt")
STAY = re.compile(
    r"/etc/(passwd|group|shadow|gshadow)-?$"  # Debian's tools keep a copy of what they change
    r"|/etc/ld\.so\.cache$|/etc/\.pwd\.lock$|/etc/ld\.so\.conf\.d/libcamera\.conf$"  # from apt
    r"|/opt/shuttergate-bench|/var/lib/(apt|dpkg|systemd|private)"
)


def test_an_update_keeps_settings_and_photos(kit: Bank, note: Note) -> None:
    """a changed checkout installed over it: a new process of the new program; all else is kept"""
    changed = CHECKOUT / "firmware" / "shuttergate" / "__init__.py"
    pid, settings = main_pid(), CONFIG.read_bytes()
    shutil.copy("/bench/scenes/clear.jpg", ALBUM / "an-owner's-own.jpg")
    photos = {path.name: path.read_bytes() for path in ALBUM.iterdir()}
    text = changed.read_text()
    changed.write_text(re.sub(r'__version__ = "[^"]*"', '__version__ = "99.1"', text))
    assert changed.read_text() != text
    said = install()
    assert "copy firmware" in said and "pip install" not in said
    assert (show("ActiveState"), main_pid() in (0, pid)) == ("active", False)
    version = run("/usr/local/bin/shuttergate", "--version").stdout
    assert version == "shuttergate 99.1\n"
    assert CONFIG.read_bytes() == settings
    assert {path.name: path.read_bytes() for path in ALBUM.iterdir()} == photos
    assert wait_until(kit.line, 30)
    note(f"{len(photos)} photos and the owner's settings are the same, byte for byte")


def test_uninstall_leaves_no_trace_but_the_album(kit: Bank, note: Note) -> None:
    """--uninstall: files, accounts and boot settings as before the first run; photos stay"""
    before = Path("/bench/before").read_text().splitlines()
    photos = {path.name: path.read_bytes() for path in ALBUM.iterdir()}
    said = install("--uninstall")
    print(said)
    assert not kit.line()
    after = inventory()
    new = [path for path in set(after) - set(before) if not STAY.match(path)]
    kept = [path for path in new if not Path(path).is_relative_to(ALBUM.parent)]
    assert not kept, f"left behind: {sorted(kept)}"
    gone = [path for path in set(before) - set(after) if not STAY.match(path)]
    assert not gone, f"taken, and not ours: {sorted(gone)}"
    for path in BOOT:
        assert Path(path).read_bytes() == (Path("/bench/boot") / Path(path).name).read_bytes()
    with pytest.raises(KeyError):
        pwd.getpwnam("shuttergate")
    assert {path.name: path.read_bytes() for path in ALBUM.iterdir()} == photos
    assert {path.stat().st_uid for path in (ALBUM, *ALBUM.iterdir())} == {0}
    units = run("systemctl", "list-unit-files", "--no-legend", "shuttergate*").stdout
    assert units == "", units
    note(f"{len(photos)} photos stay, root's; {len(after)} paths and accounts compared")
