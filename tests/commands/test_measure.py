"""What may look live follows from times on the kit, and goes into its settings and nowhere else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from shuttergate import examination
from shuttergate.board import Board, read_board
from shuttergate.commands import measure
from shuttergate.config import Config, LookSettings, read_config, read_kit
from shuttergate.errors import ConfigError
from shuttergate.examination import CameraTimes, Examined, Finding, Health
from shuttergate.frame import Pixels
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import open_eyes
from support.places import ROOT
from test_cli import asked

CORAL, CLEAN, NSFW = "consent-clean-coral", "consent-clean", "open-nsfw"
SLOWEST = Config().gate.slowest_fps
EXAMPLE = ROOT / "shuttergate.example.toml"
JAPANESE = ROOT / "shuttergate.example.ja.toml"


def took(**ms: float) -> measure.Took:
    """Return times by channel, all rounds alike."""
    return {name.replace("_", "-"): [value / 1e3] * 100 for name, value in ms.items()}


def pi(name: str) -> Board:
    return read_board(name)


@pytest.mark.parametrize(
    ("clean", "nsfw", "live", "fps"),
    [
        (10, 20, [CLEAN, NSFW], 10),  # 16 would do: the board's rate is the most
        (20, 35, [CLEAN, NSFW], 9),  # both at a lower rate, rather than one at the board's
        (20, 50, [CLEAN], 10),  # both would come to 7, and the gate needs 8
        (55, 20, [CLEAN], 9),
        (70, 20, [], 0),
    ],
)
def test_as_many_look_live_as_leave_half_of_each_frames_time(
    clean: float, nsfw: float, live: list[str], fps: float
) -> None:
    found = measure.advise(took(consent_clean=clean, open_nsfw=nsfw), pi("pi-cpu"), SLOWEST)
    assert (found.live, found.fps) == (live, fps)


def test_with_an_edge_tpu_the_cpus_channels_look_live_besides() -> None:
    times = took(consent_clean_coral=3, consent_clean=9, open_nsfw=16)
    found = measure.advise(times, pi("pi5-coral-usb"), SLOWEST)
    assert (found.live_at_board_fps, found.all_fps) == ([CORAL, CLEAN], 17)
    assert (found.live, found.fps) == ([CORAL, CLEAN, NSFW], 17)
    slow = took(consent_clean_coral=3, consent_clean=70, open_nsfw=16)
    found = measure.advise(slow, pi("pi5-coral-usb"), SLOWEST)
    assert (found.live, found.fps) == ([CORAL, NSFW], 26)  # whichever keeps up


def test_a_rate_below_what_the_gate_needs_is_no_advice() -> None:
    board = pi("pi-cpu")
    slow = msgspec.structs.replace(board, camera=msgspec.structs.replace(board.camera, fps=6))
    found = measure.advise(took(consent_clean=1, open_nsfw=1), slow, SLOWEST)
    assert (found.live, found.fps) == ([], 0)


def test_it_is_the_slow_looks_that_count_and_both_of_one_frame_together() -> None:
    times = {CLEAN: [0.01] * 98 + [0.1] * 2, NSFW: [0.1] * 2 + [0.01] * 98}
    assert measure.p99(times[CLEAN]) == 0.1
    assert measure.p99([0.01] * 99 + [0.1]) == 0.01
    assert measure.keeps_up_with(times, [CLEAN, NSFW]) == 4  # 110 ms, and never 200


def test_channels_take_turns_and_the_first_looks_are_left_out() -> None:
    board = read_board("simulated")
    eyes = open_eyes(board.channels.live, (), board.accelerator)
    asked_of: list[str] = []

    def answers(channel: Channel) -> None:
        whole = channel.model

        def model(pixels: Pixels) -> NDArray[np.float64]:
            asked_of.append(channel.name)
            return whole(pixels)

        channel.model = model

    for channel in eyes.live:
        answers(channel)
    ticks = itertools.count()
    found = measure.time_rounds(eyes.live, lambda: float(next(ticks)))
    assert asked_of[:4] == [CLEAN, NSFW, CLEAN, NSFW]
    assert len(asked_of) == 2 * (measure.WARM_UP + measure.ROUNDS)
    assert {name: set(values) for name, values in found.items()} == {CLEAN: {1.0}, NSFW: {1.0}}
    assert all(len(values) == measure.ROUNDS for values in found.values())


ADVICE = measure.advise(took(consent_clean=20, open_nsfw=35), read_board("pi-cpu"), SLOWEST)
TABLE = measure.table(
    ADVICE,
    measure.times(took(consent_clean=20, open_nsfw=35), {}, [CLEAN, NSFW]),
    "2026-11-29",
)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.read_text().replace('board = "simulated"', 'board = "pi-cpu"'),
        JAPANESE.read_text("utf-8").replace('board = "simulated"', 'board = "pi-cpu"'),
        'board = "pi-cpu"\n[gate]\nhold_off_s = 2.0 # mine',
        'board = "pi-cpu"\n[looks]\nlive = [\n  "consent-clean",\n]\nfps = 8\n[page]\nport = 1\n',
        'board = "pi-cpu"\n[looks]',
        'board = "pi-cpu"\n\n' + TABLE,
    ],
)
def test_the_settings_say_it_then_and_all_else_as_before(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kit.toml"
    file.write_text(text)
    file.chmod(0o640)
    before = read_config(file)
    measure.write(file, ADVICE, TABLE)
    wanted = LookSettings([CLEAN, NSFW], 9.0)
    assert read_config(file) == msgspec.structs.replace(before, looks=wanted)
    assert file.read_text().count("[looks]") == 1
    assert "consent-clean 20.0 (20.0), open-nsfw 35.0 (35.0) ms" in file.read_text()
    assert "2026-11-29" in file.read_text()
    assert {line for line in text.splitlines() if "mine" in line} <= {
        *file.read_text().splitlines()
    }
    assert file.stat().st_mode & 0o777 == 0o640
    kit = read_kit(read_config(file), file)
    assert (kit.channels.live, kit.camera.fps) == ([CLEAN, NSFW], 9.0)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "text", ["looks.fps = 8\n", "looks = { fps = 8 }\n", "[looks]\nfps = 8\n\nlive = []\n"]
)
def test_settings_of_another_shape_are_left_alone_and_the_lines_are_told(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "kit.toml"
    file.write_text(text)
    with pytest.raises(
        ConfigError, match=r'write there: live = \["consent-clean", "open-nsfw"\]; fps'
    ):
        measure.write(file, ADVICE, TABLE)
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_measures_tells_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "kit.toml"
    file.write_text('[looks]\nlive = ["gone"]\n[gate]\nmax_age_ms = 2000\nclear_frames = 1\n')
    done = asked("doctor", "--measure", "--write", "--json", "--config", file)
    assert done.returncode == 0, done.stderr
    *channels, found, age = map(json.loads, done.stdout.splitlines())
    assert age["max_age_ms"] == 2000 and age["left_ms"] < 2000
    assert [one["channel"] for one in channels] == [CLEAN, NSFW]
    assert all(0 < one["median_ms"] <= one["p99_ms"] for one in channels)
    looks = read_config(file).looks
    assert (looks.live, looks.fps) == (found["live"], found["fps"])
    assert read_kit(read_config(file), file).channels.live == [CLEAN, NSFW]
    said = asked("doctor", "--measure", "--config", file).stdout
    assert "The live channels may take half of each frame's time" in said
    assert "So on this kit look live: consent-clean, open-nsfw, at " in said
    assert "Where the 2000 ms go that a frame may speak for:" in said


@pytest.mark.parametrize(
    ("arrival_ms", "status"), [(20.0, 0), (80.0, 1)], ids=["in time", "too late"]
)
def test_a_rate_at_which_no_gate_opens_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arrival_ms: float, status: int
) -> None:
    """55 ms of models leave the board's rate for 9 a second: then frames are 111 ms apart."""
    asked_for: list[float] = []

    def hardware(config: Config, board: Board, parts: list[str]) -> Iterator[Finding]:
        asked_for.append(board.camera.fps)
        interval_ms = 1000 / board.camera.fps
        yield CameraTimes(60, 0, interval_ms, None, arrival_ms, 4.0)

    file = tmp_path / "kit.toml"
    file.write_text('board = "pi-cpu"\n')
    times = took(consent_clean=20, open_nsfw=35)
    monkeypatch.setattr(measure, "measure", lambda board: (times, cast(dict[str, str], {})))
    monkeypatch.setattr(examination, "hardware", hardware)
    done = asked("doctor", "--measure", "--write", "--config", file)
    assert (done.returncode, asked_for) == (status, [9.0])
    assert ("So the gate cannot open" in done.stdout) is (status == 1)
    assert ("[looks]" in file.read_text()) is (status == 0)


