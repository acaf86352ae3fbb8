"""A person's own picture: judged as `check` judges it, in a child that can keep nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from shuttergate import rulebook
from shuttergate.config import Config, CredentialSettings, KitStart, PolicySettings
from shuttergate.console import judge as judging
from shuttergate.console import judge_process
from shuttergate.console.judge import (
    Errand,
    JudgedPicture,
    PictureJudge,
    PrintedPicture,
    UnreadablePicture,
    VerifiedFile,
)
from shuttergate.credentials.authority import public_file
from shuttergate.credentials.verify import CredentialState, Verified
from shuttergate.errors import Busy, JudgeError, ScoreError
from shuttergate.feed import TaughtHead
from shuttergate.frames.pictures import lores_of
from shuttergate.packs.looks import fingerprint
from shuttergate.policy.rule_file import write
from shuttergate.system import spawn
from shuttergate.verdict import Look, Reason, Rule, Thresholds
from shuttergate.vision.channel import Channel
from shuttergate.vision.known import paint
from support import signing, taught
from support.heic import heic
from support.kept import kept
from support.kits import alive, wait_until


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


CARD_IMAGE = Image.fromarray(paint("test_card", (224, 224)))
BLUE_IMAGE = Image.new("RGB", (640, 480), (30, 60, 160))
CARD, BLUE = encoded(CARD_IMAGE), encoded(BLUE_IMAGE)
NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))


def with_rules(files: list[str]) -> KitStart:
    return KitStart(Config(policy=PolicySettings(files)))


class Desk:
    """One judge and the loop that it lives in."""

    def __init__(self, config: Config | None = None) -> None:
        self.runner = asyncio.Runner()
        self.judge = PictureJudge(config or Config())

    def ask(self, picture: bytes | bytearray) -> JudgedPicture | UnreadablePicture:
        return self.runner.run(self.judge.judge(picture))

    @property
    def child(self) -> int:
        """The child's process id; it is started where it was not."""
        if self.judge._child is None:
            self.ask(BLUE)
        assert self.judge._child is not None
        return self.judge._child.process.pid

    def close(self) -> None:
        self.runner.run(self.judge.close())
        self.runner.close()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    one = Desk()
    yield one
    one.close()


