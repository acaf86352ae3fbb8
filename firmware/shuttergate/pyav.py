"""PyAV, the extra `video`, for the rooms that need it: loaded once, by one thread at a time."""

from __future__ import annotations

import importlib
import threading
from typing import Any

_lock = threading.Lock()


def load() -> Any:
    """Return PyAV with the parts that are used here; ImportError names the mend.

    Camera and recorder may both ask first: threads that import parts of one package at the same
    time can lock each other out.
    """
    with _lock:
        try:
            importlib.import_module("av.bitstream")
            importlib.import_module("av.video.reformatter")
            return importlib.import_module("av")
        except ImportError as error:
            raise ImportError(f"PyAV ({error}); pip install 'shuttergate[video]'") from error
