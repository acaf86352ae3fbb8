"""kill -9 at fifty random moments of a kit at work: the line falls, and nothing half remains."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from bank import Bank, Copper
from inside_help import note, photos, wait_line
from kit import needs_libcamera
from rigging import Run

from support.kits import alive, wait_until

KILLS = 50

pytestmark = needs_libcamera


def test_after_kills_the_line_is_low_and_every_photo_whole(
    run: Run, clear_scene: Path, bank: Bank, copper: Copper, album: Path
) -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    print(f"seed {seed}")
    low_s: list[float] = []
    one = run(clear_scene, "picamera2")
    for turn in range(KILLS):
        assert wait_line(bank, True, 40), turn
        processes = {"parent": one.process.pid, **one.children()}
        victim = dice.choice(list(processes))
        time.sleep(0.4)  # the button must have been seen released, and a frame must have come
        # From a press on, a photo takes about half a second here: looked at, encoded, published.
        copper.finger = True
        time.sleep(dice.uniform(0.0, 0.9))
        os.kill(processes[victim], signal.SIGKILL)
        killed_s = time.monotonic()
        assert wait_line(bank, False, 2.0), (turn, victim)
        low_s.append(time.monotonic() - killed_s)
        copper.finger = False
        photos(album)
        if victim == "parent":
            assert all(wait_until(lambda pid=pid: not alive(pid)) for pid in processes.values())  # type: ignore[misc]
            assert not bank.line()
            one.close()
            one = run(clear_scene, "picamera2")
    assert wait_line(bank, True, 40)
    assert one.stop() == 0
    assert not bank.line()
    note("kill -9 to line low", low_s)
    assert photos(album) > 0, "no press came to a photo: the kills would prove nothing"
