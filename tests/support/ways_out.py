"""Each way by which bytes could leave a process that was taken over; run inside of one.

`try_all` is called in the process itself. It writes to its parent what each way came to: "could",
or the error's name. Every way has a file of its own, of `SIZE` bytes, and leaves it alone but for
what it tries.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import pty
import resource
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SIZE = 60_000
LEAK = b"\xff" * SIZE

_libc = ctypes.CDLL(None, use_errno=True)
_X86 = platform.machine() == "x86_64"


class Place(NamedTuple):
    """Where to try: a file of one's own and its folder, and another process of the same user."""

    file: Path
    folder: Path
    listeners: Path
    peer: int
    peer_memory: int


def call(number: int, *arguments: object) -> int:
    """Make a system call; raise OSError."""
    words = [one if isinstance(one, bytes) else ctypes.c_long(int(str(one))) for one in arguments]
    answer = int(_libc.syscall(ctypes.c_long(number), *words))
    if answer < 0:
        raise OSError(ctypes.get_errno(), "")
    return answer


def _libc_call(name: str, *arguments: object) -> int:
    answer = int(getattr(_libc, name)(*arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer


def number(x86: int, aarch64: int) -> int:
    """Return a system call's number on this processor."""
    return x86 if _X86 else aarch64


def _mapped(at: Place) -> None:
    file = os.open(at.file, os.O_RDWR)
    with mmap.mmap(file, SIZE, mmap.MAP_SHARED) as memory:
        memory[:] = LEAK


def _written(at: Place) -> None:
    os.pwrite(os.open(at.file, os.O_WRONLY), LEAK, 0)


def _made(at: Place) -> None:
    os.open(at.folder / "new", os.O_WRONLY | os.O_CREAT, 0o600)


def _unnamed(at: Place) -> None:
    file = os.open(at.folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    os.write(file, LEAK)
    into = os.open(at.folder, os.O_RDONLY | os.O_DIRECTORY)
    os.link(f"/proc/self/fd/{file}", "linked", dst_dir_fd=into, follow_symlinks=True)


def _openat2(at: Place) -> None:
    how = struct.pack("=QQQ", os.O_WRONLY | os.O_CREAT, 0o600, 0)
    call(437, -100, os.fsencode(at.folder / "new2"), *(ctypes.addressof(_kept(how)), len(how)))


_alive: list[object] = []


def _kept(content: bytes) -> ctypes.Array[ctypes.c_char]:
    buffer = ctypes.create_string_buffer(content, len(content))
    _alive.append(buffer)
    return buffer


def _emptied(at: Place) -> None:
    os.open(at.file, os.O_WRONLY | os.O_TRUNC)


def _shared_memory(at: Place) -> None:
    name = f"/dev/shm/shuttergate-ways-{os.getpid()}"
    try:
        os.write(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), LEAK)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def _memfd(at: Place) -> None:
    os.write(os.memfd_create("x"), LEAK)


def _old_memory(at: Place) -> None:
    made = call(number(29, 194), 0, SIZE, 0o1600)  # shmget(IPC_PRIVATE, …, IPC_CREAT)
    call(number(31, 195), made, 0, 0)  # shmctl(IPC_RMID)


def _message_queue(at: Place) -> None:
    call(number(240, 180), b"shuttergate-ways", os.O_CREAT | os.O_RDWR, 0o600, 0)
    call(number(241, 181), b"shuttergate-ways")


def _key(at: Place) -> None:
    call(number(248, 217), b"user", b"shuttergate", b"leak", 4, -2)  # process keyring


def _stream(at: Place) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(at.listeners / "stream"))
        sock.send(b"leak")


def _datagram(at: Place) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"leak", str(at.listeners / "datagram"))


def _half_a_pair(at: Place) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.sendmsg([b"leak"], [], 0, str(at.listeners / "datagram"))


def _pair_sent_to(at: Place) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.sendto(b"leak", str(at.listeners / "datagram"))


def _abstract(at: Place) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(b"\0" + os.fsencode(at.listeners))


def _bound(at: Place) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.bind(str(at.folder / "socket"))


def _named_shortly(name: bytes) -> Callable[[Place], None]:
    """An address of 12 bytes, as long as one of netlink's, which some processes may bind."""

    def way(at: Place) -> None:
        os.chdir(at.folder)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.bind(name)

    return way


def _inherited_named(at: Place) -> None:
    os.chdir(at.folder)
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(one.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(one.name))) as sock:
                if sock.family == socket.AF_UNIX:
                    sock.bind(b"leak-leak")
                    return
    raise OSError(errno.EINVAL, "")


def _into_fifo(at: Place) -> None:
    os.write(os.open(at.listeners / "fifo", os.O_WRONLY | os.O_NONBLOCK), b"leak")


def _onto_terminal(at: Place) -> None:
    terminal = (at.listeners / "terminal").readlink()
    os.write(os.open(terminal, os.O_WRONLY | os.O_NOCTTY), b"leak")


