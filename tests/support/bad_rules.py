"""The rule files of the scenarios: one that is whole, and what can be wrong with one.

`PYTHONPATH=tests .venv/bin/python -m support.bad_rules` writes tests/scenarios/rules anew: a star
held up before the built-in room and the room without it, the rule that knows the star, and small
files of one example each that no kit may start with.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from shuttergate import rulebook
from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.policy.examples import Example
from shuttergate.policy.pairs import pairs
from shuttergate.policy.rule_file import MAGIC, Contribution, TaughtRule
from shuttergate.policy.teaching import teach
from shuttergate.vision.channel import Channel
from support.places import ROOT
from support.taught import DAY, EMBEDDER, SUM, pictures, signed

PLACE = ROOT / "tests" / "scenarios" / "rules"
EXAMPLES = 4
QUALITY = 85


def taught(folder: Path) -> TaughtRule:
    """Return the rule that a few views with the star teach, words and day not drawn by lot."""
    pack = rulebook.pack("consent-clean")
    channel = Channel(pack, pack.model(pack.content()))
    given = []
    for at, path in enumerate(pictures(folder, EXAMPLES, 1, star=True)):
        lores = lores_of(read_picture(path), pack.lores_size)
        given.append(Example(pairs()[at], True, rulebook.views_of(lores, channel)))
    return teach("star", pack.manifest.sha256, given, rulebook.bank_of(pack), DAY)


def small(rule: TaughtRule) -> TaughtRule:
    """Return a rule of one view alone, whose file is small."""
    one = Contribution("blue heron", True, 1)
    return replace(rule, contributions=(one,), embeddings=rule.embeddings[:1])


def bad(rule: TaughtRule) -> Iterator[tuple[str, bytes]]:
    """Yield files with which no kit may start, by what is wrong with each."""
    content = rule.to_bytes()
    yield "cut", content[:-1]
    swapped = bytearray(content)
    swapped[-SUM - 4] ^= 1  # the last bit of a number: nothing but the sum tells
    yield "swapped", bytes(swapped)
    yield "another-model", replace(rule, embedder=EMBEDDER).to_bytes()
    at = len(content) - SUM - 4 * rule.embeddings.size
    yield "no-number", signed(content[: at - 4] + np.float32(np.nan).tobytes() + content[at:-SUM])
    yield "ten-thousand", _claiming(content, 100, 100)
    yield "everything", replace(rule, bias=50.0).to_bytes()
    yield "open-nsfw", replace(rule, name="open-nsfw").to_bytes()


def _claiming(content: bytes, contributions: int, views: int) -> bytes:
    """Return a file that says it was taught on so many, and is signed off."""
    begin = len(MAGIC) + 4
    size = int.from_bytes(content[len(MAGIC) : begin])
    claims = msgspec.json.decode(content[begin : begin + size])
    words = pairs()[:contributions]
    claims["contributions"] = [{"word": word, "yes": True, "views": views} for word in words]
    text = msgspec.json.encode(claims)
    return signed(MAGIC + len(text).to_bytes(4) + text + content[begin + size : -SUM])


def main() -> None:
    """Write the folder anew."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        rule = taught(Path(place, "yes"))
        for name, has_star in (("star", True), ("room", False)):
            (path,) = pictures(Path(place, name), 1, 5, star=has_star)
            with Image.open(path) as image:
                image.save(PLACE / f"{name}.jpg", quality=QUALITY)
    (PLACE / "star.rule").write_bytes(rule.to_bytes())
    for name, content in bad(small(rule)):
        (PLACE / f"{name}.rule").write_bytes(content)


if __name__ == "__main__":
    main()