@pytest.mark.parametrize(("picture", "verdict"), [(BLUE, "CLEAR"), (CARD, "BLOCKED")])
def test_it_says_what_check_says(desk: Desk, tmp_path: Path, picture: bytes, verdict: str) -> None:
    (tmp_path / "picture.png").write_bytes(picture)
    found = desk.ask(picture)
    assert isinstance(found, JudgedPicture)
    for said, mode in ((found.live, ["--live"]), (found.look, [])):
        command = [sys.executable, "-m", "shuttergate", "check", "--json", *mode, "picture.png"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        checked = json.loads(done.stdout)
        assert (said.verdict, said.reason) == (checked["verdict"], checked["reason"])
        assert said.scores == checked["scores"]
        assert said.verdict == verdict
        assert said.ms > 0
    assert (found.width, found.height) == Image.open(io.BytesIO(picture)).size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_what_browsers_show_is_judged_upright(desk: Desk, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if kind == "GIF" else {"exif": exif}
    found = desk.ask(encoded(BLUE_IMAGE, kind, **options))
    assert isinstance(found, JudgedPicture)
    assert (found.width, found.height) == ((640, 480) if kind == "GIF" else (480, 640))
    assert set(found.look.scores) == {"consent-clean", "open-nsfw"}


def test_a_phones_picture_is_judged_upright(desk: Desk) -> None:
    found = desk.ask(heic(BLUE_IMAGE.resize((128, 64)), quarters=1))
    assert isinstance(found, JudgedPicture)
    assert (found.width, found.height) == (64, 128)
    assert found.look.verdict == "CLEAR"


def test_where_nothing_reads_them_the_page_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("pi-heif")

    monkeypatch.setattr(judge_process.heif, "load", missing)
    eyes, rules = judge_process._open(KitStart(Config()))
    told = judge_process.judged(heic(BLUE_IMAGE.resize((128, 64))), eyes, rules)
    assert told == UnreadablePicture("no decoder")


def test_a_kits_taught_rules_are_asked_too(tmp_path: Path) -> None:
    """A rule that closes for what it is shown, and leaves the models' own scores alone."""
    write(taught.closing("star", BLUE_IMAGE), tmp_path / "star.rule")
    bare, beside = (
        judge_process.judged(BLUE, *judge_process._open(with_rules(rules)))
        for rules in ([], [str(tmp_path / "star.rule")])
    )
    assert isinstance(bare, JudgedPicture) and isinstance(beside, JudgedPicture)
    for without, found in ((bare.live, beside.live), (bare.look, beside.look)):
        assert (without.reason, found.reason) == (Reason.CLEAR, Reason.TAUGHT)
        assert found.scores == {**without.scores, "star": pytest.approx(0.982, abs=0.02)}


def film(*frames: Image.Image) -> bytes:
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def test_every_frame_of_an_animation_is_judged(desk: Desk) -> None:
    blue = BLUE_IMAGE.resize(CARD_IMAGE.size)
    clear, shown = desk.ask(film(blue, blue.rotate(180))), desk.ask(film(blue, CARD_IMAGE, blue))
    assert isinstance(clear, JudgedPicture)
    assert isinstance(shown, JudgedPicture)
    assert (clear.live.verdict, clear.look.verdict) == ("CLEAR", "CLEAR")
    assert (shown.live.verdict, shown.look.verdict) == ("BLOCKED", "BLOCKED")


def header_bomb(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and holds nothing."""
    chunks = b""
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ):
        check = zlib.crc32(kind + body)
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
    return b"\x89PNG\r\n\x1a\n" + chunks


def growing() -> bytes:
    """A GIF whose second frame says that it is far larger than the first."""
    whole = film(Image.new("L", (16, 16), 0), Image.new("L", (16, 16), 255))
    frame = b"\x2c" + struct.pack("<4H", 0, 0, 16, 16)
    head, tail = whole.rsplit(frame, 1)
    return head + b"\x2c" + struct.pack("<4H", 0, 0, 7000, 7000) + tail


def printed(desk: Desk, picture: bytes) -> PrintedPicture | UnreadablePicture:
    return desk.runner.run(desk.judge.print(picture))


def test_a_picture_is_printed_as_the_command_does_it(desk: Desk, tmp_path: Path) -> None:
    """The same dHash, and what the model makes of it, to the last digit of a file."""
    for picture in (encoded(NOISE), encoded(BLUE_IMAGE, "JPEG"), heic(NOISE)):
        found = printed(desk, picture)
        assert isinstance(found, PrintedPicture)
        own = fingerprint(io.BytesIO(picture))
        assert (found.dhash, found.plain) == (own.dhash, own.plain)
    pack = rulebook.pack("consent-clean")
    channel = Channel(pack, pack.model(pack.content()))
    views = rulebook.views_of(lores_of(BLUE_IMAGE, pack.lores_size), channel)
    blue = printed(desk, BLUE)
    assert isinstance(blue, PrintedPicture)
    assert [np.frombuffer(one, "<f4") for one in blue.views] == [
        pytest.approx(one) for one in views[:2]
    ]


def test_of_what_is_not_cleared_no_numbers_leave_the_child(desk: Desk) -> None:
    found = printed(desk, CARD)
    assert isinstance(found, PrintedPicture)
    assert found.views == [] and len(found.dhash) == 16


def test_a_taught_rule_does_not_hide_its_own_examples(tmp_path: Path) -> None:
    """What it blocks is looked for all the same: only the nudity rule has a say."""
    write(taught.closing("star", BLUE_IMAGE), tmp_path / "star.rule")
    eyes, _rules = judge_process._open(with_rules([str(tmp_path / "star.rule")]))
    found = judge_process.printed(BLUE, eyes)
    assert isinstance(found, PrintedPicture) and len(found.views) == 2


UNREADABLE = {
    "nothing": (b"", "not a picture"),
    "text": (b"Dear camera", "not a picture"),
    "broken": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "not a picture"),
    "cut": (encoded(NOISE, "JPEG")[:700], "not a picture"),
    "another format": (encoded(BLUE_IMAGE, "BMP"), "not a picture"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "a bomb": (header_bomb(50_000, 50_000), "too large"),
    "a little over": (header_bomb(7000, 7000), "too large"),
    "a growing GIF": (growing(), "too large"),
    "too many bytes": (bytes(judging.MAX_PICTURE_BYTES + 1), "too large"),
    "no end": (film(*(Image.new("L", (4, 4), level) for level in range(65))), "animation"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_judged_has_a_cause_and_the_child_stays(desk: Desk, what: str) -> None:
    picture, cause = UNREADABLE[what]
    child = desk.child
    assert desk.ask(picture) == UnreadablePicture(cause)  # type: ignore[arg-type]
    if what != "a growing GIF":  # of it the first picture is looked for, which is small
        assert printed(desk, picture) == UnreadablePicture(cause)  # type: ignore[arg-type]
    assert desk.child == child
    assert alive(child)


def test_12_megapixels_fit(desk: Desk) -> None:
    found = desk.ask(encoded(Image.new("RGBA", (4000, 3000), (30, 60, 160, 200)), compress_level=1))
    assert isinstance(found, JudgedPicture)
    again = printed(desk, encoded(Image.new("RGBA", (4000, 3000), (9, 9, 9, 9)), compress_level=1))
    assert isinstance(again, PrintedPicture)


def test_a_picture_that_needs_too_much_memory_is_too_large(desk: Desk) -> None:
    limit = desk.child, resource.RLIMIT_AS
    before = resource.prlimit(*limit)
    assert before[1] != resource.RLIM_INFINITY
    pages = int(Path(f"/proc/{desk.child}/statm").read_text().split()[0])
    tight = pages * resource.getpagesize() + (40 << 20)
    resource.prlimit(*limit, (tight, before[1]))
    picture = encoded(Image.new("RGB", (6000, 4000)), compress_level=1)
    assert desk.ask(picture) == UnreadablePicture("too large")
    assert printed(desk, picture) == UnreadablePicture("too large")
    resource.prlimit(*limit, before)
    assert isinstance(desk.ask(picture), JudgedPicture)


def test_a_bytearray_is_wiped_once_it_is_sent(desk: Desk) -> None:
    for ask in (desk.judge.judge, desk.judge.print, desk.judge.verify):
        picture = bytearray(BLUE)
        assert not isinstance(desk.runner.run(ask(picture)), UnreadablePicture)
        assert not any(picture)


def test_nor_does_the_child_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = kept(monkeypatch, judge_process, "exactly")
    monkeypatch.setattr(judge_process, "PICTURE_CPU_S", 600.0)  # after it this very process ends
    eyes, rules = judge_process._open(KitStart(Config()))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(len(BLUE).to_bytes(4) + Errand.JUDGE.to_bytes() + BLUE)
        ours.shutdown(socket.SHUT_WR)
        judge_process.serve(theirs, judge_process.answering(Config(), eyes, rules))
        assert b'"judged"' in ours.recv(4096)
    _, picture, end = taken
    assert end is None and picture is not None
    assert len(picture) == len(BLUE) and not any(picture)


def test_a_child_that_was_killed_between_pictures_is_replaced(desk: Desk) -> None:
    child = desk.child
    os.kill(child, signal.SIGKILL)
    assert wait_until(lambda: desk.judge._child is not None and not desk.judge._child.runs)
    assert isinstance(desk.ask(BLUE), JudgedPicture)
    assert desk.child != child


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (signal.SIGSEGV, "not a picture"),
        (signal.SIGKILL, "too large"),  # as the kernel does where memory is short
        (signal.SIGPROF, "time"),
    ],
)
def test_a_child_that_ends_over_a_picture_costs_that_picture(
    desk: Desk, number: signal.Signals, cause: str
) -> None:
    child = desk.child
    os.kill(child, signal.SIGSTOP)

    async def end() -> JudgedPicture | UnreadablePicture:
        asking = asyncio.create_task(desk.judge.judge(BLUE))
        await asyncio.sleep(0.05)
        os.kill(child, number)
        os.kill(child, signal.SIGCONT)
        return await asking

    assert desk.runner.run(end()) == UnreadablePicture(cause)  # type: ignore[arg-type]
    assert isinstance(desk.ask(BLUE), JudgedPicture)


def test_a_silent_child_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    child = desk.child
    os.kill(child, signal.SIGSTOP)
    monkeypatch.setattr(judging, "LIMIT_S", 0.2)
    assert desk.ask(BLUE) == UnreadablePicture("time")
    assert not alive(child)


def test_an_answer_nobody_waited_for_is_not_the_next_ones(desk: Desk) -> None:
    child = desk.child
    os.kill(child, signal.SIGSTOP)

    async def leave() -> JudgedPicture | UnreadablePicture:
        asking = asyncio.create_task(desk.judge.judge(CARD))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with contextlib.suppress(ProcessLookupError):  # it is ended, and may be gone already
            os.kill(child, signal.SIGCONT)
        return await desk.judge.judge(BLUE)

    found = desk.runner.run(leave())
    assert isinstance(found, JudgedPicture)
    assert found.look.verdict == "CLEAR"


def test_four_wait_and_the_next_is_told_so(desk: Desk) -> None:
    child = desk.child
    os.kill(child, signal.SIGSTOP)

    async def crowd() -> list[JudgedPicture | UnreadablePicture]:
        asking = [asyncio.create_task(desk.judge.judge(BLUE)) for _ in range(5)]
        await asyncio.sleep(0.05)
        with pytest.raises(Busy, match="4 pictures wait to be judged already; try again soon"):
            await desk.judge.judge(BLUE)
        os.kill(child, signal.SIGCONT)
        return await asyncio.gather(*asking)

    assert all(isinstance(found, JudgedPicture) for found in desk.runner.run(crowd()))


def test_the_loop_goes_on_while_a_picture_is_judged(desk: Desk) -> None:
    child = desk.child
    large = encoded(Image.new("RGB", (4000, 3000), "navy"), compress_level=0)[: 12 << 20]

    async def count() -> float:
        longest_s, last_s = 0.0, time.perf_counter()
        asking = asyncio.create_task(desk.judge.judge(large))
        while not asking.done():
            await asyncio.sleep(0.001)
            now_s = time.perf_counter()
            longest_s, last_s = max(longest_s, now_s - last_s), now_s
        return longest_s

    os.kill(child, signal.SIGSTOP)  # 12 MB do not fit into the socket: the rest must wait
    desk.runner.get_loop().call_later(0.5, os.kill, child, signal.SIGCONT)
    assert desk.runner.run(count()) < 0.2


def test_it_is_ended_when_nobody_asks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "IDLE_S", 0.2)
    child = desk.child
    desk.ask(BLUE)
    desk.runner.run(asyncio.sleep(0.4))
    assert wait_until(lambda: not alive(child))
    assert isinstance(desk.ask(BLUE), JudgedPicture)


def test_it_is_confined(desk: Desk) -> None:
    lines = Path(f"/proc/{desk.child}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    limits = Path(f"/proc/{desk.child}/limits").read_text()
    for name in ("Max file size", "Max core file size"):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line.split()[-3:-1] == ["0", "0"]
    own = os.getpriority(os.PRIO_PROCESS, 0)  # of whoever runs this, which may be more
    assert os.getpriority(os.PRIO_PROCESS, desk.child) == max(judge_process.NICENESS, own)
    assert Path(f"/proc/{desk.child}/oom_score_adj").read_text() == "1000\n"


@pytest.fixture
def doctored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Desk]]:
    """Make desks whose child runs some code before its own main; `own` is its module there."""
    desks: list[Desk] = []

    def make(code: str, config: Config | None = None) -> Desk:
        script = (
            "import os, socket, sys, time\nfrom shuttergate.console import judge_process as own"
        )
        command = [sys.executable, "-B", "-c", f"{script}\n{code}\nown.main()"]
        monkeypatch.setattr(spawn, "command", lambda module: command)
        desks.append(Desk(config))
        return desks[-1]

    yield make
    for one in desks:
        one.close()


CANNOT = """
def tries(picture, eyes, rules):
    for attempt in (
        lambda: open(OUT, "wb", buffering=0).write(b"x"),
        lambda: os.write(os.memfd_create("x"), b"x"),
        lambda: socket.socket(socket.AF_INET),
        lambda: socket.socket(socket.AF_INET6),
    ):
        try:
            attempt()
        except OSError:
            continue
        return own.UnreadablePicture("time")
    return own.UnreadablePicture("animation")
own.judged = tries
"""


def test_what_opens_the_picture_can_neither_write_nor_connect(
    doctored: Callable[[str], Desk], tmp_path: Path
) -> None:
    desk = doctored(f"OUT = {str(tmp_path / 'leak')!r}\n{CANNOT}")
    assert desk.ask(BLUE) == UnreadablePicture("animation")


def test_a_picture_that_takes_too_long_is_ended_by_the_kernel(
    doctored: Callable[[str], Desk],
) -> None:
    desk = doctored("own.PICTURE_CPU_S = 0.2\nown.judged = lambda *rest: sum(iter(int, 1))")
    began_s = time.monotonic()
    assert desk.ask(BLUE) == UnreadablePicture("time")
    assert time.monotonic() - began_s < judging.LIMIT_S / 2


ENDLESS = "(os.write(int(sys.argv[2]), b'\\xff' * 4), time.sleep(60))"


@pytest.mark.parametrize("answer", ["{'type': 'judged', 'width': 1}", "own.JudgeReady()", ENDLESS])
def test_an_answer_that_is_none_is_not_believed(
    doctored: Callable[[str], Desk], answer: str
) -> None:
    desk = doctored(f"own.judged = lambda *rest: {answer}")
    assert desk.ask(BLUE) == UnreadablePicture("not a picture")


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    common = (Path("/tmp"), Path("/dev/shm"))
    before = {path for folder in common for path in folder.iterdir()}
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    picture = encoded(NOISE)

    async def ask() -> list[JudgedPicture | UnreadablePicture]:
        judge = PictureJudge(Config())
        pictures = (picture, encoded(NOISE, "AVIF"), picture[:600])
        found = [await judge.judge(one) for one in pictures]
        await judge.close()
        return found

    *whole, cut = asyncio.run(ask())
    assert all(isinstance(found, JudgedPicture) for found in whole)
    assert cut == UnreadablePicture("not a picture")
    assert list(tmp_path.iterdir()) == []
    for path in {path for folder in common for path in folder.iterdir()} - before:
        if path.is_file():  # others may write there meanwhile, but not this
            assert picture[100:200] not in path.read_bytes()


PARENT = """
import asyncio, os, sys
from shuttergate.config import Config
from shuttergate.console.judge import PictureJudge
async def main():
    os.close(2)
    judge = PictureJudge(Config())
    found = await judge.judge(sys.stdin.buffer.read())
    os.write(1, found.look.verdict.encode())
    await judge.close()
asyncio.run(main())
"""


def test_it_works_for_a_console_that_may_not_write_and_has_no_stderr() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", PARENT],
        input=CARD,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        check=True,
    )
    assert done.stdout == b"BLOCKED"


LEAVING = """
import asyncio, os, sys
from shuttergate.config import Config
from shuttergate.console import judge
from shuttergate.system import spawn
deaf = "import time, shuttergate.console.judge_process as own; "
deaf += "own.exactly = lambda *rest: time.sleep(60); own.main()"
spawn.command = lambda module: [sys.executable, "-B", "-c", deaf]
async def main():
    child = await judge.PictureJudge(Config())._ready()
    os.write(1, str(child.process.pid).encode())
    os._exit(0)
asyncio.run(main())
"""


def test_a_child_that_does_not_hear_ends_with_the_console_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVING], stdout=subprocess.PIPE, check=True)
    assert wait_until(lambda: not alive(int(done.stdout)))


def test_a_kit_that_cannot_judge_says_why() -> None:
    async def ask() -> None:
        judge = PictureJudge(Config(board="pi9"))
        with pytest.raises(JudgeError, match="no board is called 'pi9'"):
            await judge.judge(BLUE)
        await judge.close()

    asyncio.run(ask())


def test_a_child_that_does_not_start_is_told(
    doctored: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(JudgeError, match=r"ended while it started \(7\); see `shuttergate doctor`"):
        doctored("sys.exit(7)").ask(BLUE)
    monkeypatch.setattr(judging, "LIMIT_S", 0.2)
    with pytest.raises(JudgeError, match="no models are loaded within"):
        doctored("time.sleep(60)").ask(BLUE)


def test_after_closing_nothing_is_judged() -> None:
    async def ask() -> None:
        judge = PictureJudge(Config())
        await judge.close()
        await judge.close()
        with pytest.raises(JudgeError, match="the page is closing"):
            await judge.judge(BLUE)

    asyncio.run(ask())


def test_a_model_that_fails_on_any_picture_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(image: Image.Image) -> dict[str, float]:
        seen.append(1)
        if len(seen) == 1:
            raise ScoreError("one: the model failed")
        return {"one": 0.1}

    looks: dict[Look, Callable[[Image.Image], dict[str, float]]]
    looks = {Look.LIVE: look, Look.SECOND: lambda image: {"one": 0.1}}
    monkeypatch.setattr(judge_process, "looking", lambda eyes, which: looks[which])
    rules = {which: Rule({"one": Thresholds(0.5, 0.8)}) for which in Look}
    found = judge_process.judged(film(BLUE_IMAGE, NOISE.resize((640, 480))), None, rules)  # type: ignore[arg-type]
    assert isinstance(found, JudgedPicture)
    assert (found.live.verdict, found.live.reason, found.live.scores) == (
        "BLOCKED",
        Reason.DOUBT,
        {},
    )
    assert (found.look.verdict, found.look.scores) == ("CLEAR", {"one": 0.1})


def test_the_consoles_side_loads_neither_decoders_nor_models() -> None:
    code = "import sys, shuttergate.console.judge; print({'PIL', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_picture_is_judged_by_a_rule_that_was_put_in_force_meanwhile() -> None:
    desk = Desk()
    try:
        before = desk.ask(BLUE)
        assert isinstance(before, JudgedPicture) and before.live.reason is Reason.CLEAR
        embedder = rulebook.pack("consent-clean").manifest.sha256
        weights = np.zeros(1280, "<f4").tobytes()
        everything = TaughtHead("everything", embedder, weights, 9.0, 0.5, "cd" * 32)
        desk.judge.teach([everything])
        after = desk.ask(BLUE)
        assert isinstance(after, JudgedPicture)
        for seen in (after.live, after.look):
            assert (seen.verdict, seen.reason) == ("BLOCKED", Reason.TAUGHT)
        nudity = dict(after.live.scores)
        del nudity["everything"]
        assert nudity == before.live.scores
        card = desk.ask(CARD)
        assert isinstance(card, JudgedPicture) and card.live.reason is Reason.NUDITY
        desk.judge.teach([])
        again = desk.ask(BLUE)
        assert isinstance(again, JudgedPicture) and again.live.reason is Reason.CLEAR
    finally:
        desk.runner.run(desk.judge.close())
        desk.runner.close()


# What a photo or video states of itself


def of_class(folder: Path) -> tuple[Config, Path]:
    """A kit's settings with a class, whose key is nowhere: only its certificate is there."""
    file = signing.new_class(folder)
    return Config(credentials=CredentialSettings(str(file))), file


def verified(desk: Desk, content: bytes) -> VerifiedFile:
    found = desk.runner.run(desk.judge.verify(content))
    assert isinstance(found, VerifiedFile)
    return found


def test_what_a_photo_or_video_states_is_told_without_the_key(tmp_path: Path) -> None:
    signing.skip_without_extra()
    config, file = of_class(tmp_path)
    signer = signing.kit(file)
    file.unlink()
    desk = Desk(config)
    try:
        for content in (signing.photo(signer), signing.video(signer, tmp_path)):
            told = verified(desk, content)
            assert told.known == "room 3b" and told.found is not None
            assert (told.found.state, told.found.class_name) == (CredentialState.VALID, "room 3b")
            assert told.found.claims == signing.CLAIMS
            changed = verified(desk, signing.flipped(content, len(content) * 2 // 3, 0)).found
            assert changed is not None and changed.state is not CredentialState.VALID
        child = desk.child
        none = verified(desk, signing.jpeg()).found
        assert none == Verified(CredentialState.NONE)
        assert isinstance(desk.ask(BLUE), JudgedPicture)
        assert desk.child == child, "it does all three"
    finally:
        desk.close()


def test_a_kit_without_a_class_knows_nobody(desk: Desk, tmp_path: Path) -> None:
    signing.skip_without_extra()
    photo = signing.photo(signing.kit(signing.new_class(tmp_path)))
    assert verified(desk, photo) == VerifiedFile(Verified(CredentialState.UNKNOWN))


def test_what_is_missing_is_told_with_its_mend(
    tmp_path: Path, doctored: Callable[[str, Config], Desk]
) -> None:
    config, file = of_class(tmp_path)
    public_file(file).unlink()
    missing = verified(doctored("", config), signing.jpeg()).missing
    said = "room 3b.class.pem: No such file or directory; copy it beside the class file anew"
    assert str(missing) == said, "no folder: it goes to any paired phone"
    public_file(file).write_bytes(b"x")
    missing = verified(doctored("", config), signing.jpeg()).missing
    assert str(missing).startswith("room 3b.class.pem: is no class file; ")
    without = doctored("sys.modules['c2pa'] = None", config)
    missing = verified(without, signing.jpeg()).missing
    assert "credentials need c2pa-python: run make credentials" in str(missing)
    assert isinstance(without.ask(BLUE), JudgedPicture), "and all else goes on"


def test_what_states_too_much_is_not_shown(tmp_path: Path) -> None:
    """Who has the class's file can sign names of any length; a message has an end."""
    signing.skip_without_extra()
    config, file = of_class(tmp_path)
    many = {f"{'x' * 500}{number}": "d4" * 32 for number in range(40)}
    claims = msgspec.structs.replace(signing.CLAIMS, taught=many)
    found = judge_process.verified(signing.photo(signing.kit(file), claims), config).found
    assert found is not None and found.state is CredentialState.UNREADABLE
    assert str(found.cause) == "it states more than is shown here"


@pytest.mark.parametrize("errand", [0, 9, 255])
def test_an_errand_that_nobody_knows_ends_the_child(desk: Desk, errand: int) -> None:
    async def ask() -> None:
        child = await desk.judge._ready()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(child.link, len(BLUE).to_bytes(4) + errand.to_bytes() + BLUE)
        with pytest.raises(ConnectionError):
            await child.answer()

    child = desk.child
    desk.runner.run(ask())
    assert wait_until(lambda: desk.judge._child is not None and not desk.judge._child.runs)
    assert isinstance(desk.ask(BLUE), JudgedPicture) and desk.child != child
