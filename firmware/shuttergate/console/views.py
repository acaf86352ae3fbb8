"""The page's views, and our own files behind them: no path that a browser sends reaches a disk."""

from __future__ import annotations

from pathlib import Path

from shuttergate.system.paths import share
from shuttergate.voice.spoken import Spoken, Tongue, sound_path

PAGES = Path(__file__).with_name("pages")
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
CARD = "card.png"
VIEWS = {
    "/": "camera.html",
    "/stage": "stage.html",
    "/bench": "bench.html",
    "/explain": "explain.html",
    "/teach": "teach.html",
    "/demands": "demands.html",
    "/ledger": "ledger.html",
    "/pair": "pair.html",
}
"""By address; all but the last are of the kit, and for whom it knows."""


def read_views() -> dict[str, tuple[str, bytes]]:
    """Return every file of ours by its path, with its kind: read once, at the start."""
    card = share("models") / "testcard" / CARD
    sounds = {(one, word): sound_path(one, word) for one in Tongue for word in Spoken}
    said = {
        f"voice/{one}/{word}.wav": ("audio/wav", path.read_bytes())
        for (one, word), path in sounds.items()
        if path.exists()
    }
    return (
        said
        | {
            str(path.relative_to(PAGES)): (KINDS[path.suffix], path.read_bytes())
            for path in PAGES.rglob("*")
            if path.suffix in KINDS
        }
        | ({CARD: ("image/png", card.read_bytes())} if card.exists() else {})
    )
