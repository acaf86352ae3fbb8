"""From the first blocked frame to the line's going low; in a process of its own, as the kit is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from inside_help import note
from kit import needs_libcamera
from stamps import PLAIN, Stamped, Watched

from shuttergate.vision.known import paint
from support.kits import wait_until
from support.rig import Rig

BLOCKS = 200

pytestmark = [needs_libcamera, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_from_a_blocked_frame_to_the_line_low(start: Callable[[list[Any]], Rig]) -> None:
    rig = start([PLAIN, paint("test_card", (224, 224))])
    camera, panel = rig.camera, rig.panel
    assert isinstance(camera, Watched) and isinstance(panel, Stamped)
    assert wait_until(lambda: len(panel.lowered_s) > BLOCKS, 120), rig.status
    rig.appliance.stop()
    exposed, handed = [], []
    for lowered_s in panel.lowered_s:
        last = max((turned for turned in camera.turned if turned[1] < lowered_s), default=None)
        assert last is not None, "it closed before it was shown the card"
        exposed.append(lowered_s - last[0])
        handed.append(lowered_s - last[1])
    note("blocked frame exposed to line low", exposed)
    note("blocked frame handed over to line low", handed)
