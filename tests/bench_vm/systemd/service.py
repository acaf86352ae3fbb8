"""The service as systemd tells of it, and the scene before its camera."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bank import Bank

UNIT = "shuttergate.service"
PAGE = "shuttergate-console.service"
KIOSK = "shuttergate-kiosk.service"
ADDRESS = "http://127.0.0.1:8080"
CHECKOUT = Path("/home/pi/shuttergate")
CONFIG = Path("/etc/shuttergate/shuttergate.toml")
ALBUM = Path("/var/lib/shuttergate/album")
SCENE = Path("/run/bench/scene/0.jpg")
START_S = 60.0
"""The unit's own limit; what takes longer has failed."""


def run(*words: object, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it said comes back, and into the log where it failed."""
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        print(f"$ {' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}")
    return done


def systemctl(*words: str) -> None:
    """Have systemd do something that must succeed."""
    done = run("systemctl", *words)
    assert done.returncode == 0, done.stdout


def install(*words: str) -> str:
    """Run the real installer and return what it said; it must succeed."""
    done = run(CHECKOUT / "systemd" / "install.sh", *words)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def show(name: str, unit: str = UNIT) -> str:
    """Return one property of a unit."""
    return run("systemctl", "show", "-P", name, unit).stdout.strip()


def main_pid() -> int:
    """Return the supervisor's process id, 0 where there is none."""
    return int(show("MainPID"))


def children() -> dict[str, int]:
    """Return the process ids of the gate and the publisher, as far as they run."""
    found = {}
    for pid in Path(f"/sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs").read_text().split():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        for name, module in (
            ("gate", b"shuttergate.gate_process"),
            ("publisher", b"shuttergate.publisher_process"),
        ):
            if module in words:
                found[name] = int(pid)
    return found


def wait_until(true: Callable[[], bool], timeout_s: float = 5.0, step_s: float = 0.01) -> bool:
    """Wait until `true()` is, and return whether it came to that."""
    until_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until_s:
            return False
        time.sleep(step_s)
    return True


def is_active() -> bool:
    """Whether the kit has told systemd that it is ready."""
    return show("ActiveState") == "active"


def page_hears_the_kit() -> bool | None:
    """Return what the page says of it; None where there is no page."""
    try:
        with urllib.request.urlopen(f"{ADDRESS}/health", timeout=10) as answer:
            return bool(json.load(answer)["kit"])
    except OSError:
        return None


def restarted(old_pid: int, timeout_s: float = START_S) -> bool:
    """Wait until another supervisor than this one is ready."""
    return wait_until(
        lambda: main_pid() not in (0, old_pid) and is_active(), timeout_s, step_s=0.25
    )


def start() -> None:
    """Start the kit. How often that was done is forgotten: systemd counts, and would refuse."""
    run("systemctl", "reset-failed", UNIT)  # fails where systemd has forgotten the unit already
    systemctl("start", UNIT)


def hold_before(picture: str) -> None:
    """Hold a picture before the camera. It reads its pictures once, when it is opened."""
    fresh = SCENE.with_name("fresh")
    fresh.write_bytes(Path(f"/bench/scenes/{picture}.jpg").read_bytes())
    fresh.rename(SCENE)


class Watch:
    """Looks at the line again and again, before all others, and keeps its changes, with times.

    Looking costs: at 0.3 ms it takes most of this machine's one processor.
    """

    def __init__(self, bank: Bank, every_s: float = 0.005) -> None:
        self._bank = bank
        self._every_s = every_s
        self.changes: list[tuple[float, bool]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        wait_until(lambda: bool(self.changes))
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        # There is one processor here: who would be seen for a moment must not have it all along.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        while not self._end.is_set():
            time.sleep(self._every_s)
            level = self._bank.line()
            if not self.changes or self.changes[-1][1] != level:
                self.changes.append((time.monotonic(), level))

    def is_high(self) -> bool:
        """Whether the line was high at the last look."""
        return self.changes[-1][1]

    def first(self, high: bool, after_s: float) -> float:
        """Return when the line was first seen so, no earlier than `after_s`; or infinity."""
        if self.changes[-1][1] == high and self.changes[-1][0] <= after_s:
            return after_s
        return min(
            (at_s for at_s, level in self.changes if level == high and at_s >= after_s),
            default=float("inf"),
        )

    def wait(self, high: bool, after_s: float, timeout_s: float) -> float:
        """Wait until the line is so; return after how many seconds, or infinity."""
        wait_until(lambda: self.first(high, after_s) < float("inf"), timeout_s)
        return self.first(high, after_s) - after_s


class Journal:
    """What the service has said from here on."""

    def __init__(self) -> None:
        said = run("journalctl", "-n", "0", "--show-cursor").stdout
        self._cursor = said.partition("cursor: ")[2].strip()

    def lines(self, unit: str = UNIT) -> list[str]:
        """Return every line, also systemd's own about the unit."""
        after = ("--after-cursor", self._cursor) if self._cursor else ()
        return run("journalctl", "-u", unit, "-o", "cat", "--no-pager", *after).stdout.splitlines()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of this name in the kit's log."""
        found = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [event for event in found if event.get("event") == name]

    def wait_for(self, name: str, timeout_s: float = 20.0, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields; return it."""
        found: list[dict[str, Any]] = []

        def came() -> bool:
            found[:] = [one for one in self.events(name) if fields.items() <= one.items()]
            return bool(found)

        assert wait_until(came, timeout_s, 0.1), f"no {name} {fields} in {self.lines()[-20:]}"
        return found[0]


def paths(*folders: str, form: str = "%p") -> list[str]:
    """Return every path below, each as find's -printf writes it; the folders themselves, too."""
    done = run("find", *folders, "-printf", f"{form}\n")
    assert done.returncode == 0, done.stdout[-500:]
    return sorted(done.stdout.splitlines())


def snapshot(*folders: str) -> list[str]:
    """Return every path below with its mode, owner, time of change, size, and a link's target."""
    # A folder's own time changes with a temporary file that came and went.
    return [
        line if " d " not in line else line.rpartition(" ")[0]
        for line in paths(*folders, form="%p %y %m %U %G %s %l %T@")
    ]
