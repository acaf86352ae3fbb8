"""The album: a folder in which a photo appears whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from shuttergate.errors import AlbumError
from shuttergate.share import tilde

ROOM_BYTES = 1024 * 1024
"""An album with less room than this is full before the next photo is tried."""

_MENDS = {
    errno.ENOENT: "is missing; plug the disk in or make the folder",
    errno.ENOTDIR: "is not a folder; name a folder",
    errno.EACCES: "may not be written; change its permissions",
    errno.EPERM: "may not be written; change its permissions",
    errno.EROFS: "is on a read-only disk; mount it for writing",
    errno.ENOSPC: "is full; make room",
    errno.EDQUOT: "is over its quota; make room",
    errno.EFBIG: "takes no more bytes (file size limit); raise the limit (ulimit -f, LimitFSIZE=)",
    errno.EIO: "is on a disk that fails; change the disk",
    errno.EOPNOTSUPP: "is on a disk that cannot hide half a photo (FAT, exFAT); use another",
    errno.EISDIR: "is on a disk that cannot hide half a photo (FAT, exFAT); use another",
}


def album_error(folder: Path, error: OSError) -> AlbumError:
    """Say what is wrong with the album in words: the folder, the cause and the mend."""
    text = _MENDS.get(error.errno or 0, f"cannot be used ({error.strerror}); look at the disk")
    return AlbumError(f"album {tilde(folder)} {text}")


class Album:
    """Publishes photos into `folder`. Never lists, reads or overwrites what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_ms = 0
        self._room_bytes = ROOM_BYTES

    def publish(
        self, taken_ms: int, photo: bytes | bytearray, may: Callable[[], bool] = lambda: True
    ) -> str:
        """Make `photo` appear in the album, durable and whole; return its name.

        ``may()`` is asked when it is on the disk and has no name yet: without its yes nothing
        remains, and "" is returned. Names are the time in UTC to the millisecond, so they sort by
        it; a name that is taken, or a clock that was set back, moves on by a millisecond. Raises
        `AlbumError`, and leaves nothing.
        """
        try:
            return self._publish(taken_ms, photo, may)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._room_bytes = max(ROOM_BYTES, len(photo))
            raise album_error(self._folder, error) from error

    def _publish(self, taken_ms: int, photo: bytes | bytearray, may: Callable[[], bool]) -> str:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # No name until it is whole: a crash at any moment leaves nothing behind.
            file = os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder)
            try:
                view = memoryview(photo)
                while view:
                    view = view[os.write(file, view) :]
                os.fsync(file)
                if not may():
                    return ""
                name = self._link(file, folder, max(taken_ms, self._last_ms + 1))
                try:
                    os.fsync(folder)
                except OSError:
                    os.unlink(name, dir_fd=folder)
                    raise
            finally:
                os.close(file)
        finally:
            os.close(folder)
        self._room_bytes = ROOM_BYTES
        return name

    def _link(self, file: int, folder: int, taken_ms: int) -> str:
        while True:
            name = photo_name(taken_ms)
            try:
                # dst_dir_fd is what makes Python call linkat with AT_SYMLINK_FOLLOW.
                os.link(f"/proc/self/fd/{file}", name, dst_dir_fd=folder, follow_symlinks=True)
            except FileExistsError:
                taken_ms += 1
            else:
                self._last_ms = taken_ms
                return name

    def probe(self) -> None:
        """Raise `AlbumError` if the next photo could not be kept; leaves nothing behind."""
        try:
            file = os.open(self._folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._room_bytes)
            finally:
                os.close(file)
        except OSError as error:
            raise album_error(self._folder, error) from error


def photo_name(taken_ms: int) -> str:
    """Return the name for a time in milliseconds since 1970: ``20261121T093000.123Z.jpg``."""
    seconds, milliseconds = divmod(taken_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}.{milliseconds:03d}Z.jpg"
