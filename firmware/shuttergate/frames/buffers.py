"""Frame buffers: taken once, kept out of dumps, wiped after every use."""

from __future__ import annotations

import ctypes
import mmap
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shuttergate.frame import Pixels

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Slot:
    """Memory for one frame. ``main`` and ``lores`` are flat uint8 arrays over the same mapping."""

    main: Pixels
    lores: Pixels
    used: int = 0  # bytes of ``main`` that hold pixels


class Pool:
    """A fixed number of frame buffers in anonymous memory.

    The mappings are left out of core dumps and forks, and locked against swapping where the
    process may lock that much (``locked`` says whether all are). ``size_mb``: millions of bytes.
    """

    def __init__(self, slots: int, main_bytes: int, lores_bytes: int) -> None:
        self.size_mb = slots * (main_bytes + lores_bytes) / 1e6
        self._lock = threading.Lock()
        self._free: list[Slot] = []
        for _ in range(slots):
            memory = mmap.mmap(-1, main_bytes + lores_bytes)
            memory.madvise(mmap.MADV_DONTDUMP)
            memory.madvise(mmap.MADV_DONTFORK)
            pixels = np.frombuffer(memory, np.uint8)
            self._free.append(Slot(pixels[:main_bytes], pixels[main_bytes:]))
        locked = [_lock_memory(slot) for slot in self._free]
        self.locked = all(locked)

    def take(self) -> Slot | None:
        """Return a wiped buffer, or None while all are in use."""
        with self._lock:
            return self._free.pop() if self._free else None

    def give_back(self, slot: Slot) -> Callable[[], None]:
        """Return the function that wipes `slot` and returns it to the pool; it acts once."""
        done = False

        def release() -> None:
            nonlocal done
            if done:
                return
            done = True
            slot.main[: slot.used] = 0
            slot.lores[:] = 0
            with self._lock:
                self._free.append(slot)

        return release


def _lock_memory(slot: Slot) -> bool:
    address, size = slot.main.ctypes.data, slot.main.size + slot.lores.size
    return bool(_libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)) == 0)
