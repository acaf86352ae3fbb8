"""A lane: one camera's chain from its opener to the shelf where CLEAR frames wait for a press."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from shuttergate import feed
from shuttergate.board import CameraPart
from shuttergate.capture.shelf import Shelf
from shuttergate.clock import Clock
from shuttergate.errors import CameraError
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
"""On the shelf, before the live channels, and two on their way to a second look: of a press, and of
one that nobody pressed for. 2.2 MB each at 1408 x 1056."""

STALL_S = 1.0
BACK_OFF_FIRST_S = 0.1
BACK_OFF_CAP_S = 2.0


class Lane:
    """``open_camera`` is called again whenever the camera failed. `next` is for one thread."""

    def __init__(
        self,
        part: CameraPart,
        open_camera: Callable[[], Source],
        lores_shape: tuple[int, ...],
        judge: LiveJudge,
        viewfinder: Viewfinder,
        faults: FaultLog,
        tell: feed.Tell,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = ""  # of the camera, once it was open
        self.judge = judge
        self.shelf = Shelf(SHELF_FRAMES)
        self.viewfinder = viewfinder
        self._open_camera = open_camera
        self._inspector = Inspector(lores_shape, part.main_size, clock)
        self._faults = faults
        self._tell = tell
        self._camera: Source | None = None
        # A frame begins it anew, however long the camera was open: it may be open and give none.
        self._backoff = Backoff(BACK_OFF_FIRST_S, BACK_OFF_CAP_S, math.inf)
        self._has_failed = False

    def next(self, pause: Callable[[float], object]) -> Frame | None:
        """Return the next frame, inspected.

        None: the camera failed; that was told, it is closed, and a pause was made (in seconds).
        """
        try:
            if self._camera is None:
                self._camera = self._open_camera()
                self.name = self._camera.name
            frame = self._inspected(self._camera.next(STALL_S))
        except CameraError as error:
            self._faults.begin(Fault.CAMERA, error, retell=True)
            self.close()
            pause(self._backoff.after(0.0))
            self._has_failed = True
            return None
        if self._has_failed:
            self._has_failed = False
            self._backoff.reset()
            self._tell(feed.CameraWorks(self.name))
        return frame

    def _inspected(self, frame: Frame) -> Frame:
        try:
            self._inspector.inspect(frame)
        except BaseException:
            frame.release()
            raise
        return frame

    def close(self) -> None:
        """Let the camera go; it may take its time."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
