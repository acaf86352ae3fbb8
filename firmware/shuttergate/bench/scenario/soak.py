"""A soak: one kit, the same script again and again, and what grows or slows down meanwhile."""

from __future__ import annotations

import contextlib
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shuttergate import feed
from shuttergate.bench.scenario.expectation import Finding
from shuttergate.bench.scenario.names import PROCESSES as PROCESS_NAMES
from shuttergate.bench.scenario.names import named
from shuttergate.bench.scenario.record import Record
from shuttergate.bench.scenario.report import Run, word
from shuttergate.bench.scenario.run import Options, Sheet, did_not_start, judged
from shuttergate.bench.scenario.script import Soak
from shuttergate.bench.scenario.stand import Stand
from shuttergate.bench.scenario.vitals import Vitals, vitals
from shuttergate.clock import since_boot_s
from shuttergate.columns import padded
from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.lang import _

SAMPLE_S = 20.0
GROWS = (phrase("memory mb"), phrase("descriptors"), phrase("threads"))
SLOWS = (phrase("verdict"), phrase("photo"))
PROCESSES = ("gate", "publisher", "console", "bench")
LATENCIES = ("verdict", "photo")
LEAST_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: vitals by process, and mean times since the sample before, in ms, by kind."""

    at_s: float
    vitals: dict[str, Vitals]
    mean_ms: dict[str, float]


@dataclass
class Soaked:
    """What came of it: rounds that did not hold as a whole, samples, drifts, and totals."""

    rounds: int = 0
    failed: list[Run] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    drifts: list[Finding] = field(default_factory=list)
    presses: int = 0
    photos: int = 0
    faults: int = 0
    closings: int = 0
    starts: int = 1
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether every round and every bound held."""
        return not self.failed and all(one.held for one in self.drifts)


class Sampler:
    """Takes a sample every `SAMPLE_S`; the totals start anew with each gate process."""

    def __init__(self, stand: Stand, soaked: Soaked) -> None:
        self._stand = stand
        self._soaked = soaked
        self._began_s = since_boot_s()
        self._due_s = SAMPLE_S
        self._before: dict[str, feed.Timing] = {}

    def __call__(self, at_s: float) -> None:
        """Take one if it is due."""
        now_s = since_boot_s() - self._began_s
        if now_s < self._due_s:
            return
        self._due_s = now_s + SAMPLE_S
        found: dict[str, Vitals] = {}
        for process in PROCESSES:
            pid = os.getpid() if process == "bench" else self._stand.kit.pid(process)
            with contextlib.suppress(OSError):
                if pid is not None:
                    found[process] = vitals(pid)
        self._soaked.samples.append(Sample(now_s, found, self._means()))

    def _means(self) -> dict[str, float]:
        status = self._stand.kit.status
        found = {}
        for kind in LATENCIES if status is not None else ():
            now = status.timings.get(kind) if status is not None else None
            before = self._before.pop(kind, None)
            if now is None:
                continue
            self._before[kind] = now
            count, total_ms = sum(now.counts), now.sum_ms
            if before is not None and sum(before.counts) <= count:
                count, total_ms = count - sum(before.counts), total_ms - before.sum_ms
            if count:
                found[kind] = total_ms / count
        return found


def soak(
    sheet: Sheet,
    options: Options,
    rounds: int | None,
    seconds: float | None,
    say: Callable[[Run], object],
    tick: Callable[[float], object],
) -> Soaked:
    """Play the script so often, or for so long, on one kit; `say` hears of every round.

    `tick` is called with the seconds since the start. Raises `ShuttergateError` where it cannot be
    played at all.
    """
    soaked, began_s = Soaked(), since_boot_s()
    with Stand(sheet.scenario, sheet.base, options.wires, options.may_set_clock) as stand:
        if stand.why_not:
            raise ShuttergateError("{name}: {cause}", name=sheet.name, cause=stand.why_not)
        stand.start(options.slow)
        sampler = Sampler(stand, soaked)

        def both(at_s: float) -> None:
            sampler(at_s)
            tick(since_boot_s() - began_s)

        while not _done(soaked.rounds, since_boot_s() - began_s, rounds, seconds):
            record = stand.play(both)
            last = _done(soaked.rounds + 1, since_boot_s() - began_s, rounds, seconds)
            if last:
                stand.stop(record)
            name = _("{scenario} round {n}").format(scenario=sheet.name, n=soaked.rounds + 1)
            run = Run(name, sheet.scenario, record)
            run.findings = judged(sheet.scenario, record, stand.board.camera.fps, options.slow)
            run.trouble = did_not_start(sheet.scenario, record)
            run.seconds = record.ended_s
            _count(soaked, run, record)
            say(run)
            if record.refusal:
                break
    soaked.seconds = since_boot_s() - began_s
    soaked.drifts = drifts(soaked.samples, sheet.scenario.soak)
    return soaked


