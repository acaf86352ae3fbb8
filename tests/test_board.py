"""The boards and what their pages promise: pins, parts, figures, and what each was shown on."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from shuttergate.board import Board, board_names, read_board
from shuttergate.errors import ConfigError
from shuttergate.print.drawing import (
    GROUND_PINS,
    SUPPLY_PIN,
    draw_svg,
    physical_pin,
    words_in,
)
from support.places import ROOT

KITS = [name for name in board_names() if not read_board(name).gpio.is_simulated]
"""Those with pins, and so with something to solder."""

PAGES = {"en": "README.md", "ja": "README.ja.md"}
NOT_SEEN = {"en": " / not yet on hardware", "ja": " / 実機では未確認"}
SHOWN = {
    "en": [
        *("arithmetic", "documents", "simulated pins", "gpio-sim bench", "imitated libedgetpu"),
        "nothing yet",
    ],
    "ja": ["計算", "資料", "模擬ピン", "gpio-sim ベンチ", "模擬 libedgetpu", "まだなし"],
}

pages = pytest.mark.parametrize(
    ("name", "language"), [(name, language) for name in KITS for language in PAGES]
)


def page(name: str, language: str) -> str:
    return (ROOT / "device" / name / PAGES[language]).read_text(encoding="utf-8")


def section(text: str, number: int) -> str:
    """Return the section under the `number`th heading of the second rank, from 0."""
    return re.split(r"^## ", text, flags=re.MULTILINE)[1 + number]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table rows in `text`, without heads."""
    found = [line for line in text.splitlines() if line.startswith("| ")]
    tables = [[cell.strip() for cell in line.strip("|").split("|")] for line in found]
    return [cells for cells in tables if not set("".join(cells)) <= set("-")]


def pins(board: Board) -> dict[str, int]:
    return {part: pin for part, pin in msgspec.structs.asdict(board.pins).items() if pin}


def test_the_boards_are_those_of_the_plan() -> None:
    assert board_names() == ["pi-cpu", "pi4-coral-usb", "pi5-coral-usb", "simulated", "webcam"]


@pytest.mark.parametrize("name", KITS)
def test_a_kit_has_real_parts_and_the_pins_of_the_simulated_board(name: str) -> None:
    board = read_board(name)
    assert board.name == name
    assert (board.camera.driver, board.gpio.driver) == ("picamera2", "lgpio")
    assert board.pins == read_board("simulated").pins
    assert set(board.title) == {"en", "ja"}
    assert board.channels.look == ["consent-clean", "open-nsfw"]


@pytest.mark.parametrize("name", board_names())
def test_a_camera_is_mounted_upright_unless_somebody_says_otherwise(name: str) -> None:
    text = (ROOT / "device" / name / "board.toml").read_text(encoding="utf-8")
    assert re.search(r"^rotation = 0 .*degrees clockwise", text, re.MULTILINE)
    assert re.search(r"^mirror = false .*left and right swapped", text, re.MULTILINE)
    camera = read_board(name).camera
    assert (camera.hflip, camera.vflip, camera.turn) == (False, False, 0)


@pytest.mark.parametrize(
    ("rotation", "mirror", "hflip", "vflip", "turn"),
    [
        (0, True, True, False, 0),
        (90, False, False, False, 90),
        (90, True, True, False, 90),
        (180, False, True, True, 0),
        (180, True, False, True, 0),
        (270, False, False, False, 270),
    ],
)
def test_what_is_flipped_need_not_be_turned(
    rotation: int, mirror: bool, hflip: bool, vflip: bool, turn: int
) -> None:
    usual = read_board("simulated").camera
    camera = msgspec.structs.replace(usual, rotation=rotation, mirror=mirror)
    assert (camera.hflip, camera.vflip, camera.turn) == (hflip, vflip, turn)


@pytest.mark.parametrize("name", KITS)
def test_a_kit_names_packs_that_there_are(name: str) -> None:
    channels = read_board(name).channels
    there = {path.parent.name for path in (ROOT / "models").glob("*/model.toml")}
    assert {*channels.live, *channels.look} <= there


