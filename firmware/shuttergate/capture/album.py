"""The album: a folder in which a photo or a video appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from shuttergate.errors import AlbumError, cause_of, phrase
from shuttergate.system.paths import tilde

ROOM_BYTES = 1024 * 1024
"""An album with less room than this is full before the next photo is tried."""

LITTLE_BACK_MS = 10_000
"""A clock put back by no more than this leaves names in their order; more is a clock put right."""

SYNC_BYTES = 4 * 1024 * 1024
"""A video is brought to the disk in steps of this size."""

PHOTO, VIDEO = ".jpg", ".mp4"

_MENDS = {
    errno.ENOENT: phrase("is missing; plug the disk in or make the folder"),
    errno.ENOTDIR: phrase("is not a folder; name a folder"),
    errno.EACCES: phrase("may not be written; change its permissions"),
    errno.EPERM: phrase("may not be written; change its permissions"),
    errno.EROFS: phrase("is on a read-only disk; mount it for writing"),
    errno.ENOSPC: phrase("is full; make room"),
    errno.EDQUOT: phrase("is over its quota; make room"),
    errno.EFBIG: phrase(
        "takes no more bytes (file size limit); raise the limit (ulimit -f, LimitFSIZE=)"
    ),
    errno.EIO: phrase("is on a disk that fails; change the disk"),
    errno.EOPNOTSUPP: phrase(
        "is on a disk that cannot hide half a photo (FAT, exFAT); use another"
    ),
    errno.EISDIR: phrase("is on a disk that cannot hide half a photo (FAT, exFAT); use another"),
}


def album_error(folder: Path, error: OSError) -> AlbumError:
    """Say what is wrong with the album in words: the folder, the cause and the mend."""
    said = _MENDS.get(error.errno or 0)
    if said is None:
        said = phrase("cannot be used ({cause}); look at the disk", cause=cause_of(error))
    return AlbumError("album {folder} {said}", folder=tilde(folder), said=said)


class Album:
    """Publishes photos and videos into `folder`. Never lists, reads or overwrites what is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last_ms: dict[str, int] = {}
        self._room_bytes = ROOM_BYTES

    def publish(
        self, taken_ms: int, photo: bytes | bytearray, may: Callable[[], bool] = lambda: True
    ) -> str:
        """Make `photo` appear in the album, durable and whole; return its name.

        ``may()`` is asked when it is on the disk and has no name yet: without its yes nothing
        remains, and "" is returned. Names are the time in UTC to the millisecond, so they sort by
        it; a name that is taken, or a clock that was put back by a little, moves on by a
        millisecond. Raises `AlbumError`, and leaves nothing.
        """
        with contextlib.closing(self.draft()) as draft:
            draft.write(photo)
            draft.sync()
            return draft.publish(taken_ms, PHOTO) if may() else ""

    def draft(self) -> Draft:
        """Begin a file that has no name yet; raises `AlbumError`."""
        return Draft(self)

    def failed(self, error: OSError, size: int) -> AlbumError:
        """Return what to say of `error`; a full disk has to have room for `size` bytes again."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self._room_bytes = max(ROOM_BYTES, size)
        return album_error(self.folder, error)

    def name(self, taken_ms: int, suffix: str, link: Callable[[str], None]) -> str:
        """Give the first name that is free from ``taken_ms`` on: ``link(name)`` takes it."""
        last_ms = self._last_ms.get(suffix, -1)
        # A clock that ran years ahead and was put right must not date all that comes after it.
        if last_ms - taken_ms <= LITTLE_BACK_MS:
            taken_ms = max(taken_ms, last_ms + 1)
        while True:
            name = file_name(taken_ms, suffix)
            try:
                link(name)
            except FileExistsError:
                taken_ms += 1
            else:
                self._last_ms[suffix] = taken_ms
                self._room_bytes = ROOM_BYTES
                return name

    def probe(self) -> None:
        """Raise `AlbumError` if the next photo could not be kept; leaves nothing behind."""
        try:
            file = os.open(self.folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._room_bytes)
            finally:
                os.close(file)
        except OSError as error:
            raise album_error(self.folder, error) from error


def nobodys_to_write(folder: Path) -> None:
    """Take from the album's photos and videos what lets them be written: older releases left it."""
    with contextlib.suppress(OSError):  # a folder that is not there is told when it is probed
        for path in folder.iterdir():
            if path.suffix not in (PHOTO, VIDEO):
                continue
            with contextlib.suppress(OSError):
                file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    facts = os.fstat(file)
                    if stat.S_ISREG(facts.st_mode) and facts.st_mode & 0o222:
                        os.fchmod(file, stat.S_IMODE(facts.st_mode) & ~0o222)
                finally:
                    os.close(file)


class Draft:
    """A file in `album` that no folder shows until it is published.

    Whatever ends it before that, SIGKILL among it, leaves nothing. Its methods raise `AlbumError`.
    """

    def __init__(self, album: Album) -> None:
        self._album = album
        self._unsynced = 0
        with self._named(0):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._folder = os.open(album.folder, flags)
            try:
                # What it is when it is done: nobody's to write. The gate process is the same user.
                self._file = os.open(
                    ".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o400, dir_fd=self._folder
                )
            except OSError:
                os.close(self._folder)
                raise

    def write(self, content: bytes | bytearray) -> None:
        """Add `content`; a long file is brought to the disk as it grows: its end is quick."""
        with self._named(len(content)):
            view = memoryview(content)
            while view:
                view = view[os.write(self._file, view) :]
            self._unsynced += len(content)
            if self._unsynced >= SYNC_BYTES:
                os.fdatasync(self._file)
                self._unsynced = 0

    def write_at(self, place: int, content: bytes | bytearray) -> None:
        """Write `content` over the bytes that stand there."""
        with self._named(len(content)):
            done = os.pwrite(self._file, content, place)
            self._unsynced += done
            if done < len(content):  # a disk that is full
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read_at(self, place: int, size: int) -> bytes:
        """Return up to so many of its bytes."""
        with self._named(0):
            return os.pread(self._file, size, place)

    def size(self) -> int:
        """Return of how many bytes it is."""
        with self._named(0):
            return os.fstat(self._file).st_size

    def sync(self) -> None:
        """Bring all of it to the disk."""
        with self._named(self._unsynced):
            os.fsync(self._file)

    def publish(self, taken_ms: int, suffix: str) -> str:
        """Make it appear in the album for good; return its name."""

        def link(name: str) -> None:
            # dst_dir_fd is what makes Python call linkat with AT_SYMLINK_FOLLOW.
            source = f"/proc/self/fd/{self._file}"
            os.link(source, name, dst_dir_fd=self._folder, follow_symlinks=True)

        with self._named(0):
            name = self._album.name(taken_ms, suffix, link)
            try:
                os.fsync(self._folder)
            except OSError:
                os.unlink(name, dir_fd=self._folder)
                raise
            return name

    def close(self) -> None:
        """Let go; without a name nothing remains."""
        os.close(self._file)
        os.close(self._folder)

    @contextlib.contextmanager
    def _named(self, size: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._album.failed(error, size) from error


def file_name(taken_ms: int, suffix: str) -> str:
    """Return the name for a time in milliseconds since 1970: ``20261121T093000.123Z.jpg``."""
    seconds, milliseconds = divmod(taken_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}.{milliseconds:03d}Z{suffix}"
