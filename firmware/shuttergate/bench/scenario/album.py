"""What lies in the album after a run, and what the pictures say themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from shuttergate.bench.scenario.record import AlbumPicture
from shuttergate.capture.album import PHOTO, VIDEO
from shuttergate.clock import since_boot_s
from shuttergate.credentials.marks import SOURCES, xmp
from shuttergate.errors import Phrase, PictureError, phrase
from shuttergate.frame import Pixels
from shuttergate.frames import marks
from shuttergate.frames.pictures import why_unreadable
from shuttergate.system import pyav
from shuttergate.system.library_words import error_words

TAGS = {
    ExifTags.Base.Orientation,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.ExifOffset,
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.SubsecTimeOriginal,
    ExifTags.Base.OffsetTime,
    ExifTags.Base.OffsetTimeOriginal,
}
"""What a photo may say besides the picture: how it stands, by what it was taken, and when."""


def empty(album: Path, scenes: Sequence[str], began_s: float) -> list[AlbumPicture]:
    """Return what lies in the folder, and take it out.

    ``scenes`` in the order of the stage; ``began_s``: the script's start since boot.
    """
    found = []
    for path in sorted(album.iterdir()):
        found.append(_picture(path, scenes, began_s))
        path.unlink()
    return found


def _picture(path: Path, scenes: Sequence[str], began_s: float) -> AlbumPicture:
    if path.suffix == VIDEO:
        return _video(path, scenes)
    if path.suffix != PHOTO:
        return AlbumPicture(path.name, None, None, phrase("is neither photo nor video"))
    try:
        with Image.open(path) as photo:
            photo.load()
            exif = photo.getexif()
            said = {*exif, *exif.get_ifd(ExifTags.IFD.Exif)}
            more = _more(path.read_bytes(), photo.info, exif)
            luma = np.asarray(photo.convert("L"))
    except (OSError, SyntaxError) as error:
        trouble = phrase("is no whole JPEG ({error})", error=why_unreadable(error))
        return AlbumPicture(path.name, None, None, trouble)
    if said - TAGS:
        names = ", ".join(ExifTags.TAGS.get(tag, str(tag)) for tag in sorted(said - TAGS))
        return AlbumPicture(path.name, None, None, phrase("says {names}", names=names))
    if more:
        return AlbumPicture(path.name, None, None, more)
    try:
        scene, time_ms = marks.read(luma)
        shown = scenes[scene]
    except (PictureError, IndexError):
        return AlbumPicture(path.name, None, None)
    now_ms = int(since_boot_s() * 1000)
    age_ms = (now_ms - time_ms) % marks.WRAP_MS
    return AlbumPicture(path.name, shown, (now_ms - age_ms) / 1000 - began_s)


def _more(content: bytes, info: Mapping[Any, Any], exif: Image.Exif) -> Phrase | None:
    """Return what a JPEG says besides the picture and the tags that it may have, or nothing."""
    maker = exif.get(ExifTags.Base.Software)
    if maker != "shuttergate":
        return phrase("says it was made by {maker}", maker=repr(maker))
    if exif.get_ifd(ExifTags.IFD.IFD1):
        return phrase("holds a thumbnail")
    more = sorted(set(info) & {"comment", "xmp", "icc_profile", "photoshop", "mp"})
    if info.get("xmp") in [*map(xmp, SOURCES)]:  # the same in every photo of every kit
        more.remove("xmp")
    if more:
        return phrase("says more: {names}", names=", ".join(more))
    ends = content.endswith(b"\xff\xd9") and content.count(b"\xff\xd8\xff") == 1
    return None if ends else phrase("goes on after the picture")


def _reduced(luma: Pixels) -> int:
    """Return by what factor a video's frames were made smaller; 1 where no marks tell."""
    for factor in range(1, marks.MOST_REDUCED + 1):
        with contextlib.suppress(PictureError):
            marks.read(luma, factor)
            return factor
    return 1


def _video(path: Path, scenes: Sequence[str]) -> AlbumPicture:
    """Read every frame's marks: `scene` names all that were shown, in the stage's order."""
    if find_spec("av") is None:
        return AlbumPicture(path.name, None, None)
    av = pyav.load()
    shown, reduced = set(), 0
    try:
        with av.open(str(path)) as film:
            for frame in film.decode(video=0):
                luma = frame.to_ndarray(format="gray")
                reduced = reduced or _reduced(luma)
                scene, _time_ms = marks.read(luma, reduced)
                shown.add(scenes[scene])
    except (PictureError, IndexError):  # a real camera's
        return AlbumPicture(path.name, None, None)
    except av.error.FFmpegError as error:
        trouble = phrase("cannot be read ({error})", error=error_words(error))
        return AlbumPicture(path.name, None, None, trouble)
    return AlbumPicture(path.name, ", ".join(name for name in scenes if name in shown), None)