def _done(played: int, now_s: float, rounds: int | None, seconds: float | None) -> bool:
    if rounds is not None and played >= rounds:
        return True
    return seconds is not None and now_s >= seconds


def _count(soaked: Soaked, run: Run, record: Record) -> None:
    soaked.rounds += 1
    soaked.failed += [] if run.held else [run]
    soaked.presses += len(record.presses)
    soaked.photos += sum(one.name.endswith(".jpg") for one in record.pictures)
    soaked.faults += sum(one.what.template.startswith("breaks") for one in record.done)
    soaked.closings += sum(not high for _, high in record.levels[1:])
    soaked.starts += record.starts - 1


def drifts(samples: Sequence[Sample], bounds: Soak) -> list[Finding]:
    """Compare the last quarter's median with that of the first quarter after settling."""
    settled = samples[bounds.settle_samples :]
    if len(settled) < LEAST_SAMPLES:
        return []
    quarter = len(settled) // 4
    first, last = settled[:quarter], settled[-quarter:]
    found = []
    for process in PROCESSES:
        for name, most in (
            ("memory_mb", bounds.memory_mb),
            ("descriptors", float(bounds.descriptors)),
            ("threads", float(bounds.threads)),
        ):
            before, after = (_middle(part, process, name) for part in (first, last))
            if before is None or after is None:
                continue
            found.append(
                Finding(
                    phrase(
                        "{process}: {what} grows by no more than {most:g}",
                        process=named(PROCESS_NAMES, process),
                        what=Phrase(name.replace("_", " ")),
                        most=most,
                    ),
                    after - before <= most,
                    phrase("{a:.4g} at first, {b:.4g} at last", a=before, b=after),
                )
            )
    for kind in LATENCIES:
        early = [one.mean_ms[kind] for one in first if kind in one.mean_ms]
        late = [one.mean_ms[kind] for one in last if kind in one.mean_ms]
        if early and late:
            before, after = statistics.median(early), statistics.median(late)
            most = bounds.latency_ratio
            found.append(
                Finding(
                    phrase(
                        "{kind} time grows by no more than {most:g} x", kind=Phrase(kind), most=most
                    ),
                    after <= before * most,
                    phrase("{a:.1f} ms at first, {b:.1f} ms at last", a=before, b=after),
                )
            )
    return found


def _middle(samples: Sequence[Sample], process: str, name: str) -> float | None:
    values = [getattr(one.vitals[process], name) for one in samples if process in one.vitals]
    return float(statistics.median(values)) if values else None


def words(soaked: Soaked) -> str:
    """Return the totals and every bound, in lines."""
    head = _(
        "{held} of {rounds} rounds held, in {min:.1f} min; {presses} presses, {photos} photos, "
        "{faults} faults, {closings} closings, {starts} starts of the gate process"
    )
    lines = [
        head.format(
            held=soaked.rounds - len(soaked.failed),
            rounds=soaked.rounds,
            min=soaked.seconds / 60,
            presses=soaked.presses,
            photos=soaked.photos,
            faults=soaked.faults,
            closings=soaked.closings,
            starts=soaked.starts,
        )
    ]
    for one in soaked.drifts:
        held = word("held" if one.held else "FAILED")
        lines.append(f"{padded(held, 8)}{one.must.told()}: {one.was.told()}")
    if not soaked.drifts:
        least_s = SAMPLE_S * (Soak().settle_samples + LEAST_SAMPLES)
        said = _("too short to speak of drift: that needs about {min:.0f} minutes")
        lines.append(said.format(min=least_s / 60))
    return "\n".join(lines)
