"""What a confined process can no longer do, tried from inside one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.kits import alive, wait_until

TRIES = {
    "a file": "open(OUT, 'wb', buffering=0).write(b'x')",
    "an unnamed file": "os.write(os.open('/tmp', os.O_TMPFILE | os.O_WRONLY), b'x')",
    "shared memory": "os.write(os.open('/dev/shm/sg-test', os.O_CREAT | os.O_WRONLY), b'x')",
    "a memfd": "os.write(os.memfd_create('x'), b'x')",
    "an internet socket": "socket.socket(socket.AF_INET)",
    "an internet 6 socket": "socket.socket(socket.AF_INET6)",
    "a raw socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
}


def confined(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = (
        "import errno, os, socket, sys\nfrom shuttergate.system import confine\n"
        "confine.no_dumps(); confine.no_files(); confine.no_network()\nOUT = sys.argv[1]\n" + code
    )
    return subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("what", TRIES)
def test_it_cannot_write(what: str, tmp_path: Path) -> None:
    code = (
        f"try: {TRIES[what]}\n"
        "except OSError as error: print(errno.errorcode[error.errno])\nelse: print('could')"
    )
    done = confined(code, str(tmp_path / "leak"))
    Path("/dev/shm/sg-test").unlink(missing_ok=True)
    assert done.stdout.strip() in ("EFBIG", "EACCES"), done.stderr


def test_it_hears_what_is_plugged_in_and_nothing_else_of_the_kernel() -> None:
    tries = "".join(
        f"\ntry: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, {number}); print({number})"
        "\nexcept OSError as error: print(errno.errorcode[error.errno])"
        for number in (15, 0, 4, 12)
    )
    assert confined(tries, "-").stdout.split() == ["15", "EACCES", "EACCES", "EACCES"]


def test_it_can_still_use_pipes_and_local_sockets() -> None:
    done = confined("a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))", "-")
    assert done.stdout.strip() == "b'x'"


def test_with_no_sockets_not_even_local_ones_are_left() -> None:
    tries = "".join(
        f"\ntry: socket.socket({family}); print('could')"
        "\nexcept OSError as error: print(errno.errorcode[error.errno])"
        for family in ("socket.AF_UNIX", "socket.AF_INET", "socket.AF_NETLINK, socket.SOCK_RAW, 15")
    )
    pair = "\na, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"
    done = confined(f"confine.no_sockets(){tries}{pair}", "-")
    assert done.stdout.split() == ["EACCES", "EACCES", "EACCES", "b'x'"], done.stderr


def test_no_other_process_may_read_its_memory() -> None:
    done = confined("import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))", "-")
    assert done.stdout.strip() == "0"


def test_it_leaves_no_core(tmp_path: Path) -> None:
    done = confined("import resource; print(resource.getrlimit(resource.RLIMIT_CORE))", "-")
    assert done.stdout.strip() == "(0, 0)"


def test_it_dies_with_its_parent() -> None:
    middle = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import sys, time\\n"
        "from shuttergate.system import confine\\n"
        'confine.die_with_parent(int(sys.argv[1])); print("up", flush=True); time.sleep(60)\', '
        "str(os.getpid())], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", middle], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    orphan = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()
    assert wait_until(lambda: not alive(orphan))
