"""What each fault switch does in the gate process of a simulated board."""

from __future__ import annotations

from collections.abc import Callable

from shuttergate.board import Board
from shuttergate.frames.simulated import Trouble
from shuttergate.injection import FaultSwitch, possible
from shuttergate.panel.wiring import WirePart, Wiring
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.spoiler import Damage, Spoiler

SLOW_AGES = 1.2
"""A slow accelerator answers after so many times what a frame may be old: too late."""

_TROUBLES = {
    FaultSwitch.CAMERA_STALLED: "stalled",
    FaultSwitch.CAMERA_FROZEN: "frozen",
    FaultSwitch.CAMERA_REPEATING: "repeating",
    FaultSwitch.CAMERA_MISSHAPEN: "misshapen",
}
DAMAGES: dict[FaultSwitch, Damage] = {
    FaultSwitch.ACCELERATOR_UNPLUGGED: "unplugged",
    FaultSwitch.ACCELERATOR_FAILING: "failing",
    FaultSwitch.ACCELERATOR_HANGING: "hanging",
    FaultSwitch.ACCELERATOR_ABORTING: "aborting",
    FaultSwitch.ACCELERATOR_SLOW: "slow",
    FaultSwitch.MODEL_CORRUPTED: "corrupted",
    FaultSwitch.MODEL_SWAPPED: "swapped",
}
_WIRE_PARTS: dict[FaultSwitch, WirePart] = {
    FaultSwitch.LINE_SHORTED: "line_shorted",
    FaultSwitch.CONTACT_SHORTED: "contact_shorted",
    FaultSwitch.BUTTON_WELDED: "welded",
    FaultSwitch.SENSE_CUT: "sense_cut",
}


def fault_switches(
    board: Board, eyes: Eyes, trouble: Trouble, wiring: Wiring | None, max_age_s: float
) -> dict[FaultSwitch, Callable[[bool], None]]:
    """Return what each of the board's fault switches does in this process."""
    spoiler = Spoiler(eyes.live, board.accelerator.threads, slow_s=SLOW_AGES * max_age_s)
    known: dict[FaultSwitch, Callable[[bool], None]] = {
        **{fault: _setter(trouble, name) for fault, name in _TROUBLES.items()},
        **{fault: spoiler.switch(damage) for fault, damage in DAMAGES.items()},
    }
    if wiring is not None:
        known |= {fault: wiring.breaker(part) for fault, part in _WIRE_PARTS.items()}
    return {fault: known[fault] for fault in possible(board)}


def _setter(trouble: Trouble, name: str) -> Callable[[bool], None]:
    def switch(on: bool) -> None:
        setattr(trouble, name, on)

    return switch
