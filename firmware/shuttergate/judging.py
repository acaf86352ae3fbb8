"""What the kit's channels say of frames and of presses; whoever gives no answer is a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from shuttergate import verdict
from shuttergate.claims import Claims, Lines, LookClaim
from shuttergate.clock import Clock, since_boot_s
from shuttergate.errors import AcceleratorError, ScoreError
from shuttergate.faults import FaultLog
from shuttergate.frame import Frame, Pixels, main_size
from shuttergate.interlock import Interlock
from shuttergate.legible import live_coverage, reduction
from shuttergate.prooftest import ProofTests
from shuttergate.tally import Tally
from shuttergate.verdict import Decision, Fault, Look, Reason, Rule, Thresholds, Verdict
from shuttergate.vision.channel import looks, scores
from shuttergate.vision.eyes import Eyes


class LiveJudge:
    """Judges frame after frame; ``own`` are the kit's stricter thresholds by channel."""

    def __init__(
        self,
        eyes: Eyes,
        own: Mapping[str, Thresholds],
        proof: ProofTests,
        faults: FaultLog,
        tally: Tally,
        clock: Clock = since_boot_s,
    ) -> None:
        self._own = own
        self._eyes = eyes
        self.read: Mapping[str, NDArray[np.float64]] = {}  # the newest frame's embeddings
        self.renew()
        self._proof = proof
        self._faults = faults
        self._tally = tally
        self._clock = clock

    def renew(self) -> None:
        """Ask by the heads that the channels have now."""
        self.rule = self._eyes.rule(Look.LIVE, self._own)

    def __call__(self, frame: Frame) -> Verdict:
        """Return what the live channels say of it; a model that gives nothing has a doubt."""
        self.read = {}
        # First: a head that comes meanwhile is not in the rule, and one that goes is missed.
        rule = self.rule
        try:
            generation = self._eyes.generation
            began_s = self._clock()
            found, read = looks(self._eyes.live, frame.lores)
            self._tally.models.took(self._clock() - began_s)
            self._proof.meet()
            if generation != self._eyes.generation:  # what answered is not what was tested
                return _doubt(frame)
            seen = verdict.verdict(found, rule, frame.exposed_s)
        except AcceleratorError as error:
            self._proof.distrust()
            self._faults.begin(Fault.ACCELERATOR, error)
            return _doubt(frame)
        except ScoreError as error:
            self._faults.begin(Fault.MODEL, error)
            return _doubt(frame)
        self._faults.end(Fault.ACCELERATOR, Fault.CAMERA, Fault.MODEL)
        self.read = read
        return seen


