"""An evaluation on the terminal, within 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from shuttergate.bench.evaluate import words
from shuttergate.bench.evaluate.evaluation import LINE, LookResult, Summary
from shuttergate.bench.evaluate.rates import Rate

GOOD = {"nude": "should be all", "safe": "should be none"}
MOST_LISTED = 20
RARE = (
    "Where nudity is rare, most refusals are false ones, whatever the model: a refusal costs a "
    "photo, and says nothing about anyone."
)


MOVING = (
    "A picture is judged once, a camera thirty times a second: so it is told apart how often the "
    "gate would shut before videos, and for how long."
)


def show(summary: Summary, console: Console) -> None:
    """Print all tables of an evaluation."""
    for part in _parts(summary):
        console.print(Padding(part, (0, 0, 1, 0)))


def _parts(summary: Summary) -> Iterator[RenderableType]:
    yield (
        f"[bold]{escape(summary.manifest)}[/]: {summary.pictures} pictures, {summary.nude} marked "
        f"nude, {summary.safe} marked safe, in {len(summary.sets) or 1} sets"
    )
    yield Group(*(words.opening(look) for look in summary.looks))
    yield from _unreadable(summary)
    for column in words.columns(summary.looks[0]):
        for label in ("nude", "safe"):
            yield from _rates(summary.looks, column, label)
    if any(not clip.cause for clip in summary.clips):
        yield _clips(summary)
        yield MOVING
    yield _areas(summary.looks)
    for look in summary.looks:
        if doubt := words.swapped(look.title, words.joint_area(look)):
            yield f"[bold]{escape(doubt)}[/]"
    for look in summary.looks:
        yield _thresholds(look)
    for look in summary.looks:
        if look.base_rates:
            yield _base_rates(look)
    if any(look.base_rates for look in summary.looks):
        yield RARE
    if summary.contenders:
        yield _contenders(summary)
        yield Group(*_rules(summary))
    yield f"[bold]What this does not show.[/] {summary.caution}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _titled(title: str, table: Table) -> Group:
    return Group(f"[bold]{escape(title)}[/]", table)


def _unreadable(summary: Summary) -> Iterator[RenderableType]:
    found = words.unreadable(summary)
    if not found:
        return
    yield (f"[bold]{len(found)} unreadable[/]: in no rate below, neither as blocked nor as clear")
    table = Table("by", "picture", "cause", box=box.SIMPLE_HEAD, show_edge=False)
    for who, file, cause in found[:MOST_LISTED]:
        table.add_row(who, escape(file), escape(cause))
    yield table
    if len(found) > MOST_LISTED:
        yield f"and {len(found) - MOST_LISTED} more; --json lists them all"


def _rates(looks: list[LookResult], column: str, label: str) -> Iterator[RenderableType]:
    table = _table(column, *(f"{look.title}, 95 % interval" for look in looks))
    for groups in zip(*(words.groups_by(look, column) for look in looks), strict=True):
        found: list[Rate] = [getattr(group, label) for group in groups]
        if any(rate.of for rate in found):
            table.add_row(escape(words.group_name(groups[0])), *map(_cell, found))
    if not table.row_count:
        return
    if column == "set":  # the other columns may leave pictures out
        table.add_section()
        table.add_row("all", *(_cell(getattr(look.groups[0], label)) for look in looks))
    yield _titled(f"Blocked of the pictures marked {label} ({GOOD[label]}), by {column}", table)


def _cell(rate: Rate) -> str:
    if not rate.of:
        return "–"
    ends = words.interval(rate.low, rate.high).removesuffix(" %")
    return f"{words.fraction(rate)} {words.percent(rate.share):>7} {ends:>10}"


def _areas(looks: list[LookResult]) -> Group:
    table = _table("score", *(look.title for look in looks))
    names = dict.fromkeys(curve.score for look in looks for curve in look.curves)
    for name in names:
        found = [{curve.score: curve.auc for curve in look.curves}.get(name) for look in looks]
        table.add_row(escape(name), *map(words.area, found))
    return _titled("Area under the ROC curve (1 is perfect, 0.5 is chance)", table)


def _thresholds(look: LookResult) -> Group:
    table = _table("from", "marked nude, 95 % interval", "marked safe, 95 % interval")
    for step in look.thresholds:
        kits = step.threshold == LINE
        name = f"{step.threshold:.2f}" + (" (the kit's)" if kits else "")
        table.add_row(name, _cell(step.nude), _cell(step.safe), style="bold" if kits else None)
    return _titled(f"{look.title}: blocked if the joint score's threshold were another", table)


def _base_rates(look: LookResult) -> Group:
    table = _table("show nudity", "blocked rightly", "missed", "blocked wrongly", "nude if blocked")
    for base in look.base_rates:
        table.add_row(
            f"{words.exactly(base.base_rate)} ({words.count(base.nude)})",
            words.count(base.rightly),
            f"{words.count(base.missed)}\n{words.span(base.missed_low, base.missed_high)}",
            f"{words.count(base.wrongly)}\n{words.span(base.wrongly_low, base.wrongly_high)}",
            f"{words.percent(base.precision)}\n"
            f"{words.interval(base.precision_low, base.precision_high)}",
        )
    pictures = words.count(look.base_rates[0].pictures)
    return _titled(f"{look.title}: to expect of {pictures} pictures, and in what range", table)


def _clips(summary: Summary) -> Group:
    table = _table("marked", "set", "videos", "minutes", "shut", "an hour, 95 % interval", "dead")
    for label, name, videos, watched in words.clip_groups(summary):
        minutes = f"{watched.watched_s / 60:.1f}"
        dead = words.percent(watched.dead_share)
        often = words.per_hour(watched)
        table.add_row(label, escape(name), str(videos), minutes, str(watched.closings), often, dead)
    return _titled("Videos before the gate, live look (safe: should be 0, dead 0 %)", table)


def _contenders(summary: Summary) -> Group:
    table = _table(
        "model",
        "AUC",
        "nude blocked at\n<= 1 % false",
        "nude blocked,\nown rule",
        "safe blocked,\nown rule",
    )
    for one in summary.contenders:
        if one.version is not None:
            table.add_row(
                one.name,
                words.area(one.auc),
                _short(one.few.nude if one.few else None),
                _short(one.nude),
                _short(one.safe),
            )
    return _titled("Beside public models, each by its own rule", table)


def _short(rate: Rate | None) -> str:
    if rate is None or not rate.of:
        return "–"
    return f"{words.fraction(rate)} {words.percent(rate.share)}"


def _rules(summary: Summary) -> Iterator[str]:
    for one in summary.contenders:
        yield escape(f"{one.name}, {words.status(one)}. {one.licence}. Blocks if: {one.rule}.")
