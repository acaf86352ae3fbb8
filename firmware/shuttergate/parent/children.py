"""The kit's processes, as their parent sees them: started, heard, reaped, and started again."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from shuttergate.system import spawn

STDERR_BYTES = 64 * 1024
STABLE_S = 10.0
BACK_OFF_FIRST_S = 0.1
BACK_OFF_CAP_S = 10.0


@dataclass(slots=True, eq=False)
class Child:
    """One process with its pidfd, its stderr and its back-off."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    began_s: float = 0.0
    due_s: float = 0.0
    wait_s: float = 0.0  # from its last end to its next start
    tail: bytes = b""
    killed: bool = False
    leave_by_s: float = float("inf")
    backoff: spawn.Backoff = field(
        default_factory=lambda: spawn.Backoff(BACK_OFF_FIRST_S, BACK_OFF_CAP_S, STABLE_S)
    )

    def start(self, module: str, link: int, settings: bytes, now_s: float) -> None:
        """Start `module` with the socket of descriptor `link`, and `settings` on its stdin."""
        self.process = spawn.start(module, link, settings=settings, stderr=subprocess.PIPE)
        assert self.process.stderr is not None
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
        said = [line.decode(errors="replace") for line in lines if not _chatter(line)]
        return [line.replace(f"{Path.home()}/", "~/") for line in said]  # a traceback has paths

    def reap(self, now_s: float) -> str:
        """Take leave of a process that ended; return how it ended, and set when to start again."""
        assert self.process is not None and self.process.stderr is not None
        code = self.process.wait()
        self.process.stderr.close()
        os.close(self.pidfd)
        self.process, self.pidfd, self.tail = None, -1, b""
        self.wait_s = self.backoff.after(now_s - self.began_s)
        self.due_s = now_s + self.wait_s
        return signal.Signals(-code).name if code < 0 else f"exit {code}"

    def kill(self) -> None:
        """SIGKILL."""
        self.killed = True
        if self.process is not None:
            self.process.kill()


def memory_mb(pid: int) -> float:
    """Return a process's resident memory, in millions of bytes; raise OSError where it ended."""
    return memory_bytes(pid, "VmRSS") / 1e6


def memory_bytes(pid: int, kind: str) -> int:
    """Return what the kernel tells of a process's memory, as "VmSize"; raise OSError: it ended.

    It ended, too, where nobody has waited for it yet: a zombie has no memory.
    """
    _, found, rest = Path(f"/proc/{pid}/status").read_text().partition(f"\n{kind}:")
    if not found:
        raise ProcessLookupError(errno.ESRCH, f"process {pid} has ended")
    return int(rest.split()[0]) * 1024


def _chatter(line: bytes) -> bool:
    return line.startswith(b"INFO: ") or not line.strip()
