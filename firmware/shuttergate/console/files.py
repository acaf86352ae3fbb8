"""Photos and videos that were published, open for reading, as long as the album has them."""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from pathlib import Path


class OpenFiles:
    """So many of the newest, by their names; owns the descriptors.

    Who took a photo out of the album, by deleting or by moving it, has taken it from the page: that
    it stands where it stood when it came is asked of the kernel each time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._files: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def put(self, name: str, descriptor: int) -> None:
        """Keep a file; the oldest makes room for it."""
        self._drop(name)
        self._files[name] = descriptor, _place(descriptor)
        while len(self._files) > self._most:
            self._drop(next(iter(self._files)))

    def get(self, name: str) -> int | None:
        """Return the file's descriptor, or None where the album has it no more."""
        if name not in self._files:
            return None
        descriptor, place = self._files[name]
        if place and _place(descriptor) == place:
            return descriptor
        self._drop(name)
        return None

    @property
    def names(self) -> list[str]:
        """The names of those that are still there, the oldest first."""
        return [name for name in list(self._files) if self.get(name) is not None]

    def _drop(self, name: str) -> None:
        if name in self._files:
            os.close(self._files.pop(name)[0])


def _place(descriptor: int) -> str:
    """Return where an open file stands now; "" where it stands nowhere any more."""
    with contextlib.suppress(OSError):
        if os.fstat(descriptor).st_nlink:
            return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    return ""
