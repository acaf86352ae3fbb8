"""The real libasound without a loudspeaker: its devices that write what is played elsewhere."""

from __future__ import annotations

import ctypes
from pathlib import Path

from shuttergate.voice.alsa import LIBRARY
from support.needs import Need
from support.packages import OF

SYSTEMS = Path("/usr/share/alsa/alsa.conf")


def _is_here() -> bool:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return SYSTEMS.exists()


ALSA = Need(_is_here(), tuple(f"apt:{one}" for one in OF[LIBRARY]), f"{LIBRARY} is not here")


def configuration(folder: Path, out: Path | int) -> Path:
    """Return an ALSA_CONFIG_PATH with a device "tofile" that writes into a file or descriptor."""
    file = f"'{out}'" if isinstance(out, Path) else out
    path = folder / "asound.conf"
    path.write_text(
        f"<{SYSTEMS}>\npcm.tofile {{ type file\n slave.pcm {{ type null }}\n"
        f" file {file}\n format raw }}\n"
    )
    return path
