"""Boot the bench's machine, the real systemd its process 1, and print what held: `make bench-vm`.

Everything is looked at inside, by systemd/check_*.py. What is missing in the results, for whatever
reason, failed. Exit status: 0 all held, 1 something did not, 77 the bench cannot run here.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kernel import ROOT, NoBench, kernel, launch

HERE = Path(__file__).parent
INSIDE = HERE / "systemd"
FILES = ["check_install", "check_service", "check_sandbox", "check_starts", "check_remove"]
"""In this order: the first installs what the others look at, the last takes it away."""

SHIPPED = ["firmware", "device", "models", "docs", "requirements", "systemd"]
EXAMPLES = ["shuttergate.example.toml", "shuttergate.example.ja.toml"]
SHIPPED_FILES = ["README.md", "LICENSE", "NOTICE", *EXAMPLES]
NO_BENCH = 77


@dataclass
class Check:
    """One row of the table."""

    name: str
    title: str
    outcome: str = "MISSING"
    note: str = "the machine left no result of it"
    seconds: float = 0.0


def named() -> list[Check]:
    """Return what must be shown, without running it."""
    found = []
    for file in FILES:
        for one in ast.parse((INSIDE / f"{file}.py").read_text()).body:
            if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"):
                title = (ast.get_docstring(one) or one.name).splitlines()[0]
                found.append(Check(one.name, title))
    return found


def pack(out: Path, arguments: list[str]) -> None:
    """Put into `out` what the machine finds as /bench."""
    from PIL import Image

    from shuttergate.vision.known import paint

    shutil.rmtree(out, ignore_errors=True)
    skip = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in SHIPPED:
        shutil.copytree(ROOT / name, out / "checkout" / name, ignore=skip)
    for name in SHIPPED_FILES:
        shutil.copy(ROOT / name, out / "checkout" / name)
    shutil.copytree(INSIDE, out / "inside", ignore=skip)
    shutil.copy(HERE / "inside" / "bank.py", out / "inside")
    shutil.copytree(HERE.parent / "libcamera", out / "camera", ignore=skip)
    (out / "scenes").mkdir()
    Image.new("RGB", (640, 480), (30, 60, 160)).save(out / "scenes" / "clear.jpg", quality=100)
    card = Image.fromarray(paint("test_card", (224, 224)))
    card.save(out / "scenes" / "blocked.jpg", quality=100, subsampling=0)
    files = [f"/bench/inside/{file}.py" for file in FILES]
    (out / "arguments").write_text("\n".join([*arguments, *files]))


def read(checks: list[Check], results: Path) -> None:
    """Enter into the rows what came of them; a row without a result stays missing."""
    if not results.is_file():
        return
    for line in results.read_text().splitlines():
        row = json.loads(line)
        for check in checks:
            if check.name == row["name"] and check.outcome in ("MISSING", "ok"):
                check.outcome, check.seconds = row["outcome"], row["seconds"]
                check.note = row["why"] or row["note"]


def table(checks: list[Check]) -> str:
    """Return the rows, each with what was measured or why it did not hold."""
    lines = []
    for check in checks:
        lines.append(f"{check.outcome:8} {check.seconds:5.1f} s  {check.title}")
        note = " ".join(check.note.split())
        if note:
            lines.append(f"{'':18}{note[:600]}")
    return "\n".join(lines)


def image() -> Path:
    """Have the machine's files made, or found; return their folder."""
    done = subprocess.run(
        [HERE / "image.sh"],
        env={**os.environ, "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == NO_BENCH:
        raise NoBench("its files cannot be made here; the reason stands above")
    done.check_returncode()
    return Path(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-vm")
    parser.add_argument("--timeout-s", type=int, default=1500)
    options, arguments = parser.parse_known_args()  # the others are pytest's, as -k
    out = options.out.absolute()
    began_s = time.monotonic()
    try:
        kernel()  # before the image, which takes a minute
        tree = image()
        pack(out, arguments)
        words = ["init=/sbin/bench-init", f"SG_OUT={out}"]
        console = launch(kernel(), tree, "2816M", words, options.timeout_s)
    except NoBench as reason:
        print(f"the bench cannot run here: {reason}")
        return NO_BENCH
    checks = named()
    read(checks, out / "results.jsonl")
    print(table(checks))
    good = [check for check in checks if check.outcome == "ok"]
    whole = len(good) == len(checks) and (out / "status").exists()
    took_s = round(time.monotonic() - began_s)
    starts = out / "starts.json"
    (out / "bench-vm.json").write_text(
        json.dumps(
            {
                "checks": [vars(check) for check in checks],
                "starts": json.loads(starts.read_text()) if starts.exists() else None,
                "seconds": took_s,
            },
            indent=1,
        )
    )
    print(f"\n{len(good)} of {len(checks)} held, in {took_s} s; the rest of it is in {out}")
    if not whole:
        log = out / "log"
        text = log.read_text(errors="replace") if log.exists() else ""
        print(f"console: {console}" if not text else text[-6000:], file=sys.stderr)
    return 0 if whole else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
