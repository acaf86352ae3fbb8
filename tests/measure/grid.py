"""What other rules would have done: `python -m measure.grid E.json`, from `evaluate --json`.

A Markdown table of alternatives over the same scores: where consent-clean alone would block, how
the channels' log-odds are weighed, and from which sum on they block. So that the numbers of
models/rule.toml can be doubted with others beside them. No rule is fitted here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from shuttergate.bench.evaluate.rates import auc
from shuttergate.system.paths import share
from shuttergate.verdict import Fusion, Reason, Rule, Thresholds, joint_score, judge
from shuttergate.vision.rule import read_rule

FIRST, SECOND = "consent-clean", "open-nsfw"
ALONE = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WEIGHTS = ((2.0, 1.0), (1.0, 1.0), (1.0, 2.0))
LINES = (None, 0.0, 1.0, 2.0, 3.0, 4.0)
APART = ("mannequin-clothed", "mannequin-loose")
"""Dressed CG bodies, told apart: to open-nsfw a tight suit looks undressed."""

Judged = Mapping[str, list[tuple[str, dict[str, float]]]]


def rules() -> Iterator[tuple[str, Rule]]:
    """Yield each alternative with its words."""
    second = read_rule(share("models") / "rule.toml", ()).lines[SECOND]
    for alone, weights, line in product(ALONE, WEIGHTS, LINES):
        if line is None and weights != WEIGHTS[0]:
            continue
        limits = {FIRST: Thresholds(alone, max(alone, 0.95)), SECOND: second}
        fusion = () if line is None else (Fusion(dict(zip(limits, weights, strict=True)), line),)
        together = "–" if line is None else f"{weights[0]:g} : {weights[1]:g} from {line:g}"
        yield f"{alone:g} | {together}", Rule(limits, fusion)


def rows(judged: Judged) -> Iterator[str]:
    """Yield a line a rule: for each look what is blocked, and the joint score's area."""
    names = sorted({name for found in judged.values() for name, _ in found})
    yield (
        "| alone | together | "
        + " | ".join(f"{look}: {name}" for look in judged for name in (*names, "AUC"))
        + " |"
    )
    yield "|" + "---|" * (2 + len(judged) * (len(names) + 1))
    for words, rule in rules():
        cells = []
        for found in judged.values():
            for name in names:
                seen = [judge(scores, rule) for group, scores in found if group == name]
                cells.append(f"{sum(one is not Reason.CLEAR for one in seen)}/{len(seen)}")
            nude, safe = (
                [
                    joint_score(scores, rule)
                    for group, scores in found
                    if (group == "nude") is is_nude
                ]
                for is_nude in (True, False)
            )
            area = auc(nude, safe)
            cells.append("–" if area is None else f"{area:.4f}")
        yield f"| {words} | " + " | ".join(cells) + " |"


def read(path: Path) -> Judged:
    """Read what `evaluate --json` wrote: by look, each picture's group and channels' scores."""
    summary = json.loads(path.read_text())
    found: dict[str, list[tuple[str, dict[str, float]]]] = {}
    for one in summary["judged"]:
        group = one["label"] if one["set"] not in APART else one["set"]
        for look, opinion in one["looks"].items():
            if {FIRST, SECOND} <= set(opinion["scores"]):
                found.setdefault(look, []).append((group, opinion["scores"]))
    return found


def main() -> int:
    """The command line; 0, or 2 where there is nothing to read."""
    parser = argparse.ArgumentParser(description="What other rules would have done.")
    parser.add_argument("evaluation", type=Path)
    try:
        judged = read(parser.parse_args().evaluation)
    except (OSError, ValueError, KeyError) as error:
        print(f"grid: {error}; name a file of `shuttergate evaluate --json`", file=sys.stderr)
        return 2
    print("\n".join(rows(judged)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
