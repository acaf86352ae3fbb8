"""Runs as one HTML file that needs nothing else: no request, no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shuttergate.bench.extra import extra
from shuttergate.bench.figure import require
from shuttergate.bench.scenario import soak
from shuttergate.bench.scenario.plot import soak_plot, timeline
from shuttergate.bench.scenario.report import PROMISES, Run, counts, detail, word
from shuttergate.bench.scenario.soak import Soaked
from shuttergate.errors import told
from shuttergate.lang import LANGUAGE, _

_TEMPLATE = Path(__file__).with_name("page.html.j2")


def check() -> None:
    """Raise `ShuttergateError` with the pip command where a package is missing."""
    extra("jinja2", "--report")
    require()


def render(runs: Sequence[Run], title: str, soaked: Soaked | None = None) -> str:
    """Return the whole page; raises `ShuttergateError` where the extra `bench` is missing.

    ``soaked``: the soak whose failed rounds these are.
    """
    jinja: Any = extra("jinja2", "--report")
    environment = jinja.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja.StrictUndefined
    )
    safe = environment.filters["safe"]
    drawn: list[dict[str, Any]] = [
        {
            "run": run,
            "plot": "" if run.skipped else safe(timeline(run)),
            "failures": [
                "\n".join(detail(one, run.record)) for one in run.findings if not one.held
            ],
        }
        for run in runs
    ]
    promises = [
        {
            "title": name.told(),
            "runs": [
                one for one, run in zip(drawn, runs, strict=True) if run.scenario.promise == number
            ],
        }
        for number, name in enumerate(PROMISES)
    ]
    page = environment.from_string(_TEMPLATE.read_text("utf-8"))
    texts = {
        "shapes": _(
            "Circles are presses that were taken, crosses refused ones, bars those that nobody "
            "felt. The line is the permissive's level, by a meter on the wire and not by the "
            "gate's word. Where something did not hold, the time around it is tinted."
        ),
        "scenario": _("scenario"),
        "title": _("what it says"),
        "not_run": _("Not run: {why}"),
        "requirements": _("{n} requirements"),
    }
    said = counts(runs) if soaked is None else soak.words(soaked)
    curves = safe(soak_plot(soaked.samples)) if soaked is not None and soaked.samples else ""
    return str(
        page.render(
            runs=runs,
            promises=promises,
            counts=said,
            curves=curves,
            title=title,
            language=LANGUAGE,
            texts=texts,
            told=told,
            word=word,
        )
    )
