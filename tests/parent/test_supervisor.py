"""The supervisor and what it hears; with its processes it is in `tests/whole`."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from shuttergate import feed
from shuttergate.config import Config
from shuttergate.parent.supervisor import Supervisor
from support.looking import standing


def test_a_word_of_the_gate_that_a_newer_one_has_overtaken_is_not_heard(tmp_path: Path) -> None:
    """Two threads of the gate process speak: who asked first may come last."""
    is_open, closed = standing(True).status, standing(False).status
    assert is_open is not None and closed is not None
    older, newer = replace(closed, at_s=5.0), replace(is_open, at_s=5.001, opened_s=5.001)
    kit = Supervisor(Config(), tmp_path)
    ours, theirs = feed.pair()
    with ours, theirs:
        kit._leash = feed.Leash(theirs)
        link = feed.Link(ours)
        for one in (newer, older):
            link.send(one)
        assert kit.poll(0.0) == [newer]
        assert kit.status == newer
        link.send(later := replace(closed, at_s=5.1))
        assert kit.poll(0.0) == [later]