def _shown(at: Place) -> None:
    _libc_call("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE


def _a_socket(family: int, kind: int, protocol: int = 0) -> Callable[[Place], None]:
    return lambda at: socket.socket(family, kind, protocol).close()


def _news_told(at: Place) -> None:
    kind, kernel_events = socket.SOCK_RAW, 15
    with (
        socket.socket(socket.AF_NETLINK, kind, kernel_events) as hears,
        socket.socket(socket.AF_NETLINK, kind, kernel_events) as tells,
    ):
        hears.bind((0, 4))
        tells.sendto(b"leak", (0, 4))


def _traced(at: Place) -> None:
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    _libc_call("ptrace", 16, at.peer, None, None)
    os.waitpid(at.peer, 0x40000000)
    _libc_call("ptrace", 17, at.peer, None, None)


def _vector(address: int, length: int) -> bytes:
    return struct.pack("=QQ", address, length)


def _into_memory(at: Place) -> None:
    ours = _kept(b"leak")
    local, remote = _vector(ctypes.addressof(ours), 4), _vector(at.peer_memory, 4)
    call(number(311, 271), at.peer, local, 1, remote, 1, 0)


def _out_of_memory(at: Place) -> None:
    ours = _kept(b"leak")
    local, remote = _vector(ctypes.addressof(ours), 4), _vector(at.peer_memory, 4)
    call(number(310, 270), at.peer, local, 1, remote, 1, 0)


def _memory_file(at: Place) -> None:
    file = os.open(f"/proc/{at.peer}/mem", os.O_RDWR)
    os.pwrite(file, b"leak", at.peer_memory)


def _memory_read(at: Place) -> None:
    os.pread(os.open(f"/proc/{at.peer}/mem", os.O_RDONLY), 4, at.peer_memory)


def _anothers_file(at: Place) -> None:
    call(438, os.pidfd_open(at.peer), 0, 0)


def _signalled(at: Place) -> None:
    os.kill(at.peer, signal.SIGWINCH)


def _ring(at: Place) -> None:
    os.close(call(425, 1, _kept(bytes(120)).raw))


def _faults_handled(at: Place) -> None:
    os.close(call(number(323, 282), os.O_CLOEXEC | 1))


def _typed(at: Place) -> None:
    _master, slave = pty.openpty()
    # The kernel reads the lower half alone: a filter must, too.
    call(number(16, 29), slave, 0x5412 | 1 << 32, b"x")


def _started(at: Place) -> None:
    if (pid := os.fork()) == 0:
        with contextlib.suppress(OSError):
            os.execv("/bin/true", ["true"])
        os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise OSError(errno.EACCES, "")


def _generation(at: Place) -> None:
    # FS_IOC_SETVERSION: 32 bits that stay with a file.
    fcntl.ioctl(os.open(at.file, os.O_RDONLY), 0x40087602, struct.pack("=q", 12345))


def _generation_of_ext4(at: Place) -> None:
    # EXT4_IOC_SETVERSION: the same by another number.
    fcntl.ioctl(os.open(at.file, os.O_RDONLY), 0x40086604, struct.pack("=q", 12345))


WAYS: dict[str, Callable[[Place], object]] = {
    "write a file": _written,
    "write a file through a shared mapping": _mapped,
    "make a file": _made,
    "make an unnamed file and link it": _unnamed,
    "make a file by openat2": _openat2,
    "write to a fifo that is there": _into_fifo,
    "write on a terminal": _onto_terminal,
    "a symbolic link's target": lambda at: (at.folder / "symbolic").symlink_to("x" * 255),
    "a link": lambda at: os.link(at.file, at.folder / "link"),
    "a folder's name": lambda at: (at.folder / "name").mkdir(),
    "a fifo": lambda at: os.mkfifo(at.folder / "fifo"),
    "a node": lambda at: os.mknod(at.folder / "node"),
    "a new name": lambda at: at.file.rename(at.folder / "renamed"),
    "an extended attribute": lambda at: os.setxattr(at.file, "user.x", b"leak"),
    "a mode": lambda at: at.file.chmod(0o711),
    "a time": lambda at: os.utime(at.file, (1, 1)),
    "a generation": _generation,
    "a generation by ext4's number": _generation_of_ext4,
    "remove a file": lambda at: at.file.unlink(),
    "empty a file as it is opened": _emptied,
    "cut a file": lambda at: os.truncate(at.file, 1),
    "a file in /dev/shm": _shared_memory,
    "a memfd": _memfd,
    "System V memory": _old_memory,
    "a message queue": _message_queue,
    "a key of the kernel's": _key,
    "connect to a program here": _stream,
    "a datagram to a program here": _datagram,
    "a datagram from half a pair": _half_a_pair,
    "a datagram to an address from half a pair": _pair_sent_to,
    "an abstract socket": _abstract,
    "a socket's name": _bound,
    "a socket's short name": _named_shortly(b"leak-leak"),
    "a socket's short abstract name": _named_shortly(b"\0leak-leak"),
    "a name for what it inherited": _inherited_named,
    "an internet socket": _a_socket(socket.AF_INET, socket.SOCK_STREAM),
    "an internet datagram socket": _a_socket(socket.AF_INET, socket.SOCK_DGRAM),
    "an internet 6 socket": _a_socket(socket.AF_INET6, socket.SOCK_STREAM),
    "a raw socket": _a_socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a netlink socket": _a_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "news of what is plugged in": _a_socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    "news told by a process": _news_told,
    "trace a process": _traced,
    "write into a process": _into_memory,
    "read out of a process": _out_of_memory,
    "write a process's memory as a file": _memory_file,
    "read a process's memory as a file": _memory_read,
    "be read by others": _shown,
    "take a process's open file": _anothers_file,
    "a signal": _signalled,
    "io_uring": _ring,
    "userfaultfd": _faults_handled,
    "type on a terminal": _typed,
    "start a program": _started,
}


def try_all(folder: Path, listeners: Path, peer: int, peer_memory: int, out: int) -> None:
    """Try each way in its turn, and write to descriptor `out` what it came to, as JSON."""
    came: dict[str, str] = {}
    for position, (name, way) in enumerate(WAYS.items()):
        own = folder / str(position)
        try:
            way(Place(own / "there", own, listeners, peer, peer_memory))
            came[name] = "could"
        except OSError as error:
            came[name] = errno.errorcode.get(error.errno or 0, "?")
    came["core"] = str(resource.getrlimit(resource.RLIMIT_CORE) == (0, 0))
    os.write(out, json.dumps(came).encode())
