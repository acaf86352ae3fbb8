"""The whole kit in its three processes, from outside: photos, kills, stops, faults and recovery."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from shuttergate import feed
from shuttergate.board import read_board
from shuttergate.config import Config, GateSettings, SceneSettings, VisionSettings
from shuttergate.gate_process import EXIT_DIED
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import spawn
from shuttergate.system.paths import share
from shuttergate.verdict import Reason
from shuttergate.vision.pack import read_pack
from support import needs
from support.kits import HELD_UP_S, Kit, alive, slow_board, slow_kit, takes, wait_until

Start = Callable[..., Kit]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    return folder


def demo(start: Start, album: Path, scene: Path | None, *more: object) -> Kit:
    """Start a demo before a picture, or at full speed before the scene that it brings along."""
    if scene is not None:
        more = ("--scene", scene, *slow_kit(album.parent), *more)
    return start("demo", "--headless", "--album", album, *more)


def test_a_start_is_told_step_by_step(album: Path) -> None:
    """A slow one is held by that, and of one that hangs it is known where."""
    steps = list[str]()
    with Supervisor(Config(), album) as one:

        def is_ready() -> bool:
            steps.extend(item.doing for item in one.poll(0.05) if isinstance(item, feed.StartStep))
            return one.was_ready

        assert wait_until(is_ready, 60)
        assert one.doing == ""
    board, asked = read_board("simulated"), steps.count("self-test")
    models = [f"model {name}" for name in board.channels.all]
    packs = [read_pack(share("models") / name) for name in board.channels.all]
    assert asked == sum(len(pack.manifest.known_answers) for pack in packs)
    assert [step for step in steps if step not in models] == [
        *("settings and pins", "camera"),
        *["self-test"] * asked,
        "first frame",
    ]
    assert set(models) < set(steps)


def test_the_built_in_scene_gives_a_photo_for_every_press(kit: Start, tmp_path: Path) -> None:
    for take in range(3):
        album = tmp_path / f"album{take}"
        one = demo(kit, album, None, "--seconds", 5, "--press", "2,3.5")
        outcomes = [one.wait_for(("photo", "press refused"))["event"] for _ in range(2)]
        held_up_s = one.held_up_s()
        summary = one.wait_for("summary")
        assert one.process.wait(10) == 0
        if outcomes == ["photo"] * 2 or held_up_s < HELD_UP_S:
            break
    assert (summary["taken"], summary["refused"], summary["photos"]) == (2, {}, 2)
    assert summary["frames"] > 100 - 30 * held_up_s, "a busy machine skips some"
    assert summary["blocked"] == 0
    photos = sorted(album.iterdir())
    assert len(photos) == 2
    for path in photos:
        with Image.open(path) as photo:
            photo.load()
            assert photo.getexif()[0x0112] == 1


def test_a_blocked_scene_never_gives_a_photo(kit: Start, album: Path, blocked_scene: Path) -> None:
    one = demo(kit, album, blocked_scene, "--seconds", 3, "--press", "1,2")
    refusals = [one.wait_for("press refused")["reason"] for _ in range(2)]
    summary = one.wait_for("summary")
    assert refusals == ["nudity", "nudity"]
    assert (summary["clear"], summary["taken"], summary["refused"]) == (0, 0, {"nudity": 2})
    assert list(album.iterdir()) == []


def test_what_only_the_second_look_sees_is_refused_and_wiped(
    kit: Start, album: Path, tmp_path: Path, blocked_scene: Path
) -> None:
    # Small in a large blue picture: one live look overlooks it, a tile does not.
    canvas = Image.new("RGB", (1600, 1200), (30, 60, 160))
    with Image.open(blocked_scene) as card:
        canvas.paste(card.resize((480, 360)), (0, 0))
    scene = tmp_path / "hidden.png"
    canvas.save(scene)
    one = demo(kit, album, scene, "--seconds", 3, "--press", "1.5")
    assert one.wait_for("gate", state="CLOSED", reason="second look")
    assert one.wait_for("press refused")["reason"] == "second look"
    assert list(album.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(kit: Start, album: Path, clear_scene: Path, number: int) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    children = one.children()
    assert set(children) == {"gate", "publisher"}
    assert one.stop(number) == 0
    assert not any(map(alive, children.values()))


def test_ctrl_c_on_a_terminal_ends_it_cleanly(album: Path, clear_scene: Path) -> None:
    # On a terminal SIGINT reaches every process of the group at once.
    process = subprocess.Popen(
        [sys.executable, "-m", "shuttergate", "demo", "--headless"]
        + ["--album", str(album), "--scene", str(clear_scene)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    while b'"OPEN"' not in process.stdout.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b"Traceback" not in err
    assert json.loads(out.splitlines()[-1])["event"] == "summary"


@pytest.mark.parametrize("name", ["gate", "publisher"])
def test_the_running_processes_are_confined_in_every_thread(
    kit: Start, album: Path, clear_scene: Path, name: str
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    process = Path(f"/proc/{one.children()[name]}")
    for thread in (process / "task").iterdir():
        status = (thread / "status").read_text()
        assert "\nSeccomp:\t2" in status, thread
        assert "\nNoNewPrivs:\t1" in status
    limits = (process / "limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    if name == "gate":
        assert re.search(r"Max file size\s+0\s+0", limits)


def test_a_frozen_publisher_closes_the_gate_and_is_replaced(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    frozen = one.children()["publisher"]
    os.kill(frozen, signal.SIGSTOP)
    closed = one.wait_for("gate", state="CLOSED", faults=["publisher"])
    assert closed["reason"] == "fault"
    if "SHUTTERGATE_BENCH_LONG" not in os.environ:  # 18 s more
        return
    assert one.wait_for("publisher ended", timeout_s=40)["how"] == "SIGKILL"
    one.wait_for("gate", state="OPEN")
    assert one.children()["publisher"] != frozen


@pytest.mark.parametrize("victim", ["gate", "publisher"])
def test_a_killed_child_is_started_again_and_takes_photos(
    kit: Start, album: Path, clear_scene: Path, victim: str
) -> None:
    one = demo(kit, album, clear_scene, "--press", "3.5,4.5,5.5,7,8,9,10")
    one.wait_for("gate", state="OPEN")
    before = one.children()
    os.kill(before[victim], signal.SIGKILL)
    if victim == "publisher":
        closed = one.wait_for("gate", state="CLOSED", faults=["publisher"])
        assert closed["faults"] == ["publisher"]
    assert one.wait_for(f"{victim} ended")["how"] == "SIGKILL"
    one.wait_for("gate", state="OPEN")
    assert one.children()[victim] != before[victim]
    one.wait_for("photo")


def test_after_its_gate_the_publisher_ends_and_both_come_back(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    before = one.children()
    os.kill(before["gate"], signal.SIGKILL)
    assert wait_until(lambda: not alive(before["publisher"]))
    one.wait_for("gate", state="OPEN")
    after = one.children()
    assert set(after) == {"gate", "publisher"}
    assert not set(after.values()) & set(before.values())


def test_a_publisher_that_was_frozen_when_its_gate_died_is_ended_too(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    before = one.children()
    os.kill(before["publisher"], signal.SIGSTOP)
    os.kill(before["gate"], signal.SIGKILL)
    one.wait_for("publisher frozen")
    assert wait_until(lambda: not alive(before["publisher"]))
    one.wait_for("gate", state="OPEN")


def test_only_its_status_tells_that_the_gate_keeps_time(tmp_path: Path) -> None:
    one = Supervisor(Config(), tmp_path)
    inbox: list[feed.News] = []
    one._leash = SimpleNamespace(receive=lambda: inbox.pop(0) if inbox else None)  # type: ignore[assignment]
    totals = {feed.Total.FRAMES: {"BLOCKED": 1}}
    status = feed.Status(False, Reason.FAULT, [], {}, 0, 0, totals, None, "cpu", [], {})
    inbox.append(feed.Ready("camera"))
    one._hear()
    one.status = status
    one._heard_s -= 100
    inbox.append(feed.AlbumReady())
    one._hear()
    assert not one.alive
    inbox.append(status)
    one._hear()
    assert one.alive


BROKEN = """
from shuttergate import gate_process as own
from shuttergate.presses import Presses
def fails(self):
    if self._interlock.state.is_open: raise KeyError("nobody thought of this")
