"""The service at work, and whatever ends or freezes it: the line is what counts."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path

from bank import ENABLE, SENSE, SHUTTER, Bank, Copper
from PIL import Image
from service import (
    ADDRESS,
    ALBUM,
    CONFIG,
    PAGE,
    UNIT,
    Journal,
    Watch,
    children,
    hold_before,
    main_pid,
    page_hears_the_kit,
    restarted,
    run,
    show,
    start,
    systemctl,
    wait_until,
)
from workbench import Note

LOW_S = 2.0
"""So soon after a death the line must be low; this machine is slow, and looked at from inside."""
FROZEN_S = 6.0
"""The supervisor waits 2 s for word from the gate; the rest is this machine's slowness."""

TRIES = 3
PRESSES = 20


def photos() -> set[str]:
    return {path.name for path in ALBUM.iterdir()}


def test_a_press_gives_one_whole_photo(kit: Bank, copper: Copper, note: Note) -> None:
    """a press on the simulated button gives one photo, whole, in the album"""
    before, journal, tries = photos(), Journal(), 0
    # Frames come late here: often none was exposed near enough to a press, which is then refused.
    while not journal.events("photo") and tries < PRESSES:
        tries += 1
        refused = len(journal.events("press refused"))
        assert wait_until(kit.line, 30), show("StatusText")
        time.sleep(0.5)  # the button must have been seen released
        copper.press(0.3)
        wait_until(
            lambda due=refused: bool(  # type: ignore[misc]
                journal.events("photo") or len(journal.events("press refused")) > due
            ),
            10,
            0.25,
        )
    told = journal.wait_for("photo")
    (name,) = photos() - before
    assert name == told["name"]
    path = ALBUM / name
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.read_bytes().endswith(b"\xff\xd9")
    with Image.open(path) as photo:
        photo.load()
        assert (photo.format, photo.size) == ("JPEG", (640, 480))
        red, green, blue = photo.convert("RGB").getpixel((320, 240))
    assert blue > 120 > red and blue > green, "not the scene that was before the camera"
    note(f"{path.stat().st_size} bytes, 640 x 480, {told['ms']} ms after the press, try {tries}")


def test_a_blocked_scene_keeps_the_line_low(kit: Bank, copper: Copper, note: Note) -> None:
    """the test card before the camera: the line stays low, a press does nothing"""
    before = photos()
    systemctl("stop", UNIT)
    hold_before("blocked")
    journal = Journal()
    with Watch(kit) as watch:
        began_s = time.monotonic()
        start()
        journal.wait_for("gate", reason="nudity")
        status = show("StatusText")
        copper.finger = True
        time.sleep(2.0)
        # The dead button has no current; only its second pole is felt, for the log.
        assert not kit.level(SHUTTER)
        assert kit.level(SENSE)
        copper.finger = False
        journal.wait_for("press refused", reason="nudity")
        time.sleep(3.0)
        assert watch.first(True, began_s) == float("inf"), "the line was high"
    assert photos() == before
    note(f"systemd's status line: {status}; watched for {time.monotonic() - began_s:.0f} s")


def killed(kit: Bank, pid: int, number: int, limit_s: float) -> float:
    """Send a signal; return after how many seconds the line was low, which must be soon."""
    with Watch(kit) as watch:
        # On a busy computer frames come late and the gate closes by itself: that must not count.
        assert wait_until(watch.is_high, 60, 0.001), show("StatusText")
        sent_s = time.monotonic()
        os.kill(pid, number)
        low_s = watch.wait(False, sent_s, limit_s)
    assert low_s <= limit_s, f"the line was still high after {limit_s} s"
    return low_s


def test_a_killed_gate_lets_the_line_go(kit: Bank, note: Note) -> None:
    """SIGKILL of the gate process: the line is low, another gate opens"""
    pid, journal, lows = main_pid(), Journal(), []
    for _ in range(3):
        lows.append(killed(kit, children()["gate"], signal.SIGKILL, LOW_S))
        assert wait_until(kit.line, 30), show("StatusText")
    assert (main_pid(), len(journal.events("gate ended"))) == (pid, 3)
    note(f"low after {', '.join(f'{low * 1000:.0f}' for low in lows)} ms")


