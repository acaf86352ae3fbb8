"""What the doctor reads from the kernel, in a made-up /sys/module."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shuttergate import examination, rulebook
from shuttergate.board import Board, read_board
from shuttergate.commands import upkeep
from shuttergate.commands.doctor import examine, let_go, sound
from shuttergate.config import (
    AlbumSettings,
    Config,
    CredentialSettings,
    PolicySettings,
    VoiceSettings,
)
from shuttergate.errors import ConfigError, PackError, RuleError, SoundError
from shuttergate.examination import Examined, Health
from shuttergate.system import landlock, seccomp
from shuttergate.verdict import Look
from shuttergate.vision.eyes import open_eyes
from shuttergate.voice import alsa
from support import signing
from support.japanese import english
from support.places import ROOT
from support.taught import EMBEDDER, SUM, fitting, rule, signed


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


def test_a_loudspeaker_is_looked_at_where_the_kit_is_to_speak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaks = Config(voice=VoiceSettings(language="ja", device="plughw:9,9"))

    def broken(device: str, rate_hz: int) -> str:
        raise SoundError("{device}: no sound; plug one in", device=device)

    monkeypatch.setattr(alsa, "probe", lambda device, rate_hz: device)
    assert sound(speaks).seen == "plughw:9,9 takes the voice’s sounds"
    monkeypatch.setattr(alsa, "probe", broken)
    found = sound(speaks)
    assert (found.health, found.seen) == (Health.WARNING, "plughw:9,9: no sound")
    assert found.mend == "plug one in", "a kit without sound is no broken kit"
    board = read_board("simulated")
    assert any(one.part == "sound" for one in examine(speaks, board) if isinstance(one, Examined))
    assert not any(
        one.part == "sound" for one in examine(Config(), board) if isinstance(one, Examined)
    )


RULES = {
    "whole.rule": "",
    "cut.rule": "its bytes are not those that were written: their sum does not match",
    "gone.rule": "No such file or directory",
    "png.rule": "is no taught rule",
    "nan.rule": "it holds a value that is no number",
    "many.rule": "is larger than any taught rule",
    "other.rule": "was taught with another model (abababababababab…) than looks here",
    "narrow.rule": "reads 64 numbers, where the model consent-clean gives 1280",
    "everything.rule": "of harmless pictures the rule everything would refuse 100 %",
    "twin.rule": "are both called whole",
    "channel.rule": "two heads are called open-nsfw",
}
"""Files, and what is wrong with each."""


def test_it_names_each_file_of_rules_that_the_gate_would_not_start_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "hardware", lambda *order: ())
    write_rules(tmp_path)
    rules = [str(tmp_path / name) for name in RULES]
    config = Config(album=AlbumSettings(folder=str(tmp_path)), policy=PolicySettings(rules=rules))
    board = read_board("simulated")
    findings = [one for one in examine(config, board) if isinstance(one, Examined)]
    found = [one for one in findings if one.part.startswith("taught rule ")]
    assert [one.part for one in found] == [f"taught rule {at}" for at in range(1, len(RULES) + 1)]
    assert (found[0].health, found[0].mend) == (Health.OK, "")
    assert found[0].seen == "whole, taught on 2026-01-31 from 5 examples and 5 counter-examples"
    for one, (file, why) in list(zip(found, RULES.items(), strict=True))[1:]:
        assert one.health is Health.FAULT and why in one.seen, (file, one.seen)
        assert re.search(r"teach|take|load|name", one.mend), (file, one.mend)
        seen, mend = one.told("ja")
        assert seen != one.seen and not list(english(mend)), (seen, mend)
        # What it says is what the kit says that does not start.
        with pytest.raises((RuleError, ConfigError)) as caught:
            started([rules[0], rules[list(RULES).index(file)]], board)
        assert f"{one.seen}; {one.mend}" == str(caught.value)


def started(rules: list[str], board: Board) -> None:
    """Read the rules as the gate process does."""
    channels = board.channels
    heads = rulebook.heads(rulebook.settings_rules(rules))
    eyes = open_eyes(channels.live, channels.look, board.accelerator, taught=heads)
    eyes.rule(Look.LIVE, {})


def write_rules(folder: Path) -> None:
    """Write the files of `RULES`, but for the one that is gone."""
    whole = fitting("whole")
    content = whole.to_bytes()
    for name, bad in {
        "whole.rule": content,
        "cut.rule": content[:-1],
        "png.rule": b"\x89PNG",
        "nan.rule": signed(content[: -SUM - 4] + np.float32(np.nan).tobytes()),
        "many.rule": content + bytes(10_000 * 4 * 1280),
        "other.rule": replace(whole, name="other", embedder=EMBEDDER).to_bytes(),
        "narrow.rule": replace(rule("narrow"), embedder=whole.embedder).to_bytes(),
        "everything.rule": replace(whole, name="everything", bias=50.0).to_bytes(),
        "twin.rule": content,
        "channel.rule": replace(whole, name="open-nsfw").to_bytes(),
    }.items():
        (folder / name).write_bytes(bad)
