"""The drawing says what board.toml says, to the eye, to a screen reader and on grey paper."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.board import Board, Pins, board_names, read_board
from shuttergate.print.drawing import (
    HEADER,
    HEIGHT,
    WIDTH,
    draw_svg,
    physical_pin,
    words_in,
)
from support.places import ROOT

SVG = "{http://www.w3.org/2000/svg}"
LANGUAGES = {"en": "wiring.svg", "ja": "wiring.ja.svg"}
SIZES = {"h": 22.0, "s": 13.0, "p": 12.0}


@pytest.fixture(scope="module")
def board() -> Board:
    return read_board("simulated")


def with_pins(board: Board, **pins: int | None) -> Board:
    return msgspec.structs.replace(board, pins=msgspec.structs.replace(board.pins, **pins))


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawing).iter(f"{SVG}text")]


def wires(drawing: str) -> dict[str, str]:
    found = re.finditer(r'<path d="([^"]*)" class="w" id="wire-(\w+)"/>', drawing)
    return {match[2]: match[1] for match in found}


def pieces(path: str) -> list[tuple[str, float, float, float]]:
    """Return a wire's straight pieces: direction, where, from, to."""
    x, y = map(float, re.match(r"M(\d+),(\d+)", path).groups())  # type: ignore[union-attr]
    found = []
    for letter, number in re.findall(r"([HV])(\d+)", path):
        end = float(number)
        if letter == "H":
            found.append(("H", y, min(x, end), max(x, end)))
            x = end
        else:
            found.append(("V", x, min(y, end), max(y, end)))
            y = end
    return found


def width(text: str, size: float, bold: bool) -> float:
    """Return what `text` takes in a wide sans-serif (DejaVu Sans), in units."""
    wide = sum(unicodedata.east_asian_width(letter) in "WFA" for letter in text)
    return size * (wide + (0.66 if bold else 0.56) * (len(text) - wide))


@pytest.mark.parametrize("name", board_names())
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_drawing_in_the_repository_is_board_toml(name: str, language: str) -> None:
    path = ROOT / "device" / name / LANGUAGES[language]
    assert path.read_bytes() == draw_svg(read_board(name), language).encode(), (
        f"draw it anew: LANGUAGE={language} shuttergate board wiring {name} --svg {path}"
    )


def test_the_header_is_the_raspberry_pis() -> None:
    pins = MockFactory().board_info.headers["J8"].pins
    assert [pins[number].name.removeprefix("GPIO") for number in range(1, 41)] == list(HEADER)


@pytest.mark.parametrize(("bcm", "physical"), [(2, 3), (17, 11), (27, 13), (21, 40)])
def test_physical_pins(bcm: int, physical: int) -> None:
    assert physical_pin(bcm) == physical


@pytest.mark.parametrize("bcm", [28, -1])
def test_a_pin_that_is_not_on_the_header_is_refused(bcm: int) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        physical_pin(bcm)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_has_its_wire_its_numbers_and_its_name(board: Board, language: str) -> None:
    drawing = draw_svg(board, language)
    pins = msgspec.structs.asdict(board.pins)
    assert set(wires(drawing)) == set(pins)
    said = texts(drawing)
    for part, pin in pins.items():
        assert words_in(language)[part] in said
        assert said.count(f"BCM {pin}") == 1
        assert said.count(str(physical_pin(pin))) == 1
    desc = ET.fromstring(drawing).findtext(f"{SVG}desc") or ""
    assert f"BCM 17, {words_in(language)['pin']} 11" in desc


def test_a_pin_that_moves_takes_its_wire_and_its_label_along(board: Board) -> None:
    before, after = draw_svg(board), draw_svg(with_pins(board, enable=24))
    moved = {
        part
        for part, wire in wires(before).items()
        if pieces(wire)[0] != pieces(wires(after)[part])[0]
    }
    assert moved == {"enable"}
    assert ">11</text>" in before and 'class="p b" text-anchor="middle">11<' in before
    assert 'class="p b" text-anchor="middle">18<' in after
    assert 'class="p b" text-anchor="middle">11<' not in after
    assert texts(after).count("BCM 24") == 1


