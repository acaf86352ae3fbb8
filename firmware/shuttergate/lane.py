"""A lane: one camera's chain from its opener to the shelf where CLEAR frames wait for a press."""

from __future__ import annotations

import math
from collections.abc import Callable

from shuttergate import feed
from shuttergate.board import CameraPart
from shuttergate.capture.shelf import Shelf
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import CameraError, CameraLost
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame, Source
from shuttergate.frames.inspection import Inspector
from shuttergate.judging import LiveJudge
from shuttergate.system.spawn import Backoff
from shuttergate.verdict import Fault
from shuttergate.viewfinder import Viewfinder

SHELF_FRAMES = 1
"""A press takes the frame nearest to it: the newest that was CLEAR, or the one under judgement."""

POOL_FRAMES = SHELF_FRAMES + 3
"""On one of the two shelves, before the live channels, and two on their way to a second look: of a
press, and of one that nobody pressed for. 2.2 MB each at 1408 x 1056."""

GIVE_UP_S = 20.0
"""A camera that gives nothing for so long, however often it is opened, may be held by its wedged
library in this very process, or was not there when that looked: a fresh process gets it where this
one never will."""

SLOW_FRAMES = 30
"""So many frames in a row, each judged when the one before no longer spoke, are no hiccup."""

STALL_S = 1.0
BACK_OFF_FIRST_S = 0.1
BACK_OFF_CAP_S = 2.0


class Lane:
    """``open_camera`` is called again whenever the camera failed. `next` is for one thread.

    ``max_age_s``: how long a frame speaks for the gate.
    """

    def __init__(
        self,
        part: CameraPart,
        open_camera: Callable[[], Source],
        lores_shape: tuple[int, ...],
        judge: LiveJudge,
        viewfinder: Viewfinder,
        faults: FaultLog,
        tell: feed.Tell,
        max_age_s: float,
        clock: Clock = since_boot_s,
    ) -> None:
        self.name = ""  # of the camera, once it was open
        self.judge = judge
        self.shelf = Shelf(SHELF_FRAMES)
        self.spared = Shelf(SHELF_FRAMES)  # for a yes; empty while the gate is OPEN
        self.viewfinder = viewfinder
        self._open_camera = open_camera
        self._inspector = Inspector(lores_shape, part.main_size, clock)
        self._faults = faults
        self._tell = tell
        self._clock = clock
        self._max_age_s = max_age_s
        self._give_up_s = GIVE_UP_S if part.is_kept_by_its_library else math.inf
        self._away_since_s: float | None = None
        self._exposed_s = math.inf  # of the frame before
        self._late = 0
        self._camera: Source | None = None
        # A frame begins it anew, however long the camera was open: it may be open and give none.
        self._backoff = Backoff(BACK_OFF_FIRST_S, BACK_OFF_CAP_S, math.inf)
        self._has_failed = False

    def next(self, pause: Callable[[float], object]) -> Frame | None:
        """Return the next frame, inspected.

        None: the camera failed; that was told, it is closed, and a pause was made (in seconds).
        Raises `CameraLost` where that has gone on for too long.
        """
        try:
            if self._camera is None:
                self._camera = self._open_camera()
                self.name = self._camera.name
            frame = self._inspected(self._camera.next(STALL_S))
        except CameraError as error:
            self._faults.begin(Fault.CAMERA, error, retell=True)
            self.close()
            self._mind_absence(error)
            pause(self._backoff.after(0.0))
            self._has_failed = True
            return None
        self._away_since_s = None
        if self._has_failed:
            self._has_failed = False
            self._backoff.reset()
            self._tell(feed.CameraWorks(self.name))
        return frame

    def _mind_absence(self, error: CameraError) -> None:
        now_s = self._clock()
        self._exposed_s = math.inf
        if self._away_since_s is None:
            self._away_since_s = now_s
        tried_s = now_s - self._away_since_s
        if tried_s >= self._give_up_s:
            self._tell(feed.CameraGivenUp(str(error), round(tried_s, 1), said=error.phrase))
            raise CameraLost.of(error)

    def judged(self, exposed_s: float) -> None:
        """Hear that the frame exposed then was judged now; a camera too slow is told of, once."""
        age_s, self._exposed_s = self._clock() - self._exposed_s, exposed_s
        self._late = self._late + 1 if age_s > self._max_age_s else 0
        if self._late == SLOW_FRAMES:
            ages_ms = round(age_s * 1000), round(self._max_age_s * 1000)
            self._tell(feed.CameraSlow(self.name, *ages_ms))

    def _inspected(self, frame: Frame) -> Frame:
        try:
            self._inspector.inspect(frame)
        except BaseException:
            frame.release()
            raise
        return frame

    def clear(self) -> None:
        """Wipe the frames that wait for a press."""
        self.shelf.clear()
        self.spared.clear()

    def close(self) -> None:
        """Let the camera go; it may take its time."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
