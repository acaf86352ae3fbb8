"""The age budget: what is left of the time that a frame may speak for."""

from __future__ import annotations

import pytest

from shuttergate.commands.budget import budget, words
from shuttergate.examination import CameraTimes


@pytest.mark.parametrize(
    ("interval_ms", "left_ms"),
    [(25.0, 143.0), (100.0, 68.0), (180.0, -12.0)],
)
def test_the_frame_before_has_to_speak_until_the_next_is_judged(
    interval_ms: float, left_ms: float
) -> None:
    camera = CameraTimes(60, 0, interval_ms, 10.0, 60.0, 4.0)
    found = budget(camera, 18.0, 250.0)
    assert found.left_ms == left_ms
    said = "\n".join(words(found))
    assert f"{left_ms:.1f} ms  left" in said and "exposed for 10.0 ms" in said
    assert ("the gate cannot open" in said) == (left_ms <= 0)


def test_what_a_camera_does_not_say_is_not_said() -> None:
    found = budget(CameraTimes(60, 0, 33.0, None, 60.0, 4.0), 18.0, 250.0)
    assert "exposed" not in "\n".join(words(found))
