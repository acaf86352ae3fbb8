"""What a process gives up for good before it sees a picture: dumps, files, the network."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct

from shuttergate.errors import ShuttergateError

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_THP_DISABLE = 41
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *words) != 0:
        code = ctypes.get_errno()
        raise ShuttergateError(
            f"prctl({option}) failed: {os.strerror(code)}; shuttergate needs a Linux kernel with it"
        )


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when process `parent`, its parent, ends in any way."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)


def no_dumps() -> None:
    """No core file, and no other process of the same user may read this one's memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def no_files() -> None:
    """No file can be written by a call or grow: not on a disk, in /dev/shm or a memfd (EFBIG).

    A shared mapping of a file that is already there could still be written to; that none is made is
    what tests/whole/test_strace.py watches.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


_M_MMAP_THRESHOLD = -3


def keep_no_freed_memory(block_bytes: int = 1 << 17) -> None:
    """Have every freed block of ``block_bytes`` or more leave this process at once.

    glibc would keep such blocks for later, with whatever picture was in them; the kernel wipes them
    before anybody gets them again.
    """
    _libc.mallopt(_M_MMAP_THRESHOLD, block_bytes)


def no_huge_pages() -> None:
    """Take memory in pages of 4 KB (16 on a Raspberry Pi 5), and not of 2 MB.

    x264 asks for huge ones, and a picture of 1280 x 720 then takes 2.4 MB more than it fills; its
    time does not tell the difference. A kernel that has none says no, and nothing is lost.
    """
    _libc.prctl(_PR_SET_THP_DISABLE, *map(ctypes.c_ulong, (1, 0, 0, 0)))


# Classic BPF, see linux/bpf_common.h and linux/seccomp.h.
_LD_W_ABS, _JEQ_K, _JGE_K, _RET_K = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 13, 0x80000000  # 13: EACCES
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SYS_SOCKET = {"x86_64": 41, "aarch64": 198}
_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SYS_IO_URING_SETUP = 425
_AF_UNIX, _AF_NETLINK = 1, 16
_KERNEL_EVENTS = 15  # NETLINK_KOBJECT_UEVENT: what was plugged in or out
_X32 = 0x40000000  # a second way to number x86-64's calls
_OFFSET_NR, _OFFSET_ARCH, _OFFSET_ARG0, _OFFSET_ARG2 = 0, 4, 16, 32


def no_network() -> None:
    """Refuse every socket but a local one to all threads, by a seccomp filter that stays for ever.

    One more is left: the kernel's own news of what was plugged in, without which libusb (the Coral)
    and libudev (libcamera) do not start. It leads to no network and to no other process.
    A process that calls the kernel in a foreign way (32-bit) is killed; io_uring, which could open
    sockets past the filter, is refused. Raises `ShuttergateError` on a processor not known here.
    """
    machine = _known_machine()
    _refuse_by(
        [
            (_LD_W_ABS, 0, 0, _OFFSET_ARCH),
            (_JEQ_K, 1, 0, _AUDIT_ARCH[machine]),
            (_RET_K, 0, 0, _KILL),
            (_LD_W_ABS, 0, 0, _OFFSET_NR),
            (_JGE_K, 9, 0, _X32),
            (_JEQ_K, 2, 0, _SYS_SOCKET[machine]),
            (_JEQ_K, 7, 0, _SYS_IO_URING_SETUP),
            (_RET_K, 0, 0, _ALLOW),
            (_LD_W_ABS, 0, 0, _OFFSET_ARG0),
            (_JEQ_K, 3, 0, _AF_UNIX),
            (_JEQ_K, 0, 3, _AF_NETLINK),
            (_LD_W_ABS, 0, 0, _OFFSET_ARG2),
            (_JEQ_K, 0, 1, _KERNEL_EVENTS),
            (_RET_K, 0, 0, _ALLOW),
            (_RET_K, 0, 0, _REFUSE),
        ]
    )


def no_sockets() -> None:
    """Refuse every new socket, the local ones, too: no display, no bus, no other program's door.

    After `no_network`, whose filter stays. Pairs of sockets are left: they lead to nobody else.
    """
    _refuse_by(
        [
            (_LD_W_ABS, 0, 0, _OFFSET_NR),
            (_JEQ_K, 0, 1, _SYS_SOCKET[_known_machine()]),
            (_RET_K, 0, 0, _REFUSE),
            (_RET_K, 0, 0, _ALLOW),
        ]
    )


def _known_machine() -> str:
    machine = platform.machine()
    if machine not in _AUDIT_ARCH:
        raise ShuttergateError(
            f"no network filter is known for {machine}; run on x86_64 or aarch64"
        )
    return machine


def _refuse_by(program: list[tuple[int, int, int, int]]) -> None:
    """Set a seccomp filter for all threads, for ever; with others, the strictest answer counts."""
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    pointer = _Program(len(program), ctypes.cast(buffer, ctypes.c_void_p))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # By the system call and not by prctl, which leaves out threads that a library has started.
    failed = _libc.syscall(
        ctypes.c_long(_SYS_SECCOMP[_known_machine()]),
        ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.byref(pointer),
    )
    if failed:
        raise ShuttergateError(
            f"the network filter could not be set ({failed}, {os.strerror(ctypes.get_errno())}); "
            "shuttergate needs a Linux kernel with seccomp filters"
        )
