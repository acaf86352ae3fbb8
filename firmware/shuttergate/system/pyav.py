"""PyAV, the extra `video`, for the rooms that need it: loaded once, by one thread at a time."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from shuttergate.errors import MissingError
from shuttergate.system.extras import mend

_lock = threading.Lock()

OLDEST = 18
"""Raspberry Pi OS brings one of its own, which is older and lacks parts."""


def load() -> Any:
    """Return PyAV with the parts that are used here; ImportError names the mend.

    Camera and recorder may both ask first: threads that import parts of one package at the same
    time can lock each other out.
    """
    with _lock:
        try:
            importlib.import_module("av.bitstream")
            importlib.import_module("av.video.reformatter")
            av = importlib.import_module("av")
            if int(av.__version__.partition(".")[0]) < OLDEST:
                raise MissingError("{version} is too old", version=av.__version__)
            return av
        except ImportError as error:
            how = mend("video", f"av>={OLDEST}")
            raise MissingError(
                "PyAV {oldest} or newer ({error}); {mend}", oldest=OLDEST, error=error, mend=how
            ) from error
