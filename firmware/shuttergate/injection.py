"""Fault switches: what an audience may break on a simulated board, to see that it fails closed.

A switch breaks the thing itself, or imitates how it breaks; none tells the gate that it did so.
The gate has to find out by its own means, as it would with the real fault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.errors import Phrase, ShuttergateError, phrase


class FaultSwitch(StrEnum):
    """What can be broken on purpose."""

    CAMERA_STALLED = "camera stalled"
    CAMERA_FROZEN = "camera frozen"
    CAMERA_REPEATING = "camera repeating"
    CAMERA_MISSHAPEN = "camera misshapen"
    ACCELERATOR_UNPLUGGED = "accelerator unplugged"
    ACCELERATOR_FAILING = "accelerator failing"
    ACCELERATOR_HANGING = "accelerator hanging"
    ACCELERATOR_ABORTING = "accelerator aborting"
    ACCELERATOR_SLOW = "accelerator slow"
    MODEL_CORRUPTED = "model corrupted"
    MODEL_SWAPPED = "model swapped"
    LINE_SHORTED = "line shorted"
    CONTACT_SHORTED = "contact shorted"
    BUTTON_WELDED = "button welded"
    SENSE_CUT = "second pole cut"
    DISK_FULL = "disk full"  # the supervisor's to do; the others befall the gate process


CAMERA = (
    FaultSwitch.CAMERA_STALLED,
    FaultSwitch.CAMERA_FROZEN,
    FaultSwitch.CAMERA_REPEATING,
    FaultSwitch.CAMERA_MISSHAPEN,
)
MODELS = (
    FaultSwitch.ACCELERATOR_UNPLUGGED,
    FaultSwitch.ACCELERATOR_FAILING,
    FaultSwitch.ACCELERATOR_HANGING,
    FaultSwitch.ACCELERATOR_ABORTING,
    FaultSwitch.ACCELERATOR_SLOW,
    FaultSwitch.MODEL_CORRUPTED,
    FaultSwitch.MODEL_SWAPPED,
)
WIRES = (
    FaultSwitch.LINE_SHORTED,
    FaultSwitch.CONTACT_SHORTED,
    FaultSwitch.BUTTON_WELDED,
    FaultSwitch.SENSE_CUT,
)


def offered(board: Board) -> list[FaultSwitch]:
    """Return the switches that a page shows for `board`: none where its pins are real."""
    if not board.gpio.is_simulated:
        return []
    camera = [FaultSwitch.CAMERA_STALLED] if board.camera.is_simulated else []
    return [
        *camera,
        FaultSwitch.ACCELERATOR_UNPLUGGED,
        FaultSwitch.MODEL_CORRUPTED,
        FaultSwitch.DISK_FULL,
    ]


def possible(board: Board) -> list[FaultSwitch]:
    """Return all that the bench can break in the gate process of `board`.

    Where camera and pins are real, that is nothing: a switch in a kit that people trust would be
    one more thing to go wrong.
    """
    camera, pins = board.camera.is_simulated, board.gpio.is_simulated
    return [
        *(CAMERA if camera else ()),
        *(MODELS if camera or pins else ()),
        *(WIRES if pins else ()),
    ]


class Injection:
    """The gate process's switches: call with a fault's name, and whether it is to be there.

    ``switches``: what does each of them. It is done in a thread of its own: a model takes its time
    to be built, and whoever hears of a switch keeps time for the gate. ``tell`` hears what was
    done. ``show`` changes the scene, where the camera looks at a stage.
    """

    def __init__(
        self,
        switches: Mapping[FaultSwitch, Callable[[bool], None]],
        tell: feed.Tell,
        show: Callable[[str, int], None] | None = None,
    ) -> None:
        self._switches = {str(fault): switch for fault, switch in switches.items()}
        self._tell = tell
        self._show = show
        self._refused = False
        self._on: set[str] = set()
        self._wanted: dict[str, bool] = {}  # by fault: the last word counts, however many came
        self._news = threading.Condition()
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, fault: str, on: bool) -> None:
        """Switch `fault` on or off, soon."""
        if fault not in self._switches:
            self._refuse(fault, phrase("this board has no such switch"))
            return
        with self._news:
            self._wanted[fault] = on
            self._news.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="injection", daemon=True)
            self._thread.start()

    def show(self, scene: str, exposures: int) -> None:
        """Show `scene` to a simulated camera, for so many exposures only, unless 0."""
        if self._show is None:
            self._refuse(scene, phrase("this board has no stage"))
        else:
            self._show(scene, exposures)

    def _refuse(self, fault: str, cause: Phrase) -> None:
        if not self._refused:  # once: whoever asks again must not fill the log
            self._refused = True
            self._tell(feed.SwitchRefused(fault, str(cause), said=cause))

    def begin(self) -> None:
        """The tests at start are over: from now on switches do something.

        A gate process does not start with a model that is wrong from the start; one that was
        started anew while a switch is on would never get to show the fault.
        """
        self._begun.set()

    def _run(self) -> None:
        self._begun.wait()
        while True:
            with self._news:
                self._news.wait_for(lambda: self._wanted)
                fault = next(iter(self._wanted))
                on = self._wanted.pop(fault)
            self._switch(fault, on)

    def _switch(self, fault: str, on: bool) -> None:
        if on == (fault in self._on):
            return
        try:
            self._switches[fault](on)
        except ShuttergateError as error:
            self._tell(feed.SwitchRefused(fault, str(error), said=error.phrase))
            return
        self._on ^= {fault}
        self._tell(feed.Switch(fault, on))