def one_channel_board(folder: Path, *more: str) -> str:
    """Return the path of a simulated board that looks live with one channel."""
    text = (ROOT / "device" / "simulated" / "board.toml").read_text(encoding="utf-8")
    both = 'live = ["consent-clean", "open-nsfw"]'
    assert both in text
    lines = text.replace(both, 'live = ["consent-clean"]').splitlines()
    path = folder / "board.toml"
    path.write_text("\n".join([*lines, *more]), encoding="utf-8")
    return str(path)


def test_whatever_looks_at_a_photo_judges_every_frame_of_a_video(tmp_path: Path) -> None:
    for more in ((), ('video = ["consent-clean"]',)):
        board = read_board(one_channel_board(tmp_path, *more))
        assert set(board.channels.for_video) >= set(board.channels.look)


@pytest.mark.parametrize("look", ['["open-nsfw"]', '["open-nsfw", "open-nsfw"]'])
def test_two_channels_look_at_every_press_or_it_is_no_board(tmp_path: Path, look: str) -> None:
    path = Path(one_channel_board(tmp_path))
    both = 'look = ["consent-clean", "open-nsfw"]'
    assert both in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(both, f"look = {look}"))
    with pytest.raises(ConfigError, match=r"channels\.look: name two channels; both look at every"):
        read_board(str(path))


@pytest.mark.parametrize("name", [name for name in KITS if "coral" in name])
def test_without_its_coral_a_kit_judges_nothing(name: str) -> None:
    accelerator = read_board(name).accelerator
    assert (accelerator.driver, accelerator.fallback) == ("edgetpu", "never")
    assert accelerator.options == {"device": "usb"}


@pytest.mark.parametrize("name", board_names())
def test_button_and_permissive_are_pulled_down_at_power_on(name: str) -> None:
    # BCM 0 to 8 are pulled up; 14 and 15 are the serial port, high while the Pi starts.
    board = read_board(name)
    for pin in (board.pins.enable, board.pins.shutter, board.pins.shutter_sense):
        assert pin in {*range(9, 28)} - {14, 15}


@pages
def test_the_table_of_pins_is_board_toml(name: str, language: str) -> None:
    told = {
        cells[0].strip("`"): (cells[1], int(cells[2]), int(cells[3]))
        for cells in rows(section(page(name, language), 1))
        if cells[0].startswith("`") and cells[0] != "`[pins]`"
    }
    assert told == {
        part: (words_in(language)[part], pin, physical_pin(pin))
        for part, pin in pins(read_board(name)).items()
    }


@pages
def test_the_boot_setting_rests_every_pin_in_use(name: str, language: str) -> None:
    resting = ",".join(map(str, sorted(pins(read_board(name)).values())))
    assert f"| `gpio={resting}=ip,pd` |" in section(page(name, language), 2)


@pages
def test_the_kernels_driver_is_the_boards(name: str, language: str) -> None:
    named = set(re.findall(r"pinctrl_(\w+)\.persist_gpio_outputs=n", page(name, language)))
    expected = {
        "pi4-coral-usb": {"bcm2835"},
        "pi5-coral-usb": {"rp1"},
        "pi-cpu": {"bcm2835", "rp1"},
    }
    assert named == expected[name]


@pages
def test_every_part_of_the_drawing_is_in_the_bill_of_materials(name: str, language: str) -> None:
    drawn = set(re.findall(r"\b([RDQS]\d+|BZ1)\b", draw_svg(read_board(name))))
    listed = [cells[0] for cells in rows(section(page(name, language), 0))]
    assert set(re.findall(r"[RDQS]\d+|BZ1", " ".join(listed))) == drawn


