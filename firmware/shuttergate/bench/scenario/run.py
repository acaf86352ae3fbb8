"""Play scenarios: each on a kit of its own, several at a time where there is room."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shuttergate.bench.scenario import invariants
from shuttergate.bench.scenario.expectation import Finding
from shuttergate.bench.scenario.expectations import Refusal
from shuttergate.bench.scenario.hookup import why_not_hooked_up
from shuttergate.bench.scenario.proofread import proofread
from shuttergate.bench.scenario.record import Record
from shuttergate.bench.scenario.report import Run
from shuttergate.bench.scenario.script import Scenario, stretched
from shuttergate.bench.scenario.stand import Stand
from shuttergate.bench.scenario.wires import BenchWires
from shuttergate.clock import since_boot_s
from shuttergate.config import read_kit
from shuttergate.errors import ConfigError, Phrase, ShuttergateError, phrase
from shuttergate.lang import _
from shuttergate.system.toml import decode, path_of


@dataclass(frozen=True, slots=True)
class Options:
    """How to play them. ``slow``: so many times slower; ``board``: instead of their own."""

    board: str | None = None
    slow: float = 1.0
    jobs: int = 1
    may_set_clock: bool = False
    wires: BenchWires | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A scenario with its name, and the folder its paths are relative to."""

    name: str
    base: Path
    scenario: Scenario


def read_scenario(path: Path) -> Scenario:
    """Return the scenario at `path`; raise `ConfigError` naming the file and the key."""
    found = decode(path, Scenario)
    proofread(path, found)

    def seen_from_here(file: str, key: str) -> str:
        return str((path.parent / path_of(file, key)).absolute())

    kit = found.kit
    board = seen_from_here(kit.board, "kit.board") if "/" in kit.board else kit.board
    rules = [seen_from_here(file, "kit.policy.rules") for file in kit.policy.rules]
    policy = msgspec.structs.replace(kit.policy, rules=rules)
    kit = msgspec.structs.replace(kit, board=board, policy=policy)
    return msgspec.structs.replace(found, kit=kit)


def read_all(paths: Sequence[Path], options: Options) -> list[Sheet]:
    """Return the scenarios at `paths`, files or folders; raise `ConfigError`."""
    found = []
    for path in paths:
        files = sorted(path.rglob("*.toml")) if path.is_dir() else [path]
        if not files:
            raise ConfigError(
                "{path}: holds no scenario; name TOML files, or a folder of them", path=path
            )
        for file in files:
            scenario = read_scenario(file)
            if options.slow != 1.0:
                scenario = stretched(scenario, options.slow)
            if options.board is not None:
                kit = msgspec.structs.replace(scenario.kit, board=options.board)
                scenario = msgspec.structs.replace(scenario, kit=kit)
            why = why_not_hooked_up(read_kit(scenario.kit, file), options.wires)
            if why:
                raise ConfigError("{file}: {why}", file=file, why=why)
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            found.append(Sheet(name.removesuffix(".toml"), file.parent, scenario))
    return found


def play_all(
    sheets: Sequence[Sheet], options: Options, tick: Callable[[Sheet, float], object]
) -> Iterator[Run]:
    """Yield what became of each, in their order; `tick` hears how far each is."""
    with ThreadPoolExecutor(options.jobs) as pool:
        yield from pool.map(lambda one: play(one, options, lambda at_s: tick(one, at_s)), sheets)


def play(sheet: Sheet, options: Options, tick: Callable[[float], object]) -> Run:
    """Play one scenario once, on a kit of its own."""
    scenario = sheet.scenario
    began_s = since_boot_s()
    run = Run(sheet.name, scenario, Record())
    try:
        with Stand(scenario, sheet.base, options.wires, options.may_set_clock) as stand:
            run.record.skipped = stand.why_not or ""
            if run.skipped:
                return run
            stand.start(options.slow)
            run.record = stand.play(tick)
            stand.stop(run.record)
            run.findings = judged(scenario, run.record, stand.board.camera.fps, options.slow)
            run.trouble = did_not_start(scenario, run.record)
    except ShuttergateError as error:
        run.trouble = error.phrase
    except Exception:  # one script must not take the others' results along
        run.trouble = _("the bench itself failed: {trace}").format(trace=traceback.format_exc())
    run.seconds = since_boot_s() - began_s
    return run


def judged(scenario: Scenario, record: Record, fps: float, slow: float) -> list[Finding]:
    """Return what became of everything that must hold."""
    own = [one.judge(record) for one in scenario.must]
    return own if record.refusal else [*invariants.findings(record, 1 / fps, slow), *own]


def did_not_start(scenario: Scenario, record: Record) -> Phrase | str:
    """Return why there was no kit to judge, where that is not what the scenario asks for."""
    wanted = any(isinstance(one, Refusal) for one in scenario.must)
    if not record.refusal or wanted:
        return ""
    return phrase("the kit did not start: {cause}", cause=record.refusal)
