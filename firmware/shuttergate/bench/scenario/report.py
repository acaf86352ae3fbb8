"""A run in words for a terminal, and as JUnit XML for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from shuttergate.bench.scenario.expectation import Finding
from shuttergate.bench.scenario.record import Record
from shuttergate.bench.scenario.script import Scenario
from shuttergate.columns import padded
from shuttergate.errors import Phrase, phrase, told
from shuttergate.lang import _, texts

LATE_MS = 40.0
"""Actions of the bench itself that came later than this cast doubt on what was measured."""

EACH_END = 8
"""Of a long timeline so many events from its beginning and from its end are shown."""

PROMISES = (
    phrase("Others"),
    phrase("1. Fail closed"),
    phrase("2. The saved frame is the judged frame"),
    phrase("3. What was not cleared never leaves memory"),
    phrase("4. Nobody is watched"),
)


@dataclass
class Run:
    """One run of one scenario. ``trouble``: why there is no record, or not a whole one."""

    name: str
    scenario: Scenario
    record: Record
    findings: list[Finding] = field(default_factory=list)
    trouble: Phrase | str = ""
    seconds: float = 0.0

    @property
    def skipped(self) -> bool:
        """Whether it was not run, for a reason that is said."""
        return bool(self.record.skipped)

    @property
    def held(self) -> bool:
        """Whether everything held; what was not run did not."""
        return not self.trouble and not self.skipped and all(one.held for one in self.findings)

    @property
    def word(self) -> str:
        """Return "held", "FAILED" or "skipped"."""
        return "skipped" if self.skipped else "held" if self.held else "FAILED"


def word(name: str) -> str:
    """Return a run's or a requirement's word for people."""
    return {"held": _("held"), "FAILED": _("FAILED"), "skipped": _("skipped")}[name]


def words(run: Run) -> str:
    """Return the run in a line, and below it whatever did not hold, with what happened around."""
    held = sum(one.held for one in run.findings)
    title = _("{name}: {title}").format(name=run.name, title=run.scenario.heading())
    line = padded(word(run.word), 8) + title
    if run.skipped:
        return f"{line}\n        " + _("not run: {why}").format(why=told(run.record.skipped))
    how = _(" ({held} of {n} held, {s:.1f} s)")
    lines = [line + how.format(held=held, n=len(run.findings), s=run.seconds)]
    if run.trouble:
        lines.append(f"        {told(run.trouble)}")
    for one in run.findings:
        if not one.held:
            lines += detail(one, run.record)
    if run.findings and run.record.gate_sockets is None:
        said = _("not looked at: the gate process's sockets and writes (that needs root)")
        lines.append(f"        {said}")
    if not run.held and run.record.overdue_ms > LATE_MS:
        said = _("the bench itself was up to {ms:.0f} ms late: is this machine busy?")
        lines.append("        " + said.format(ms=run.record.overdue_ms))
    return "\n".join(lines)


def counts(runs: Sequence[Run]) -> str:
    """Return how many held."""
    held, skipped = sum(one.held for one in runs), sum(one.skipped for one in runs)
    if skipped:
        said = _("{held} of {n} scenarios held, {skipped} not run")
        return said.format(held=held, n=len(runs), skipped=skipped)
    return _("{held} of {n} scenarios held").format(held=held, n=len(runs))


def detail(finding: Finding, record: Record, language: str | None = None) -> list[str]:
    """Return a finding that did not hold: what was due, what was seen, and what happened around.

    ``language``: None is the environment's.
    """
    _ = texts(language)
    found = record.timeline(finding.from_s, finding.to_s, language)
    shown = found if len(found) <= 2 * EACH_END else [*found[:EACH_END], *found[-EACH_END:]]
    lines = [
        "    " + _("must: {must}").format(must=finding.must.told(language)),
        "    " + _("was:  {was}").format(was=finding.was.told(language)),
    ]
    for number, (at_s, what) in enumerate(shown):
        if number == EACH_END and len(found) > 2 * EACH_END:
            lines.append("          " + _("… {n} more …").format(n=len(found) - 2 * EACH_END))
        lines.append(f"    {at_s:9.3f} s  {what.told(language)}")
    return lines


def write_junit(runs: Sequence[Run], path: Path) -> None:
    """Write the runs as JUnit XML: a suite for each, a case for each requirement; in English."""
    root = ElementTree.Element("testsuites", name="shuttergate bench")
    for run in runs:
        failed = sum(not one.held for one in run.findings) + bool(run.trouble)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=run.name,
            tests=str(max(1, len(run.findings)) + bool(run.trouble)),
            failures=str(failed),
            errors="0",
            skipped=str(int(run.skipped)),
            time=f"{run.seconds:.3f}",
        )
        for one in run.findings:
            case = _case(suite, run, str(one.must))
            if not one.held:
                failure = ElementTree.SubElement(case, "failure", message=str(one.was))
                failure.text = _xml("\n".join(detail(one, run.record, "en")))
        if run.trouble:
            case = _case(suite, run, "the run comes to its end")
            ElementTree.SubElement(case, "failure", message=_xml(str(run.trouble)))
        if run.skipped:
            case = _case(suite, run, run.scenario.title)
            ElementTree.SubElement(case, "skipped", message=_xml(str(run.record.skipped)))
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ElementTree.Element, run: Run, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=run.name, name=_xml(name))


def _xml(text: str) -> str:
    """Leave out what XML cannot hold, whatever a log said."""
    return "".join(char for char in text if char >= " " or char in "\n\t")
