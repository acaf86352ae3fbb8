"""How long the service takes to READY, and to the line's going high, by systemd's own clock."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from bank import Bank
from service import UNIT, Watch, run, show, start, systemctl, wait_until
from workbench import Note

STARTS = 20
LIMIT_MS = 60_000
"""TimeoutStartSec; what is asked for on a Raspberry Pi is not shown here."""
HIGH_S = 60.0


def test_twenty_starts(kit: Bank, note: Note) -> None:
    """twenty starts: each comes to READY, each opens the gate"""
    ready_ms, high_ms = [], []
    for _ in range(STARTS):
        systemctl("stop", UNIT)
        assert not kit.line()
        with Watch(kit) as watch:
            start()
            began_s = int(show("InactiveExitTimestampMonotonic")) / 1e6
            ready_s = int(show("ActiveEnterTimestampMonotonic")) / 1e6
            high_s = watch.wait(True, began_s, HIGH_S)
        assert high_s <= HIGH_S, show("StatusText")
        ready_ms.append(round((ready_s - began_s) * 1000))
        high_ms.append(round(high_s * 1000))
        found = {"ready_ms": ready_ms, "line_high_ms": high_ms}
        Path("/bench/starts.json").write_text(json.dumps(found))
    assert max(ready_ms) < LIMIT_MS
    note(
        f"READY after {statistics.median(ready_ms):.0f} ms (median), {max(ready_ms)} ms at most; "
        f"line high after {statistics.median(high_ms):.0f} ms, {max(high_ms)} ms at most"
    )


SLOW = "/run/systemd/system/slow.service"
SLOW_UNIT = """[Service]
Type=notify
Environment=PYTHONPATH=/bench/checkout/firmware PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -c "{code}"
TimeoutStartSec=10
WatchdogSec=10
WatchdogSignal=SIGKILL
"""
SLOW_CODE = """
import time
from shuttergate.parent import notify
notify.STEP_LIMIT_S = 10.0
manager = notify.Notifier()
def steps(numbers):
    for number in numbers:
        time.sleep(4)
        manager.progress(number)
steps({before})
if {ready}:
    manager.ready()
    steps(range(5, 9))
time.sleep(600)
"""


def slow(before: str, ready: bool) -> tuple[int, str, float]:
    """Start a service in steps of 4 s; return systemctl's status, the unit's end and its age."""
    code = SLOW_CODE.format(before=before, ready=ready)
    Path(SLOW).write_text(SLOW_UNIT.format(code=code.replace("\n", "\\n")))
    systemctl("daemon-reload")
    began_s = time.monotonic()
    status = run("systemctl", "start", "slow.service").returncode
    if status == 0:
        assert wait_until(lambda: show("ActiveState", "slow.service") == "failed", 60.0)
    took_s = time.monotonic() - began_s
    end = show("Result", "slow.service")
    run("systemctl", "reset-failed", "slow.service")
    return status, end, took_s


def test_a_step_further_puts_off_systemds_limits_and_a_hang_does_not(note: Note) -> None:
    """a start of 16 s is held by its steps where 10 s are the limit; one that hangs is ended"""
    status, end, held_s = slow("range(1, 5)", True)
    # READY after 16 s, a start of the gate process for 16 s more, then nothing.
    assert (status, end) == (0, "watchdog")
    assert held_s > 16 + 16
    status, end, ended_s = slow("[1, 2, 2, 2, 2, 2, 2, 2]", False)
    assert (status != 0, end) == (True, "timeout")
    assert ended_s < 32
    note(f"held for {held_s:.0f} s in all; ended after {ended_s:.0f} s where no step was new")
