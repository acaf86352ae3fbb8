"""What the recipes share: an environment of their own, steps that say what they do, checked hashes.

Standard library only: a recipe runs on any Python 3.11 to 3.13, with nothing installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
import venv
from pathlib import Path

TAIL_LINES = 15  # of a failed step's output: enough to see the cause

# A dead proxy for everything after pip: a tool that tries to fetch something fails at once and
# visibly, so the result depends on the pinned packages alone.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)


class BuildError(Exception):
    """A step failed; the message names it, the cause and the mend."""


class Workshop:
    """A work folder with an environment; counts `steps` aloud."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder = folder
        self.environment = folder / "venv"
        self.python = self.environment / "bin" / "python"
        self.steps = steps
        self.started_s = time.monotonic()
        self.step = 0

    def say(self, text: str) -> None:
        """One progress line for a person."""
        self.step += 1
        elapsed_s = time.monotonic() - self.started_s
        print(f"[{self.step}/{self.steps}] {elapsed_s:7.1f} s  {text}", flush=True)

    def make_environment(self) -> None:
        """A fresh environment with pip."""
        venv.create(self.environment, with_pip=True, clear=True, symlinks=True)

    def install(self, *arguments: str | Path) -> None:
        """Install wheels of pinned versions, without what they say they depend on."""
        self.run(
            "pip",
            "check the network and that this is CPython 3.11 or 3.13 on Linux x86-64 or aarch64.",
            *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            # Both flags because of onnx2tf, see the requirements.
            *("--no-deps", "--ignore-requires-python", "--only-binary", ":all:"),
            *arguments,
            offline=False,
        )

    def run(
        self,
        name: str,
        mend: str,
        *arguments: str | Path,
        offline: bool = True,
        shown: bool = False,
        status_ok: tuple[int, ...] = (0,),
    ) -> str:
        """Run the environment's Python; return its stdout, or raise with its last lines.

        Where `shown`, its output (a progress bar) goes to the terminal instead.
        """
        command = [str(self.python), *map(str, arguments)]
        settings = {**os.environ, **(OFFLINE if offline else {})}
        # A PYTHONPATH from outside could slip an unpinned package in front of a pinned one.
        settings.pop("PYTHONPATH", None)
        done = subprocess.run(
            command, cwd=self.folder, env=settings, capture_output=not shown, text=True
        )
        if done.returncode not in status_ok:
            said = "its own words are above" if shown else ""
            if not shown:
                lines = (done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:]
                said = "\n".join(f"    {line}" for line in lines)
            raise BuildError(f"{name} failed (exit {done.returncode}):\n{said}\n  Mend: {mend}")
        return done.stdout or ""


def sha256(path: Path) -> str:
    """The file's sha256 as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def deliver(source: Path, target: Path) -> None:
    """Copy whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    shutil.copyfile(source, partial)
    partial.replace(target)
