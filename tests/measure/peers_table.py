"""What `make bench-peers` prints: each figure beside a peer's, and in words where the kit loses."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

OURS = "shuttergate"

ACCURACY = (
    ("kit, live", "36/36", "11/301", "0.998"),
    ("kit, second look", "36/36", "12/301", "0.997"),
    ("open_nsfw float32", "35/36", "43/301", "0.943"),
    ("NudeNet 320n float32", "30/36", "52/301", "0.884"),
    ("nsfwjs", "34/36", "86/301", "0.933"),
)
"""As the model card of consent-clean has it, where it also says of what pictures: model, undressed
mannequins blocked, safe pictures wrongly blocked, area under the ROC curve."""

ACCURACY_FROM = (
    "Not measured in this run. From models/consent-clean/MODEL_CARD.md, on 337 pictures; their\n"
    "mannequins have the mesh that the kit's model was made with: its home ground. Repeat:\n"
    "shuttergate evaluate MANIFEST.csv --against open-nsfw,nudenet\n"
    "shuttergate evaluate MANIFEST.csv --live --against nsfwjs"
)


QUIET = 0.2
BUSY = (
    "[bold]The machine was not idle.[/] The 99th percentiles and the rows with two threads, which "
    "wait for each other, say little; run it again when nothing else runs."
)


class Row(msgspec.Struct, frozen=True):
    """One figure against one peer; ``ratio`` is how many times ours the peer's is."""

    figure: str
    unit: str
    peer: str
    ours: float
    theirs: float
    ratio: float

    @property
    def words(self) -> str:
        """Who wins, and by how much."""
        if f"{self.ratio:.2f}" == "1.00":
            return "the same"
        share = 1 / self.ratio
        if self.unit in ("ms", "s"):
            if share < 1:
                return f"{self.ratio:.2f} times as fast"
            return f"SLOWER: takes {share:.2f} times as long"
        return f"{'smaller' if share < 1 else 'LARGER'}: {share:.2f} of theirs"


class Report(msgspec.Struct):
    """All of a run; ``skipped`` tells why, with the mend, by the peer's name.

    ``others``: how many of the machine's cores other programs took meanwhile, on average.
    """

    cores: list[int]
    versions: dict[str, str] = {}
    others: float = 0.0
    rows: list[Row] = []
    notes: list[str] = []
    skipped: dict[str, str] = {}


def others_s() -> float:
    """Return the processor time of all programs but this one and its ended children, in seconds.

    From a beginning of its own: only differences mean anything. A host's other guests count.
    """
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _waiting, *interrupts_and_stolen = ticks
    busy_s = (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return busy_s - sum(one.ru_utime + one.ru_stime for one in own)


def rows_of(
    figure: str,
    unit: str,
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    share_below: float = 0.5,
) -> list[Row]:
    """Return a row for each peer; `names` and `values` begin with ours, a value a round.

    The ratio of medians is paired: the median of the rounds' ratios. That of other quantiles is not
    and cannot be.
    """
    ours, *others = (np.asarray(one, np.float64) for one in values)
    mine = float(np.quantile(ours, share_below))
    rows = []
    for name, theirs in zip(names[1:], others, strict=True):
        its = float(np.quantile(theirs, share_below))
        ratio = float(np.median(theirs / ours)) if share_below == 0.5 else its / mine
        rows.append(Row(figure, unit, name, mine, its, ratio))
    return rows


def show(report: Report, console: Console) -> None:
    """Print the table, what was left out, and where the accuracy is."""
    title = (
        f"bound to core{'s' * (len(report.cores) > 1)} {', '.join(map(str, report.cores))}; "
        f"other programs took {report.others:.1f} of {os.cpu_count()} cores meanwhile"
    )
    table = Table("figure", "against", "ours / theirs", "in words", title=title)
    before = ""
    for row in report.rows:
        if row.figure != before:
            table.add_section()
        digits = 2 if row.unit == "s" else 1
        table.add_row(
            row.figure if row.figure != before else "",
            escape(row.peer),
            f"{row.ours:.{digits}f} / {row.theirs:.{digits}f} {row.unit}",
            row.words,
            style="bold" if row.ratio < 1 and row.words != "the same" else None,
        )
        before = row.figure
    console.print(table)
    if report.others > QUIET:
        console.print(BUSY)
    for name, version in report.versions.items():
        console.print(f"{name} {version}", markup=False)
    for note in report.notes:
        console.print(note, markup=False)
    for name, cause in report.skipped.items():
        console.print(f"{name} was left out, {cause}", markup=False)
    accuracy = Table("model", "undressed blocked", "safe blocked", "AUC", title="accuracy")
    for line in ACCURACY:
        accuracy.add_row(*line)
    console.print(accuracy)
    console.print(ACCURACY_FROM, markup=False)
