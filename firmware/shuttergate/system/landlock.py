"""Landlock: outside the places that are named, the kernel lets this process change no file.

Three system calls, the same on every processor; see linux/landlock.h. Neither glibc nor a package
that is kept up has them. A kernel may have none: Linux before 5.13, or one built without, as
Raspberry Pi OS's are.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping
from enum import IntFlag
from pathlib import Path

from shuttergate.errors import ShuttergateError

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_SCOPES = 3  # no abstract socket of others, no signal to others
SCOPES_SINCE = 6
"""The version of Landlock that knows scopes: Linux 6.12."""

_libc = ctypes.CDLL(None, use_errno=True)


class Right(IntFlag):
    """What may be done with files; only WRITE and TRUNCATE with what is no folder."""

    WRITE = 1 << 1
    REMOVE_FOLDER = 1 << 4
    REMOVE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_FOLDER = 1 << 7
    MAKE_FILE = 1 << 8
    MAKE_SOCKET = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_LINK = 1 << 12
    REFER = 1 << 13  # to another folder, by a link or a move
    TRUNCATE = 1 << 14


_SINCE = {Right.REFER: 2, Right.TRUNCATE: 3}
"""The version of Landlock that knows it, where not the first does."""


def version() -> int:
    """Return which version of Landlock this kernel has, from 1; 0: none.

    Raises `ShuttergateError` where it may not be asked.
    """
    answer = _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if answer >= 0:
        return answer
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EOPNOTSUPP):
        return 0
    raise _failed(code)


def only(places: Mapping[Path, Right]) -> None:
    """Let this process and its children change nothing outside ``places``, for ever.

    A place stands for all beneath it; one that is not there now is left out. Reading stays as it
    was. It binds only the thread that asks and those it starts: raises `ShuttergateError` where
    there are others. Does nothing where the kernel has no Landlock.
    """
    known = version()
    if not known:
        return
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        raise ShuttergateError("Landlock would not bind the other threads; ask before they start")
    handled = Right(0)
    for right in Right:
        handled |= right if _SINCE.get(right, 1) <= known else Right(0)
    attributes = struct.pack("=QQQ", handled, 0, _SCOPES)
    size = len(attributes) if known >= SCOPES_SINCE else 8
    rules = _done(_call(_CREATE_RULESET, attributes, size, 0))
    try:
        for place, rights in places.items():
            _allow(rules, place, rights & handled)
        _done(_libc.prctl(38, *map(ctypes.c_ulong, (1, 0, 0, 0))))  # PR_SET_NO_NEW_PRIVS
        _done(_call(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


def _allow(rules: int, place: Path, rights: Right) -> None:
    try:
        beneath = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is not there
    try:
        if not place.is_dir():
            rights &= Right.WRITE | Right.TRUNCATE
        _done(_call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0))
    finally:
        os.close(beneath)


def _call(number: int, *arguments: int | bytes | None) -> int:
    words = [one if isinstance(one, bytes) else ctypes.c_long(one or 0) for one in arguments]
    return int(_libc.syscall(ctypes.c_long(number), *words))


def _done(answer: int) -> int:
    if answer < 0:
        raise _failed(ctypes.get_errno())
    return answer


def _failed(code: int) -> ShuttergateError:
    return ShuttergateError(
        "Landlock could not be used ({cause}); allow the calls landlock_* where a "
        "filter of system calls is set, in the service's unit for example",
        cause=os.strerror(code),
    )