Presses.between_presses = fails
own.main()
"""


def test_a_thread_that_ends_by_an_error_takes_the_line_and_the_process_with_it(
    tmp_path: Path, clear_scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photographer: without it the others would go on, and say that all is well."""
    real = spawn.command

    def command(module: str) -> list[str]:
        gate = [sys.executable, "-I", "-B", "-c", BROKEN]
        return gate if module == "shuttergate.gate_process" else real(module)

    monkeypatch.setattr(spawn, "command", command)
    config = Config(
        board=str(slow_board(tmp_path)),
        gate=GateSettings(max_age_ms=2000),
        scene=SceneSettings(path=str(clear_scene)),
        vision=VisionSettings(selftest_s=1.0),
    )
    news: list[feed.News] = []
    with Supervisor(config, tmp_path / "album") as one:
        until_s = time.monotonic() + 60
        while not any(isinstance(item, feed.ChildEnded) for item in news):
            assert time.monotonic() < until_s, "it goes on without that thread"
            news += one.poll(0.05)
    told = [item for item in news if isinstance(item, feed.Level | feed.ThreadDied)]
    levels = [item.high if isinstance(item, feed.Level) else None for item in told]
    assert levels[-3:] == [True, False, None], "the line is low before anybody is told"
    assert told[-1] == feed.ThreadDied("photographer", "KeyError('nobody thought of this')")
    (ended,) = [item for item in news if isinstance(item, feed.ChildEnded)]
    assert (ended.process, ended.how) == ("gate", f"exit {EXIT_DIED}")


