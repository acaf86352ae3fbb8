"""What the simulated camera looks at: the built-in room, a picture, a folder of them, a video."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from shuttergate.errors import CameraError, PictureError, cause_of, phrase
from shuttergate.frames import heif
from shuttergate.frames.clip import Clip
from shuttergate.frames.held import Props, by_clock
from shuttergate.frames.pictures import read_picture
from shuttergate.frames.sensor import fitting
from shuttergate.frames.shot import Lens, Scene, Shot
from shuttergate.frames.stage import Stagehand
from shuttergate.props import Prop
from shuttergate.system.paths import share, tilde

ROOM_FPS = 30.0
LOOP_S = 20.0
PROPS = tuple(Prop)


def room_film() -> Path:
    """Return the built-in scene's film, which device/simulated/room/ renders."""
    return share("device") / "simulated" / "room.avif"


class _Ahead:
    """Works out the next shot while this one is shown."""

    def __init__(self, make: Callable[[], Shot]) -> None:
        self._make = make
        self._worker = ThreadPoolExecutor(1, "scene")
        self._next: Future[Shot] = self._worker.submit(make)

    def take(self) -> Shot:
        shot = self._next.result()
        self._next = self._worker.submit(self._make)
        return shot

    @property
    def ready(self) -> bool:
        return self._next.done()

    def close(self) -> None:
        self._worker.shutdown(cancel_futures=True)


class Room:
    """The built-in scene: a room the project rendered itself, nobody in it, looped for ever.

    Every ``LOOP_S`` somebody holds the test card before the camera, until `hand` orders otherwise.
    The card goes by the clock, for a slow computer's film lags behind, and there it would hardly
    ever come.
    """

    name = "the built-in room"

    def __init__(self, lens: Lens, hand: Stagehand) -> None:
        self._hand = hand
        try:
            self._film = room_film().open("rb")
        except OSError as error:
            raise CameraError(
                "the built-in room is missing ({cause}); reinstall shuttergate",
                cause=cause_of(error),
            ) from error
        with Image.open(self._film) as film:
            self._held = Props(film.size)
        self._due_s = 0.0
        self._ordered: Prop | None = None
        frames = self._frames()
        self._ahead = _Ahead(lambda: lens.shot(next(frames)))
        self._index = 0
        self._shot = self._ahead.take()

    def _frames(self) -> Iterator[Image.Image]:
        while True:
            self._film.seek(0)
            with Image.open(self._film) as film:
                for frame in ImageSequence.Iterator(film):
                    yield self._held.before(frame.convert("RGB"), self._prop(), self._due_s)

    def _prop(self) -> Prop:
        return self._ordered or by_clock(self._due_s % LOOP_S)

    def at(self, time_s: float) -> Shot:
        """Return the film's picture for ``time_s``, a later one than before where it is due."""
        self._due_s, ordered = time_s, self._hand.next()
        if ordered and ordered not in PROPS:
            raise CameraError(
                "{name} has no {prop!r}; it has {props}",
                name=self.name,
                prop=ordered,
                props=", ".join(PROPS),
            )
        self._ordered = Prop(ordered) if ordered else None
        if int(time_s * ROOM_FPS) > self._index and self._ahead.ready:
            self._index += 1
            self._shot = self._ahead.take()
        return self._shot

    def close(self) -> None:
        """Stop decoding ahead."""
        self._ahead.close()
        self._film.close()


class Pictures:
    """The user's own pictures in order of their names, each shown ``picture_s`` seconds, looped.

    Files that are no readable picture are skipped; ``on_skip`` is told why, once a file. All are as
    large as the first, between bars where their shape is another: a camera's pictures have one
    size, and a recording ends where it changes.
    """

    def __init__(
        self, path: Path, lens: Lens, picture_s: float, on_skip: Callable[[PictureError], None]
    ) -> None:
        self.name = tilde(path)
        self._lens = lens
        self._picture_s = picture_s
        self._on_skip = on_skip
        self._bad: set[Path] = set()
        self._size: tuple[int, int] | None = None
        self._is_folder = path.is_dir()
        self._paths = (
            sorted(p for p in path.rglob("*") if p.is_file()) if self._is_folder else [path]
        )
        self._order = itertools.cycle(self._paths)
        self._turn = 0
        self._shot = self._read_next()
        self._ahead = _Ahead(self._read_next) if len(self._paths) - len(self._bad) > 1 else None

    def _read_next(self) -> Shot:
        cause = phrase("it is empty")
        for path in itertools.islice(self._order, len(self._paths)):
            try:
                return self._lens.shot(self._sized(read_picture(path, self._lens.main_limit)))
            except PictureError as error:
                cause = error.phrase
                if path not in self._bad:
                    self._bad.add(path)
                    self._on_skip(error)
        if not self._is_folder:
            raise CameraError.of(cause)
        raise CameraError(
            "{name}: holds no readable picture ({cause}); put JPEG or PNG files there",
            name=self.name,
            cause=cause,
        )

    def _sized(self, image: Image.Image) -> Image.Image:
        if self._size is None:
            self._size = fitting(image.size, self._lens.main_limit)
        if fitting(image.size, self._lens.main_limit) == self._size:
            return image
        return ImageOps.pad(image, self._size, Image.Resampling.BILINEAR)

    def at(self, time_s: float) -> Shot:
        """Return the picture whose turn it is; the one before it stays while it is being read."""
        turn = int(time_s / self._picture_s)
        if self._ahead is not None and turn > self._turn and self._ahead.ready:
            self._turn = turn
            self._shot = self._ahead.take()
        return self._shot

    def close(self) -> None:
        """Stop reading ahead."""
        if self._ahead is not None:
            self._ahead.close()


def open_scene(
    path: Path | None,
    lens: Lens,
    picture_s: float,
    on_skip: Callable[[PictureError], None],
    hand: Stagehand | None = None,
) -> Scene:
    """Return the scene at `path` (picture, folder or video), or the built-in room for None.

    `hand` orders what comes into the room.
    """
    if path is None:
        return Room(lens, hand or Stagehand())
    if not path.exists():
        raise CameraError(
            "{path}: there is no such scene; name a picture, a folder of pictures or a video",
            path=path,
        )
    if path.is_file() and not _is_picture(path):
        return Clip(path, lens)
    return Pictures(path, lens, picture_s, on_skip)


def _is_picture(path: Path) -> bool:
    """Whether Pillow knows the file by its first bytes; it need not be whole. HEIC is one, too."""
    try:
        with path.open("rb") as file:
            if heif.may_be(file.read(heif.HEAD_BYTES)):
                return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path):
                return True
    except Image.DecompressionBombError:
        return True  # and too large, which is said where it is read
    except Exception:  # decoders meet outside bytes: whatever they raise, it is none to them
        return False
