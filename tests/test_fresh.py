"""What a fresh Debian is told of this machine; that it holds, `make test-fresh` shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fresh
from support.places import ROOT


def test_pip_is_told_there_what_it_is_told_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", "/some/where /else")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://index.example/simple")
    settings = fresh.pip_settings()
    assert settings["PIP_FIND_LINKS"] == "/some/where /else"
    assert settings["PIP_EXTRA_INDEX_URL"] == "https://index.example/simple"


def test_what_the_settings_name_is_mounted_and_nothing_twice(tmp_path: Path) -> None:
    index, wheels, certificate = (tmp_path / one for one in ("index/simple", "wheels", "ca.crt"))
    index.mkdir(parents=True)
    (wheels / "inner").mkdir(parents=True)
    certificate.touch()
    settings = {
        "PIP_CERT": str(certificate),
        "PIP_EXTRA_INDEX_URL": f"file://{index} https://index.example/simple",
        "PIP_FIND_LINKS": f"{wheels} {wheels / 'inner'} {tmp_path / 'gone'}",
        "PIP_NO_INPUT": "1",
    }
    assert fresh.places(settings) == [str(certificate), str(index.parent), str(wheels)]


def test_where_no_debian_can_be_made_it_says_why() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "fresh.py", "trixie"],
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == fresh.CANNOT
    assert done.stdout.startswith("no fresh Debian was tried: ")
