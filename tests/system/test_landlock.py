"""The room: what is told of kernels without one, and what must not be taken for it."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from shuttergate.errors import ShuttergateError
from shuttergate.system import confine, landlock
from shuttergate.system.landlock import Right

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")

HEAD = """
import os, pathlib, sys, threading
from shuttergate.system import landlock
from shuttergate.system.landlock import Right
folder = pathlib.Path(sys.argv[1])
def tried(path):
    try: path.write_text("x"); return "could"
    except OSError as error: return os.strerror(error.errno)
"""


def done(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", HEAD + code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_place_stands_for_all_beneath_it_and_for_no_other(tmp_path: Path) -> None:
    for name in ("mine/below", "other"):
        (tmp_path / name).mkdir(parents=True)
    code = """
rights = Right.MAKE_FILE | Right.WRITE | Right.TRUNCATE
landlock.only({folder / "mine": rights, folder / "not there": rights})
print(tried(folder / "mine" / "below" / "file"), tried(folder / "other" / "file"), sep="; ")
"""
    assert done(code, tmp_path).stdout.strip() == "could; Permission denied"


def test_another_thread_that_runs_already_is_a_refusal(tmp_path: Path) -> None:
    code = "threading.Thread(target=threading.Event().wait, daemon=True).start(); landlock.only({})"
    assert "ask before they start" in done(code, tmp_path).stderr


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_kernel_without_it_is_said_once_and_is_no_error(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: landlock.SCOPES_SINCE)
    assert confine.lacking() is None
    monkeypatch.setattr(landlock, "version", lambda: landlock.SCOPES_SINCE - 1)
    assert "Landlock is older than version 6" in str(confine.lacking())
    monkeypatch.undo()
    monkeypatch.setattr(landlock, "_call", lambda *rest: -1)
    monkeypatch.setattr("ctypes.get_errno", lambda: code)
    assert landlock.version() == 0
    assert "has no Landlock" in str(confine.lacking())
    landlock.only({Path("/"): Right.WRITE})


def test_where_it_may_not_be_asked_for_it_is_not_taken_for_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(landlock, "_call", lambda *rest: -1)
    monkeypatch.setattr("ctypes.get_errno", lambda: errno.EPERM)
    with pytest.raises(ShuttergateError, match="allow the calls landlock_"):
        landlock.only({})
