"""What the doctor reads from the kernel, in a made-up /sys/module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shuttergate import examination
from shuttergate.board import read_board
from shuttergate.commands import upkeep
from shuttergate.commands.doctor import examine, let_go
from shuttergate.config import AlbumSettings, Config, CredentialSettings
from shuttergate.errors import PackError
from shuttergate.examination import Examined, Health
from shuttergate.system import landlock, seccomp
from shuttergate.vision.eyes import open_eyes
from support import signing
from support.places import ROOT


@pytest.mark.parametrize(
    ("chips", "health", "mend"),
    [
        ({}, Health.WARNING, "apt full-upgrade"),
        ({"pinctrl_bcm2835": "N"}, Health.OK, ""),
        ({"pinctrl_bcm2835": "N", "pinctrl_rp1": "Y"}, Health.FAULT, "restart the Pi"),
    ],
)
def test_whether_the_kernel_lets_go_of_a_dead_process_line(
    tmp_path: Path, chips: dict[str, str], health: Health, mend: str
) -> None:
    for chip, kept in chips.items():
        folder = tmp_path / chip / "parameters"
        folder.mkdir(parents=True)
        (folder / "persist_gpio_outputs").write_text(f"{kept}\n")
    found = let_go(tmp_path)
    assert found.health is health
    assert mend in found.mend


def test_it_says_what_this_kernel_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(album=AlbumSettings(folder=str(tmp_path)))

    def walls() -> Examined:
        found = examine(config, read_board("simulated"))
        return next(one for one in found if isinstance(one, Examined) and one.part == "walls")

    monkeypatch.setattr(landlock, "version", lambda: 7)
    assert walls().health is Health.OK and walls().seen.endswith("Landlock version 7")
    monkeypatch.setattr(landlock, "version", lambda: 3)
    assert walls().health is Health.WARNING and "older than version 6" in walls().seen
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert walls().health is Health.WARNING and "has no Landlock" in walls().seen
    monkeypatch.setattr(seccomp, "LIBRARY", "libseccomp.so.none")
    seccomp.library.cache_clear()
    try:
        assert walls().health is Health.FAULT
        assert walls().mend == "install it: sudo apt install libseccomp2"
    finally:
        seccomp.library.cache_clear()


def test_what_the_system_does_not_tell_is_a_warning_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Examined:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(upkeep, "storage", fails)
    monkeypatch.setattr(examination, "hardware", lambda *order: ())
    config = Config(album=AlbumSettings(folder=str(tmp_path)))
    findings = [
        one for one in examine(config, read_board("simulated")) if isinstance(one, Examined)
    ]
    found = {one.part: one for one in findings}
    assert found["storage"].health is Health.WARNING
    assert "cannot be read: Input/output error" in found["storage"].seen
    assert findings[-1].part == "service"


def test_it_asks_for_every_pack_that_a_run_would_open(tmp_path: Path) -> None:
    text = (ROOT / "device" / "simulated" / "board.toml").read_text()
    changed = re.sub(r"(?m)^look = .*$", r'\g<0>\nvideo = ["gone"]', text)
    assert changed != text
    (tmp_path / "board.toml").write_text(changed)
    board = read_board(str(tmp_path / "board.toml"))
    channels = board.channels
    with pytest.raises(PackError, match="gone"):  # as `run` does
        open_eyes(channels.live, channels.look, board.accelerator, video=channels.for_video)
    config = Config(album=AlbumSettings(folder=str(tmp_path)))
    findings = examine(config, board)
    found = {finding.part: finding for finding in findings if isinstance(finding, Examined)}
    assert found["model gone"].health is Health.FAULT
    assert found["camera"].health is Health.OK


def test_it_names_a_class_file_that_cannot_be_used(tmp_path: Path) -> None:
    signing.skip_without_extra()
    album = AlbumSettings(folder=str(tmp_path))

    def credentials(file: str, required: bool = True) -> list[Examined]:
        config = Config(album=album, credentials=CredentialSettings(file, required))
        found = examine(config, read_board("simulated"))
        return [one for one in found if isinstance(one, Examined) and one.part == "credentials"]

    assert credentials("") == [], "a kit of no class signs nothing"
    file = signing.new_class(tmp_path)
    (good,) = credentials(str(file))
    assert good.health is Health.OK
    assert str(good.seen) == "photos and videos are signed for the class room 3b"
    file.write_bytes(file.read_bytes()[:-60])
    (bad,) = credentials(str(file))
    assert bad.health is Health.FAULT and str(bad.seen) == "nothing is kept"
    assert "room 3b.class: was cut off, or holds something twice; copy" in str(bad.mend)
    (less,) = credentials(str(file), required=False)
    assert less.health is Health.WARNING and str(less.seen) == "photos are kept unsigned"
