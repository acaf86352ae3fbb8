"""Which encoded pictures of a video may leave memory: pure, from what was judged and when.

A group of pictures (GOP) is a key picture and those that build on it; it goes whole. It may go when
each of its pictures shows a frame that was judged CLEAR, and every frame from ``lead_s`` before its
first to ``lead_s`` after its last was, too. A frame that nobody judged was not CLEAR: a gap between
two judged frames of more than ``gap_s`` breaks the run, as a BLOCKED frame does. What a broken run
leaves behind is wiped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf

from shuttergate.frame import Pixels


@dataclass(frozen=True, slots=True)
class Coded:
    """An encoded picture: ``content``, uint8 (size,), may be wiped. ``exposed_s``: its frame's."""

    content: Pixels
    is_key: bool
    exposed_s: float


@dataclass(slots=True)
class Gop:
    """A key picture and what builds on it, in the order of exposure."""

    pictures: list[Coded] = field(default_factory=list)

    @property
    def first_s(self) -> float:
        """When its first frame was exposed."""
        return self.pictures[0].exposed_s

    @property
    def last_s(self) -> float:
        """When its last frame was exposed."""
        return self.pictures[-1].exposed_s

    def wipe(self) -> None:
        """Leave nothing of it in memory."""
        for picture in self.pictures:
            picture.content[:] = 0


class Gops:
    """Holds what was encoded until it may go, or must not. Times are seconds since boot."""

    def __init__(self, lead_s: float, gap_s: float) -> None:
        self._lead_s = lead_s
        self._gap_s = gap_s
        self._since_s = inf  # exposure of the first frame of the unbroken run of CLEAR ones
        self._newest_s = -inf  # exposure of its newest
        self._clear: deque[float] = deque()  # exposures of that run's frames, as far as is of use
        self._gops: deque[Gop] = deque()
        self._end_s = inf

    @property
    def newest_s(self) -> float:
        """Exposure of the newest frame of the run."""
        return self._newest_s

    @property
    def is_empty(self) -> bool:
        """Whether no picture is held."""
        return not self._gops

    def judged(self, exposed_s: float, is_clear: bool) -> bool:
        """A frame was judged; return whether the run goes on. If not, what was held is wiped."""
        goes_on = 0.0 < exposed_s - self._newest_s <= self._gap_s
        if not (is_clear and goes_on):
            self.wipe()
            if is_clear:
                self._since_s = exposed_s
        if is_clear:
            self._newest_s = exposed_s
            self._clear.append(exposed_s)
        return is_clear and goes_on

    def coded(self, picture: Coded) -> None:
        """Hold a picture; one exposed after the end, or before the first key picture, is wiped."""
        if picture.exposed_s > self._end_s or not (picture.is_key or self._gops):
            picture.content[:] = 0
        elif picture.is_key:
            self._gops.append(Gop([picture]))
        else:
            self._gops[-1].pictures.append(picture)

    def end(self, at_s: float) -> None:
        """What was exposed after ``at_s`` is no part of it: nothing more comes."""
        self._end_s = at_s
        while self._gops and self._gops[-1].last_s > at_s:
            self._gops[-1].pictures.pop().content[:] = 0
            if not self._gops[-1].pictures:
                self._gops.pop()

    def forget_before(self, at_s: float) -> None:
        """Wipe what ends before ``at_s``: the ring of a video that has not begun."""
        while self._gops and self._gops[0].last_s < at_s:
            self._gops.popleft().wipe()
        self._forget_verdicts()

    def cleared(self) -> list[Gop]:
        """Hand over what may leave memory, oldest first.

        What can never do so, since it follows too closely on what was not CLEAR, is wiped.
        """
        found = []
        while self._gops:
            gop = self._gops[0]
            if not gop.first_s - self._lead_s >= self._since_s:
                self._gops.popleft().wipe()
                continue
            is_whole = len(self._gops) > 1 or self._end_s < inf
            if not (is_whole and gop.last_s + self._lead_s <= self._newest_s):
                break
            self._gops.popleft()
            if all(picture.exposed_s in self._clear for picture in gop.pictures):
                found.append(gop)
            else:
                gop.wipe()
        self._forget_verdicts()
        return found

    def wipe(self) -> None:
        """Leave nothing in memory, and begin anew."""
        for gop in self._gops:
            gop.wipe()
        self._gops.clear()
        self._clear.clear()
        self._since_s, self._newest_s, self._end_s = inf, -inf, inf

    def _forget_verdicts(self) -> None:
        oldest_s = self._gops[0].first_s if self._gops else inf
        while self._clear and self._clear[0] < min(oldest_s, self._newest_s):
            self._clear.popleft()
