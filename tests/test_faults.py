"""Faults: the gate is closed before anybody is told, and each is told once."""

from __future__ import annotations

import ast
from itertools import count
from pathlib import Path

import pytest

from shuttergate import feed
from shuttergate.faults import FaultLog
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.verdict import Decision, Fault, Reason, Verdict
from support.places import ROOT

FIRMWARE = ROOT / "firmware" / "shuttergate"


class Bench:
    """An open gate, and what was written and told, in order."""

    def __init__(self) -> None:
        self.order: list[object] = []
        seconds = count(1)
        clock_s = lambda: next(seconds) / 100  # noqa: E731
        self.interlock = Interlock(Rules(clear_frames=1), self.order.append, clock=clock_s)
        self.faults = FaultLog(self.interlock, self.order.append)
        self.interlock.mended(Fault.STARTING)
        self.interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, 0.01))
        assert self.interlock.state.is_open
        self.order.clear()


def test_the_line_is_low_before_a_fault_is_told() -> None:
    bench = Bench()
    bench.faults.begin(Fault.CAMERA, OSError("unplugged"))
    assert bench.order == [False, feed.FaultBegan(Fault.CAMERA, "unplugged")]


def test_a_fault_that_stands_is_told_once() -> None:
    bench = Bench()
    for cause in ("first", "second"):
        bench.faults.begin(Fault.MODEL, cause)
    assert bench.order[1:] == [feed.FaultBegan(Fault.MODEL, "first")]
    bench.faults.end(Fault.MODEL, Fault.CAMERA)
    assert bench.interlock.state.faults == frozenset()
    bench.faults.begin(Fault.MODEL, "first")
    assert bench.order[2:] == [feed.FaultBegan(Fault.MODEL, "first")]


def test_where_it_is_wanted_another_cause_is_told_too() -> None:
    bench = Bench()
    for cause in ("in use", "in use", "unplugged"):
        bench.faults.begin(Fault.CAMERA, cause, retell=True)
    told = [one.error for one in bench.order if isinstance(one, feed.FaultBegan)]
    assert told == ["in use", "unplugged"]


@pytest.mark.parametrize("name", ["camera ", "cammera", ""])
def test_a_fault_that_nobody_has_can_neither_begin_nor_end(name: str) -> None:
    bench = Bench()
    for act in (bench.interlock.fault, bench.interlock.mended):
        with pytest.raises(AssertionError, match="is no fault"):
            act(name)  # type: ignore[arg-type]


def calls(path: Path) -> list[tuple[str, str]]:
    """Return what is called with which fault: ("begin", "CAMERA") for begin(Fault.CAMERA, …)."""
    return [
        (node.func.attr, argument.attr)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        for argument in node.args
        if isinstance(argument, ast.Attribute)
        and isinstance(argument.value, ast.Name)
        and argument.value.id == "Fault"
    ]


def test_what_begins_can_end_and_what_ends_can_begin() -> None:
    # The wires' three are begun and ended by whatever `WireWatch` returns.
    wires = {"PERMISSIVE", "CONTACT", "POLES"}
    found = [call for path in FIRMWARE.rglob("*.py") for call in calls(path)]
    begun = {fault for act, fault in found if act in ("begin", "fault")} | {"STARTING"}
    ended = {fault for act, fault in found if act in ("end", "mended")} | {"STOPPING"}
    assert begun | wires == ended | wires == {fault.name for fault in Fault}
