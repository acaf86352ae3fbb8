"""The accelerator's process: whatever its library does, there is an answer in time or none."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from shuttergate import examination, examination_process
from shuttergate.board import AcceleratorPart as Engine
from shuttergate.board import read_board
from shuttergate.commands import doctor, measure
from shuttergate.config import Config, GateSettings, VisionSettings
from shuttergate.errors import AcceleratorError, Phrase
from shuttergate.examination import Examined, Health
from shuttergate.system.paths import share
from shuttergate.system.pipes import pipes
from shuttergate.vision import accelerator, accelerator_process, coral, eyes, libedgetpu, wire
from shuttergate.vision import pack as packs
from shuttergate.vision.accelerator import AcceleratorState
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack
from support import needs
from support.kits import alive, wait_until
from support.places import CORAL
from support.rig import Rig

HERE = Path(__file__).parent
PACK = "consent-clean-coral"
LIMIT_S = 0.25
CARD = paint("test_card", (224, 224))
SLOPE = paint("blue_slope", (224, 224))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The stand-in for libedgetpu, compiled here."""
    needs.both(needs.program("cc"), needs.shared("data/coral")).or_skip()
    return compiled(tmp_path_factory.mktemp("edgetpu"))


def compiled(folder: Path, *defines: str) -> str:
    built = folder / "libstandin.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", *defines]
    subprocess.run(["cc", *flags, "-o", built, HERE / "edgetpu" / "standin.c"], check=True)
    return str(built)


class Tpu:
    """What the stand-in is to do, and what was told of it."""

    def __init__(self, file: Path, library: str) -> None:
        self._file = file
        self.library = library
        self.told: list[tuple[AcceleratorState, str]] = []
        self.opened: list[Eyes] = []
        self.now("ok")

    def now(self, mode: str) -> None:
        self._file.write_text(mode)

    def open(self, fallback: str = "never", limit_s: float = LIMIT_S) -> Eyes:
        engine = Engine(driver="edgetpu", library=self.library, fallback=fallback)  # type: ignore[arg-type]
        self.opened.append(open_eyes([PACK], ["open-nsfw"], engine, limit_s, self.hear))
        return self.opened[-1]

    def hear(self, state: AcceleratorState, cause: Phrase | str) -> None:
        self.told.append((state, str(cause)))

    def states(self) -> list[AcceleratorState]:
        return [state for state, _ in self.told]


@pytest.fixture
def tpu(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tpu]:
    monkeypatch.setattr(packs, "weights", lambda pack, name: [CORAL / name])
    monkeypatch.setattr(accelerator, "BACK_OFF_FIRST_S", 0.05)
    mode = tmp_path / "edgetpu"
    monkeypatch.setenv("STANDIN_EDGETPU", str(mode))
    twin = CORAL / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
    command = [sys.executable, str(HERE / "edgetpu" / "twin.py"), str(twin)]
    monkeypatch.setenv("STANDIN_TWIN", "exec " + shlex.join(command))
    one = Tpu(mode, library)
    yield one
    one.now("ok")
    for opened in one.opened:
        assert opened.accelerator is not None
        opened.accelerator.close()


def working(opened: Eyes) -> bool:
    assert opened.accelerator is not None
    return wait_until(lambda: opened.accelerator is not None and opened.runs_on == "edgetpu", 20)


def on_cpu() -> Channel:
    pack = read_pack(share("models") / PACK)
    return Channel(pack, pack.model(pack.content()))


def test_it_answers_as_its_twin_on_the_cpu(tpu: Tpu) -> None:
    opened = tpu.open()
    assert working(opened)
    (channel,), twin = opened.live, on_cpu()
    for picture in (CARD, SLOPE):
        assert channel.score(picture) == twin.score(picture)
    assert tpu.states() == [AcceleratorState.WORKING]


