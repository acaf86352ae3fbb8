"""Fit the head of consent-clean-coral: `python build.py OUT_DIR [--work DIR] [--backbone FILE]`.

Standard library only. Environment, pictures, renders, views and the fit are consent-clean's, in
consent-clean's work folder, so that what one build has done the other finds done. Only the backbone
is another: Google's, on the CPU, whose bytes must be those that model.toml names. Writes
OUT_DIR/nudity-head.npz.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

PACK = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACK.parent / "consent-clean" / "recipe"))

import build as consent_clean  # noqa: E402
from workshop import BuildError, Workshop, deliver, sha256  # noqa: E402

STEPS = 7
HEAD = "nudity-head.npz"
COST = "1"
"""As head.py's: of 10, 1, 0.1 and 0.01 the one with the highest AUC on the benchmark of
`make eval-data` (0.876, 0.881, 0.877, 0.851)."""


def backbone(told: Path | None) -> Path:
    """Google's model for the CPU, byte for byte, where told or where `model fetch` puts it."""
    claimed = tomllib.loads((PACK / "model.toml").read_text())
    own = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    usual = [
        Path(folder) / "shuttergate" / "models" / PACK.name / claimed["file"]
        for folder in ("/var/lib", own)
    ]
    for path in [told] if told else usual:
        if path.is_file() and sha256(path) == claimed["sha256"]:
            return path.resolve()
    raise BuildError(
        f"{claimed['file']} is not here, or is another file\n"
        f"  Mend: shuttergate model fetch {PACK.name}, or name it with --backbone"
    )


def build(out_dir: Path, work: Path, model: Path, missing_ok: bool) -> Path:
    """Run every step that is not done yet, and deliver the head to `out_dir`."""
    shop = Workshop(work, STEPS)
    views = consent_clean.take_views(shop, consent_clean.SCENES, missing_ok)
    card_views = consent_clean.take_card_views(shop)

    shop.say("letting Google's model see every view")
    seen, card_seen = work / f"{PACK.name}.npy", work / f"{PACK.name}-card.npy"
    consent_clean.script(shop, "embed.py", "embed", views, model, seen)
    consent_clean.script(shop, "embed.py", "embed", card_views, model, card_seen)

    shop.say("fitting the head")
    head = work / f"{PACK.name}.npz"
    consent_clean.script(shop, "head.py", head, views, seen, card_views, card_seen, "--cost", COST)

    shop.say("delivering")
    deliver(head, out_dir / HEAD)
    return out_dir / HEAD


def main() -> int:
    """The command line; 0 built, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(description="Fit the head of consent-clean-coral.")
    parser.add_argument("out_dir", type=Path, help="folder for the head")
    parser.add_argument(
        "--work", type=Path, default=consent_clean.WORK, help="keep every step's files here"
    )
    parser.add_argument("--backbone", type=Path, help="Google's .tflite for the CPU")
    parser.add_argument(
        "--allow-missing", action="store_true", help="go on where a package is no longer served"
    )
    chosen = parser.parse_args()
    try:
        model = backbone(chosen.backbone)
        chosen.work.mkdir(parents=True, exist_ok=True)
        made = build(chosen.out_dir, chosen.work.resolve(), model, chosen.allow_missing)
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"{PACK.name}: {error}", file=sys.stderr)
        return 1
    print(f"{made}  {made.stat().st_size} bytes\nsha256 {sha256(made)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
