"""Pairs of words: by one, whoever brought an example finds it again. Never a name.

They are drawn by lot from a short list of our own, so that nothing of a person is in them.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Protocol, TypeVar

from shuttergate.errors import TeachError

_T = TypeVar("_T")


class Draws(Protocol):
    """What draws by lot, as `random.Random` and `secrets.SystemRandom` do."""

    def choice(self, seq: list[_T], /) -> _T: ...


COLOURS = {
    "amber": "琥珀色の",
    "blue": "青い",
    "brown": "茶色の",
    "crimson": "深紅の",
    "golden": "金色の",
    "green": "緑の",
    "grey": "灰色の",
    "indigo": "藍色の",
    "ivory": "象牙色の",
    "orange": "だいだい色の",
    "pink": "桃色の",
    "purple": "紫の",
    "red": "赤い",
    "silver": "銀色の",
    "spotted": "水玉の",
    "striped": "しま模様の",
    "teal": "青緑の",
    "white": "白い",
    "yellow": "黄色い",
    "black": "黒い",
}

THINGS = {
    "acorn": "ドングリ",
    "anchor": "いかり",
    "badger": "アナグマ",
    "beetle": "カブトムシ",
    "boat": "小舟",
    "bridge": "橋",
    "cedar": "スギ",
    "cloud": "雲",
    "crane": "ツル",
    "drum": "太鼓",
    "fern": "シダ",
    "firefly": "ホタル",
    "fox": "キツネ",
    "frog": "カエル",
    "harp": "竪琴",
    "heron": "サギ",
    "kettle": "やかん",
    "kite": "たこ",
    "lantern": "ちょうちん",
    "lizard": "トカゲ",
    "maple": "カエデ",
    "moth": "ガ",
    "otter": "カワウソ",
    "owl": "フクロウ",
    "pebble": "小石",
    "pine": "マツ",
    "rabbit": "ウサギ",
    "river": "川",
    "salmon": "サケ",
    "snail": "カタツムリ",
    "sparrow": "スズメ",
    "squirrel": "リス",
    "swallow": "ツバメ",
    "thistle": "アザミ",
    "tortoise": "カメ",
    "whale": "クジラ",
    "willow": "ヤナギ",
    "wind": "風",
}


def pairs() -> list[str]:
    """Return every pair, as "blue heron"."""
    return [f"{colour} {thing}" for colour, thing in product(COLOURS, THINGS)]


def draw(taken: Collection[str], by: Draws) -> str:
    """Return a pair that is not taken, drawn by lot; raise `TeachError` where none is left."""
    free = [one for one in pairs() if one not in taken]
    if not free:
        raise TeachError(
            "all {number} pairs of words are taken; withdraw a contribution first",
            number=len(pairs()),
        )
    return by.choice(free)


def in_japanese(pair: str) -> str:
    """Return a pair in Japanese; what is none stays as it is."""
    colour, _space, thing = pair.partition(" ")
    if colour not in COLOURS or thing not in THINGS:
        return pair
    return f"{COLOURS[colour]}{THINGS[thing]}"


def in_english(said: str) -> str:
    """Return the pair that was said in either language, with its blanks put right."""
    found = " ".join(said.lower().split())
    return {in_japanese(pair): pair for pair in pairs()}.get("".join(said.split()), found)
