"""`shuttergate evaluate`: how often a kit blocks what is marked nude, and what is marked safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shuttergate import __version__, gate
from shuttergate.bench.evaluate import rates
from shuttergate.bench.evaluate.clips import Watched, WatchedClip
from shuttergate.bench.evaluate.crew import Opinion, Task, ask
from shuttergate.bench.evaluate.looks import KitLook, UsedModel
from shuttergate.bench.evaluate.manifest import Manifest, Row
from shuttergate.bench.evaluate.rivals import Rival
from shuttergate.errors import Phrase, PictureError, ScoreError, phrase
from shuttergate.system.paths import tilde
from shuttergate.verdict import Look

JOINT = "joint"
"""The curve of the joint score, whose line is at 0.5."""

LINE = 0.5
FEW_FALSE_BLOCKS = 0.01
USUAL = gate.Rules()
"""The gate before videos, where a kit sets it no otherwise."""

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BASE_RATES = (0.01, 0.001, 0.0001)
BINS = 20

CAUTION = phrase(
    "These figures hold for the pictures of this manifest and for no others. They make no claim "
    "about how much real nudity would be blocked: whatever is marked nude here stands for nothing "
    "but itself. The intervals tell only what chance would do if the pictures were independent of "
    "one another, which pictures of one series are not; the figures for safe pictures depend on "
    "which sets are in the manifest. Thresholds chosen on the same pictures flatter. A refusal is "
    "a machine's doubt: it is never a finding about the people in a picture, nor an accusation."
)


class Group(msgspec.Struct, frozen=True):
    """The rates blocked where ``column`` is ``value``; both are empty for all pictures."""

    column: str
    value: str
    nude: rates.Rate
    safe: rates.Rate


class Curve(msgspec.Struct, frozen=True):
    """How one score tells the two kinds apart: the joint one, or a channel's.

    ``marks`` are what its own thresholds would block; ``nude_bins`` and ``safe_bins`` count the
    scores in equal parts of [0, 1].
    """

    score: str
    marks: list[rates.Step]
    auc: float | None
    roc: list[rates.Point]
    nude_bins: list[int]
    safe_bins: list[int]


class Unreadable(msgspec.Struct, frozen=True):
    """A picture without a verdict: it counts in no rate, neither as blocked nor as clear."""

    file: str
    set: str
    label: str
    cause: str
    said: Phrase | msgspec.UnsetType = msgspec.UNSET  # the cause, for people


class LookResult(msgspec.Struct, frozen=True):
    """Everything that is said of one look; ``groups`` begin with all pictures."""

    look: str
    title: str
    models: list[UsedModel]
    unreadable: list[Unreadable]
    groups: list[Group]
    curves: list[Curve]
    thresholds: list[rates.Step]
    base_rates: list[rates.BaseRate]


class Contender(msgspec.Struct, frozen=True):
    """One row of the comparison. ``version`` is None where it is not installed.

    ``few`` is its lowest threshold with at most 1 % false blocks (null in JSON where only blocking
    nothing gives that); ``nude`` and ``safe`` are the rates that its customary ``rule`` blocks.
    """

    name: str
    version: str | None
    licence: str
    install: str
    rule: str
    auc: float | None = None
    few: rates.Step | None = None
    nude: rates.Rate | None = None
    safe: rates.Rate | None = None
    unreadable: list[Unreadable] = []


class Judged(msgspec.Struct, frozen=True):
    """One picture, by name and set only, with what each look said."""

    file: str
    set: str
    label: str
    looks: dict[str, Opinion]


class Summary(msgspec.Struct, frozen=True):
    """The whole evaluation, as `--json` writes it."""

    shuttergate: str
    manifest: str
    manifest_sha256: str
    pictures: int
    nude: int
    safe: int
    sets: list[str]
    by: list[str]
    looks: list[LookResult]
    contenders: list[Contender]
    caution: str
    judged: list[Judged]
    clips: list[WatchedClip] = []


@dataclass(frozen=True, slots=True)
class Hands:
    """Who works: threads here or a Dask cluster's workers, and where finished answers are kept."""

    threads: int = 1
    cluster: str | None = None
    resume: Path | None = None


