"""What a script may expect of the kit's page."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta

from shuttergate.bench.scenario.expectation import AROUND_S, Expectation, Finding, Seconds
from shuttergate.bench.scenario.record import Record
from shuttergate.errors import Phrase, phrase

Height = Annotated[int, Meta(ge=1, le=100_000)]


class PagePictures(Expectation, frozen=True, tag="page pictures"):
    """What a viewer of the page is shown of the camera in that time, the mosaics left out.

    ``none``: nothing at all. ``most_px``: no picture is taller. ``least_px``: one is as tall.
    ``coarse_px``: one is no taller, as before a second look.
    """

    from_s: Seconds
    to_s: Seconds
    none: bool = False
    most_px: Height | None = None
    least_px: Height | None = None
    coarse_px: Height | None = None

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it."""
        sizes = {self.most_px, self.least_px, self.coarse_px} - {None}
        if self.none == bool(sizes):
            return phrase("name either none = true, or some of most_px, least_px, coarse_px")
        return super().wrong(presses, seconds)

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        seen = [one for one in record.page_pictures if self.from_s <= one[0] <= self.to_s]
        tallest_s, tallest_px = max(seen, key=lambda one: one[1], default=(self.from_s, 0))
        held = not (self.none and seen) and (self.least_px or 0) <= tallest_px
        held = held and (self.most_px is None or tallest_px <= self.most_px)
        coarsest_px = min((one[1] for one in seen), default=math.inf)
        held = held and (self.coarse_px is None or coarsest_px <= self.coarse_px)
        text = phrase(
            "from {from_s:g} to {to_s:g} s the page shows {what}",
            from_s=self.from_s,
            to_s=self.to_s,
            what=phrase("no picture") if self.none else phrase("pictures"),
        )
        if self.least_px is not None:
            text = phrase("{text}, one of {px} px or taller", text=text, px=self.least_px)
        if self.most_px is not None:
            text = phrase("{text}, none taller than {px} px", text=text, px=self.most_px)
        if self.coarse_px is not None:
            text = phrase("{text}, one of {px} px or less", text=text, px=self.coarse_px)
        was = phrase(
            "{n} pictures, the tallest of {px} px at {s:.3f} s",
            n=len(seen),
            px=tallest_px,
            s=tallest_s,
        )
        from_s, to_s = tallest_s - AROUND_S, tallest_s + AROUND_S
        return Finding(text, held, was if seen else phrase("there were none"), from_s, to_s)
