"""The appliance: camera, channels, gate, panel and capture put together.

The main thread looks at frames, the warden keeps time, the photographer works on a press. Only this
module and `gate_process.py`, which makes it, know all rooms.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from shuttergate import feed, verdict
from shuttergate.board import Board
from shuttergate.capture.counter import Counter
from shuttergate.capture.photographer import Outcome, Photographer, PhotoSettings
from shuttergate.capture.recorder import Recorder
from shuttergate.capture.shelf import Shelf
from shuttergate.capture.video import Recorded
from shuttergate.config import Config
from shuttergate.errors import AcceleratorError, CameraError, ScoreError
from shuttergate.frame import Frame, Pixels, Source
from shuttergate.frames.inspection import Inspector
from shuttergate.gate import Press
from shuttergate.injection import Injection
from shuttergate.interlock import Interlock
from shuttergate.panel.panel import Panel
from shuttergate.panel.pole import Pole
from shuttergate.prooftest import ProofTests
from shuttergate.tally import Tally, rounded
from shuttergate.verdict import Decision, Look, Reason, Thresholds, Verdict
from shuttergate.viewfinder import Viewfinder
from shuttergate.vision.channel import scores
from shuttergate.vision.eyes import Eyes
from shuttergate.warden import Warden

SHELF_FRAMES = 1
"""A press takes the frame nearest to it: the newest that was CLEAR, or the one under judgement."""

POOL_FRAMES = SHELF_FRAMES + 2
"""On the shelf, before the live channels, under the second look: 18.5 MB each at 12 MP."""

STALL_S = 1.0
ACCELERATOR_S = 5.0
"""So long the first frame waits for an accelerator that is starting."""

BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)


class Appliance:
    """One kit. ``open_camera`` is called again whenever the camera failed.

    ``injection``: the board's fault switches, where it has any.
    """

    def __init__(
        self,
        config: Config,
        board: Board,
        eyes: Eyes,
        open_camera: Callable[[], Source],
        panel: Panel,
        link: feed.Link,
        injection: Injection | None = None,
    ) -> None:
        self._eyes = eyes
        self._injection = injection or Injection({}, link.log)
        self._limits = eyes.limits(Look.LIVE, config.limits())
        self._look_limits = eyes.limits(Look.SECOND, config.limits())
        self._open_camera = open_camera
        self._panel = panel
        self._link = link
        self._stopping = threading.Event()
        self._tally = Tally()
        self._turned_s = time.monotonic()
        self._shelf = Shelf(SHELF_FRAMES)
        self._counter = Counter()
        rules = config.gate.rules()
        self.interlock = Interlock(rules, panel.permissive, self._gate_changed)
        camera = board.camera
        self._inspector = Inspector(eyes.lores_shape, camera.main_size)
        self._proof = ProofTests(
            eyes,
            config.vision.selftest_s,
            lambda: self._tally,
            self._fault,
            self.interlock.mended,
        )
        self._photographer = Photographer(
            self._shelf,
            self._counter,
            PhotoSettings(
                1.0 / camera.fps,
                config.gate.max_age_ms / 1000,
                camera.rotation,
                config.album.jpeg_quality,
            ),
            self._second_look,
            self.interlock.lasts,
            self._press_done,
            self._proof.ask_look,
            self._proof.look_every_s,
        )
        self._video_limits = eyes.video_limits(config.limits())
        self._recorder = Recorder(
            config.video,
            camera.fps,
            camera.rotation,
            self._counter,
            self.interlock,
            self._judge_for_video if eyes.video else None,
            self._recorded,
            self._no_video,
        )
        self._viewfinder = Viewfinder(camera.rotation, lambda: self.interlock.state.is_open)
        self._warden = Warden(
            self.interlock,
            panel,
            self._counter,
            self._photographer.busy_s,
            self._viewfinder.connect,
            link,
            self._felt,
            self.status,
            self.stop,
            lambda: self._turned_s,
            lambda: self._eyes.stands_in,
            lambda: self._recorder.elapsed_s is not None,
            self._injection,
        )
        self._pole = Pole(rules.settle_s)
        self._sensing = threading.Lock()
        self._told = False  # the second pole already told of the press that is on
        panel.on_contact = self._contact
        panel.on_sense = self._sensed

    def run(self) -> None:
        """Look at frames until `stop`; the line is low when this returns, however it returns."""
        try:
            self.interlock.fault("publisher")
            self._warden.start()
            if self._eyes.accelerator is not None:
                self._eyes.accelerator.wait(ACCELERATOR_S)
            self._proof.begin()
            self._injection.begin()
            self._photographer.start()
            self._recorder.start()
            self._viewfinder.start()
            self.interlock.mended("starting")
            self._look_at_frames()
        finally:
            self.interlock.fault("stopping")
            self._photographer.stop()
            self._recorder.stop()
            self._warden.end()
            self._viewfinder.stop()
            self._link.send(self.status())
            self._shelf.clear()
            self._panel.close()
            if self._eyes.accelerator is not None:
                self._eyes.accelerator.close()

    def stop(self) -> None:
        """Have `run` come to its end."""
        self._stopping.set()

    def _look_at_frames(self) -> None:
        camera: Source | None = None
        failures, said = 0, ""
        try:
            while not self._stopping.is_set():
                self._turned_s = time.monotonic()
                try:
                    camera = camera or self._open_camera()
                    frame = camera.next(STALL_S)
                    self.look(frame)
                except CameraError as error:
                    self.interlock.fault("camera")
                    if str(error) != said:  # not again at every try
                        said = str(error)
                        self._link.log("camera fault", error=said)
                    if camera is not None:
                        camera.close()
                    camera = None
                    self._stopping.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                    failures += 1
                    continue
                if failures:
                    failures, said = 0, ""
                    self._link.log("camera works again", camera=camera.name)
                if self._tally.frames == 1:
                    limits, look = _plain(self._limits), _plain(self._look_limits)
                    self._link.send(feed.Ready(camera.name, limits, look))
                self._proof.ask_live()
        finally:
            self.interlock.fault("stopping")  # first: a camera may take its time to close
            if camera is not None:
                camera.close()

    def look(self, frame: Frame) -> None:
        """Judge one frame and let the gate know; raise `CameraError` where it is no frame."""
        kept = False
        try:
            self._inspector.inspect(frame)
            seen = self._judge(frame)
            self._tally.scores = seen.scores  # in place before the gate tells of its change
            is_open = self.interlock.judged(seen)
            self._tally.judged(seen, time.monotonic())
            kept = is_open and seen.decision is Decision.CLEAR
            self._viewfinder.show(frame, seen, kept)
            if kept:
                self._recorder.take(frame)
                self._shelf.put(frame)
                if not self.interlock.state.is_open:  # it closed between the two
                    self._shelf.clear()
        finally:
            if not kept:
                frame.release()

    def _judge(self, frame: Frame) -> Verdict:
        try:
            generation = self._eyes.generation
            began_s = time.perf_counter()
            found = scores(self._eyes.live, frame.lores)
            self._tally.models.took(time.perf_counter() - began_s)
            self._proof.meet()
            if generation != self._eyes.generation:  # what answered is not what was tested
                return Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s)
            seen = verdict.verdict(found, self._limits, frame.exposed_s)
        except AcceleratorError as error:
            self._proof.distrust()
            self._fault("accelerator", error)
            return Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s)
        except ScoreError as error:
            self._fault("model", error)
            return Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s)
        self.interlock.mended("accelerator")
        self.interlock.mended("camera")
        self.interlock.mended("model")
        return seen

    def _fault(self, name: str, error: Exception) -> None:
        if name not in self.interlock.state.faults:
            self._link.log(f"{name} fault", error=str(error))
        self.interlock.fault(name)

    def _second_look(self, main: Pixels) -> tuple[Reason, Mapping[str, float]]:
        began_s = time.perf_counter()
        found = self._eyes.second_look(main)
        self._tally.look.took(time.perf_counter() - began_s)
        return verdict.judge(found, self._look_limits), found

    def _contact(self) -> None:
        begun = self.interlock.contact(self._panel.contact_is_down)
        if begun is None:
            return
        press, opening = begun
        if not press.taken:
            self._refuse(press)
        elif not self._photographer.press(opening):
            self._recorder.photo_done(opening.pressed_s, False)
            self._refuse(Press(False, Reason.BUSY))

    def _sensed(self) -> None:
        with self._sensing:
            begins = self._pole.begins(self._panel.sense_is_down(), time.monotonic())
        if not begins:
            return
        # The second pole only tells of presses that the dead button could not signal.
        self._told = not self.interlock.state.is_open
        if self._told:
            self._refuse(Press(False, self.interlock.reason))

    def _felt(self) -> None:
        # At each turn of the warden as well as at each edge: a busy machine may lose an edge.
        self._contact()
        self._sensed()

    def _refuse(self, press: Press, detail: str = "") -> None:
        if press.reason is Reason.HELD and self._told:
            return  # the same press, which was refused when its second pole was felt
        self._tally.refused[press.reason] += 1
        self._warden.refused()
        faults = sorted(self.interlock.state.faults)
        self._link.log(
            "press refused",
            reason=press.reason,
            **({"detail": detail} if detail else {}),
            **({"faults": faults} if faults else {}),
        )

    def _press_done(self, outcome: Outcome) -> None:
        self._recorder.photo_done(outcome.pressed_s, bool(outcome.name))
        if outcome.name:
            took_s = time.monotonic() - outcome.pressed_s
            self._tally.took(outcome.name, took_s)
            self._link.log(
                "photo",
                name=outcome.name,
                frame=outcome.frame,
                scores=rounded(outcome.scores or {}),
                ms=round(took_s * 1000, 1),
            )
            return
        if outcome.reason is Reason.SECOND_LOOK:
            found = outcome.scores or {}
            self.interlock.judged(
                Verdict(Decision.BLOCKED, Reason.SECOND_LOOK, outcome.pressed_s, found)
            )
        self._refuse(Press(False, outcome.reason), outcome.detail)

    def _judge_for_video(self, lores: Pixels, exposed_s: float) -> bool:
        """Ask the channels that do not look live; one that is not clear closes the gate."""
        try:
            found = scores(self._eyes.video, lores)
        except ScoreError as error:
            self._fault("second-look self-test", error)  # who mends it asks the whole round
            return False
        seen = verdict.verdict(found, self._video_limits, exposed_s)
        if seen.decision is Decision.CLEAR:
            return True
        self._tally.scores = {**self._tally.scores, **found}
        self.interlock.judged(seen)
        return False

    def _recorded(self, found: Recorded) -> None:
        if found.name:
            self._tally.recorded(found.name)
            self._link.log(
                "video",
                name=found.name,
                ended=found.ended,
                frames=found.pictures,
                seconds=round(found.seconds, 2),
                ms=round(found.wait_s * 1000, 1),
            )
            return
        self._tally.lost[found.reason] += 1
        self._warden.refused()
        detail = {"detail": found.detail} if found.detail else {}
        self._link.log("video lost", reason=found.reason, **detail)

    def _no_video(self, cause: str) -> None:
        self._link.log("no video", cause=cause)

    def _gate_changed(self, is_open: bool, reason: Reason) -> None:
        if not is_open:
            self._shelf.clear()
            self._recorder.closed(reason, self.interlock.state.faults)
        self._link.log(
            "gate",
            state="OPEN" if is_open else "CLOSED",
            reason=reason,
            faults=sorted(self.interlock.state.faults),
            scores=rounded(self._tally.scores),
        )
        self._link.send(self.status())  # a page waits for no heartbeat to say so

    def status(self) -> feed.Status:
        """Return the kit as it stands."""
        state = self.interlock.state
        reason, faults = self.interlock.reason, sorted(state.faults)
        recording_s = self._recorder.elapsed_s
        said = self._tally.status(state.is_open, reason, faults, self._eyes.runs_on, recording_s)
        wiring = self._panel.wiring
        return said if wiring is None else replace(said, line=wiring.line_is_high)


def _plain(limits: Mapping[str, Thresholds]) -> dict[str, tuple[float, float]]:
    return {name: (own.clear_below, own.block_at) for name, own in limits.items()}
