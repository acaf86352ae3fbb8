"""What a confined process can no longer do, tried from inside one."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shuttergate import feed
from support.kits import alive, wait_until

WALLS = "confine.no_dumps(); confine.no_files(); confine.only_news()"


def confined(code: str, *arguments: str, confine: str = WALLS) -> subprocess.CompletedProcess[str]:
    script = (
        "import errno, os, socket, sys\nfrom shuttergate.system import confine\n"
        f"{confine}\nOUT = sys.argv[1]\n{code}"
    )
    return subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_hears_what_is_plugged_in_and_nothing_else_of_the_kernel() -> None:
    tries = "".join(
        f"\ntry: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, {number}); print({number})"
        "\nexcept OSError as error: print(errno.errorcode[error.errno])"
        for number in (15, 0, 4, 12)
    )
    assert confined(tries, "-").stdout.split() == ["15", "EACCES", "EACCES", "EACCES"]


def test_what_is_plugged_in_can_be_listened_to() -> None:
    listens = (
        "news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 15)\n"
        "news.bind((0, 1)); print(news.getsockname()[1])"
    )
    assert confined(listens, "-").stdout.strip() == "1"


PAIR = "a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"


def test_it_makes_pairs_of_sockets_only_where_none_can_be_named() -> None:
    assert confined(PAIR, "-", confine="confine.no_network()").stdout.strip() == "b'x'"
    assert "Permission denied" in confined(PAIR, "-").stderr


def test_it_can_still_use_pipes() -> None:
    done = confined("a, b = os.pipe(); os.write(b, b'x'); print(os.read(a, 1))", "-")
    assert done.stdout.strip() == "b'x'"


def test_what_it_inherits_has_a_name_and_gets_no_other(tmp_path: Path) -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        for end in feed.pair(kind):
            with end:
                assert len(end.getsockname()) == 6  # a zero, and five digits of the kernel's
                with pytest.raises(OSError, match="Invalid argument"):
                    end.bind(str(tmp_path / "leak"))
    assert list(tmp_path.iterdir()) == []


def test_no_other_process_may_read_its_memory() -> None:
    done = confined("import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))", "-")
    assert done.stdout.strip() == "0"


PARENT = """
import ctypes, resource
from shuttergate.commands import demo, run
from shuttergate.config import Config
def out(*rest, **named):
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), cores)
    raise SystemExit
run.StatusServer = demo.Supervisor = out
"""


@pytest.mark.parametrize(
    "what", ["run.run(Config(), None, None)", "demo.demo(Config(), None, None, 1.0, [], None)"]
)
def test_nor_the_parents_before_it_starts_another(what: str) -> None:
    done = confined(PARENT + what, "-", confine="")
    assert done.stdout.strip() == "0 (0, 0)", done.stderr


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


ORPHAN = """
import time
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent: time.sleep(0.01)
confine.die_with_parent(parent); print("lives")
"""


def test_it_dies_with_a_parent_that_ended_before_the_kernel_could_know() -> None:
    done = confined(ORPHAN, "-", confine="")
    assert (done.stdout, done.stderr) == ("", "")


def test_what_the_kernel_lacks_is_said_once_in_the_log() -> None:
    told = (
        "from shuttergate.commands import run\n"
        "class Out:\n    def __init__(self, to): self.write = print\n"
        "def out(*rest, **named): raise SystemExit\n"
        "run.confine.lacking = lambda: 'no Landlock'\n"
        "run.log.Writer, run.StatusServer = Out, out\n"
        "run.run(None, None, None)"
    )
    done = confined(told, "-", confine="")
    (line,) = [line for line in done.stdout.splitlines() if line]
    assert '"event":"confined by less","cause":"no Landlock"' in line


def test_without_libseccomp_a_kit_says_so_and_does_not_start() -> None:
    code = (
        "from shuttergate.system import seccomp; seccomp.LIBRARY = 'libseccomp.so.none'\n"
        "from shuttergate import cli; cli.app(['demo', '--headless', '--seconds', '1'])"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "sudo apt install libseccomp2" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
