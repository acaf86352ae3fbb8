"""Try the kit's parsers with bytes that coverage guides: `python tests/fuzz/fuzz.py TARGET`.

Each target of `targets.py` runs in a process of its own, from seeds that are made here, until its
time is over or something broke; at the end stands a table, a row a target. What broke is printed
with the bytes that did it. Needs atheris, which brings libFuzzer.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import seeds
import targets

INSTRUMENTED = ["shuttergate", "PIL", "tomllib", "starlette", "uvicorn", "h11", "websockets"]
"""Python whose branches count. What is in C (msgspec, libjpeg, FFmpeg) is met, but not guided."""

TIMEOUT_S = 5
RSS_LIMIT_MB = 2048
MAX_INPUT_BYTES = 16 * 1024

LONGER_S = 120
"""Beyond its seconds a process may take so long to start and to end."""

ADVICE = "Fuzzing needs atheris: install it with `python -m pip install atheris==3.0.0`."


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one target."""

    target: str
    executions: int
    seconds: int
    edges: int
    finding: str  # empty where nothing broke

    def __str__(self) -> str:
        count = f"1: {self.finding}" if self.finding else "0"
        figures = f"{self.executions:,} | {self.seconds} | {self.edges:,}"
        return f"| {self.target} | {figures} | {count} |"


HEADING = "| target | executions | seconds | edges | findings |\n|---|---:|---:|---:|---|"


def main() -> None:
    """Run one target or all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=[*targets.TARGETS, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was worth keeping")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print(ADVICE, file=sys.stderr)
        sys.exit(2)
    if options.inside is not None:
        _fuzz(options.target, options.seconds, options.seed, options.corpus, options.inside)
        return
    names = list(targets.TARGETS) if options.target == "all" else [options.target]
    rows = [_row(name, options.seconds, options.seed, options.corpus) for name in names]
    print(HEADING, *rows, sep="\n")
    sys.exit(any(row.finding for row in rows))


def _row(name: str, seconds: int, seed: int, corpus: Path | None) -> Row:
    """Run `name` in a process of its own, whose files lie in memory where that can be."""
    room = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="shuttergate-fuzz-", dir=room) as folder:
        command = [sys.executable, __file__, name, "--inside", folder]
        command += ["--seconds", str(seconds), "--seed", str(seed)]
        command += ["--corpus", str(corpus)] if corpus is not None else []
        began_s = time.monotonic()
        ended = subprocess.run(
            command,
            env={**os.environ, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds + LONGER_S,
            check=False,
        )
        took_s = time.monotonic() - began_s
        finding = _finding(ended.stdout) if ended.returncode else ""
        if finding:
            print(ended.stdout[-4000:], file=sys.stderr)
            for path in sorted(Path(folder).glob("found-*")):
                print(f"{name}: {path.read_bytes()!r}", file=sys.stderr)
    said = ended.stdout
    fuzzed_s = _last(r"^Done \d+ runs in (\d+) second", said) or round(took_s)
    return Row(name, _executions(said), fuzzed_s, _last(r"cov: (\d+)", said), finding)


def _finding(said: str) -> str:
    """Return one line on what broke."""
    _, _, trace = said.partition("Uncaught Python exception")
    found = re.search(r"^(\w[\w.]*(?:Error|Exception|Interrupt)\b.*)$", trace, re.MULTILINE)
    found = found or re.search(r"ERROR: libFuzzer: (.*)", said)
    return found[1].replace("|", "\\|")[:200] if found else "it ended without a word"


def _executions(said: str) -> int:
    return _last(r"stat::number_of_executed_units: (\d+)", said) or _last(r"^#(\d+)", said)


def _last(pattern: str, said: str) -> int:
    found = re.findall(pattern, said, re.MULTILINE)
    return int(found[-1]) if found else 0


def _fuzz(name: str, seconds: int, seed: int, corpus: Path | None, folder: Path) -> None:
    atheris = importlib.import_module("atheris")
    words = folder / "words"
    tokens = [token for token in seeds.TOKENS[name] if len(token) <= 128]  # libFuzzer's own
    hexes = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens)
    words.write_text("".join(f'"{text}"\n' for text in hexes))
    known = folder / "known"
    known.mkdir()
    regressions = [data for of, data in targets.REGRESSIONS.values() if of == name]
    for number, data in enumerate([*targets.SEEDS[name](), *regressions]):
        (known / f"{number:03}").write_bytes(data)
    kept = (corpus or folder / "corpus") / name
    kept.mkdir(parents=True, exist_ok=True)
    arguments = [
        *(sys.argv[0], f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}", f"-seed={seed}"),
        *(f"-rss_limit_mb={RSS_LIMIT_MB}", f"-max_len={MAX_INPUT_BYTES}", f"-dict={words}"),
        *(f"-artifact_prefix={folder}/found-", "-print_final_stats=1", str(kept), str(known)),
    ]
    target = _instrumented(name)
    atheris.Setup(arguments, target)
    atheris.Fuzz()


def _instrumented(name: str) -> object:
    """Import the target anew, so that every branch of what it tries is counted."""
    atheris = importlib.import_module("atheris")

    for module in [one for one in sys.modules if one.partition(".")[0] in INSTRUMENTED]:
        del sys.modules[module]
    for module in ("targets", "page", "seeds"):
        del sys.modules[module]
    with atheris.instrument_imports(include=INSTRUMENTED):
        importlib.import_module("tomllib")
        return getattr(importlib.import_module("targets"), name)


if __name__ == "__main__":
    main()
