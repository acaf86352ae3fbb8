"""The invitation on a terminal: its words, its width, and a code that can be read off it."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from shuttergate import lang
from shuttergate.columns import columns
from shuttergate.console.access import LanMay
from shuttergate.console.invitation import Invite
from shuttergate.console.leaflet import leaflet
from shuttergate.print import qr
from support.japanese import english
from support.screen import dark_modules, without_colours

WIFI, CABLE = "http://192.168.178.123:65535/", "http://10.255.255.123:65535/"
LOCALE = Path(lang.__file__).with_name("locale")


@pytest.fixture(params=["en", "ja"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    spoken = gettext.translation("shuttergate", LOCALE, [name], fallback=True)
    monkeypatch.setattr(lang, "_translation", spoken)
    return name


@pytest.mark.parametrize("may", list(LanMay))
@pytest.mark.parametrize("addresses", [[WIFI], [WIFI, CABLE, CABLE], []])
@pytest.mark.parametrize("width", [80, 79, 74, 60, 40])
def test_it_is_no_wider_than_the_terminal_nor_higher_than_a_small_one(
    language: str, addresses: list[str], may: LanMay, width: int
) -> None:
    lines = without_colours(leaflet(Invite(addresses, "12345678", may), width)).splitlines()
    assert max(map(columns, lines)) < width
    if width >= 79:
        assert len(lines) <= 21
    words = " ".join(line[40:] if width >= 74 else line for line in lines)
    for needed in [*addresses, "1234 5678"] if addresses else []:
        assert needed in words
    if language == "ja":
        said = [line for line in lines if not line.strip().startswith(("http", "▀", "▄", "█"))]
        assert list(english("\n".join(said))) == []


@pytest.mark.parametrize("width", [80, 60, 40])
def test_its_code_is_that_of_the_likeliest_address(width: int) -> None:
    invite = Invite([WIFI, CABLE], "12345678", LanMay.LOOK)
    rows = qr.modules(f"{WIFI}pair#12345678")
    assert dark_modules(leaflet(invite, width))[:-1] == rows


def test_where_there_is_no_room_for_a_code_there_are_words() -> None:
    text = leaflet(Invite([WIFI], "12345678", LanMay.LOOK), 37)
    assert not dark_modules(text) and "1234 5678" in text and WIFI in text


def test_it_says_what_they_may_do(language: str) -> None:
    said = {leaflet(Invite([WIFI], "12345678", may), 200) for may in LanMay}
    assert len(said) == len(LanMay)
    if language == "en":
        assert "Whoever joins may look." in leaflet(Invite([WIFI], "1", LanMay.LOOK), 200)
