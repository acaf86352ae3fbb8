"""Configuration and boards: the example is the truth, and a mistake is one clear line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shuttergate.board import board_names, read_board
from shuttergate.config import Config, album_folder, read_config, read_kit
from shuttergate.errors import ConfigError
from shuttergate.print.header import draw
from shuttergate.system.paths import share
from support.places import ROOT

EXAMPLE = ROOT / "shuttergate.example.toml"
JAPANESE = ROOT / "shuttergate.example.ja.toml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "kit.toml"
    path.write_text(text)
    return path


def whole(example: Path) -> str:
    """Return an example's text with the lines in it that are commented out."""
    return re.sub(r"^#(?=[\[a-z])", "", example.read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("example", [EXAMPLE, JAPANESE])
def test_the_example_is_the_defaults(example: Path) -> None:
    assert read_config(example) == Config()


def test_every_line_of_the_example_that_is_commented_out_is_valid(tmp_path: Path) -> None:
    read_kit(read_config(written(tmp_path, whole(EXAMPLE))), None)


def test_the_japanese_example_is_the_other_one_but_for_what_it_says() -> None:
    assert tomllib.loads(whole(JAPANESE)) == tomllib.loads(whole(EXAMPLE))
    english, japanese = (sentences_of(one.read_text("utf-8")) for one in (EXAMPLE, JAPANESE))
    assert list(japanese) == list(english)
    for key, said in japanese.items():
        assert len(re.findall(r"[ぁ-ん一-龥ァ-ヶ]", said)) >= 4, f"{key} has no sentence"
        figures = [sorted(re.findall(r"\d[\d.]*", one)) for one in (said, english[key])]
        assert set(figures[1]) <= set(figures[0]), f"{key} has other figures"
    assert len(set(japanese.values())) == len(japanese)


def keys_of(kind: Any, above: str = "") -> Iterator[str]:
    """Yield every key of a table and of those in it, with dots; * for a name that is free."""
    for field in msgspec.structs.fields(kind):
        yield f"{above}{field.encode_name}"
        found = msgspec.inspect.type_info(field.type)
        if isinstance(found, msgspec.inspect.DictType):
            yield f"{above}{field.name}.*"
            found, name = found.value_type, f"{field.name}.*"
        else:
            name = field.name
        if isinstance(found, msgspec.inspect.StructType):
            yield from keys_of(found.cls, f"{above}{name}.")


def sentences_of(text: str) -> dict[str, str]:
    """Return by key, as `keys_of` has it, the comment beside it, or the lines of one above it."""
    line_of = r"#?(?:\[(?P<table>\S+)\]|(?P<key>\w+) = .*?)(?:\s+# (?P<said>.+))?"
    found, table, above = {}, "", ""
    for line in text.splitlines():
        match = re.fullmatch(line_of, line)
        if match is None:
            above = f"{above} {line[1:].strip()}".strip() if line.startswith("#") else ""
            continue
        said, above = match["said"] or above, ""
        if match["table"]:
            table = re.sub(r"(?<=^thresholds\.).+", "*", match["table"])
        name = table if match["table"] else f"{table}.{match['key']}".lstrip(".")
        found[name] = said
    return found


def test_every_key_of_the_example_has_its_sentence_and_every_setting_is_there() -> None:
    found = sentences_of(EXAMPLE.read_text())
    wanted = set(keys_of(Config)) - {"thresholds"}  # which holds tables only
    assert set(found) == wanted
    for key, said in found.items():
        words = re.findall(
            r"[A-Za-z]+", re.sub(r"\(.*\)|\d+ to \d+", "", said)
        )  # a range says nothing
        assert len(words) >= 2, f"{key} has no sentence"
    assert len(set(found.values())) == len(found)


def test_a_key_without_a_sentence_is_seen() -> None:
    text = "# One for a,\n# and more.\n[a]\nb = 1  # two\n#c = 2\n\n# Of nothing.\n\nd = 3\n"
    assert sentences_of(text) == {"a": "One for a, and more.", "a.b": "two", "a.c": "", "a.d": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gate]\nclear_frame = 5", "gate.clear_frame: there is no such key"),
        ("bogus = 1", "bogus: there is no such key"),
        ("[gate]\nclear_frames = 'five'", "gate.clear_frames: expected `int`, got `str`"),
        ("[gate]\nclear_frames = 0", "gate.clear_frames: expected `int` from 1 to 1000"),
        ("[gate]\nclear_frames = 1001", "gate.clear_frames: expected `int` from 1 to 1000"),
        ("[gate]\nmax_age_ms = 0.5", "gate.max_age_ms: no fractions are taken; write a whole"),
        (
            "[gate]\nhold_off_s = nan",
            "gate.hold_off_s: nan is no number here; write `float` from 0",
        ),
        ("[scene]\npicture_s = 0", "scene.picture_s: expected `float` over 0 and up to 3600"),
        (
            "gate = 3",
            "gate: is a table and has no value of its own; write its keys below",
        ),
        ("board = # a4", "is not TOML: no value after the = (at line 1, column 9); write one"),
        ("board = ", "is not TOML: no value after the = (at end of document); write one"),
        (
            "[album]\nlongest_side = 'big'",
            "album.longest_side: invalid enum value 'big'; choose from \"judged\", `int` from",
        ),
        ("[album]\nlongest_side = 100", "album.longest_side: expected `int` from 320 to 8192"),
        ("[pins]\nenable = 99", "pins.enable: BCM 99 is not on the header"),
        ("[pins]\nenable = 0", "pins.enable: BCM 0 is for the HAT's identity EEPROM"),
        ("[pins]\nenable = 2", "pins.enable: BCM 2 is pulled up for I2C"),
        ("[pins]\nshutter = 14", "pins.shutter: BCM 14 is pulled up for the serial console"),
        ("[pins]\nenable = 27", "pins.shutter: BCM 27 is already pins.enable"),
        (
            "board = 'pi9'",
            f"no board is called 'pi9'; there is {', '.join(board_names())}, or name a board.toml",
        ),
        (
            "[thresholds.open-nsfw]\nclear_below = 0.9\nblock_at = 0.1",
            "thresholds.open-nsfw: thresholds out of order",
        ),
        (
            "[thresholds.other]\nclear_below = 0.1\nblock_at = 0.9",
            "thresholds.other: the board simulated has no such channel",
        ),
        (
            "[thresholds.a]\nclear_below = 0.1\nblock_at = 0.9\n[thresholds.b]\nclear_below = 0.1",
            "thresholds.b.block_at: is missing; write it there",
        ),
        (
            "[thresholds.b]\nclear_below = 0.1\nblock_at = 'x'",
            "thresholds.b.block_at: expected `float`, got `str`",
        ),
        (
            "[thresholds.b]\nclear_below = 0.1\nblock_at = 0.9\nbogus = 1",
            "thresholds.b.bogus: there is no such key",
        ),
        (
            "bogus = simulated",
            "is not TOML: Invalid value (at line 1, column 9); put text between quotation marks",
        ),
        ("[gate", "at the end of a table declaration (at end of document); correct it there"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_kit(read_config(path), path)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert "board" in text or str(path) in message


PI = 'board = "pi5-coral-usb"\n[looks]\n'


def test_a_kit_may_add_live_channels_and_lower_the_rate(tmp_path: Path) -> None:
    path = written(
        tmp_path, f'{PI}live = ["open-nsfw", "consent-clean", "consent-clean-coral"]\nfps = 12'
    )
    kit = read_kit(read_config(path), path)
    assert kit.channels.live == ["consent-clean-coral", "open-nsfw", "consent-clean"]
    assert kit.camera.fps == 12
    own = read_board("pi5-coral-usb")
    assert msgspec.structs.replace(kit, camera=own.camera, channels=own.channels) == own
    assert (kit.channels.look, kit.channels.video) == (own.channels.look, own.channels.video)


def test_a_kit_without_looks_of_its_own_has_the_boards(tmp_path: Path) -> None:
    path = written(tmp_path, PI)
    assert read_kit(read_config(path), path) == read_board("pi5-coral-usb")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'live = ["consent-clean", "open-nsfw"]',
            "looks.live: consent-clean-coral looks live on the board pi5-coral-usb, and a kit may "
            "only add channels",
        ),
        ('live = ["other"]', "looks.live: the board pi5-coral-usb has no channel other; it has "),
        ("fps = 31", "looks.fps: 31 is more than the 30 frames a second of the board"),
        ("fps = 7", "hardly opens; write 8 or more"),
        ("fps = 8\n[gate]\nclear_frames = 9", "hardly opens; write 9 or more"),
        ("fps = 8\n[gate]\nmax_age_ms = 200", "hardly opens; write 10 or more"),
        ("fps = -1", "looks.fps: expected `float` from 0 to 120"),
    ],
)
def test_a_kit_takes_no_live_channel_away_and_its_rate_suits_the_gate(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, f"{PI}{text}\n")
    with pytest.raises(ConfigError) as caught:
        read_kit(read_config(path), path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_the_usual_gate_needs_eight_frames_a_second() -> None:
    assert Config().gate.slowest_fps == 8


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        read_config(Path("nowhere.toml"))


def test_pins_may_be_moved(tmp_path: Path) -> None:
    path = written(tmp_path, "[pins]\nenable = 4")
    assert read_kit(read_config(path), path).pins.enable == 4


def test_every_board_can_be_read_and_drawn() -> None:
    assert "simulated" in board_names()
    for name in board_names():
        board = read_board(name)
        drawing = draw(board)
        assert f"BCM {board.pins.enable}" in drawing
        assert set(board.title) == {"en", "ja"}


def test_the_drawing_gives_bcm_and_physical_numbers() -> None:
    assert re.search(r"ENABLE ▶ BCM 17 \(11\)", draw(read_board("simulated")))


def test_a_board_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "board.toml"
    shipped = share("device") / "simulated" / "board.toml"
    own.write_text(shipped.read_text().replace('name = "simulated"', 'name = "mine"'))
    assert read_board(str(own)).name == "mine"
    with pytest.raises(ConfigError, match="nowhere"):
        read_board(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[album]\nfolder = "~nobody-here/a"', "album.folder: '~nobody-here/a'"),
        ('board = "~nobody-here/a.toml"', "board: '~nobody-here/a.toml'"),
        ('board = "/a\\u0000"', "holds a zero byte; name a path"),
        ('"a\\nb" = 1', "a b: there is no such key"),
    ],
)
def test_a_path_that_cannot_be_one_and_a_key_of_two_lines_are_one_clear_line(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "kit.toml"
    file.write_text(text)

    def read() -> None:
        config = read_config(file)
        album_folder(config)
        read_kit(config, file)

    with pytest.raises(ConfigError) as refused:
        read()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_kit_asks_only_if_it_is_told_to() -> None:
    policy = Config().policy
    assert (policy.ask, policy.answer_s, policy.hold_s) == (False, 10.0, 3.0)
    assert not policy.terms(Config().gate.rules()).asks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hold_s = 2.9", "policy.hold_s: expected `float` from 3 to 60"),
        ("answer_s = 9", "policy.answer_s: expected `float` from 10 to 600"),
        ("hold_s = 10", "policy.hold_s: no yes that is held for 10 s is in time"),
    ],
)
def test_a_yes_is_never_quicker_than_usual_and_always_possible(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, f"[policy]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert said in str(caught.value)


def test_a_board_that_feels_no_press_while_the_line_is_low_cannot_ask(tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    lines = (ROOT / "device" / "simulated" / "board.toml").read_text().splitlines(keepends=True)
    board.write_text("".join(line for line in lines if not line.startswith("shutter_sense")))
    path = written(tmp_path, f'board = "{board}"\n[policy]\nask = true\n')
    with pytest.raises(ConfigError, match="no second pole, and only that feels a press"):
        read_kit(read_config(path), path)
    path = written(tmp_path, f'board = "{board}"\n')
    assert read_kit(read_config(path), path).pins.shutter_sense is None
