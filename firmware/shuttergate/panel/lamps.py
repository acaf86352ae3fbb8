"""What the lamps show, as pure functions of time.

Each meaning has a rhythm of its own, so that eyes that cannot tell red from green can read it, and
none flashes more than three times a second (WCAG 2.3.1, photosensitive epilepsy).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shuttergate.verdict import Reason

SELF_TEST_S = 1.0
"""Each lamp alone for a quarter second, then all: what a person checks at switch-on."""

REFUSAL_S = 0.4
"""How long buzzer and lamp answer a press that was refused."""


@dataclass(frozen=True, slots=True)
class Lamps:
    """The three lamps, and the buzzer."""

    clear: bool = False
    blocked: bool = False
    wait: bool = False
    buzzer: bool = False


class Meaning(StrEnum):
    """What the lamps have to say."""

    SELF_TEST = "self-test"
    CLEAR = "clear"
    BLOCKED = "blocked"
    SECOND_LOOK = "second look"
    ASKED = "asked"
    WAIT = "wait"
    FAULT = "fault"


_MEANINGS = {
    Reason.CLEAR: Meaning.CLEAR,
    Reason.NUDITY: Meaning.BLOCKED,
    Reason.TAUGHT: Meaning.BLOCKED,
    Reason.DOUBT: Meaning.BLOCKED,
    Reason.SECOND_LOOK: Meaning.SECOND_LOOK,
    Reason.FAULT: Meaning.FAULT,
}


def meaning(reason: Reason) -> Meaning:
    """Return what the lamps say while the gate is closed for `reason` (CLEAR: while it is open)."""
    return _MEANINGS.get(reason, Meaning.WAIT)


def lamps(
    shown: Meaning,
    time_s: float,
    refused: bool = False,
    stands_in: bool = False,
    recording: bool = False,
) -> Lamps:
    """Return the lamps ``time_s`` after `shown` began; `refused` answers a dead press.

    ``stands_in``: the CPU does the accelerator's work; the wait lamp blinks beside the clear one.
    ``recording``: the clear lamp winks, once a second.
    """
    now = _rhythm(shown, time_s)
    if recording and shown is Meaning.CLEAR:
        now = replace(now, clear=time_s % 1.0 >= 0.2)
    if stands_in and shown is Meaning.CLEAR:
        now = replace(now, wait=_flashes(1, time_s % 2.0))
    if not refused:
        return now
    return Lamps(now.clear, not now.blocked, now.wait, buzzer=True)


def _rhythm(shown: Meaning, time_s: float) -> Lamps:
    match shown:
        case Meaning.SELF_TEST:
            quarter = int(time_s / SELF_TEST_S * 4)
            every = quarter >= 3
            return Lamps(quarter == 0 or every, quarter == 1 or every, quarter == 2 or every)
        case Meaning.CLEAR:
            return Lamps(clear=True)
        case Meaning.BLOCKED:  # two short flashes, a pause
            return Lamps(blocked=_flashes(2, time_s % 1.5))
        case Meaning.SECOND_LOOK:  # three short flashes, a pause
            return Lamps(blocked=_flashes(3, time_s % 2.0))
        case Meaning.ASKED:  # two short flashes as before, and beside them wait, without a break
            return Lamps(blocked=_flashes(2, time_s % 1.5), wait=True)
        case Meaning.WAIT:  # slow and even
            return Lamps(wait=time_s % 2.0 < 1.0)
        case Meaning.FAULT:  # blocked and wait in turn
            return Lamps(blocked=time_s % 1.0 < 0.5, wait=time_s % 1.0 >= 0.5)


def _flashes(count: int, phase_s: float) -> bool:
    return phase_s < count * 0.4 and phase_s % 0.4 < 0.2
