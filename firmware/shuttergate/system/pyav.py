"""PyAV, the extra `video`, for the rooms that need it: loaded once, by one thread at a time."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from shuttergate.errors import MissingError
from shuttergate.system.extras import mend
from shuttergate.system.library_words import error_words

_lock = threading.Lock()

OLDEST = 18
"""Raspberry Pi OS brings one of its own, which is older and lacks parts."""


def load() -> Any:
    """Return PyAV with the parts that are used here; ImportError names the mend.

    Camera and recorder may both ask first: threads that import parts of one package at the same
    time can lock each other out.
    """
    how = mend("video", f"av>={OLDEST}")
    with _lock:
        try:
            av = importlib.import_module("av")
            if int(av.__version__.partition(".")[0]) < OLDEST:
                raise MissingError(
                    "PyAV {version} is too old, it must be {oldest} or newer; {mend}",
                    version=av.__version__,
                    oldest=OLDEST,
                    mend=how,
                )
            importlib.import_module("av.bitstream")
            importlib.import_module("av.video.reformatter")
            return av
        except MissingError:
            raise
        except ModuleNotFoundError as error:
            raise MissingError("PyAV is not installed; {mend}", mend=how) from error
        except ImportError as error:
            raise MissingError(
                "PyAV does not load: {why}; {mend}", why=error_words(error), mend=how
            ) from error
