"""An evaluation as one HTML file that needs nothing else: no request, no script, no picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shuttergate.bench import figure
from shuttergate.bench.evaluate import plots, words
from shuttergate.bench.evaluate.evaluation import LINE, Summary
from shuttergate.bench.evaluate.report_words import report_words
from shuttergate.bench.extra import extra
from shuttergate.lang import LANGUAGE, _

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def require() -> None:
    """Raise `ShuttergateError` with the pip command where a package is missing."""
    extra("jinja2", "--report")
    figure.require()


def render(summary: Summary) -> str:
    """Return the whole page; raises `ShuttergateError` where the extra `bench` is missing."""
    jinja: Any = extra("jinja2", "--report")
    environment = jinja.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja.StrictUndefined
    )
    environment.finalize = _unbroken
    page = environment.from_string(_TEMPLATE.read_text("utf-8"))
    safe = environment.filters["safe"]
    drawn = [
        {
            "look": look,
            "roc": safe(plots.roc_plot(look)),
            "histograms": [
                (curve.score, safe(plots.histogram_plot(look, curve))) for curve in look.curves
            ],
        }
        for look in summary.looks
    ]
    return str(
        page.render(
            summary=summary,
            drawn=drawn,
            words=words,
            line=LINE,
            language=LANGUAGE,
            t=report_words(),
            _=_,
        )
    )


def _unbroken(value: object) -> object:
    """Keep a number and its % on one line; plots and other markup stay as they are."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if type(value) is str else value