def test_a_killed_supervisor_takes_its_gate_with_it(kit: Bank, note: Note) -> None:
    """SIGKILL of the supervisor: the line is low, systemd starts the kit again"""
    pid, gate, restarts = main_pid(), children()["gate"], int(show("NRestarts"))
    low_s = killed(kit, pid, signal.SIGKILL, LOW_S)
    killed_s = time.monotonic()
    assert restarted(pid)
    back_s = time.monotonic() - killed_s
    assert children()["gate"] != gate
    assert int(show("NRestarts")) == restarts + 1
    assert wait_until(kit.line, 30)
    note(f"low after {low_s * 1000:.0f} ms; READY again {back_s:.1f} s after it")


def test_a_frozen_gate_is_killed(kit: Bank, note: Note) -> None:
    """SIGSTOP of the gate process: the supervisor kills it, the line is low, another opens"""
    pid, journal = main_pid(), Journal()
    low_s = killed(kit, children()["gate"], signal.SIGSTOP, FROZEN_S)
    journal.wait_for("gate frozen")
    assert wait_until(kit.line, 30), show("StatusText")
    assert main_pid() == pid
    note(f"low after {low_s:.1f} s")


def test_a_frozen_supervisor_is_killed_by_the_watchdog(kit: Bank, note: Note) -> None:
    """SIGSTOP of the supervisor: systemd's watchdog kills it, the kit comes back"""
    pid, journal = main_pid(), Journal()
    limit_s = int(show("WatchdogUSec").removesuffix("s"))
    with Watch(kit) as watch:
        assert wait_until(watch.is_high, 60, 0.001), show("StatusText")
        frozen_s = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        low_s = watch.wait(False, frozen_s, limit_s + 5)
        assert restarted(pid, limit_s + 60)
        back_s = time.monotonic() - frozen_s
        assert low_s <= limit_s + 2
        assert watch.wait(True, frozen_s + low_s, 30) < float("inf")
    said = "\n".join(journal.lines())
    assert re.search(r"Watchdog timeout \(limit \d+s\)!", said), said
    assert "status=9/KILL" in said
    note(f"low after {low_s:.1f} s, READY again after {back_s:.1f} s")


def test_stop_lowers_the_line(kit: Bank, note: Note) -> None:
    """systemctl stop: the line is low, status 0, nothing of it runs"""
    with Watch(kit) as watch:
        assert wait_until(watch.is_high, 60, 0.001), show("StatusText")
        began_s = time.monotonic()
        systemctl("stop", UNIT)
        took_s = time.monotonic() - began_s
        assert not kit.line()
        time.sleep(1.0)
    low_s = watch.changes[-1][0] - began_s
    assert (watch.changes[-1][1], low_s <= took_s) == (False, True), "it was high again"
    assert (show("Result"), show("ExecMainStatus"), main_pid()) == ("success", "0", 0)
    note(f"low after {low_s * 1000:.0f} ms, ended after {took_s:.1f} s")


def test_exec_stop_post_lowers_a_line_that_was_left_high(kit: Bank, note: Note) -> None:
    """ExecStopPost drives low a line that a dead process left high"""
    # As a Raspberry Pi's kernel would: what lets go of this line leaves it high. It is low only for
    # as long as the program holds it, some milliseconds, which may be missed.
    tries, low_s = 0, float("inf")
    while low_s == float("inf") and tries < TRIES:
        tries += 1
        assert wait_until(kit.line, 30), show("StatusText")
        pid = main_pid()
        kit.pull(ENABLE, True)
        try:
            with Watch(kit, 0.0003) as watch:
                killed_s = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                assert wait_until(lambda: show("SubState") == "auto-restart", 10, 0.25)
                low_s = watch.first(False, killed_s) - killed_s
        finally:
            kit.pull(ENABLE, False)
        post = show("ExecStopPost")
        assert "shuttergate.release" in post and "status=0" in post, post
        assert restarted(pid)
    systemctl("start", "shuttergate-console.service")
    assert low_s < 5.0, "nobody drove it low"
    note(f"low {low_s:.2f} s after the kill, before systemd starts the kit again; try {tries}")


