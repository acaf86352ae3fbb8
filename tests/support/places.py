"""Where things lie: the checkout, and what is shared beside it and may be absent."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
EVAL = SHARED / "data" / "eval"
CORAL = SHARED / "data" / "coral"
CLIPS = SHARED / "data" / "video"
