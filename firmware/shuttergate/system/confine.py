"""What a process gives up for good before it sees a picture: dumps, files, the network, others.

Two kinds of walls: `enter_room` (Landlock) names the places that may be changed, by their paths;
the others refuse system calls by their names and plain arguments (seccomp), on every kernel. What
each of them is for is tried in tests/system/test_ways_out.py, wall by wall.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import ENOSYS
from pathlib import Path

from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.system import landlock, seccomp
from shuttergate.system.landlock import Right
from shuttergate.system.seccomp import calls, unless, where

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_THP_DISABLE = 41
_PR_SET_PTRACER = 0x59616D61

_INT = 0xFFFFFFFF

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *words) != 0:
        code = ctypes.get_errno()
        raise ShuttergateError(
            "prctl({option}) failed: {cause}; shuttergate needs a Linux kernel with it",
            option=option,
            cause=os.strerror(code),
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


def bound_memory(more_bytes: int) -> None:
    """Never hold so many bytes more than now; the limit is of address space, and can be lowered."""
    limit = _address_space() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextmanager
def bounded_memory(more_bytes: int) -> Iterator[None]:
    """Do as `bound_memory` meanwhile, and not where a stricter limit holds already."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + more_bytes
    others = [one for one in before if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([limit, *others]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Return how many bytes of addresses this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def lacking() -> Phrase | None:
    """Return what of the walls this kernel does not have, in words; None where it has all.

    Raises `ShuttergateError` where nothing of the kit could be confined.
    """
    seccomp.library()
    if landlock.version() >= landlock.SCOPES_SINCE:
        return None
    if landlock.version():
        return phrase(
            "this kernel's Landlock is older than version 6 (Linux 6.12): a process of the kit "
            "that was taken over could send signals to others of its user, and the page's could "
            "connect to their abstract sockets"
        )
    return phrase(
        "this kernel has no Landlock: a file that its user may write, and that is there already, "
        "could be written through a shared mapping by a process of the kit that was taken over"
    )


def enter_room(places: Mapping[Path, Right] | None = None) -> None:
    """Change nothing but in these places: no file written, made or removed, mapped ones included.

    Nor reach a process outside the room by a signal, its memory or an abstract socket. Before any
    other thread starts. Does nothing on a kernel without Landlock, see `lacking`.
    """
    landlock.only({Path(os.devnull): Right.WRITE, **(places or {})})


# The processes of others, and the kernel's own doors: no process of the kit needs any of them.
_PEEKING = calls(
    "ptrace process_vm_readv process_vm_writev pidfd_getfd process_madvise kcmp perf_event_open bpf"
    " userfaultfd"
)
_KERNEL = calls(
    "io_uring_setup io_uring_enter io_uring_register"  # would go past every filter
    " add_key request_key keyctl"  # the kernel keeps what is put there
    " shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open"
    " mq_unlink"
    " mount umount2 pivot_root chroot unshare setns fsopen fsconfig fsmount fspick move_mount"
    " open_tree mount_setattr swapon swapoff quotactl quotactl_fd acct"
    " name_to_handle_at open_by_handle_at fanotify_init lookup_dcookie"
    " init_module finit_module delete_module kexec_load kexec_file_load reboot syslog"
    " sethostname setdomainname settimeofday clock_settime clock_adjtime adjtimex vhangup"
)
_PEEKED_AT = [  # by others: what `no_dumps` gave up stays so
    where("prctl", 0, _INT, _PR_SET_DUMPABLE) & where("prctl", 1, _INT, 1),
    where("prctl", 0, _INT, _PR_SET_PTRACER),
]
_TYPING = [where("ioctl", 1, _INT, command) for command in (0x5412, 0x541C)]  # TIOCSTI, TIOCLINUX
_GROUP = 0xFF00
_FILE_SYSTEMS = [
    # Flags, generations, labels, subvolumes, clones: of every file system ('f', 'v', 'X'), btrfs
    # and FAT ('r'). None is a group of a camera's, a pin's, a USB device's or an Edge TPU's.
    where("ioctl", 1, _GROUP, group << 8)
    for group in (ord("f"), ord("v"), ord("X"), 0x94, ord("r"))
]


def no_peeking() -> None:
    """Reach no other process, and no part of the kernel that a camera does not need.

    Neither another's memory, threads and open files, nor what goes past filters (io_uring), keeps
    things (keyrings, System V memory, message queues) or changes what is where (mounts). Nor can
    this process show others its own memory again; a program that it starts could.
    """
    seccomp.refuse([*_PEEKING, *_PEEKED_AT, *_KERNEL, *_TYPING, *_FILE_SYSTEMS])


_AF_UNIX, _AF_NETLINK = 1, 16
_KERNEL_EVENTS = 15  # NETLINK_KOBJECT_UEVENT: what was plugged in or out
_NETLINK_ADDRESS_BYTES = 12
_TYPE, _DATAGRAMS, _RAW = 0xF, 2, 3
_PAIRS = [
    unless("socketpair", 0, _AF_UNIX),
    *(where("socketpair", 1, _TYPE, kind) for kind in (_DATAGRAMS, _RAW)),  # can be sent on
]
_NO_ADDRESS = [unless("sendto", 4, 0)]


def no_network() -> None:
    """Refuse every new socket, of a network or of a program here, for all threads.

    Pairs of connected sockets are left: they lead to nobody else.
    """
    seccomp.refuse([*calls("socket bind connect listen"), *_PAIRS, *_NO_ADDRESS])


def only_news() -> None:
    """Refuse every socket but the kernel's own news of what was plugged in.

    Without it libusb (the Coral) and libudev (libcamera) do not start. It leads to no network and
    to no other process. They have to bind it, which for other sockets would be a way to write: a
    Unix socket's name may be as long as a netlink address. So no pair is made either, and those
    from before have names (`feed.pair`).
    """
    seccomp.refuse(
        [
            unless("socket", 0, _AF_NETLINK),
            unless("socket", 2, _KERNEL_EVENTS),
            unless("bind", 2, _NETLINK_ADDRESS_BYTES),
            *calls("connect listen socketpair"),
            *_NO_ADDRESS,
        ]
    )


def only_local() -> None:
    """Refuse every new socket but a connection to a program here; what listens already goes on."""
    kinds = [where("socket", 1, _TYPE, kind) for kind in (_DATAGRAMS, _RAW)]
    seccomp.refuse([unless("socket", 0, _AF_UNIX), *kinds, *calls("bind"), *_PAIRS, *_NO_ADDRESS])


_O_CREAT, _O_TRUNC, _O_TMPFILE, _O_WRONLY, _O_RDWR = 0o100, 0o1000, 0o20000000, 1, 2


def _opened(flag: int) -> list[seccomp.Barred]:
    return [where("open", 1, flag, flag), where("openat", 2, flag, flag)]


# A file's name, its times and its attributes hold bytes, too.
_ATTRIBUTES = calls(
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
    " chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat"
)
_NAMES = calls(
    "symlink symlinkat rename renameat renameat2 mkdir mkdirat rmdir mknod mknodat creat"
    " truncate ftruncate memfd_create memfd_secret"
)
_LINKS = calls("link linkat unlink unlinkat fallocate")
_FLAGS_OUT_OF_SIGHT = calls("openat2", ENOSYS)


def no_files(devices: bool = False) -> None:
    """Make, write, rename or remove no file, and none of its attributes.

    No regular file can grow or be written by a call: not on a disk, in /dev/shm or a memfd (EFBIG).
    With
    ``devices`` one that is there may be opened for writing, as a camera has to be; that no file is
    then written through a shared mapping is what `enter_room` sees to. Without, none may.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    writing = [] if devices else [*_opened(_O_WRONLY), *_opened(_O_RDWR)]
    seccomp.refuse(
        [
            *(*_ATTRIBUTES, *_NAMES, *_LINKS, *_FLAGS_OUT_OF_SIGHT, *writing),
            *(*_opened(_O_CREAT), *_opened(_O_TRUNC), *_opened(_O_TMPFILE)),
        ]
    )


def only_whole_files() -> None:
    """Leave, of all ways to make a file, those of an album: unnamed first, then linked whole."""
    seccomp.refuse(
        [*_ATTRIBUTES, *_NAMES, *_FLAGS_OUT_OF_SIGHT, *_opened(_O_CREAT), *_opened(_O_TRUNC)]
    )


def no_programs() -> None:
    """Start no program; of this process itself there may be more."""
    seccomp.refuse(calls("execve execveat"))


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
