"""Was the Edge TPU's library built for the runtime that is here? Found out before the two meet.

The library and TensorFlow Lite hand each other structures, and neither looks whether the other
means the same: of a build for an older TensorFlow the runtime reads fields that are not there. It
then calls nothing ("unresolved custom op"), or anything. Google's last build, 16.0, is for
TensorFlow 2.5. The runtime's own version, "RuntimeVersion(14)", is the same in all of them. What
tells them apart: Debian's version, "16.0tf2.19.1-1"; and the compiler that the library names.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess

from shuttergate.errors import Phrase, UnfitError, phrase
from shuttergate.vision.runtime import RUNTIME

LEAST = (2, 16)
"""The TensorFlow of the oldest builds that fit, as their maker says."""

CPP17_GCC = 8
"""TensorFlow 2.16 is C++17. Google's builds are GCC 6's, which does not speak it."""

SPOKEN = phrase("that of {runtime}", runtime=RUNTIME)
PACKAGES = ("libedgetpu1-std", "libedgetpu1-max")
MEND = phrase(
    'install a build for TensorFlow 2.16 or newer (docs/install.md, "The Coral\'s library")'
)
LONGEST = 1000
"""So many letters at most are told of another's words."""

UNCLAIMED = "unresolved custom op"
"""What the runtime says where a delegate's operation has nothing that it could call."""


def built_for(version: str) -> tuple[int, int]:
    """Return the TensorFlow that a Debian package of this version was built for, as (2, 19).

    Those that name none are Google's, or its rebuilds from before versions named it: (2, 5) at best
    guess, and under `LEAST` in any case.
    """
    named = re.search(r"tf(\d+)\.(\d+)", version, re.IGNORECASE)
    return (int(named[1]), int(named[2])) if named else (2, 5)


def unfit_package(library: str) -> Phrase | None:
    """Return what is wrong with the installed package of `library`; None: nothing that is known.

    A library that board.toml names by its path is its owner's own, and no package's.
    """
    for name, version in [] if "/" in library else installed():
        major, minor = built_for(version)
        if (major, minor) < LEAST:
            return phrase(
                "{package} is built for TensorFlow {version}",
                package=f"{name} {version}",
                version=f"{major}.{minor}",
            )
    return None


def installed() -> list[tuple[str, str]]:
    """Return the installed packages of the library with their versions; none where dpkg is not."""
    if (dpkg_query := shutil.which("dpkg-query")) is None:
        return []
    found = subprocess.run(
        [dpkg_query, "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\n", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split() for line in found.stdout.splitlines()]
    return [(row[1], row[2]) for row in rows if len(row) == 3 and row[0] == "ii"]


def label(library: str) -> str:
    """Return what the library says of its build; "" where it says nothing or does not load.

    This loads it, and calls what knows nothing of TensorFlow's structures: no accelerator is
    opened.
    """
    try:
        version = ctypes.CDLL(library).edgetpu_version
    except (OSError, AttributeError):
        return ""
    version.restype = ctypes.c_char_p
    said: bytes | None = version()
    return (said or b"").decode(errors="replace")


def refuse_unfit(library: str) -> None:
    """Raise `UnfitError` where the library's own words say that it is too old."""
    said = label(library)
    compiler = re.search(r"COMPILER=(\d+)\.", said)
    if compiler and int(compiler[1]) < CPP17_GCC:
        cause = phrase(
            "{library} is built for an older TensorFlow than {spoken}: {said}",
            library=library,
            spoken=SPOKEN,
            said=said[:LONGEST],
        )
        raise UnfitError("{cause}; {mend}", cause=cause, mend=MEND)


def explained(error: Exception, library: str) -> Phrase:
    """Return in a line why the runtime failed with the library."""
    lines = str(error).strip().splitlines() or [repr(error)]
    said = lines[-1][:LONGEST]
    if UNCLAIMED not in str(error):
        return Phrase(said)
    cause = phrase(
        "the runtime finds nothing to call in {library}: it is built for another TensorFlow "
        "than {spoken} ({said})",
        library=library,
        spoken=SPOKEN,
        said=said,
    )
    return phrase("{cause}; {mend}", cause=cause, mend=MEND)


def without_mend(cause: Phrase | str) -> Phrase | str:
    """Return a cause of one of these without its mend, for whoever says that apart."""
    if isinstance(cause, Phrase) and cause.blanks.get("mend") == MEND:
        inner = cause.blanks["cause"]
        return inner if isinstance(inner, Phrase) else str(inner)
    return cause
