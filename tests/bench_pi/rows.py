"""What a bench saw: a row for each thing that was due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NO_BENCH = 77
"""Exit status where a bench cannot run."""


@dataclass(frozen=True)
class Row:
    """What was to be seen, what was, and how long it took inside, in seconds, where that tells."""

    what: str
    due: str
    seen: str
    is_near: bool = False  # and may differ
    took_s: float = 0.0

    @property
    def held(self) -> bool:
        return self.is_near or self.due == self.seen


def tell(head: str, took_s: float, rows: Sequence[Row]) -> None:
    """Print the rows of one machine at once, as others may print beside it."""
    lines = [f"{head} ({took_s:.0f} s)"]
    for row in rows:
        lines.append(f"  {'ok' if row.held else 'FAILED':8}{row.what}: {row.seen}")
        if row.took_s:
            lines[-1] += f", {row.took_s:.0f} s"
        if not row.held:
            lines.append(f"{'':10}due: {row.due}")
    print("\n".join(lines), flush=True)


def sum_up(rows: Sequence[Row], took_s: float) -> int:
    """Print how many rows held, and return the exit status."""
    held = sum(row.held for row in rows)
    print(f"{held} of {len(rows)} held, in {took_s:.0f} s")
    return 0 if held == len(rows) else 1
