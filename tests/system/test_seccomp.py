"""The filters of system calls: every thread, every processor, and what is told where one fails."""

from __future__ import annotations

import ctypes
import platform
import signal
import subprocess
import sys

import pytest

from shuttergate.system import confine, seccomp

AARCH64 = 0xC00000B7
X86_64 = 0xC000003E

HEAD = "import ctypes, os, threading\nfrom shuttergate.system import seccomp\n"


def done(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", HEAD + code], capture_output=True, text=True, check=False
    )


def lists() -> list[seccomp.Barred]:
    """Every call that stands in a list of `confine`."""
    found = [value for value in vars(confine).values() if isinstance(value, list)]
    return [one for value in found for one in value if isinstance(one, seccomp.Barred)]


@pytest.mark.parametrize("processor", [AARCH64, X86_64])
def test_every_call_is_one_that_libseccomp_knows_there(processor: int) -> None:
    resolve = seccomp.library().seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    assert len(lists()) > 80
    assert [one.call for one in lists() if resolve(processor, one.call.encode()) == -1] == []


def test_the_lists_make_a_filter_for_the_raspberry_pi_too() -> None:
    library = seccomp.library()
    library.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.seccomp_arch_remove.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    context = library.seccomp_init(0x7FFF0000)
    assert library.seccomp_arch_add(context, AARCH64) in (0, -17)  # EEXIST: it is one
    if platform.machine() != "aarch64":
        assert library.seccomp_arch_remove(context, X86_64) == 0
    for one in lists():
        array = (seccomp._Comparison * 2)(*(seccomp._Comparison(*use) for use in one.uses))
        number = library.seccomp_syscall_resolve_name(one.call.encode())
        count = len(one.uses)
        assert library.seccomp_rule_add_array(context, 0x50000, number, count, array) == 0, one
    library.seccomp_release(context)


def test_threads_that_run_already_are_bound_too() -> None:
    code = """
gone, found = threading.Event(), []
def look():
    gone.wait()
    try: os.mkdir("/tmp/shuttergate-never")
    except OSError as error: found.append(error.errno)
thread = threading.Thread(target=look)
thread.start()
seccomp.refuse(seccomp.calls("mkdir mkdirat"))
gone.set(); thread.join(); print(found)
"""
    assert done(code).stdout.strip() == "[13]"


def test_what_came_with_a_later_kernel_is_not_there() -> None:
    code = """
libc = ctypes.CDLL(None, use_errno=True)
def there(number):
    libc.syscall(number, -1, 0, 0, 0, 0)
    return ctypes.get_errno() != 38
print(*(number for number in range(451, 600) if there(number)))
seccomp.refuse([])
print(*(number for number in range(451, 600) if there(number)))
"""
    before, after = done(code).stdout.splitlines()
    print("this kernel has", before or "none of them")
    assert after == ""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is a way to number its calls")
def test_a_call_by_foreign_numbers_ends_the_process() -> None:
    code = "seccomp.refuse([])\nctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))"
    assert done(code).returncode == -signal.SIGSYS
    assert done("ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))").returncode == 0


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is a way to number its calls")
def test_and_all_its_threads_with_it() -> None:
    code = """
seccomp.refuse([])
call = lambda: ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))
threading.Thread(target=call, daemon=True).start()
while len(os.listdir("/proc/self/task")) > 1: pass
print("goes on without that thread")
"""
    ended = done(code)
    assert (ended.returncode, ended.stdout) == (-signal.SIGSYS, "")


def test_a_call_that_it_does_not_know_is_told() -> None:
    said = done("seccomp.refuse(seccomp.calls('no_such_call'))").stderr
    assert "does not know the call no_such_call; update libseccomp2" in said
