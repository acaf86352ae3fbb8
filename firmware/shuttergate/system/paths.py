"""Where things lie: device/ and models/, in the package or a checkout; and paths without names."""

from __future__ import annotations

import os
from pathlib import Path

from shuttergate.errors import plain

_PACKAGE = Path(__file__).resolve().parents[1]


def tilde(path: Path) -> str:
    """Return `path` for a log or a message: a home folder tells its owner's name, ~ does not."""
    for base, short in ((Path.cwd(), "."), (Path.home(), "~")):
        if path.is_relative_to(base) and base != Path("/"):
            return plain(Path(short, path.relative_to(base)))
    return plain(path)


def share(room: str) -> Path:
    """Return the folder of `room` ("device" or "models")."""
    installed = _PACKAGE / room
    return installed if installed.is_dir() else _PACKAGE.parents[1] / room


def weights(pack: str, name: str) -> list[Path]:
    """Return where a pack's file may lie that others publish: for the whole kit, or for one user.

    Neither place is trusted: what is read there is compared with the manifest's sha256.
    """
    own = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    folders = (Path("/var/lib"), Path(own))
    return [folder / "shuttergate" / "models" / pack / name for folder in folders]
