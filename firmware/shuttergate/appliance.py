"""The appliance: camera, channels, gate, panel and capture put together.

The main thread looks at frames, the warden keeps time, the photographer works on a press.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.capture.client import PublisherClient
from shuttergate.clock import Clock, since_boot_s
from shuttergate.config import Config
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame, Source
from shuttergate.injection import Injection
from shuttergate.interlock import Interlock, Moment
from shuttergate.judging import LiveJudge, PressJudge
from shuttergate.lane import Lane
from shuttergate.lateness import CLOSINGS, WITHIN_S, Lateness
from shuttergate.panel.panel import Panel
from shuttergate.presses import Presses
from shuttergate.prooftest import ProofTests
from shuttergate.pupil import Pupil
from shuttergate.tally import Tally
from shuttergate.verdict import Decision, Fault, rounded
from shuttergate.viewfinder import Viewfinder
from shuttergate.vision.eyes import Eyes
from shuttergate.warden import Warden

ACCELERATOR_S = 5.0
"""So long the first frame waits for an accelerator that is starting."""


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
        clock: Clock = since_boot_s,
    ) -> None:
        self._eyes, self._panel, self._link, self._clock = eyes, panel, link, clock
        self._injection = injection or Injection({}, link.send)
        self._stopping = threading.Event()
        self.last_turn_s = clock()
        tell, own = link.send, config.limits()
        self.tally = Tally(clock)
        self._lateness = Lateness()
        rules = config.gate.rules()
        terms = config.policy.terms(rules)
        self.interlock = Interlock(rules, panel.permissive, self._gate_changed, clock, terms)
        self.faults = FaultLog(self.interlock, tell)
        self._proof = ProofTests(eyes, config.vision.selftest_s, self.tally, self.faults, clock)
        live = LiveJudge(eyes, own, self._proof, self.faults, self.tally, clock)
        self._press_judge = PressJudge(
            eyes, own, self._proof, self.faults, self.interlock, self.tally, clock
        )
        lane = Lane(
            board.camera,
            open_camera,
            eyes.lores_shape,
            live,
            Viewfinder(board.camera.turn, self.interlock, self._press_judge.shows, clock),
            self.faults,
            tell,
            config.gate.max_age_ms / 1000,
            clock,
        )
        self.lanes = [lane]
        self.pupil = Pupil(eyes, live, self._press_judge, self.interlock, link.send, clock)
        client = PublisherClient()
        self.presses = Presses(
            config,
            board.camera,
            self._press_judge,
            self.interlock,
            panel,
            lane,
            client,
            self.tally,
            tell,
            clock,
        )
        self._warden = Warden(
            self, self.interlock, self.faults, panel, client, link, self._injection, clock
        )
        # Last: from here on an edge may come at any time, and finds everything in its place.
        panel.on_contact, panel.on_sense = self.presses.contact, self.presses.sensed

    def run(self) -> None:
        """Look at frames until `stop`; the line is low when this returns, however it returns."""
        try:
            self.interlock.fault(Fault.PUBLISHER)
            self._warden.start()
            if self._eyes.accelerator is not None:
                self._eyes.accelerator.wait(ACCELERATOR_S)
            self._proof.begin(self._prove)
            self._injection.begin()
            self.presses.start()
            self.pupil.start()
            for lane in self.lanes:
                lane.viewfinder.start()
            self.interlock.mended(Fault.STARTING)
            self._link.send(feed.StartStep("first frame"))
            self._look_at_frames(self.lanes[0])
        finally:
            self.interlock.fault(Fault.STOPPING)
            self.presses.stop()
            self._warden.end()
            self.pupil.stop()
            for lane in self.lanes:
                lane.viewfinder.stop()
            self._link.send(self.status())
            for lane in self.lanes:
                lane.clear()
            self._panel.close()
            if self._eyes.accelerator is not None:
                self._eyes.accelerator.close()

    def _prove(self) -> None:
        """Show that the self-test goes on: on a slow machine it may take longer than a hang."""
        self.last_turn_s = self._clock()
        self._link.send(feed.StartStep("self-test"))

    def stop(self) -> None:
        """Have `run` come to its end."""
        self._stopping.set()

    def _look_at_frames(self, lane: Lane) -> None:
        try:
            while not self._stopping.is_set():
                self.last_turn_s = self._clock()
                frame = lane.next(self._stopping.wait)
                if frame is None:
                    continue
                self.judge_frame(lane, frame)
                if self.tally.frames == 1:
                    rules = lane.judge.rule, self._press_judge.rule
                    self._link.send(feed.Ready(lane.name, *rules, embedder=self.pupil.embedder))
                self._proof.ask_live()
        finally:
            self.interlock.fault(Fault.STOPPING)  # first: a camera may take its time to close
            lane.close()

    def judge_frame(self, lane: Lane, frame: Frame) -> None:
        """Judge one frame and let the gate know; one that is CLEAR waits for a press."""
        kept = spared = False
        try:
            seen = lane.judge(frame)
            lane.judged(frame.exposed_s)
            self.tally.scores = seen.scores  # in place before the gate tells of its change
            is_open = self.interlock.judged(seen)
            self.tally.judged(seen)
            kept = is_open and seen.decision is Decision.CLEAR
            lane.viewfinder.show(frame, seen, kept, self.pupil.tries(lane.judge.read, seen))
            self.pupil.sees(frame, seen)
            if kept:
                self.presses.take(frame, seen.scores)
                lane.shelf.put(frame)
                if not self.interlock.state.is_open:  # it closed between the two
                    lane.shelf.clear()
            elif spared := self.interlock.spares(seen):
                lane.spared.put(frame)
            if not self.interlock.spares(seen):  # not any more, where it was
                lane.spared.clear()
        finally:
            if not kept and not spared:
                frame.release()

    def _gate_changed(self, now: Moment) -> None:
        faults = sorted(now.state.faults)
        if not now.state.is_open:
            for lane in self.lanes:
                lane.shelf.clear()
                if not self.interlock.asking.wants_frames:
                    lane.spared.clear()
            self.presses.closed(now.reason, faults)
        state: Literal["OPEN", "CLOSED"] = "OPEN" if now.state.is_open else "CLOSED"
        self._link.send(feed.GateChanged(state, now.reason, faults, rounded(self.tally.scores)))
        if not now.state.is_open and self._lateness.closed(now.reason, now.at_s):
            self._link.send(feed.ComputerBusy(CLOSINGS, WITHIN_S))
        # A page waits for no heartbeat to say so.
        self._link.send(self._status(now, self._line()))

    @property
    def busy_s(self) -> float:
        """For how many seconds the press in work has been so; 0 where there is none."""
        return self.presses.photographer.busy_s()

    def turn(self) -> None:
        """Read the button and show the lamps."""
        self.presses.turn(self._eyes.stands_in)

    def view(self, seat: socket.socket) -> None:
        """Show `seat` what pages may see, and own it."""
        self.lanes[0].viewfinder.connect(seat)

    def learn(self, order: feed.Lesson) -> None:
        """Do what is asked for teaching."""
        self.pupil.obey(order)

    def status(self) -> feed.Status:
        """Return the kit as it stands."""
        with self.interlock.still() as now:  # gate and line of one moment
            line = self._line()
        return self._status(now, line)

    def _line(self) -> bool | None:
        wiring = self._panel.wiring
        return None if wiring is None else wiring.line_is_high

    def _status(self, now: Moment, line: bool | None) -> feed.Status:
        state, recording_s = now.state, self.presses.recorder.elapsed_s
        faults, runs_on = sorted(state.faults), self._eyes.runs_on
        said = self.tally.status(state.is_open, now.reason, faults, runs_on, recording_s)
        video = self.presses.makes_videos
        question = self._question(now.at_s)
        return replace(
            said,
            at_s=now.at_s,
            opened_s=state.opened_s,
            line=line,
            video=video,
            question=question,
        )

    def _question(self, now_s: float) -> feed.OpenQuestion | None:
        now, terms = self.interlock.asking, self.interlock.terms
        if now.question is None or now.question.is_spent:
            return None
        left_s = max(0.0, terms.answer_s - (now_s - now.question.asked_s))
        held_s = None if now.held_since_s is None else max(0.0, now_s - now.held_since_s)
        held_s = None if held_s is None else round(held_s, 1)
        return feed.OpenQuestion(round(left_s, 1), terms.answer_s, terms.hold_s, held_s)
