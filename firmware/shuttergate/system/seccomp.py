"""Which system calls the kernel refuses this process from now on, through libseccomp.

libseccomp2 is part of every Debian (LGPL-2.1, loaded at run time): it knows the numbers of each
processor's calls and writes the filter. Its own Python binding is a package of the system's Python
alone, and those on PyPI are not kept up; of its C interface seven functions are needed here.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass

from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.system.library_words import error_words

LIBRARY = "libseccomp.so.2"
FIRST_UNKNOWN, END_UNKNOWN = 451, 600
"""Numbers of calls, the same on every processor: of those that came with Linux 6.5 and later none
was looked at here. They are refused as not there, and programs do what they did before."""

# See seccomp.h of libseccomp.
_ALLOW, _REFUSE, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_FOREIGN, _ALL_THREADS, _TREE = 2, 4, 8  # attributes of a filter
_NOT_EQUAL, _MASKED_EQUAL = 1, 7
_UNKNOWN = -1


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True)
class Barred:
    """A call that is refused with ``code``, an errno; ``uses``: only where all of these are so."""

    call: str
    uses: tuple[tuple[int, int, int, int], ...] = ()  # as in `_Comparison`
    code: int = errno.EACCES

    def __and__(self, other: Barred) -> Barred:
        """Return the same call, refused only where both are."""
        assert (self.call, self.code) == (other.call, other.code)
        return Barred(self.call, (*self.uses, *other.uses), self.code)


def calls(names: str, code: int = errno.EACCES) -> list[Barred]:
    """Return calls that are refused whatever their arguments are."""
    return [Barred(name, code=code) for name in names.split()]


def unless(call: str, argument: int, value: int) -> Barred:
    """Return a call that is refused unless its argument number `argument`, from 0, is `value`."""
    return Barred(call, ((argument, _NOT_EQUAL, value, 0),))


def where(call: str, argument: int, mask: int, value: int) -> Barred:
    """Return a call that is refused where those bits of an argument are `value`.

    ``mask``: never more than 32 bits of what the kernel takes for an int; it ignores the others.
    """
    return Barred(call, ((argument, _MASKED_EQUAL, mask, value),))


@functools.cache
def library() -> ctypes.CDLL:
    """Return libseccomp; raise `ShuttergateError` where it is not installed."""
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise ShuttergateError(
            "{library} cannot be loaded ({error}), without which no process of the "
            "kit can be confined; install it: sudo apt install libseccomp2",
            library=LIBRARY,
            error=error_words(error),
        ) from error
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = [ctypes.c_uint32]
    found.seccomp_release.argtypes = [ctypes.c_void_p]
    found.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    found.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint),
        ctypes.POINTER(_Comparison),
    ]
    found.seccomp_load.argtypes = [ctypes.c_void_p]
    return found


def refuse(refused: Iterable[Barred]) -> None:
    """Have the kernel refuse these to every thread and every child of this process, for ever.

    With other filters the strictest answer counts. Whoever calls the kernel by another processor's
    numbers (32-bit, x32) is killed. Raises `ShuttergateError`.
    """
    seccomp = library()
    context = seccomp.seccomp_init(_ALLOW)
    if not context:
        raise ShuttergateError("libseccomp has no memory for a filter; end other programs")
    try:
        for attribute, value in ((_FOREIGN, _KILL_PROCESS), (_ALL_THREADS, 1), (_TREE, 2)):
            _done(seccomp.seccomp_attr_set(context, attribute, value), phrase("set up"))
        for one in refused:
            _add(context, _number(one.call), one)
        for number in range(FIRST_UNKNOWN, END_UNKNOWN):
            _add(context, number, Barred(str(number), code=errno.ENOSYS))
        # It also sees to it that no program started from here gets more rights than it.
        _done(seccomp.seccomp_load(context), phrase("loaded"))
    finally:
        seccomp.seccomp_release(context)


def _number(call: str) -> int:
    """Return a call's number here; one that this processor does not have has a negative one."""
    number: int = library().seccomp_syscall_resolve_name(call.encode())
    if number == _UNKNOWN:
        raise ShuttergateError(
            "libseccomp does not know the call {call}; update libseccomp2", call=call
        )
    return number


def _add(context: int, number: int, one: Barred) -> None:
    array = (_Comparison * 2)(*(_Comparison(*use) for use in one.uses))
    answer = library().seccomp_rule_add_array(
        context, _REFUSE | one.code, number, len(one.uses), array
    )
    _done(answer, phrase("told to refuse {call}", call=one.call))


def _done(answer: int, what: Phrase) -> None:
    if answer != 0:
        raise ShuttergateError(
            "the filter of system calls could not be {what} ({cause}); shuttergate "
            "needs a Linux kernel with seccomp filters",
            what=what,
            cause=os.strerror(-answer),
        )