def test_what_is_not_fitted_is_not_drawn(board: Board) -> None:
    drawing = draw_svg(msgspec.structs.replace(board, pins=Pins(17, 27)))
    assert set(wires(drawing)) == {"enable", "shutter"}
    for absent in ("R5", "R6", "R9", "Q1", "BZ1", "pole 2<"):
        assert f">{absent}" not in drawing


@given(st.permutations(range(2, 28)), st.integers(2, 7))
def test_no_wire_lies_on_another_wherever_the_pins_are(order: list[int], parts: int) -> None:
    names = Pins.__struct_fields__
    pins = Pins(**dict(zip(names[:parts], order, strict=False)))
    drawing = draw_svg(msgspec.structs.replace(read_board("simulated"), pins=pins))
    drawn = wires(drawing)
    assert set(drawn) == set(names[:parts])
    laid = [(part, piece) for part, wire in drawn.items() for piece in pieces(wire)]
    for part, (way, where, start, end) in laid:
        for other, (their_way, there, their_start, their_end) in laid:
            if part < other and way == their_way and where == there:
                assert end < their_start or their_end < start, (part, other, pins)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", board_names())
def test_every_text_is_on_the_sheet(name: str, language: str) -> None:
    for element in ET.fromstring(draw_svg(read_board(name), language)).iter(f"{SVG}text"):
        kind = element.get("class", "")
        size = next((size for key, size in SIZES.items() if key in kind.split()), 14.0)
        bold = bool({"h", "b"} & set(kind.split()))
        x, wide = float(element.get("x", "0")), width(element.text or "", size, bold)
        left = {"end": x - wide, "middle": x - wide / 2}.get(element.get("text-anchor", ""), x)
        assert left >= 20, element.text
        assert left + wide <= WIDTH - 20, element.text
        assert 20 <= float(element.get("y", "0")) <= HEIGHT - 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_safe_to_open_readable_aloud_and_grey(board: Board, language: str) -> None:
    drawing = draw_svg(board, language)
    root = ET.fromstring(drawing)
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    mark = "：" if language == "ja" else ": "
    assert root.findtext(f"{SVG}title") == f"simulated{mark}{words_in(language)['wiring']}"
    assert {element.tag for element in root.iter()} == {
        SVG + tag for tag in ("svg", "title", "desc", "style", "rect", "circle", "path", "text")
    }
    assert not re.search(r"href|url\(|@import|on\w+=|<!", drawing)
    for colour in re.findall(r"#([0-9a-f]+)", drawing):
        assert len(set(re.findall("." * (len(colour) // 3), colour))) == 1, f"#{colour} is no grey"


def test_both_languages_have_the_same_words_and_any_other_is_english(board: Board) -> None:
    assert not set(words_in("en").values()) & set(words_in("ja").values())
    assert "permissive" in texts(draw_svg(board, "fr"))
    assert set(wires(draw_svg(board, "ja")).items()) == set(wires(draw_svg(board, "en")).items())


def test_a_title_may_hold_any_letter(board: Board) -> None:
    odd = msgspec.structs.replace(board, title={"en": 'a <kit> & "more"'})
    assert 'a <kit> & "more"' in texts(draw_svg(odd))


def wiring(*arguments: object, language: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shuttergate", "board", "wiring", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LANGUAGE": language, "LANG": "C.UTF-8"},
    )


def test_the_command_writes_the_drawing_in_the_users_language(tmp_path: Path) -> None:
    for language, committed in (("", "wiring.svg"), ("ja", "wiring.ja.svg")):
        done = wiring("pi-cpu", "--svg", tmp_path / "w.svg", language=language)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / "w.svg").read_bytes() == (
            ROOT / "device" / "pi-cpu" / committed
        ).read_bytes()


def test_the_command_draws_the_pins_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text("[pins]\nenable = 24\n")
    assert wiring("pi-cpu", "--svg", tmp_path / "w.svg", "--config", config).returncode == 0
    assert "BCM 24, physical pin 18" in (tmp_path / "w.svg").read_text()


def test_a_file_that_cannot_be_written_is_named_with_the_mend(tmp_path: Path) -> None:
    done = wiring("pi-cpu", "--svg", tmp_path / "gone" / "w.svg")
    assert done.returncode == 1
    assert done.stderr == (
        f"shuttergate: {tmp_path}/gone/w.svg: No such file or directory; "
        "name a file that can be written\n"
    )