def evaluate(
    manifest: Manifest,
    looks: Sequence[KitLook],
    against: Sequence[Rival],
    hands: Hands,
    done: Callable[[], object] = lambda: None,
    rules: gate.Rules = USUAL,
) -> Summary:
    """Judge every picture with every look and installed rival; `done` is called after each.

    Videos are shown to the live look alone, and to a gate of these `rules`.

    Raises `ShuttergateError` where a model or a helper is missing or broken.
    """
    versions = {rival.name: rival.find() for rival in against}
    openers: list[KitLook | Rival] = [*looks, *(rival for rival in against if versions[rival.name])]
    tasks: list[Task] = [(opener, row.path) for opener in openers for row in manifest.rows]
    answers = ask(tasks, hands.threads, hands.cluster, hands.resume, done)
    length = len(manifest.rows)
    by_name = {
        _name(opener): [
            _without_path(row, answer)
            for row, answer in zip(manifest.rows, answers[place * length :], strict=False)
        ]
        for place, opener in enumerate(openers)
    }
    results = [look_result(manifest, look, by_name[look.look]) for look in looks]
    contenders = [_kit(manifest, look, by_name[look.look]) for look in looks] if against else []
    contenders += [
        _rival(manifest, rival, versions[rival.name], by_name.get(rival.name)) for rival in against
    ]
    labels = [row.label for row in manifest.rows]
    return Summary(
        __version__,
        manifest.name,
        manifest.sha256,
        length,
        labels.count("nude"),
        labels.count("safe"),
        sorted({row.set for row in manifest.rows if row.set}),
        list(manifest.by),
        results,
        contenders,
        str(CAUTION),
        [
            Judged(
                row.name, row.set, row.label, {one.look: by_name[one.look][place] for one in looks}
            )
            for place, row in enumerate(manifest.rows)
        ],
        list(_watched(manifest, looks, rules, done)),
    )


def tasks_in(manifest: Manifest, looks: Sequence[KitLook], against: Sequence[Rival]) -> int:
    """Return how often `done` will be called."""
    judges = len(looks) + sum(rival.find() is not None for rival in against)
    return len(manifest.rows) * judges + len(manifest.clips) * len(_live(looks))


def _live(looks: Sequence[KitLook]) -> list[KitLook]:
    return [look for look in looks if look.look is Look.LIVE]


def _watched(
    manifest: Manifest, looks: Sequence[KitLook], rules: gate.Rules, done: Callable[[], object]
) -> Iterator[WatchedClip]:
    """Yield what a gate did before each video, one after the other."""
    judges = [look.open() for look in _live(looks)] if manifest.clips else []
    for judge in judges:
        for row in manifest.clips:
            watched, cause, said = Watched(), "", None
            try:
                watched = judge.watch(row.path, rules)
            except (PictureError, ScoreError) as error:
                cause, said = _unnamed(row, f"{error}"), _told_unnamed(row, error.phrase)
            yield WatchedClip(row.name, row.set, row.label, watched, cause, said or msgspec.UNSET)
            done()


def _name(opener: KitLook | Rival) -> str:
    return opener.look.value if isinstance(opener, KitLook) else opener.name


def _without_path(row: Row, answer: Opinion) -> Opinion:
    said = _told_unnamed(row, answer.said) if answer.said else answer.said
    return msgspec.structs.replace(answer, reason=_unnamed(row, answer.reason), said=said)


def _told_unnamed(row: Row, said: Phrase) -> Phrase:
    blanks = {name: _blank_unnamed(row, one) for name, one in said.blanks.items()}
    return Phrase(_unnamed(row, said.template), blanks)


def _blank_unnamed(row: Row, one: str | float | Phrase) -> str | float | Phrase:
    match one:
        case Phrase():
            return _told_unnamed(row, one)
        case str():
            return _unnamed(row, one)
    return one


def _unnamed(row: Row, words: str) -> str:
    """A path may tell whose computer it was; the manifest's own name for the file does not."""
    for path in (
        str(row.path.absolute()),
        str(row.path),
        tilde(row.path),
        tilde(row.path.resolve()),
    ):
        words = words.replace(path, row.name)
    return words


