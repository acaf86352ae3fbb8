"""What a script may expect of the album."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shuttergate.bench.scenario.expectation import (
    AROUND_S,
    SO_IT_WAS,
    Expectation,
    Finding,
    Seconds,
)
from shuttergate.bench.scenario.names import SCENES, named
from shuttergate.bench.scenario.record import Record
from shuttergate.capture.album import PHOTO, VIDEO
from shuttergate.errors import Phrase, phrase


class _Files(Expectation, frozen=True):
    """So many files of a kind lie in the album at the end; each shows ``scene``, by its marks."""

    count: Annotated[int, Meta(ge=0)] | None = None
    least: Annotated[int, Meta(ge=0)] = 0
    scene: str = ""

    def wrong(self, presses: int, seconds: float) -> Phrase | None:
        """Return what is wrong with it."""
        named = self.count is not None or self.least or self.scene
        return None if named else phrase("name a count, a least number, a scene, or all of them")

    def _judged(
        self, record: Record, suffix: str, any_of_them: Phrase, so_many: Phrase, at_least: Phrase
    ) -> Finding:
        found = [one for one in record.pictures if one.name.endswith(suffix)]
        others = [one for one in found if self.scene and one.scene != self.scene]
        text = any_of_them
        if self.count is not None:
            text = so_many
        elif self.least:
            text = at_least
        if self.scene:
            text = phrase(
                "{text}, every one shows {scene}", text=text, scene=named(SCENES, self.scene)
            )
        was = phrase("{n}", n=len(found))
        for one in others[:3]:
            shown = named(SCENES, one.scene)
            was = phrase("{was}; {file} shows {scene}", was=was, file=one.name, scene=shown)
        enough = len(found) >= self.least and self.count in (None, len(found))
        held = enough and not others
        return Finding(text, held, was, 0.0, record.ended_s)


class PhotoCount(_Files, frozen=True, tag="photos"):
    """So many photos lie in the album at the end."""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return self._judged(
            record,
            PHOTO,
            phrase("photos in the album"),
            phrase("photos in the album: {n}", n=self.count),
            phrase("photos in the album: at least {n}", n=self.least),
        )


class VideoCount(_Files, frozen=True, tag="videos"):
    """So many videos lie in the album at the end; every frame of each shows ``scene``."""

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        return self._judged(
            record,
            VIDEO,
            phrase("videos in the album"),
            phrase("videos in the album: {n}", n=self.count),
            phrase("videos in the album: at least {n}", n=self.least),
        )


class AlbumUnchanged(Expectation, frozen=True, tag="album unchanged"):
    """Nothing appears in the album's folder in that time, under any name."""

    from_s: Seconds
    to_s: Seconds

    def judge(self, record: Record) -> Finding:
        """Return what became of it."""
        found = [at_s for at_s in record.album_changes_s if self.from_s <= at_s <= self.to_s]
        return Finding(
            phrase(
                "the album does not change from {from_s:g} to {to_s:g} s",
                from_s=self.from_s,
                to_s=self.to_s,
            ),
            not found,
            phrase("it changed at {s:.3f} s", s=found[0]) if found else SO_IT_WAS,
            (found[0] if found else self.from_s) - AROUND_S,
            (found[0] if found else self.to_s) + AROUND_S,
        )
