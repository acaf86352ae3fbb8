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
from shuttergate.columns import wrapped
from shuttergate.lang import LANGUAGE, _

MOST_LISTED = 20
RARE = _(
    "Where nudity is rare, most refusals are false ones, whatever the model: a refusal costs a "
    "photo, and says nothing about anyone."
)


MOVING = _(
    "A picture is judged once, a camera thirty times a second: so it is told apart how often the "
    "gate would shut before videos, and for how long."
)


def show(summary: Summary, console: Console) -> None:
    """Print all tables of an evaluation."""
    for part in _parts(summary):
        if isinstance(part, str) and LANGUAGE != "en":  # rich breaks lines at spaces only
            lines = [line for one in part.split("\n") for line in wrapped(one, console.width)]
            part = "\n".join(lines)
        console.print(Padding(part, (0, 0, 1, 0)))


def _parts(summary: Summary) -> Iterator[RenderableType]:
    said = _("{pictures} pictures, {nude} marked nude, {safe} marked safe, in {sets} sets").format(
        pictures=summary.pictures,
        nude=summary.nude,
        safe=summary.safe,
        sets=len(summary.sets) or 1,
    )
    name = f"[bold]{escape(summary.manifest)}[/]"
    yield _("{name}: {title}").format(name=name, title=said)
    yield "\n".join(words.opening(look) for look in summary.looks)
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
    head = _("What this does not show.")
    yield f"[bold]{head}[/] " + _(summary.caution)


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
    yield _("[bold]{n} unreadable[/]: in no rate below, neither as blocked nor as clear").format(
        n=len(found)
    )
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for title in (_("by"), _("picture"), _("cause")):
        table.add_column(title, overflow="fold")  # Japanese has no spaces to break lines at
    for who, file, cause in found[:MOST_LISTED]:
        table.add_row(who, escape(file), escape(cause))
    yield table
    if len(found) > MOST_LISTED:
        yield _("and {n} more; --json lists them all").format(n=len(found) - MOST_LISTED)


def _rates(looks: list[LookResult], column: str, label: str) -> Iterator[RenderableType]:
    head = _("{look}, 95 %\xa0interval")
    name = _("set") if column == "set" else column
    table = _table(name, *(head.format(look=_(look.title)) for look in looks))
    for groups in zip(*(words.groups_by(look, column) for look in looks), strict=True):
        found: list[Rate] = [getattr(group, label) for group in groups]
        if any(rate.of for rate in found):
            table.add_row(escape(words.group_name(groups[0])), *map(_cell, found))
    if not table.row_count:
        return
    if column == "set":  # the other columns may leave pictures out
        table.add_section()
        table.add_row(_("all"), *(_cell(getattr(look.groups[0], label)) for look in looks))
    title = (
        _("Blocked of the pictures marked nude (should be all), by {column}")
        if label == "nude"
        else _("Blocked of the pictures marked safe (should be none), by {column}")
    )
    yield _titled(title.format(column=name), table)


def _cell(rate: Rate) -> str:
    if not rate.of:
        return "–"
    ends = words.interval(rate.low, rate.high).removesuffix(" %")
    return f"{words.fraction(rate)} {words.percent(rate.share):>7} {ends:>10}"


def _areas(looks: list[LookResult]) -> Group:
    table = _table(_("score"), *(_(look.title) for look in looks))
    names = dict.fromkeys(curve.score for look in looks for curve in look.curves)
    for name in names:
        found = [{curve.score: curve.auc for curve in look.curves}.get(name) for look in looks]
        table.add_row(escape(words.score(name)), *map(words.area, found))
    return _titled(_("Area under the ROC curve (1 is perfect, 0.5 is chance)"), table)


def _thresholds(look: LookResult) -> Group:
    table = _table(
        _("from"),
        _("marked nude, 95 %\xa0interval"),
        _("marked safe, 95 %\xa0interval"),
    )
    for step in look.thresholds:
        kits = step.threshold == LINE
        name = f"{step.threshold:.2f}" + (_(" (the kit's)") if kits else "")
        table.add_row(name, _cell(step.nude), _cell(step.safe), style="bold" if kits else None)
    title = _("{look}: blocked if the joint score's threshold were another")
    return _titled(title.format(look=_(look.title)), table)


def _base_rates(look: LookResult) -> Group:
    table = _table(
        _("show nudity"),
        _("blocked rightly"),
        _("missed"),
        _("blocked wrongly"),
        _("nude if blocked"),
    )
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
    title = _("{look}: to expect of {pictures} pictures, and in what range")
    return _titled(title.format(look=_(look.title), pictures=pictures), table)


def _clips(summary: Summary) -> Group:
    table = _table(
        *(_("marked"), _("set"), _("videos"), _("minutes"), _("shut")),
        *(_("an hour, 95 %\xa0interval"), _("dead")),
    )
    for label, name, videos, watched in words.clip_groups(summary):
        minutes = f"{watched.watched_s / 60:.1f}"
        dead = words.percent(watched.dead_share)
        often = words.per_hour(watched)
        table.add_row(label, escape(name), str(videos), minutes, str(watched.closings), often, dead)
    title = _("Videos before the gate, live look (safe: should be 0, dead 0 %)")
    return _titled(title, table)


def _contenders(summary: Summary) -> Group:
    table = _table(
        _("model"),
        _("AUC"),
        _("nude blocked at\n<= 1 %\xa0false"),
        _("nude blocked,\nown rule"),
        _("safe blocked,\nown rule"),
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
    return _titled(_("Beside public models, each by its own rule"), table)


def _short(rate: Rate | None) -> str:
    if rate is None or not rate.of:
        return "–"
    return f"{words.fraction(rate)} {words.percent(rate.share)}"


def _rules(summary: Summary) -> Iterator[str]:
    for one in summary.contenders:
        said = _("{model}, {version}. {licence}. Blocks if: {rule}.")
        yield escape(
            said.format(
                model=one.name, version=words.status(one), licence=one.licence, rule=_(one.rule)
            )
        )