class PressJudge:
    """Judges what a press took: a picture in full, and each frame of a video."""

    def __init__(
        self,
        eyes: Eyes,
        own: Mapping[str, Thresholds],
        proof: ProofTests,
        faults: FaultLog,
        interlock: Interlock,
        tally: Tally,
        clock: Clock = since_boot_s,
    ) -> None:
        self._own = own
        self.proof = proof
        self._film_look = eyes.film_look or eyes.second_look
        # Where every channel sees each frame live, and no more of it is looked at, that is enough.
        self.looks_at_films = bool(eyes.video) or self._film_look.looks_at_parts
        self._eyes = eyes
        self._faults = faults
        self._interlock = interlock
        self._tally = tally
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """Ask by the heads that the channels have now."""
        eyes, own = self._eyes, self._own
        self.rule = eyes.rule(Look.SECOND, own)
        self._film_rule = eyes.film_rule(own)
        self._page_rule = eyes.page_rule(own)
        self._lead_rule = eyes.lead_rule(own)
        self._live_rule = eyes.rule(Look.LIVE, own)

    def leaving(self, main: Pixels, longest_side: int | None) -> Pixels:
        """Return an I420 picture in the size in which it may leave, which is what is judged.

        ``longest_side``: no larger than so many pixels. Raises `ScoreError`.
        """
        return self._eyes.second_look.leaving(main, longest_side)

    def coverage(self, leaving: Pixels) -> float:
        """Return the smallest figure that is looked for in it, as a share of the upright height."""
        return self._eyes.second_look.pyramid(main_size(leaving)).coverage

    def picture(self, leaving: Pixels, but_for: str = "") -> tuple[Reason, Mapping[str, float]]:
        """Give an I420 picture its second look; raises `ScoreError`.

        ``but_for``: the taught rule that was asked about, which does not count here.
        """
        rule, began_s = self.rule, self._clock()
        found = self._eyes.second_look(leaving)
        self._tally.look.took(self._clock() - began_s)
        if but_for:
            rule = verdict.without(rule, but_for)
        return verdict.judge(found, rule), verdict.told(found, rule)

    def claims(self, of_film: bool = False, but_for: str = "") -> Claims:
        """Return by what a photo, or a video, was cleared: the same for all until that changes.

        ``but_for``: a taught rule that was set aside, and so has not cleared it.
        """
        eyes, second = self._eyes, self._film_rule if of_film else self.rule
        channels = {one.name: one for one in (*eyes.live, *eyes.look, *eyes.video)}
        heads = [head for channel in channels.values() for head in channel.heads]
        looks = {"live": self._live_rule, "second": second}
        if of_film and not self.looks_at_films:
            del looks["second"]
        return Claims(
            eyes.letters.sha256,
            {name: channel.sha256 for name, channel in channels.items()},
            {head.name: head.sha256 for head in heads if head.sha256 and head.name != but_for},
            {look: LookClaim(lines=_lines(rule)) for look, rule in looks.items()},
        )

    def film_reduction(self, size: tuple[int, int], longest_side: int) -> int:
        """Return by what whole factor frames of (width, height) are made smaller for a video.

        ``longest_side``: to no more than so many pixels.
        """
        if self.looks_at_films:
            return self._film_look.reduction(size, longest_side)
        upright = self._film_look.upright(size)
        return reduction(upright, live_coverage(upright), longest_side)

    def may_be_filmed(self, live: Mapping[str, float]) -> bool:
        """Whether what looks live clears a frame as strictly as the second look would."""
        return verdict.judge(live, self._lead_rule) is Reason.CLEAR

    def film(self, picture: Pixels, exposed_s: float, doubted: Callable[[], None]) -> bool:
        """Judge a frame of a video as it is encoded, I420; one not clear closes the gate.

        ``doubted`` hears of such a one before the gate does.
        """
        rule = self._film_rule
        try:
            found = self._film_look(picture)
        except ScoreError as error:
            doubted()
            # Whoever mends it asks the whole round.
            self._faults.begin(Fault.SECOND_LOOK_SELF_TEST, error)
            return False
        seen = verdict.verdict(found, rule, exposed_s)
        if seen.decision is Decision.CLEAR:
            return True
        self._tally.scores = seen.scores
        doubted()
        self._interlock.judged(seen)
        return False

    def shows(self, lores: Pixels, live: Mapping[str, float]) -> bool:
        """Whether a page may see a frame: all channels clear it, as strictly as what is saved.

        ``live``: what the live channels said of the same frame.
        """
        rule = self._page_rule
        try:
            found = {**live, **scores(self._eyes.video, lores)}
        except ScoreError:
            return False  # a fault of theirs is found by their self-test
        return verdict.judge(found, rule) is Reason.CLEAR


def _lines(rule: Rule) -> dict[str, Lines]:
    """Of taught rules their files tell the line."""
    return {
        name: Lines(limits.clear_below, limits.block_at)
        for name, limits in rule.limits.items()
        if limits.blocks_with is not Reason.TAUGHT
    }


def _doubt(frame: Frame) -> Verdict:
    return Verdict(Decision.BLOCKED, Reason.DOUBT, frame.exposed_s)