def look_result(manifest: Manifest, look: KitLook, answers: Sequence[Opinion]) -> LookResult:
    """Return all the figures of one look from its answers, which stand in the manifest's order."""
    models = look.models()
    everything = Group("", "", *_rates(zip(manifest.rows, answers, strict=True)))
    nude, safe = _scores(manifest, answers, JOINT)
    curves = [_curve(manifest, answers, JOINT, [LINE])]
    curves += [
        _curve(manifest, answers, model.channel, [model.clear_below, model.block_at])
        for model in models
    ]
    restated = [rates.at_base_rate(everything.nude, everything.safe, base) for base in BASE_RATES]
    return LookResult(
        look.look.value,
        look.title,
        models,
        _unreadable(manifest, answers),
        [
            everything,
            *(group for column in manifest.by for group in _groups(manifest, answers, column)),
        ],
        curves,
        [rates.step(nude, safe, threshold) for threshold in THRESHOLDS],
        [one for one in restated if one is not None],
    )


def _rates(judged: Iterator[tuple[Row, Opinion]]) -> tuple[rates.Rate, rates.Rate]:
    """Return the rates blocked, nude and safe; unreadable pictures are in neither."""
    counts = {label: [0, 0] for label in ("nude", "safe")}
    for row, answer in judged:
        if answer.score is not None:
            counts[row.label][0] += answer.verdict == "BLOCKED"
            counts[row.label][1] += 1
    return rates.rate(*counts["nude"]), rates.rate(*counts["safe"])


def _groups(manifest: Manifest, answers: Sequence[Opinion], column: str) -> Iterator[Group]:
    """Yield the rates for each value of a column; rows without a value are in none."""
    for value in sorted({row.columns.get(column, "") for row in manifest.rows} - {""}):
        judged = zip(manifest.rows, answers, strict=True)
        chosen = ((row, one) for row, one in judged if row.columns.get(column) == value)
        yield Group(column, value, *_rates(chosen))


def _scores(
    manifest: Manifest, answers: Sequence[Opinion], score: str
) -> tuple[list[float], list[float]]:
    found: Mapping[str, list[float]] = {"nude": [], "safe": []}
    for row, answer in zip(manifest.rows, answers, strict=True):
        if answer.score is not None:
            found[row.label].append(answer.score if score == JOINT else answer.scores[score])
    return found["nude"], found["safe"]


def _curve(manifest: Manifest, answers: Sequence[Opinion], score: str, marks: list[float]) -> Curve:
    nude, safe = _scores(manifest, answers, score)
    bins = (rates.histogram(nude, BINS), rates.histogram(safe, BINS))
    steps = [rates.step(nude, safe, mark) for mark in marks]
    return Curve(score, steps, rates.auc(nude, safe), rates.roc(nude, safe), *bins)


def _unreadable(manifest: Manifest, answers: Sequence[Opinion]) -> list[Unreadable]:
    return [
        Unreadable(row.name, row.set, row.label, answer.reason, answer.said)
        for row, answer in zip(manifest.rows, answers, strict=True)
        if answer.score is None
    ]


def _measured(manifest: Manifest, answers: Sequence[Opinion], contender: Contender) -> Contender:
    nude, safe = _scores(manifest, answers, JOINT)
    blocked, falsely = _rates(zip(manifest.rows, answers, strict=True))
    return msgspec.structs.replace(
        contender,
        auc=rates.auc(nude, safe),
        few=rates.step_for(nude, safe, FEW_FALSE_BLOCKS),
        nude=blocked,
        safe=falsely,
        unreadable=_unreadable(manifest, answers),
    )


def _kit(manifest: Manifest, look: KitLook, answers: Sequence[Opinion]) -> Contender:
    licences = "; ".join(dict.fromkeys(model.licence for model in look.models()))
    rule = f"the joint score is at or over {LINE}"
    this = Contender(f"kit, {look.title}", __version__, licences, "", rule)
    return _measured(manifest, answers, this)


def _rival(
    manifest: Manifest, rival: Rival, version: str | None, answers: Sequence[Opinion] | None
) -> Contender:
    this = Contender(rival.name, version, rival.licence, rival.install, rival.rule)
    return this if answers is None else _measured(manifest, answers, this)