def test_a_camera_that_is_not_there_yet_is_said_and_keeps_nothing_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = Examined("camera", Health.FAULT, "no camera was found")
    file = tmp_path / "kit.toml"
    file.write_text('board = "pi-cpu"\n')
    times = took(consent_clean=20, open_nsfw=35)
    monkeypatch.setattr(measure, "measure", lambda board: (times, cast(dict[str, str], {})))
    monkeypatch.setattr(examination, "hardware", lambda config, board, parts: [absent])
    done = asked("doctor", "--measure", "--write", "--json", "--config", file)
    assert done.returncode == 0 and "no camera was found" in done.stdout.splitlines()[-1]
    assert "[looks]" in file.read_text()


@pytest.mark.parametrize(
    "words", [["--write"], ["--measure", "--write"], ["--write", "--config", EXAMPLE]]
)
def test_what_cannot_be_written_is_said_at_once(words: list[object]) -> None:
    done = asked("doctor", *words)
    assert (done.returncode, "--write: needs --measure, and --config" in done.stderr) == (2, True)


def test_a_channel_that_cannot_be_asked_is_named_and_nothing_is_advised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "kit.toml"
    file.write_text('board = "pi5-coral-usb"\n')
    away = {CORAL: "the accelerator is absent: no Edge TPU was found"}
    times = took(consent_clean=9, open_nsfw=16)
    monkeypatch.setattr(measure, "measure", lambda board: (times, away))
    done = asked("doctor", "--measure", "--write", "--config", file)
    assert done.returncode == 1
    assert f"{CORAL}: not measured: the accelerator is absent" in done.stdout
    assert "consent-clean: 9.0 ms (median), 9.0 ms (99th percentile)" in done.stdout
    assert "without its time nothing follows" in done.stderr
    assert file.read_text() == 'board = "pi5-coral-usb"\n'


def test_a_machine_that_is_too_slow_for_its_board_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "kit.toml"
    file.write_text('board = "pi-cpu"\n')
    times = took(consent_clean=90, open_nsfw=90)
    monkeypatch.setattr(measure, "measure", lambda board: (times, cast(dict[str, str], {})))
    done = asked("doctor", "--measure", "--write", "--config", file)
    assert done.returncode == 1
    assert "this machine is too slow for this board" in done.stdout
    assert file.read_text() == 'board = "pi-cpu"\n'
