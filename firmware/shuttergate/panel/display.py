"""What lamps and buzzer show now: the gate's reason, the self-test at switch-on, and refusals."""

from __future__ import annotations

from shuttergate.clock import Clock, since_boot_s
from shuttergate.panel.lamps import REFUSAL_S, SELF_TEST_S, Meaning, lamps, meaning
from shuttergate.panel.panel import Panel
from shuttergate.verdict import Reason


class Display:
    """`show` is for one thread, `refused` for any."""

    def __init__(self, panel: Panel, clock: Clock = since_boot_s) -> None:
        self._panel = panel
        self._clock = clock
        self._shown = Meaning.SELF_TEST
        self._shown_since_s = clock()
        self._self_test_until_s = self._shown_since_s + SELF_TEST_S
        self._refused_until_s = float("-inf")

    def refused(self) -> None:
        """A press was refused: let lamp and buzzer say so."""
        self._refused_until_s = self._clock() + REFUSAL_S

    def show(self, reason: Reason, stands_in: bool, is_recording: bool, asks: bool = False) -> None:
        """Show why the gate is closed (CLEAR: that it is open); see `lamps.lamps` for the rest.

        ``asks``: a question stands, whatever keeps it closed.
        """
        now_s = self._clock()
        shown = Meaning.SELF_TEST if now_s < self._self_test_until_s else meaning(reason)
        if asks and shown is Meaning.BLOCKED:
            shown = Meaning.ASKED
        if shown != self._shown:
            self._shown, self._shown_since_s = shown, now_s
        refused = now_s < self._refused_until_s
        since_s = now_s - self._shown_since_s
        self._panel.show(lamps(shown, since_s, refused, stands_in, is_recording))
