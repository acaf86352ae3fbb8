"""An emulated machine: what it is made of, the talk with what runs inside, and a Pi's pins."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from bench_pi.debian import tree
from bench_pi.pins import Pins
from bench_vm.kernel import NoBench

_SAYS = re.compile(r"BENCH (\{.*\})")
_ENTER = 'mount --rbind / "$0/mnt" && tree=$0 && exec chroot "$tree" "$@"'


def tools() -> Path:
    """Return a tree with Debian 13's QEMU and its helpers, whatever this machine has of its own.

    Debian 12's QEMU is 7.2, and raspi4b came with 9.0.
    """
    names = ["base-files", "qemu-system-arm", "device-tree-compiler", "cpio"]
    return tree("tools", "trixie", names)


def entered(tools: Path, *command: object) -> list[str]:
    """Return a command of the tree's as one to run here; it sees this machine below /mnt."""
    return ["unshare", "--mount", "sh", "-c", _ENTER, str(tools), *map(str, command)]


def seen(path: Path) -> str:
    """Return how a path of this machine is called inside the tree."""
    return f"/mnt{path.absolute()}"


def kernel() -> Path:
    """Return a tree with Debian 13's arm64 kernel and its device trees."""
    return tree("kernel", "trixie", ["linux-image-arm64"], "arm64")


def image(kernel: Path) -> Path:
    """Return the kernel's file in its tree."""
    return next((kernel / "boot").glob("vmlinuz-*"))


def pack(folder: Path, to: Path, tools: Path) -> None:
    """Append a folder to an initramfs: as it is here, owners included."""
    names = [f"./{path.relative_to(folder)}" for path in sorted(folder.rglob("*"))]
    cpio = ["cpio", "--quiet", "-0", "-o", "-H", "newc", "-D", seen(folder)]
    with to.open("ab") as out:
        done = subprocess.run(
            entered(tools, *cpio),
            input="\0".join(names).encode(errors="surrogateescape"),
            stdout=out,
            check=False,
        )
    if done.returncode != 0:
        raise NoBench(f"{to.name} was not packed; cpio says above why")


class Silent(Exception):
    """What runs inside did not say what was awaited; holds the console's last lines."""


class Machine:
    """A QEMU that runs from the beginning of the ``with`` to its end, in a folder of its own.

    What runs inside prints lines ``BENCH {…}`` to the first serial port, for `hear`; all that it
    said is in ``folder/console.log``. ``with_pins``: whether `pins` can be had.
    """

    def __init__(
        self, tools: Path, folder: Path, arguments: Sequence[object], with_pins: bool
    ) -> None:
        self._socket, self._log = folder / "qtest", folder / "console.log"
        self._heard: queue.Queue[str] = queue.Queue()
        command = ["qemu-system-aarch64", *arguments, "-no-reboot", "-display", "none"]
        command += ["-monitor", "none", "-serial", "stdio", "-nic", "none"]
        if with_pins:
            command += ["-qtest", f"unix:{seen(self._socket)},server=on,wait=off"]
            command += ["-qtest-log", "/dev/null"]
        self._command = entered(tools, *command)

    def __enter__(self) -> Self:
        self._socket.unlink(missing_ok=True)
        self._began_s = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()

    @property
    def age_s(self) -> float:
        """How long it has been running, in seconds."""
        return time.monotonic() - self._began_s

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("wb") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                self._heard.put(line.decode(errors="replace"))
        self._heard.put("")

    def hear(self, name: str, within_s: float) -> dict[str, Any]:
        """Return what is said inside under this name; raise `Silent` where it does not come."""
        latest_s = time.monotonic() + within_s
        with contextlib.suppress(queue.Empty):
            while line := self._heard.get(timeout=max(0.0, latest_s - time.monotonic())):
                if found := _SAYS.search(line):
                    said: dict[str, Any] = json.loads(found[1])
                    if said["name"] == name:
                        return said
                    if said["name"] == "end":
                        break
        last = self._log.read_text(errors="replace")[-3000:]
        status = self._process.poll()
        why = f"within {within_s:.0f} s" if status is None else f"before it ended, status {status}"
        raise Silent(f"nothing was heard of {name!r} {why}; its console:\n{last}")

    def pins(self, base: int) -> Pins:
        """Return the pins of a Pi whose GPIO registers lie at this address."""
        return Pins(self._socket, base)
