"""Which build of the Edge TPU's library fits is told by its package, and by its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.errors import UnfitError
from shuttergate.vision import libedgetpu
from support.japanese import english
from support.places import ROOT


@pytest.mark.parametrize(
    ("version", "tensorflow"),
    [
        ("16.0tf2.19.1-1", (2, 19)),
        ("16.0tf2.16.1-1", (2, 16)),
        ("16.0TF2.17.1-1.trixie", (2, 17)),
        ("16.0tf2.13.1-2", (2, 13)),
        ("16.0", (2, 5)),
        ("15.0", (2, 5)),
        ("16.0pp3", (2, 5)),  # of TensorFlow 2.10, in truth: too old as well
    ],
)
def test_the_packages_version_names_its_tensorflow(
    version: str, tensorflow: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert libedgetpu.built_for(version) == tensorflow
    monkeypatch.setattr(libedgetpu, "installed", lambda: [("libedgetpu1-std", version)])
    refused = str(libedgetpu.unfit_package("libedgetpu.so.1") or "")
    assert bool(refused) is (tensorflow < (2, 16))
    assert not refused or f"libedgetpu1-std {version}" in refused
    assert libedgetpu.unfit_package("/opt/mine/libedgetpu.so.1") is None


def dpkg(folder: Path, says: str) -> str:
    """A dpkg-query that says so, at the head of the path."""
    program = folder / "dpkg-query"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{says}'\nexit 1\n")  # of two, one is not there
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("ii  libedgetpu1-std 16.0", [("libedgetpu1-std", "16.0")]),
        ("ii  libedgetpu1-max 16.0tf2.19.1-1", [("libedgetpu1-max", "16.0tf2.19.1-1")]),
        ("rc  libedgetpu1-std 16.0", []),  # taken off, its settings kept
        ("", []),
    ],
)
def test_only_what_is_installed_counts(
    says: str, found: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", dpkg(tmp_path, says))
    assert libedgetpu.installed() == found


def test_a_system_without_dpkg_has_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert libedgetpu.installed() == []


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("BuildLabel(COMPILER=6.3.0 20170516,DATE=redacted,TIME=redacted)", False),
        ("BuildLabel(COMPILER=5.4.0 20160609,DATE=redacted,TIME=redacted)", False),
        ("BuildLabel(COMPILER=12.2.0,DATE=Sep 17 2025,TIME=15:33:39)", True),
        ("BuildLabel(COMPILER=14.2.0,DATE=Feb 22 2026,TIME=09:51:57)", True),
        ("BuildLabel(COMPILER=Clang 17.0.6,DATE=redacted,TIME=redacted)", True),
        ("BuildLabel(N/A)", True),
        ("", True),
    ],
)
def test_only_a_compiler_that_cannot_have_made_a_newer_build_is_refused(
    said: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libedgetpu, "label", lambda library: said)
    if fits:
        libedgetpu.refuse_unfit("libedgetpu.so.1")
        return
    with pytest.raises(UnfitError, match=r"TensorFlow 2\.16 or newer \(docs/install\.md"):
        libedgetpu.refuse_unfit("libedgetpu.so.1")


def test_what_is_no_such_library_says_nothing() -> None:
    """Its absence is told by whoever loads it."""
    assert libedgetpu.label("libedgetpu-that-is-not-there.so.1") == ""
    assert libedgetpu.label("libc.so.6") == ""


def test_only_what_the_runtime_could_not_call_is_put_down_to_the_build() -> None:
    cause = libedgetpu.explained(RuntimeError("Encountered unresolved custom op.\nNode 1"), "a.so")
    said, mend = str(cause), str(libedgetpu.MEND)
    assert "a.so" in said and "(Node 1)" in said and said.endswith(f"; {mend}")
    assert str(libedgetpu.without_mend(cause)) == said.removesuffix(f"; {mend}")
    assert list(english(cause.told("ja"))) == []
    other = libedgetpu.explained(RuntimeError("INFO\nUSB transfer error 1"), "a.so")
    assert str(other) == "USB transfer error 1" and libedgetpu.without_mend(other) == other
    assert str(libedgetpu.explained(RuntimeError(), "a.so")) == "RuntimeError()"
    endless = libedgetpu.explained(RuntimeError("unresolved custom op" + "x" * 10**6), "a.so")
    assert len(str(endless)) < 2 * libedgetpu.LONGEST


def test_the_mend_names_a_place_that_is_there() -> None:
    assert "**The Coral's library**" in (ROOT / "docs" / "install.md").read_text()
    assert str(libedgetpu.MEND).endswith('(docs/install.md, "The Coral\'s library")')
