"""The button, and all that a press sets going; each press comes to a photo or to a refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from shuttergate import feed
from shuttergate.board import CameraPart
from shuttergate.capture.client import PublisherClient
from shuttergate.capture.photographer import Outcome, Photographer, PhotoSettings
from shuttergate.capture.recorder import Recorder
from shuttergate.capture.video import Recorded
from shuttergate.claims import Camera, Claims
from shuttergate.clock import Clock, since_boot_s
from shuttergate.config import Config
from shuttergate.errors import EncoderError, Phrase
from shuttergate.feed import Total
from shuttergate.frame import Frame, Pixels
from shuttergate.interlock import Interlock, Opening
from shuttergate.judging import PressJudge
from shuttergate.lane import Lane
from shuttergate.panel.display import Display
from shuttergate.panel.panel import Panel
from shuttergate.question import Felt
from shuttergate.tally import Tally
from shuttergate.verdict import Decision, Fault, Reason, Verdict, rounded


class Presses:
    """For any thread. ``lane``: its shelf has the frames that a press may take.

    ``tell`` hears what became of each press and of each recording; lamps and buzzer show refusals.
    """

    def __init__(
        self,
        config: Config,
        camera: CameraPart,
        judge: PressJudge,
        interlock: Interlock,
        panel: Panel,
        lane: Lane,
        client: PublisherClient,
        tally: Tally,
        tell: feed.Tell,
        clock: Clock = since_boot_s,
    ) -> None:
        longest = config.album.longest_side
        self._viewfinder = lane.viewfinder
        self._doubts = 0  # of the viewfinder, when the look in work began
        self._longest_side = None if longest == "judged" else longest
        self._judge = judge
        self._interlock = interlock
        self._panel = panel
        self._display = Display(panel, clock)
        self._tally = tally
        self._tell = tell
        self._clock = clock
        self.makes_videos = True  # until the recorder says why not
        self._camera: Camera = "simulated" if camera.is_simulated else "real"
        self._told = False  # the second pole already told of the press that is on
        self.photographer = Photographer(
            lane.shelf,
            client,
            PhotoSettings(
                1.0 / camera.fps,
                config.gate.max_age_ms / 1000,
                camera.turn,
                config.album.jpeg_quality,
            ),
            self,
            judge.proof.look_every_s,
            clock,
            lane.spared,
        )
        self.recorder = Recorder(
            config.video,
            camera.fps,
            camera.turn,
            client,
            interlock,
            self,
            self._recorded,
            self._no_video,
            clock,
        )

    def start(self) -> None:
        """Begin to work on what is pressed."""
        self.photographer.start()
        self.recorder.start()

    def stop(self) -> None:
        """End after what is in work."""
        self.photographer.stop()
        self.recorder.stop()

    def turn(self, stands_in: bool) -> None:
        """Read both poles, as at each edge: a busy machine may lose one. Then show the lamps.

        ``stands_in``: the CPU does the accelerator's work just now.
        """
        self.contact()
        self.sensed()
        is_recording = self.recorder.elapsed_s is not None
        asks = self._interlock.asking.question is not None
        self._display.show(self._interlock.reason, stands_in, is_recording, asks)

    def take(self, frame: Frame, scores: Mapping[str, float]) -> None:
        """Offer a frame that was CLEAR, by these scores, while the gate was OPEN to a video.

        The lines for what leaves are the second look's: one over them ends a video that is made.
        """
        if self._judge.may_be_filmed(scores):
            self.recorder.take(frame)
        elif self.recorder.elapsed_s is not None:
            self._viewfinder.doubt()
            seen = Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s, scores)
            self._interlock.judged(seen)

    @property
    def looks_at_films(self) -> bool:
        """See `PressJudge`."""
        return self._judge.looks_at_films

    def film_reduction(self, size: tuple[int, int], longest_side: int) -> int:
        """See `PressJudge`."""
        return self._judge.film_reduction(size, longest_side)

    def film(self, picture: Pixels, exposed_s: float) -> bool:
        """Judge a frame of a video; after one not clear pages see none until a look clears one."""
        return self._judge.film(picture, exposed_s, self._viewfinder.doubt)

    def closed(self, reason: Reason, faults: Collection[Fault]) -> None:
        """The gate is CLOSED, for that reason."""
        self.recorder.closed(reason, faults)

    def contact(self) -> None:
        """Read the gated pole."""
        begun = self._interlock.contact(self._panel.contact_is_down)
        if begun is None:
            return
        press, opening = begun
        if opening.but_for:
            self._tally.count(Total.ASKED, feed.YES)
        if not press.taken:
            if press.reason is not Reason.HELD or not self._told:  # its second pole told of it
                self._refuse(press.reason)
        elif not self.photographer.press(opening):
            self.recorder.photo_done(opening.pressed_s, False)
            if opening.but_for:
                self._interlock.press_done()
            self._refuse(Reason.BUSY)

    def sensed(self) -> None:
        """Read the second pole."""
        with self._interlock.still():  # a press is told of once: the contact has to know
            felt = self._interlock.sensed(self._panel.sense_is_down)
            if felt in (Felt.PRESS, Felt.ASKED, Felt.HOLDS):
                # The second pole only tells of presses that the dead button could not signal.
                self._told = not self._interlock.state.is_open
        match felt:
            case Felt.PRESS if self._told:
                self._refuse(self._interlock.reason)
            case Felt.ASKED:
                self._ask()
            case Felt.NO:  # CLEAR: it opened meanwhile, and not for a button that is held
                reason = self._interlock.reason
                self._refuse(Reason.HELD if reason is Reason.CLEAR else reason)
            case _other:
                pass  # nothing yet; of a yes the shutter contact tells

    def _ask(self) -> None:
        self._tally.count(Total.ASKED, feed.PUT)
        terms = self._interlock.terms
        self._tell(feed.QuestionPut(terms.answer_s, terms.hold_s))

    def _refuse(self, reason: Reason, detail: Phrase | str = "") -> None:
        self._tally.count(Total.REFUSED, reason)
        self._display.refused()
        faults = sorted(self._interlock.state.faults)
        self._tell(feed.PressRefused(reason, str(detail), faults, feed.said(detail)))

    def leaving(self, main: Pixels) -> Pixels:
        """Return a picture in the size in which it may leave; raises `ScoreError`."""
        return self._judge.leaving(main, self._longest_side)

    def second_look(self, leaving: Pixels, but_for: str = "") -> tuple[Reason, Mapping[str, float]]:
        """Judge such a picture, but for a taught rule that was asked about; raises `ScoreError`."""
        return self._judge.picture(leaving, but_for)

    def claims(self, *, of_film: bool = False, but_for: str = "") -> Claims:
        """See `PressJudge`."""
        claims = self._judge.claims(of_film, but_for)
        return msgspec.structs.replace(claims, camera=self._camera)

    @property
    def wants_look(self) -> bool:
        """Whether a second look refused a frame, and none has cleared one since; or for a page."""
        return self._viewfinder.is_doubted or self._viewfinder.is_watched

    def look_begins(self) -> None:
        """Hear that a look begins that nobody pressed for."""
        self._doubts = self._viewfinder.doubts

    def looked(self, number: int, picture: Pixels | None, reason: Reason) -> None:
        """Hear of a look that nobody pressed for."""
        if picture is None or reason is not Reason.CLEAR:
            self._viewfinder.doubt()
        else:
            coverage = self._judge.coverage(picture)
            self._viewfinder.show_looked(number, picture, coverage, self._doubts)

    def lasts(self, opening: Opening) -> bool:
        """Say whether the gate stayed open since that press, or but for the rule it was asked of.

        A yes has no other way past a gate that is CLOSED than this, and the second look.
        """
        return self._interlock.lasts(opening)

    def between_presses(self) -> None:
        """Ask the second look a known answer while nobody presses."""
        self._judge.proof.ask_look()

    def press_done(self, outcome: Outcome) -> None:
        """Tell what became of a press; a second look that was not clear closes the gate."""
        self.recorder.photo_done(outcome.pressed_s, bool(outcome.name))
        self._interlock.press_done()
        scores = outcome.scores or {}
        if outcome.name:
            took_s = self._clock() - outcome.pressed_s
            self._tally.kept(Total.PHOTOS, outcome.name)
            self._tally.photo.took(took_s)
            took_ms = round(took_s * 1000, 1)
            self._tell(feed.Photo(outcome.name, outcome.frame, rounded(scores), took_ms))
            self._tell_lack(outcome.name, outcome.lacks)
            return
        if outcome.reason is Reason.SECOND_LOOK:
            self._viewfinder.doubt()
            self._interlock.judged(
                Verdict(Decision.BLOCKED, Reason.SECOND_LOOK, outcome.pressed_s, scores)
            )
        self._refuse(outcome.reason, outcome.detail)

    def _recorded(self, found: Recorded) -> None:
        if found.name:
            self._tally.kept(Total.VIDEOS, found.name)
            self._tell(
                feed.Video(
                    found.name,
                    found.ended,
                    found.pictures,
                    round(found.seconds, 2),
                    round(found.wait_s * 1000, 1),
                )
            )
            self._tell_lack(found.name, found.lacks)
            return
        self._tally.count(Total.LOST, found.reason)
        self._display.refused()
        self._tell(feed.VideoLost(found.reason, str(found.detail), feed.said(found.detail)))

    def _tell_lack(self, name: str, lacks: Phrase | None) -> None:
        if lacks is not None:
            self._tell(feed.Unsigned(name, str(lacks), lacks))

    def _no_video(self, error: EncoderError) -> None:
        self.makes_videos = False
        self._tell(feed.NoVideo(str(error), said=error.phrase))
