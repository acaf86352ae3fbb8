"""A mend that works: the command that brings what is missing, by how the program came here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from shuttergate.system import extras

PIP = "run ~/'my kit/bin/python' -m pip install"
"""A home folder tells its owner's name; what is told works where it is copied into a shell."""


@pytest.mark.parametrize(
    ("package", "extra", "says"),
    [
        (
            "/home/x/shuttergate/firmware/shuttergate",
            "video",
            "run make video in /home/x/shuttergate",
        ),
        (
            "/opt/shuttergate/app/firmware/shuttergate",
            "video",
            "systemd/install.sh again, with --video",
        ),
        ("/usr/lib/python3/site-packages/shuttergate", "video", PIP),
        ("/home/x/shuttergate/firmware/shuttergate", "cluster", PIP),
    ],
)
def test_it_fits_the_installation_at_hand(
    monkeypatch: pytest.MonkeyPatch, package: str, extra: str, says: str
) -> None:
    monkeypatch.setattr(extras, "_PACKAGE", Path(package))
    monkeypatch.setattr(sys, "executable", "/home/y/my kit/bin/python")
    monkeypatch.setenv("HOME", "/home/y")
    monkeypatch.setattr(Path, "is_file", lambda self: str(self) == "/home/x/shuttergate/Makefile")
    told = str(extras.mend(extra, "av>=18"))
    assert says in told
    assert "pip" not in told or told.endswith("install 'av>=18'")


def test_in_the_checkout_itself_it_names_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert str(extras.mend("video", "av>=18")) == "run make video"


def test_what_is_offered_is_a_target_of_the_makefile_and_an_option_of_the_installer() -> None:
    root = Path(__file__).parents[2]
    for extra in extras.CHOSEN:
        assert f"\n{extra}: " in (root / "Makefile").read_text()
        options = rf"^    (--\w+ \| )*--{extra}( \| --\w+)*\) "
        assert re.search(options, (root / "systemd" / "install.sh").read_text(), re.MULTILINE)
