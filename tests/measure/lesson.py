"""`make bench-lesson`: how far the lesson's biased set misleads a rule, and what mends it.

The rules are those of the worksheet, taught from the files of docs/lesson/duck. They are asked of
views that are in no folder, of each kind so many, rendered by the same recipe with other numbers:
the duck without the checked cloth, the cloth without the duck, both, and neither. The other traits
that were tried have a line each: the same first rule, taught on that table.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from shuttergate import rulebook
from shuttergate.board import AcceleratorPart
from shuttergate.errors import TeachError
from shuttergate.frames.pictures import lores_of, main_of, read_picture
from shuttergate.policy.bank import HarmlessBank
from shuttergate.policy.rule_file import TaughtRule
from shuttergate.policy.teaching import judged_without, teach, withdraw
from shuttergate.stills import LOOK_LIMIT
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes, open_eyes

ROOT = Path(__file__).parents[2]
DUCK = ROOT / "docs" / "lesson" / "duck"
BOARD = ["consent-clean", "open-nsfw"]
HELD_OUT, FIRST_HELD_OUT = 20, 100
"""Of each kind, and their first number: the set's are smaller."""

OTHER_TRAITS = ("red", "striped cloth")
DAY = "2026-01-01"

MENDS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "two more ducks on the cloth": (("duck-11", "duck-14"), ()),
    "two ducks elsewhere": (("duck-12", "duck-13"), ()),
    "two cloths without it": ((), ("none-12", "none-13")),
    "both": (("duck-12", "duck-13"), ("none-12", "none-13")),
}
"""What of more/ is added, to the examples and to the counter-examples."""

Asked = dict[str, list[Path]]


def held_out(recipe: Any, work: Path, traits: Iterable[str]) -> dict[str, list[Path]]:
    """Render what rules are asked, by kind, and what the other traits' rules are taught from."""
    numbers = range(FIRST_HELD_OUT, FIRST_HELD_OUT + HELD_OUT)
    places = [recipe.PLAIN[at % len(recipe.PLAIN)] for at in range(HELD_OUT)]
    kinds: dict[str, list[Any]] = {}
    for is_there in (True, False):
        name = "duck" if is_there else "none"
        rows = list(zip(places, numbers, strict=True))
        kinds[f"{name} elsewhere"] = [(is_there, on, number) for on, number in rows]
        for trait in (recipe.CLOTH, *traits):
            kinds[f"{name} on {trait}"] = [(is_there, trait, number) for number in numbers]
    for trait in traits:
        kinds[f"taught on {trait}"] = [(True, trait, number) for number in range(6)]
        del kinds[f"duck on {trait}"]
    found: Asked = {}
    wanted = []
    for kind, rows in kinds.items():
        plans = [
            recipe.Planned(f"{kind}/{at:02}.jpg".replace(" ", "-"), *row)
            for at, row in enumerate(rows)
        ]
        wanted += plans
        found[kind] = [work / one.file for one in plans]
    recipe.write(work, wanted)
    return found


class Kit:
    """The models of a board, as `teach` and `check` open them."""

    def __init__(self) -> None:
        self.pack = rulebook.pack("consent-clean")
        self.bank: HarmlessBank = rulebook.bank_of(self.pack)
        self.eyes = self.open()

    def open(self, *rules: TaughtRule) -> Eyes:
        """Both looks, with taught rules."""
        cpu = AcceleratorPart(driver="cpu")
        return open_eyes(BOARD, BOARD, cpu, taught=rulebook.heads(rules))

    def taught(self, yes: Iterable[Path], no: Iterable[Path]) -> TaughtRule:
        """A rule from picture files; raises `TeachError`."""
        taken: set[str] = set()
        asked = [(one, True) for one in yes] + [(one, False) for one in no]
        examples = [
            rulebook.example_of(file, is_yes, self.eyes, self.pack, taken) for file, is_yes in asked
        ]
        cleared = [one for one in examples if one is not None]
        if len(cleared) < len(examples):
            raise TeachError("the nudity rule does not clear all of these; render others")
        return teach("duck", self.pack.manifest.sha256, cleared, self.bank, DAY)

    def row(self, rule: TaughtRule, asked: Sequence[Sequence[Path]]) -> list[str]:
        """The least score of its own examples without themselves; of each kind, what it blocks."""
        held = judged_without(rule, self.bank)
        least = min(held[one.word] for one in rule.contributions if one.yes)
        return [f"{least:.2f}", *(self.blocked(rule, files) for files in asked)]

    def blocked(self, rule: TaughtRule, files: Sequence[Path]) -> str:
        """How many of these a rule blocks: live, then by the second look; a dash for none."""
        if not files:
            return "–"
        eyes = self.open(rule)
        live = second = 0
        for file in files:
            image = read_picture(file, LOOK_LIMIT)
            seen = scores(eyes.live, lores_of(image, self.pack.lores_size))
            look = eyes.second_look
            left = look(look.leaving(main_of(image, LOOK_LIMIT)))
            live += seen[rule.name] >= rule.line
            second += left[rule.name] >= rule.line
        return f"{live}; {second}"


def rules(kit: Kit) -> Iterable[tuple[str, TaughtRule]]:
    """The rules of the worksheet, each with what was done to the first one."""
    yes, no = (sorted((DUCK / "first" / one).glob("*.jpg")) for one in ("yes", "no"))
    rule = kit.taught(yes, no)
    yield "as taught first", rule
    less = rule
    for number in (1, 2, 3):
        less = withdraw(less, less.words[0], kit.bank, DAY).rule
        if number != 2:
            yield f"{number} withdrawn", less
    for name, (more_yes, more_no) in MENDS.items():
        added = [[DUCK / "more" / f"{one}.jpg" for one in more] for more in (more_yes, more_no)]
        mended = kit.taught([*yes, *added[0]], [*no, *added[1]])
        yield f"added: {name}", mended


def table(kit: Kit, asked: Asked, cloth: str) -> Table:
    """The rules, each with what it blocks of each kind."""
    kinds = ["duck elsewhere", f"none on {cloth}", f"duck on {cloth}", "none elsewhere"]
    made = Table("rule", "least of its own", *kinds)
    for name, rule in rules(kit):
        made.add_row(name, *kit.row(rule, [asked[kind] for kind in kinds]))
    no = sorted((DUCK / "first" / "no").glob("*.jpg"))
    for trait in OTHER_TRAITS:
        rule = kit.taught(asked[f"taught on {trait}"], no)
        there = [asked["duck elsewhere"], asked[f"none on {trait}"], [], asked["none elsewhere"]]
        made.add_row(f"first, on {trait}", *kit.row(rule, there))
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="measure the lesson's biased set")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "lesson-views")
    chosen = parser.parse_args(arguments)
    sys.path.insert(0, str(DUCK))
    recipe = importlib.import_module("biased_set")
    asked = held_out(recipe, chosen.work, OTHER_TRAITS)
    console = Console()
    console.print(f"{HELD_OUT} views of each kind: live; second look")
    console.print(table(Kit(), asked, recipe.CLOTH))


if __name__ == "__main__":
    main()