def test_that_it_works_is_told_before_anyone_can_find_that_it_does_not(
    tpu: Tpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, barred = accelerator.Accelerator._tell, list[bool]()

    def tell(one: accelerator.Accelerator, state: AcceleratorState, cause: Phrase | str) -> None:
        if state is AcceleratorState.WORKING:
            barred.append(one._lock.locked())
        told(one, state, cause)

    monkeypatch.setattr(accelerator.Accelerator, "_tell", tell)
    assert working(tpu.open())
    assert barred == [True]


def test_the_process_keeps_nothing_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this one, with no library: what it works with is the same."""
    filled, buffers = accelerator_process.fill, list[bytearray]()
    monkeypatch.setattr(
        accelerator_process, "fill", lambda link, one: (buffers.append(one), filled(link, one))[1]
    )
    monkeypatch.setattr(accelerator_process, "load_delegate", lambda library, options: None)
    content = read_pack(share("models") / "open-nsfw").content()
    ours, theirs = pipes()
    thread = threading.Thread(target=accelerator_process.serve, args=(theirs,))
    thread.start()
    with theirs, ours:
        wire.send_job(ours, "none", {}, content)
        answer = bytearray(wire.receive_hello(ours).output_bytes)
        ours.sendall(CARD.data)
        assert wire.receive_answer(ours, answer) is None
        assert any(answer)
        assert len(buffers[0]) == CARD.size and not any(buffers[0])
        ours.close()
        thread.join()


FAILURES = [
    ("error", AcceleratorState.FAILED),
    ("hang", AcceleratorState.HUNG),
    ("abort", AcceleratorState.DIED),
]


@pytest.mark.parametrize(("mode", "state"), FAILURES)
def test_a_failure_is_no_answer_in_time_and_it_comes_back(
    tpu: Tpu, mode: str, state: AcceleratorState
) -> None:
    opened = tpu.open()
    assert working(opened)
    (channel,) = opened.live
    well = channel.score(SLOPE)
    tpu.now(mode)
    began_s = time.monotonic()
    with pytest.raises(AcceleratorError):
        channel.score(CARD)
    assert time.monotonic() - began_s < LIMIT_S + 0.15
    assert state in tpu.states()
    with pytest.raises(AcceleratorError, match=f"accelerator is|accelerator {state}"):
        channel.score(SLOPE)
    tpu.now("ok")
    assert working(opened)
    assert channel.score(SLOPE) == well


def test_each_failure_is_told_with_its_cause_and_the_bus(tpu: Tpu) -> None:
    opened = tpu.open()
    for mode, words in (("error", "USB transfer error"), ("hang", "250 ms"), ("abort", "SIGABRT")):
        assert working(opened)
        tpu.now(mode)
        with pytest.raises(AcceleratorError):
            opened.live[0].score(CARD)
        assert wait_until(lambda words=words: words in str(tpu.told), 5), tpu.told
        tpu.now("ok")
    assert "no Coral is on the USB bus" in str(tpu.told)


def test_a_bus_that_cannot_be_read_costs_no_restart(
    tpu: Tpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    def where() -> str:
        raise UnicodeDecodeError("utf-8", b"x\xe5", 1, 2, "cut short")

    monkeypatch.setattr(coral, "words", where)
    opened = tpu.open()
    assert working(opened)
    tpu.now("error")
    with pytest.raises(AcceleratorError, match="the bus cannot be read"):
        opened.live[0].score(SLOPE)
    tpu.now("ok")
    assert working(opened)


def test_a_holder_with_a_name_cut_within_a_letter_is_named(tmp_path: Path) -> None:
    stick = tmp_path / "bus" / "1-1"
    stick.mkdir(parents=True)
    for name, word in (
        ("idVendor", "18d1"),
        ("idProduct", "9302"),
        ("busnum", "1"),
        ("devnum", "4"),
    ):
        (stick / name).write_text(f"{word}\n")
    process = tmp_path / "proc" / "71"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "5").symlink_to("/dev/bus/usb/001/004")
    (process / "status").write_text("PPid:\t1\n")
    (process / "comm").write_bytes(b"x\xe5\x86\n")
    said = str(coral.words(tmp_path / "bus", tmp_path / "proc"))
    assert said.endswith("(process 71) holds it")


def test_a_late_answer_is_never_taken_for_the_next_picture(tpu: Tpu) -> None:
    opened = tpu.open()
    assert working(opened)
    (channel,) = opened.live
    tpu.now("slow")
    with pytest.raises(AcceleratorError):
        channel.score(SLOPE)
    tpu.now("ok")
    assert working(opened)
    assert channel.score(CARD) > 0.9


def test_one_that_stays_away_is_looked_for_after_longer_and_longer_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=waits.append)
    monkeypatch.setattr(accelerator, "time", clock)
    monkeypatch.setattr(accelerator, "STABLE_S", float("inf"))  # a start may take its time here
    job = accelerator.Job("/nowhere/libedgetpu.so", {}, b"no model", LIMIT_S)
    one = accelerator.Accelerator(job, lambda *ports: None, lambda *told: None, lambda: "")
    assert wait_until(lambda: len(waits) >= 3, 120)
    one.close()
    assert waits[:3] == [0.5, 1.0, 2.0]


def test_one_that_is_absent_at_the_start_is_found_later(tpu: Tpu) -> None:
    tpu.now("absent")
    opened = tpu.open()
    assert opened.accelerator is not None
    assert not opened.accelerator.wait(20)
    assert opened.runs_on == "edgetpu absent"
    assert "no Edge TPU was found" in tpu.told[0][1]
    with pytest.raises(AcceleratorError, match="absent"):
        opened.live[0].score(SLOPE)
    tpu.now("ok")
    assert working(opened)


def test_a_missing_library_is_named(tpu: Tpu) -> None:
    tpu.library = "libedgetpu-that-is-not-there.so.1"
    opened = tpu.open()
    assert opened.accelerator is not None
    assert not opened.accelerator.wait(20)
    assert "libedgetpu-that-is-not-there.so.1" in tpu.told[0][1]


def test_the_cpu_stands_in_only_where_the_board_says_so_and_it_is_shown(tpu: Tpu) -> None:
    tpu.now("absent")
    opened = tpu.open("cpu")
    assert opened.accelerator is not None
    opened.accelerator.wait(20)
    assert opened.live[0].score(CARD) == on_cpu().score(CARD)
    assert opened.stands_in
    assert opened.runs_on == "cpu: edgetpu absent"
    generation = opened.generation
    tpu.now("ok")
    assert working(opened)
    assert not opened.stands_in
    assert opened.generation != generation


def test_one_that_works_is_waited_for_no_longer_than_it_takes(tpu: Tpu) -> None:
    opened = tpu.open()
    assert opened.accelerator is not None
    began_s = time.monotonic()
    assert opened.accelerator.wait(60)
    assert time.monotonic() - began_s < 30


def test_its_process_ends_with_the_one_that_started_it(tpu: Tpu) -> None:
    code = (
        "import os, psutil\n"
        "from shuttergate.vision import pack as packs\n"
        f"packs.weights = lambda pack, name: [__import__('pathlib').Path({str(CORAL)!r}) / name]\n"
        "from shuttergate.board import AcceleratorPart\n"
        "from shuttergate.vision.eyes import open_eyes\n"
        f"engine = AcceleratorPart(driver='edgetpu', library={tpu.library!r})\n"
        f"eyes = open_eyes([{PACK!r}], ['open-nsfw'], engine)\n"
        "works = eyes.accelerator.wait(20)\n"
        "print(works, *(one.pid for one in psutil.Process().children()), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    works, *children = done.stdout.split()
    assert (works, len(children)) == ("True", 1), done.stderr
    assert wait_until(lambda: not alive(int(children[0])), 5)


GOOGLES = "COMPILER=6.3.0 20170516,DATE=redacted,TIME=redacted"
"""What Google's libedgetpu 16.0 says of its build."""


def test_googles_library_is_refused_before_the_runtime_meets_it(tpu: Tpu, tmp_path: Path) -> None:
    tpu.library = compiled(tmp_path, "-DLAYOUT_25", f'-DLABEL="{GOOGLES}"')
    tpu.now("crash")  # as soon as the runtime calls it
    opened = tpu.open()
    assert opened.accelerator is not None
    assert not opened.accelerator.wait(20)
    ((state, cause),) = tpu.told
    assert state is AcceleratorState.UNFIT
    assert opened.runs_on == "edgetpu unfit"
    assert cause == (
        f"{tpu.library} is built for an older TensorFlow than {libedgetpu.SPOKEN}: "
        f"BuildLabel({GOOGLES}), RuntimeVersion(14); {libedgetpu.MEND}"
    )
    with pytest.raises(AcceleratorError, match="unfit"):
        opened.live[0].score(SLOPE)


def test_a_build_of_the_old_layout_that_a_newer_compiler_made_fails_in_words(
    tpu: Tpu, tmp_path: Path
) -> None:
    """As one for TensorFlow 2.13: what it says of its build does not tell."""
    tpu.library = compiled(tmp_path, "-DLAYOUT_25")
    opened = tpu.open()
    assert opened.accelerator is not None
    opened.accelerator.wait(20)
    with pytest.raises(AcceleratorError) as failed:
        opened.live[0].score(SLOPE)
    assert f"it is built for another TensorFlow than {libedgetpu.SPOKEN}" in str(failed.value)
    assert str(libedgetpu.MEND) in str(failed.value)


def test_a_library_that_crashes_as_it_loads_is_told_with_what_may_be_wrong(tpu: Tpu) -> None:
    tpu.now("crash")
    opened = tpu.open()
    assert opened.accelerator is not None
    opened.accelerator.wait(20)
    said = f"by SIGSEGV while it loaded the model; if its library is an old one, {libedgetpu.MEND}"
    assert wait_until(lambda: any(said in cause for _, cause in tpu.told), 10), tpu.told


def examined(library: str) -> Examined:
    """What the doctor's process finds of the accelerator with this library; here, unconfined."""
    board = read_board("pi4-coral-usb")
    engine = msgspec.structs.replace(board.accelerator, library=library)
    board = msgspec.structs.replace(board, accelerator=engine)
    (found,) = examination_process._accelerator(Config(), board)
    assert isinstance(found, Examined)
    return found


def test_the_doctor_refuses_a_library_that_does_not_fit(
    tpu: Tpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined(compiled(tmp_path, "-DLAYOUT_25", f'-DLABEL="{GOOGLES}"'))
    assert (found.health, found.mend) == (Health.FAULT, str(libedgetpu.MEND))
    assert found.seen.endswith(f"BuildLabel({GOOGLES}), RuntimeVersion(14)")
    # By the package's version nothing is loaded at all.
    monkeypatch.setattr(libedgetpu, "installed", lambda: [("libedgetpu1-std", "16.0")])
    asked: list[Collection[str]] = []
    monkeypatch.setattr(
        examination,
        "hardware",
        lambda *order: iter(asked.append(order[2]) or ()),  # type: ignore[func-returns-value]
    )
    board = read_board("pi4-coral-usb")
    findings = doctor.examine(Config(), board)
    found = next(one for one in findings if isinstance(one, Examined))
    assert asked == [{"camera", "gpio"}], "it was loaded"
    assert (found.health, found.mend) == (Health.FAULT, str(libedgetpu.MEND))
    assert found.seen == "libedgetpu1-std 16.0 is built for TensorFlow 2.5"


def test_the_doctor_tells_how_it_is(tpu: Tpu) -> None:
    assert examined(tpu.library).health is Health.OK
    tpu.now("absent")
    found = examined(tpu.library)
    assert (found.health, "plug" in found.mend) == (Health.FAULT, True)
    assert "no Edge TPU was found (no Coral is on the USB bus)" in found.seen


def test_its_channel_is_measured_with_the_cpus_or_named_where_it_is_away(tpu: Tpu) -> None:
    board = read_board("pi4-coral-usb")
    engine = msgspec.structs.replace(board.accelerator, library=tpu.library)
    board = msgspec.structs.replace(board, accelerator=engine)
    took, away = measure.measure(board)
    assert (set(took), away) == ({PACK, "consent-clean", "open-nsfw"}, {})
    assert all(len(values) == measure.ROUNDS and min(values) > 0 for values in took.values())
    tpu.now("absent")
    took, away = measure.measure(board)
    assert set(took) == {"consent-clean", "open-nsfw"}
    assert "no Edge TPU was found" in away[PACK]


def test_a_board_without_a_model_for_it_is_refused() -> None:
    engine = Engine(driver="edgetpu")
    with pytest.raises(eyes.ConfigError, match="0 of the board's packs"):
        open_eyes(["open-nsfw"], ["open-nsfw"], engine)


QUICK = Config(
    gate=GateSettings(clear_frames=2, hold_off_s=0.1, max_age_ms=250),
    vision=VisionSettings(selftest_s=1.0),
)


@pytest.fixture
def rig(tpu: Tpu, tmp_path: Path) -> Iterator[Callable[[str], Rig]]:
    rigs: list[Rig] = []

    def build(fallback: str = "never") -> Rig:
        pack = read_pack(share("models") / "open-nsfw")
        rigs.append(Rig(tmp_path, pack, QUICK, eyes=tpu.open(fallback)))
        return rigs[-1]

    yield build
    tpu.now("ok")
    for one in rigs:
        one.close()


@pytest.mark.parametrize("mode", ["error", "hang", "abort"])
def test_the_line_falls_within_the_age_limit_and_the_kit_recovers(
    tpu: Tpu, rig: Callable[..., Rig], mode: str
) -> None:
    one = rig()
    assert wait_until(lambda: one.line, 20), one.logs
    tpu.now(mode)
    began_s = time.monotonic()
    assert wait_until(lambda: not one.line, 2)
    # The newest CLEAR frame may have been exposed just before, and the warden looks every 10 ms.
    assert time.monotonic() - began_s < 0.25 + 0.1
    assert wait_until(lambda: "accelerator" in one.appliance.interlock.state.faults, 2)
    time.sleep(0.3)
    assert not one.line
    tpu.now("ok")
    assert wait_until(lambda: one.line, 20), one.logs


def test_a_kit_whose_accelerator_is_missing_stays_closed_and_says_so(
    tpu: Tpu, rig: Callable[..., Rig]
) -> None:
    tpu.now("absent")
    one = rig()
    assert wait_until(lambda: one.appliance.tally.frames > 5, 20), one.logs
    assert not one.line
    assert one.status is not None
    assert one.status.runs_on == "edgetpu absent"
    assert one.status.faults == ["accelerator"]
    tpu.now("ok")
    assert wait_until(lambda: one.line, 20), one.logs


def test_the_lamps_show_that_the_cpu_stands_in(tpu: Tpu, rig: Callable[..., Rig]) -> None:
    tpu.now("absent")
    one = rig("cpu")
    assert wait_until(lambda: one.line, 20), one.logs
    assert wait_until(lambda: one.panel._shown.clear and one.panel._shown.wait, 5)
    assert one.status is not None
    assert one.status.runs_on == "cpu: edgetpu absent"


def test_what_comes_back_wrong_is_not_believed(
    tpu: Tpu, rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that was loaded anew, and answers nonsense now: the self-test comes first."""
    one = rig()
    assert wait_until(lambda: one.line, 20), one.logs
    nonsense = f"{sys.executable} -c 'import os; os.write(1, bytes(1)); " + (
        '[os.write(1, bytes(range(128)) * 8) for _ in iter(lambda: os.read(0, 150528), b"")]\''
    )
    monkeypatch.setenv("STANDIN_TWIN", nonsense)
    tpu.now("abort")
    assert wait_until(lambda: not one.line, 2)
    tpu.now("ok")
    assert not wait_until(lambda: one.line, 3)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (None, "no Coral is on the USB bus"),
        (("1a6e", "089a"), "bootloader mode"),
        (("18d1", "9302"), "with its program; keeper (process 77) holds it"),
    ],
)
def test_the_bus_is_read_in_words(tmp_path: Path, ids: tuple[str, str] | None, words: str) -> None:
    device = tmp_path / "bus" / "2-1"
    device.mkdir(parents=True)
    if ids is not None:
        for name, value in zip(
            ("idVendor", "idProduct", "busnum", "devnum"), (*ids, "2", "7"), strict=True
        ):
            (device / name).write_text(value + "\n")
    holder = tmp_path / "proc" / "77"
    (holder / "fd").mkdir(parents=True)
    (holder / "comm").write_text("keeper\n")
    (holder / "status").write_text("Name:\tkeeper\nPPid:\t1\n")
    if ids == ("18d1", "9302"):
        (holder / "fd" / "5").symlink_to("/dev/bus/usb/002/007")
    assert words in str(coral.words(tmp_path / "bus", tmp_path / "proc"))


def test_calls_from_two_threads_keep_their_own_answers(tpu: Tpu) -> None:
    opened = tpu.open(limit_s=10.0)  # whose answer it is, is asked, and not how soon
    assert working(opened)
    (channel,) = opened.live
    due = {id(picture): channel.score(picture) for picture in (CARD, SLOPE)}
    wrong: list[float] = []

    def judge(picture: np.ndarray) -> None:
        for _ in range(30):
            score = channel.score(picture)
            if score != due[id(picture)]:
                wrong.append(score)

    threads = [threading.Thread(target=judge, args=(picture,)) for picture in (CARD, SLOPE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