def test_the_line_is_claimed_before_the_models_are_loaded(kit: Start, tmp_path: Path) -> None:
    # A line that a killed process left driven must not stay so for as long as models load, nor for
    # ever where they do not. Both are wrong here: what is told first was tried first.
    if any(Path("/dev").glob("gpiochip*")):
        pytest.skip("there are pins on this machine")
    board = (share("device") / "simulated" / "board.toml").read_text()
    board = board.replace('driver = "mock"', 'driver = "lgpio"').replace('"open-nsfw"', '"gone"')
    (tmp_path / "board.toml").write_text(board)
    config = tmp_path / "kit.toml"
    config.write_text(f'board = "{tmp_path / "board.toml"}"\n[album]\nfolder = "{tmp_path}"\n')
    one = kit("run", "--config", config)
    assert one.process.wait(20) == 1
    assert one.process.stderr is not None
    assert "gpio" in one.process.stderr.read().decode()


def test_a_killed_parent_leaves_no_orphan(kit: Start, album: Path, clear_scene: Path) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    children = one.children()
    one.stop(signal.SIGKILL)
    assert wait_until(lambda: not any(map(alive, children.values())))


def test_a_frozen_gate_is_killed_and_started_again(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    os.kill(one.children()["gate"], signal.SIGSTOP)
    one.wait_for("gate frozen")
    one.wait_for("gate", state="OPEN")


def test_kills_at_random_moments_leave_whole_photos_only(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    for step in range(3):  # fifty of them: make bench-long
        one = demo(kit, album, clear_scene, "--press", "1.0,1.3,1.6,1.9")
        one.wait_for("gate", state="OPEN")
        victims = {"parent": one.process.pid, **one.children()}
        name = list(victims)[step % 3]
        wait_until(lambda: False, 0.9 + 0.14 * step)
        os.kill(victims[name], signal.SIGKILL)
        one.close()
        assert wait_until(lambda: not any(map(alive, victims.values()))), name  # noqa: B023
    for path in album.iterdir():
        with Image.open(path) as photo:
            photo.load()


def test_an_album_that_goes_away_closes_the_gate_and_comes_back(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    one = demo(kit, album, clear_scene)
    one.wait_for("gate", state="OPEN")
    album.rmdir()
    assert "is missing; plug the disk in" in one.wait_for("album fault")["error"]
    one.wait_for("gate", state="CLOSED", reason="fault")
    album.mkdir()
    one.wait_for("album ready")
    one.wait_for("gate", state="OPEN")


def test_a_log_that_nobody_reads_stops_nobody_from_watching(
    tmp_path: Path, clear_scene: Path
) -> None:
    # A full pipe: the supervisor must go on all the same, and end when it is told to.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reader)
        stack.callback(os.close, writer)
        for take in takes(3):
            album = tmp_path / f"album{take}"
            process = subprocess.Popen(
                [sys.executable, "-m", "shuttergate", "demo", "--headless", *slow_kit(tmp_path)]
                + ["--album", str(album), "--scene", str(clear_scene), "--press", "1,2"],
                stdout=writer,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            if wait_until(lambda: len(list(album.glob("*.jpg"))) == 2, 20):  # noqa: B023
                break
        else:
            pytest.fail("two presses gave no two photos")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_full_album_refuses_says_so_and_recovers(
    kit: Start, album: Path, clear_scene: Path
) -> None:
    size = ["-t", "tmpfs", "-o", "size=4m", "none", str(album)]
    mounted = subprocess.run(["mount", *size], capture_output=True, check=False)
    needs.root(mounted.returncode == 0, "mounting a small disk").or_skip()
    try:
        one = demo(kit, album, clear_scene, "--press", "3,5,6,7,8,9,10,11")
        one.wait_for("gate", state="OPEN")
        (album / "ballast").write_bytes(bytes(3_500_000))
        assert "is full; make room" in one.wait_for("album fault")["error"]
        refused = one.wait_for("press refused")
        assert refused["reason"] == "fault"
        assert refused["faults"] == ["album"]
        assert [path.name for path in album.iterdir()] == ["ballast"]
        (album / "ballast").unlink()
        one.wait_for("gate", state="OPEN")
        one.wait_for("photo")
        assert one.stop() == 0
    finally:
        subprocess.run(["umount", str(album)], check=True)


def test_a_scene_without_pictures_does_not_start(kit: Start, album: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    one = demo(kit, album, tmp_path / "empty")
    assert one.process.wait(10) == 1
    assert one.process.stderr is not None
    said = one.process.stderr.read().decode()
    assert said.splitlines() == [
        f"shuttergate: {tmp_path}/empty: holds no readable picture (it is empty); "
        "put JPEG or PNG files there"
    ]


def test_run_is_the_appliance(kit: Start, album: Path, tmp_path: Path, clear_scene: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(f'[album]\nfolder = "{album}"\n[scene]\npath = "{clear_scene}"\n')
    one = kit("run", "--config", config)
    one.wait_for("gate", state="OPEN")
    assert one.stop() == 0
    stopped = one.wait_for("stopped")
    assert stopped["frames"] > 0


def test_run_refuses_a_wrong_configuration_in_one_line(kit: Start, tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text("[gate]\nclear_frame = 5\n")
    one = kit("run", "--config", config)
    assert one.process.wait(10) == 2
    assert one.process.stderr is not None
    assert one.process.stderr.read().decode() == (
        f"shuttergate: {config}: gate.clear_frame: there is no such key; "
        "take it out or correct its name\n"
    )


def test_a_camera_that_is_not_there_is_a_fault_and_is_looked_for_again(
    kit: Start, album: Path, tmp_path: Path
) -> None:
    if any(Path("/dev").glob("media*")):
        pytest.skip("there might be a camera: /dev has media devices")
    board = tmp_path / "board.toml"
    shipped = (share("device") / "simulated" / "board.toml").read_text()
    board.write_text(shipped.replace('driver = "simulated"', 'driver = "picamera2"'))
    settings = tmp_path / "kit.toml"
    settings.write_text(f'board = "{board}"\n[album]\nfolder = "{album}"\n')
    one = kit("run", "--config", settings)
    error = one.wait_for("camera fault")["error"]
    assert "picamera2 cannot be loaded" in error or "no camera was found" in error
    assert one.wait_for("gate", reason="fault")["state"] == "CLOSED"
    time.sleep(1.5)  # some tries more
    assert one.process.poll() is None
    assert one.stop() == 0