def test_a_wrong_configuration_is_not_tried_again(kit: Bank, note: Note) -> None:
    """a wrong setting: status 2, words in the journal, no restart, the line low"""
    right, journal = CONFIG.read_text(), Journal()
    systemctl("stop", UNIT)
    try:
        CONFIG.write_text(re.sub(r"(?m)^(\[gate\].*)$", r"\1\nclear_frame = 2", right))
        assert run("systemctl", "start", UNIT).returncode != 0
        time.sleep(7.0)  # RestartSec=5
        assert (show("ExecMainStatus"), show("NRestarts")) == ("2", "0")
        assert (show("ActiveState"), kit.line()) == ("failed", False)
        said = [line for line in journal.lines() if "clear_frame" in line]
        assert said and str(CONFIG) in said[0], journal.lines()
    finally:
        CONFIG.write_text(right)
    start()
    note(said[0])


def test_the_boot_target_starts_it(kit: Bank) -> None:
    """it is enabled: multi-user.target brings it up"""
    systemctl("stop", UNIT)
    systemctl("start", "multi-user.target")
    assert wait_until(lambda: show("ActiveState") == "active", 60, 0.2)


def judge_process() -> int:
    """Return the process id of the page's child that judges pictures, 0 where there is none."""
    for pid in Path(f"/sys/fs/cgroup/system.slice/{PAGE}/cgroup.procs").read_text().split():
        if b"shuttergate.console.judge_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(pid)
    return 0


def test_the_page_shows_the_kit(kit: Bank, note: Note) -> None:
    """the page answers in its sandbox, hears the kit, says when it is off, hears it again"""
    restarts = show("NRestarts", PAGE)
    assert wait_until(lambda: page_hears_the_kit() is True, 30, 0.25)
    with urllib.request.urlopen(ADDRESS, timeout=30) as answer:
        assert b"shuttergate" in answer.read()
    with urllib.request.urlopen(f"{ADDRESS}/metrics", timeout=30) as answer:
        assert b"\nshuttergate_gate_open 1.0\n" in answer.read()
    systemctl("stop", UNIT)
    assert wait_until(lambda: page_hears_the_kit() is False, 30, 0.25)
    start()
    assert wait_until(lambda: page_hears_the_kit() is True, 60, 0.25)
    assert show("NRestarts", PAGE) == restarts
    memory_mb = int(show("MemoryCurrent", PAGE)) / 1e6
    note(f"{memory_mb:.0f} MB, no restart")


def test_the_page_judges_a_visitors_picture(kit: Bank, note: Note) -> None:
    """a picture given to the page is judged in a child that confines itself within its sandbox"""
    systemctl("stop", UNIT)  # one processor, and the page is in no hurry
    began_s = time.monotonic()
    pictures = [f"/bench/scenes/{name}.jpg" for name in ("clear", "blocked")]
    python = "/opt/shuttergate/venv/bin/python"
    done = run(python, "-IB", "/bench/inside/judged.py", ADDRESS, *pictures)
    took_s = time.monotonic() - began_s
    assert done.returncode == 0, done.stdout
    clear, blocked = (json.loads(line) for line in done.stdout.splitlines())
    assert {clear[look]["verdict"] for look in ("live", "look")} == {"CLEAR"}, clear
    assert {blocked[look]["verdict"] for look in ("live", "look")} == {"BLOCKED"}, blocked
    pid = judge_process()
    status = {
        who: dict(re.findall(r"(?m)^(\w+):\t(.*)$", Path(f"/proc/{who}/status").read_text()))
        for who in (pid, int(show("MainPID", PAGE)))
    }
    child, page = status.values()
    assert child["Uid"].split() == [run("id", "-u", "shuttergate-console").stdout.strip()] * 4
    assert child["NoNewPrivs"] == page["NoNewPrivs"] == "1"
    assert int(child["Seccomp_filters"]) > int(page["Seccomp_filters"]) > 0
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max file size +0 +0 ", limits)
    assert re.search(r"Max address space +\d+ +\d+ ", limits)
    assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"
    nice = os.getpriority(os.PRIO_PROCESS, pid)
    assert nice == 10, "it takes its turn before the page, or the gate"
    peak_mb = int(Path(f"/sys/fs/cgroup/system.slice/{PAGE}/memory.peak").read_text()) / 1e6
    start()
    note(f"two pictures in {took_s:.1f} s, models loaded for them; {peak_mb:.0f} MB at most")