@pages
def test_values_are_the_drawings(name: str, language: str) -> None:
    drawn = dict(re.findall(r">(R\d+) ([\d.]+ k?Ω)<", draw_svg(read_board(name))))
    listed = {
        part: cells[1]
        for cells in rows(section(page(name, language), 0))
        for part in re.findall(r"R\d+", cells[0])
    }
    assert all(listed[part].startswith(value) for part, value in drawn.items())
    assert len(drawn) == 10


@pages
def test_every_promise_of_the_state_table_says_what_it_was_shown_on(
    name: str, language: str
) -> None:
    promises = rows(section(page(name, language), 3))[1:]
    assert len(promises) == (14 if "coral" in name else 13)
    for cells in promises:
        shown = cells[-1]
        assert shown.endswith(NOT_SEEN[language]), cells
        assert any(shown.startswith(way) for way in SHOWN[language]), cells
    assert sum("**" in cells[1] for cells in promises) == 1  # one state alone is high


@pytest.mark.parametrize("name", KITS)
def test_both_languages_promise_the_same(name: str) -> None:
    def ways(language: str) -> list[int]:
        promises = rows(section(page(name, language), 3))[1:]
        return [
            next(n for n, way in enumerate(SHOWN[language]) if cells[-1].startswith(way))
            for cells in promises
        ]

    assert ways("en") == ways("ja")


@pytest.mark.parametrize("language", PAGES)
def test_the_panel_is_the_same_on_every_board(language: str) -> None:
    assert len({section(page(name, language), 1) for name in KITS}) == 1


def beside(*ohms: float) -> float:
    """Return resistances side by side, as one."""
    return 1 / sum(1 / one for one in ohms)


R1 = R4 = 1e3
R2 = R3 = R5 = 10e3
PULL = 33e3  # the BCM2711's strongest internal pull


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (3.3 * R3 / (R1 + R3), "3.0 V"),
        (3.3 * beside(R3, PULL) / (R1 + beside(R3, PULL)), "2.9 V"),
        (3.3 * R2 / (PULL + R2), "0.77 V"),
        (3.3 * 1.05 * R2 / (PULL + 1.05 * R2), "0.80 V"),
        (3.3 * beside(R2, R1 + R3) / (PULL + beside(R2, R1 + R3)), "0.45 V"),
        (3.3 / R2 * 1e3, "0.33 mA"),
        (3.3 / (R1 + R3) * 1e3, "0.30 mA"),
        (3.3 / R1 * 1e3, "3.3 mA"),
        ((3.3 - 1.9) / 470 * 1e3, "3.0 mA"),
        ((3.3 - 2.0) / 470 * 1e3, "2.8 mA"),
        ((3.3 - 2.1) / 470 * 1e3, "2.6 mA"),
        ((3.3 - 2.95) / 120 * 1e3, "2.9 mA"),
        ((3.3 - 0.7) / 2.2e3 * 1e3, "1.2 mA"),
        (beside(R2, R1 + R3) / 1e3, "5.2 kΩ"),
        (beside(R1, R2 + R3) / 1e3, "0.95 kΩ"),
        ((R2 + R3) / 1e3, "20 kΩ"),
        ((R4 + R5 + beside(R3, R1 + R2)) / 1e3, "16 kΩ"),
    ],
)
@pytest.mark.parametrize("language", PAGES)
def test_the_figures_are_right(language: str, figure: float, said: str) -> None:
    digits = len(said.split()[0].partition(".")[2])
    assert f"{figure:.{digits}f} {said.split()[1]}" == said
    assert said in section(page("pi-cpu", language), 1)


@pages
def test_supply_and_ground_are_those_of_the_drawing(name: str, language: str) -> None:
    first, second = GROUND_PINS
    told = {
        "en": f"3V3 is taken from pin {SUPPLY_PIN}, ground from pins {first} and {second}",
        "ja": f"3V3 は{SUPPLY_PIN}番ピン、GND は{first}番と{second}番ピン",
    }
    assert told[language] in section(page(name, language), 1)


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("name", [*KITS, "webcam"])
def test_links_lead_somewhere(name: str, language: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page(name, language)):
        assert (ROOT / "device" / name / target).exists(), target
