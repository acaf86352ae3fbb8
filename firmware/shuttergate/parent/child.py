"""A process of the kit, as its parent sees it: started, listened to, reaped, and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STDERR_BYTES = 64 * 1024
STABLE_S = 10.0
BACK_OFF_FIRST_S = 0.1
BACK_OFF_CAP_S = 10.0


@dataclass(slots=True)
class Child:
    """One process with its pidfd, its stderr and its back-off."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    began_s: float = 0.0
    due_s: float = 0.0
    back_off_s: float = BACK_OFF_FIRST_S
    tail: bytes = b""
    killed: bool = False
    leave_by_s: float = float("inf")

    def start(self, arguments: list[str], settings: bytes, descriptor: int, now_s: float) -> None:
        """Start ``python -m`` with `arguments`, `settings` on its stdin, and `descriptor`."""
        # -I: no module from the working folder or the environment; -B: writes no bytecode.
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-m", *arguments, "--parent", str(os.getpid())],
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches the supervisor alone, which ends the others in order
        )
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        # Not as arguments: those are for every user of the machine to read.
        with contextlib.suppress(BrokenPipeError), self.process.stdin:
            self.process.stdin.write(settings)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.pidfd = os.pidfd_open(self.process.pid)
        self.began_s, self.leave_by_s = now_s, float("inf")
        self.killed = False

    @property
    def runs(self) -> bool:
        """Whether it was started and has not been reaped."""
        return self.process is not None

    def words(self) -> list[str]:
        """Return the whole lines it has written to stderr since last asked."""
        if self.process is None or self.process.stderr is None:
            return []
        with contextlib.suppress(BlockingIOError):
            self.tail += os.read(self.process.stderr.fileno(), STDERR_BYTES)
        *lines, self.tail = self.tail.split(b"\n")
        self.tail = self.tail[-STDERR_BYTES:]  # whoever writes without end fills no memory
        return [line.decode(errors="replace") for line in lines if not _chatter(line)]

    def reap(self, now_s: float) -> str:
        """Take leave of a process that ended; return how it ended, and set when to start again."""
        assert self.process is not None and self.process.stderr is not None
        code = self.process.wait()
        self.process.stderr.close()
        os.close(self.pidfd)
        self.process, self.pidfd, self.tail = None, -1, b""
        if now_s - self.began_s >= STABLE_S:
            self.back_off_s = BACK_OFF_FIRST_S
        self.due_s = now_s + self.back_off_s
        self.back_off_s = min(2 * self.back_off_s, BACK_OFF_CAP_S)
        return signal.Signals(-code).name if code < 0 else f"exit {code}"

    def kill(self) -> None:
        """SIGKILL."""
        self.killed = True
        if self.process is not None:
            self.process.kill()


def memory_mb(pid: int) -> float:
    """Return a process's resident memory, in millions of bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def _chatter(line: bytes) -> bool:
    return line.startswith(b"INFO: ") or not line.strip()
