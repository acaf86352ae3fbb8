"""What outside bytes may do to each parser: one function each, which raises where more is done.

A function takes any bytes and returns. Whatever it raises is a finding: an exception that nobody
there catches, an answer that may not be, a picture over the limit, a process that is stuck.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import resource
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import seeds
from page import HANG_S, LAN, LOCAL, Page
from PIL import Image

from shuttergate import feed, viewfinder
from shuttergate.board import read_board
from shuttergate.capture import publisher
from shuttergate.capture.album import Album
from shuttergate.capture.client import PublisherClient
from shuttergate.companion import Role
from shuttergate.config import Config, VoiceSettings, read_config, read_kit
from shuttergate.console.film import span
from shuttergate.console.hub import Hub
from shuttergate.console.judge import (
    JudgedPicture,
    PictureJudge,
    PrintedPicture,
    UnreadablePicture,
    VerifiedFile,
    _Child,
)
from shuttergate.console.status_client import StatusClient
from shuttergate.credentials.authority import read as read_class
from shuttergate.credentials.authority import read_certificate
from shuttergate.credentials.verify import MEMORY_BYTES, CredentialState, KnownClass, verify
from shuttergate.errors import (
    CameraError,
    ConfigError,
    CredentialError,
    JudgeError,
    PackError,
    PictureError,
    RuleError,
    ScoreError,
)
from shuttergate.frames import pictures
from shuttergate.frames.clip import Clip
from shuttergate.frames.shot import Lens
from shuttergate.frames.stage import Stagehand
from shuttergate.injection import FaultSwitch, Injection, offered
from shuttergate.parent import log, seats
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from shuttergate.policy import rule_file
from shuttergate.policy.bank import MAX_ROWS, read_bank
from shuttergate.props import Prop
from shuttergate.rulebook import head_of
from shuttergate.system.confine import bounded_memory
from shuttergate.system.framing import framed
from shuttergate.verdict import Reason
from shuttergate.vision.pack import read_pack
from shuttergate.voice.prompter import Prompter
from shuttergate.warden import Warden
from shuttergate.words import LANGUAGES, words

signed = seeds.signed

MAX_PIXELS = 250_000
"""Instead of the kit's 128 million, so that thousands of files can be tried: the same check."""

MAX_GROWTH_MB = 160
"""What one file of so many pixels may cost: 64 pictures of an animation one after another, each
with a copy or two, and what a decoder needs besides."""

MAX_SAID_BYTES = 64 * 1024

ENDS_THE_PROCESS = (ValueError, RecursionError)
"""What a gate or publisher comes to over nonsense from a part of the kit that it trusts: its end.
The line is low then, and nothing is kept."""

LENS = Lens((64, 48), (32, 32))

Image.init()  # every decoder, before one is counted


@functools.cache
def _folder() -> Path:
    """In memory where there is such a place: thousands of files are written."""
    room = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="shuttergate-fuzz-", dir=room)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _written(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


# Files


def picture(data: bytes) -> None:
    """A file gives pictures within the limit, or `PictureError`; and takes a bounded memory."""
    path = _written("picture", data)
    before_mb = _peak_mb()
    brake, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_PIXELS // 2
    try:
        for limit in (None, LENS.main_limit):
            for image in pictures.pictures_in(path, "it", limit, max_pixels=MAX_PIXELS):
                assert image.mode == "RGB", image.mode
                assert image.width * image.height <= MAX_PIXELS, image.size
                LENS.shot(image)
        LENS.shot(pictures.read_picture(path, LENS.main_limit))
    except PictureError:
        pass
    finally:
        Image.MAX_IMAGE_PIXELS = brake
    growth_mb = _peak_mb() - before_mb
    assert growth_mb <= MAX_GROWTH_MB, f"it took {growth_mb} MB"


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def clip(data: bytes) -> None:
    """A file gives a scene that shows something, or `CameraError`."""
    try:
        scene = Clip(_written("clip", data), LENS)
    except CameraError:
        return
    try:
        for step in range(3):
            shot = scene.at(step / 10)
            assert shot.lores.shape == (*LENS.lores_size[::-1], 3)
    except CameraError:
        pass
    finally:
        scene.close()


def config(data: bytes) -> None:
    """A file gives a configuration, and with it a kit, or `ConfigError`."""
    path = _written("config.toml", data)
    try:
        found = read_config(path)
        if "/" not in found.board:  # the owner's own path, which is not for us to open
            read_kit(found, path)
    except ConfigError:
        pass


def board(data: bytes) -> None:
    """A file gives a board or `ConfigError`."""
    with contextlib.suppress(ConfigError):
        read_board(str(_written("board.toml", data)))


def pack(data: bytes) -> None:
    """A manifest gives a pack, which says which files it has and lacks, or `PackError`.

    The model itself is not tried: none is opened before its sha256 is that of the manifest.
    """
    folder = _written(f"{seeds.PACK}/model.toml", data).parent
    try:
        found = read_pack(folder)
        assert found.name == seeds.PACK
        if not any(set(name) & {"/", "\0"} for name in [*found.files(), *found.published()]):
            found.missing()
            found.content()
    except PackError:
        pass


def rule(data: bytes) -> None:
    """A file gives a taught rule that reads a score off any embedding, or `RuleError`.

    As it is, and signed off: chance finds no sum, and whoever writes a file on purpose writes one.
    """
    for content in (data, signed(data)):
        try:
            found = rule_file.from_bytes(content, "it")
        except RuleError:
            continue
        assert rule_file.is_name(found.name) and len(set(found.words)) == len(found.words)
        with np.errstate(over="ignore"):  # a head may be as steep as it likes
            scores = [float(found.scores(found.embeddings).min())]
            scores += [found.reads(row.astype(np.float64)) for row in found.embeddings[:4]]
        assert all(0.0 <= score <= 1.0 for score in scores), scores
        again = rule_file.from_bytes(found.to_bytes(), "it")
        assert again.embeddings.tobytes() == found.embeddings.tobytes()


def bank(data: bytes) -> None:
    """A bank and its ledger give rows of length 1 or of none, each with a word, or `RuleError`."""
    content, _, ledger = data.partition(seeds.LEDGER)
    with contextlib.suppress(RuleError):
        found = read_bank(content, ledger, "it")
        assert 0 < len(found.embeddings) == len(found.shows) <= MAX_ROWS
        lengths = np.linalg.norm(found.embeddings, axis=1)
        assert (np.isnan(lengths) | (np.abs(lengths - 1) < 1e-3)).all()


# Sockets


class _Mute:
    """Stands in for a part that is asked for something and has nothing to say."""

    def __getattr__(self, name: str) -> _Mute:
        return self

    def __call__(self, *given: object, **named: object) -> None:
        pass


class _Given:
    """A link that has one order to tell."""

    def __init__(self, received: tuple[feed.Order, list[int]] | None) -> None:
        self._received = received

    def receive(self) -> tuple[feed.Order, list[int]] | None:
        return self._received

    def send(self, news: feed.Message) -> None:
        pass


class _Watched(_Mute):
    def view(self, seat: socket.socket) -> None:
        seat.close()


def _warden(link: object, client: PublisherClient) -> Warden:
    mute = cast(Any, _Mute())
    faults = (FaultSwitch.MODEL_CORRUPTED, FaultSwitch.CAMERA_STALLED)
    switch: Callable[[bool], None] = lambda on: None  # noqa: E731
    switches = Injection(dict.fromkeys(faults, switch), mute, Stagehand().show)
    return Warden(
        kit=cast(Any, _Watched()),
        interlock=mute,
        faults=mute,
        panel=mute,
        client=client,
        link=cast(Any, link),
        injection=switches,
    )


def orders(data: bytes) -> None:
    """The gate does what it is told; nonsense ends it, and so lowers the line."""
    packet = data[:MAX_SAID_BYTES]
    ours, theirs = feed.pair()
    far, near = socket.socketpair()
    with ours, theirs, far, near:
        # Only these two take what they bring; others' would stay open here.
        carries = b"hatch" in packet or b"view" in packet
        socket.send_fds(theirs, [packet], [near.fileno()] if carries else [])
        before = _open_files()
        try:
            received = feed.Link(ours).receive()
        except ENDS_THE_PROCESS:
            _close_since(before)
            return
        if received is not None:
            _put_into_force(received[0])
        warden = _warden(_Given(received), PublisherClient())
        warden._hear_supervisor()
        warden.end()
        _close_since(before)


class _Channel:
    """As much of a channel as a head is fitted to."""

    sha256, width = "ab" * 32, seeds.WIDTH


def _put_into_force(order: feed.Order) -> None:
    """A head that a page sends gives scores that are some, or is refused in words."""
    rule = getattr(order, "rule", None)
    if rule is None:
        return
    with contextlib.suppress(RuleError):
        head = head_of(rule, [cast(Any, _Channel())])
        assert rule_file.is_name(head.name) and head.limits.blocks_with is Reason.TAUGHT
        for embedding in (np.ones(seeds.WIDTH), np.full(seeds.WIDTH, -1e6), np.zeros(seeds.WIDTH)):
            with contextlib.suppress(ScoreError):
                assert 0.0 <= head(embedding) <= 1.0


def _open_files() -> set[int]:
    listed = {int(one.name) for one in Path("/proc/self/fd").iterdir()}
    return {one for one in listed if _is_open(one)}  # the listing's own is closed again


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _close_since(before: set[int]) -> None:
    """Close what an ended process would have closed."""
    for descriptor in _open_files() - before:
        os.close(descriptor)


class _Kit:
    """What a status server needs of the supervisor, and what it was asked for."""

    def __init__(self) -> None:
        self.status: feed.Status | None = None
        self.is_heard = False
        self.totals: feed.Totals = {}
        self.starts, self.start_s = 1, 0.5
        self.injected: list[str] = []
        self.scene = ""
        self.asked: list[tuple[str, str | bool]] = []

    def view(self, descriptor: int) -> None:
        os.fstat(descriptor)

    def show(self, scene: str) -> None:
        self.asked.append(("show", scene))

    def finger(self, down: bool) -> None:
        self.asked.append(("finger", down))

    def kill(self, process: str) -> None:
        self.asked.append(("kill", process))

    def inject(self, fault: str, on: bool) -> None:
        self.asked.append(("inject", fault))

    def learn(self, order: feed.Lesson) -> None:
        self.asked.append(("learn", type(order).__name__))


class _Looked:
    """A status server over nothing, and those who look in, one after another."""

    def __init__(self) -> None:
        self.board = read_board("simulated")
        self.path = _folder() / "console.sock"
        self.server = StatusServer({Role.PAGE: self.path}, Config(), self.board, _folder())
        self.kit = _Kit()

    def attend(self) -> None:
        select.select(self.server.sources, [], [], 0.02)
        self.server.attend(cast(Supervisor, self.kit), [])

    def hear(self, packets: list[bytes]) -> list[tuple[str, str | bool]]:
        """Let one look in who says all of that and leaves; return what the kit was asked for."""
        self.kit.asked.clear()
        until_s = time.monotonic() + HANG_S
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as seat:
            seat.connect(str(self.path))
            seat.setblocking(False)
            while not self.server._seats:
                self.attend()
            with contextlib.suppress(OSError):  # put out, or not heard so soon
                for packet in packets:
                    seat.send(packet)
                seat.shutdown(socket.SHUT_WR)
            while self.server._seats:
                assert time.monotonic() < until_s, "who left is not put out"
                self.attend()
        return self.kit.asked


@functools.cache
def _looked() -> _Looked:
    return _Looked()


def wishes(data: bytes) -> None:
    """A kit grants a console its wishes and no others, and puts out who talks nonsense."""
    packets = [packet for packet in data[:4096].split(b"\n") if packet][:8]
    with _impatient(), _threads_that_died() as died:
        looked = _looked()
        asked = looked.hear(packets)
    assert not died, died[0]
    assert len(asked) <= len(packets)
    known = offered(looked.board)
    assert all(of in known for what, of in asked if what == "inject"), asked
    assert all(of in ("", *Prop) for what, of in asked if what == "show"), asked


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    pause_s, seats.PAUSE_S = seats.PAUSE_S, 0.0
    try:
        yield
    finally:
        seats.PAUSE_S = pause_s


@contextlib.contextmanager
def _threads_that_died() -> Iterator[list[str]]:
    died: list[str] = []
    before, threading.excepthook = threading.excepthook, lambda how: died.append(repr(how))
    try:
        yield died
    finally:
        threading.excepthook = before


def sights(data: bytes) -> None:
    """A console takes in what a kit shows, or looks away; what it then tells is JSON."""
    page().loop.run_until_complete(_look(data.split(b"\n")[:8]))


async def _look(packets: list[bytes]) -> None:
    hub, gone = Hub({}), asyncio.Event()
    client = StatusClient(Path(), hub)
    ours, theirs = feed.pair()
    ours.setblocking(False)
    before = _open_files()
    for packet in packets:
        if gone.is_set():
            break
        far, near = socket.socketpair()
        with far, near:
            # Every other kind comes without a descriptor; a lack of room can take any away.
            carried = [near.fileno()] if packet.endswith(b"}") else []
            socket.send_fds(theirs, [packet[:MAX_SAID_BYTES]], carried)
        client._look(ours, gone)
    theirs.close()
    client._look(ours, gone)
    assert gone.is_set()
    client._take_view(None)
    hub._flush()
    with hub.viewer() as viewer:
        hub.news(viewer)
    opened = _open_files() - before
    assert len(opened) <= len(hub.photos.names), "a descriptor that nobody took stays open"
    ours.close()
    _close_since(before)


def shown(data: bytes) -> None:
    """A console shows what a viewfinder shows, or waits for another viewfinder."""
    page().loop.run_until_complete(_look_closer(data))


async def _look_closer(packet: bytes) -> None:
    hub = Hub({})
    client = StatusClient(Path(), hub)
    ours, theirs = feed.pair()
    with theirs:
        client._take_view(ours)
        theirs.send(packet[:MAX_SAID_BYTES])
        client._look_closer(ours)
    client._take_view(None)
    hub._flush()


def to_gate(data: bytes) -> None:
    """The gate hears its publisher, whatever it says, and knows when it is gone."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(data[:MAX_SAID_BYTES])
    client = PublisherClient()
    client.connect(ours.detach())
    warden = _warden(_Given(None), client)
    while client.is_connected:
        warden._hear_publisher()


@functools.cache
def _voice() -> tuple[Prompter, socket.socket]:
    """The kit's end of a voice, and the end of its process."""
    voice = Prompter(VoiceSettings(language="en"))
    theirs = socket.fromfd(voice.companions[0].link, socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return voice, theirs


def mute(data: bytes) -> None:
    """Whatever the voice's process says of itself, it can be logged and told, or is let go."""
    voice, theirs = _voice()
    theirs.send(data[:MAX_SAID_BYTES] or b"\0")
    for event in voice.attend(None, []):
        assert isinstance(event, feed.VoiceMute)
        assert list(log.lines([event]))
        for language in LANGUAGES:
            words(event, language)


@functools.cache
def _album() -> Path:
    folder = _folder() / "album"
    folder.mkdir()
    return folder


def to_publisher(data: bytes) -> None:
    """A publisher keeps what the gate says is to be kept, and nothing else."""
    folder = _album()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[:MAX_SAID_BYTES])
        theirs.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError, *ENDS_THE_PROCESS):
            publisher.serve(ours, Album(folder), probe_s=3600.0)
    kept = list(folder.iterdir())
    for file in kept:
        file.unlink()
    assert len(kept) <= data.count(b"true"), "kept without the gate's word"


class _Process:
    """A judging process that runs until it is ended."""

    def poll(self) -> None:
        return None

    def kill(self) -> None:
        pass

    def wait(self) -> int:
        return 0


def answers(data: bytes) -> None:
    """Whatever a decoder did to the judging process, a file has its answer or it has none."""
    for ask in (PictureJudge.judge, PictureJudge.print, PictureJudge.verify):
        page().loop.run_until_complete(_judge(data, ask))


async def _judge(data: bytes, ask: Callable[[PictureJudge, bytes], Awaitable[object]]) -> None:
    judge = PictureJudge(Config())
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    judge._child = _Child(cast(Any, _Process()), ours, judge._settings)
    with theirs:
        theirs.sendall(data[:MAX_SAID_BYTES])
        theirs.shutdown(socket.SHUT_WR)
        try:
            answer = await ask(judge, b"a picture")
            kinds = JudgedPicture | PrintedPicture | VerifiedFile | UnreadablePicture
            assert isinstance(answer, kinds)
        except JudgeError:
            pass
        finally:
            await judge.close()


# The page


@functools.cache
def page() -> Page:
    """Return the page, which is built once."""
    return Page(_folder())


def http(data: bytes) -> None:
    """A request is answered, without an error here or a word on stderr, from wherever it comes.

    Who comes from elsewhere and has not paired learns nothing that lets them press anything.
    """
    for peer in (LOCAL, LAN):
        said = page().talk(data[:MAX_SAID_BYTES], peer)
        assert b"HTTP/1.1 500 " not in said
        assert peer == LOCAL or seeds.TOKEN.encode() not in said


def ranges(data: bytes) -> None:
    """A Range header asks for a part of the file, or for nothing that is to be had."""
    for size in (0, 10, 3 << 20):
        found = span(data.decode("latin-1"), size)
        assert found is None or 0 <= found[0] < found[1] <= size, found


@functools.cache
def _classes() -> list[KnownClass]:
    return [KnownClass(*read_certificate(seeds.class_file()))]


def stated(data: bytes) -> None:
    """Whatever a photo or video is, it is told how it stands; valid is what was signed alone."""
    classes = _classes()
    with bounded_memory(MEMORY_BYTES):
        found = verify(data, classes)
    if found.state is CredentialState.VALID:
        assert (found.class_name, found.claims) == (seeds.CLASS, seeds.STATED)


def class_file(data: bytes) -> None:
    """A file gives a class, or `CredentialError`."""
    with contextlib.suppress(CredentialError):
        assert read_class(_written("a.class", data)).name


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        *(picture, clip, config, board, pack, rule, bank, orders, wishes, sights, shown),
        *(to_gate, to_publisher, answers, http, ranges, stated, class_file, mute),
    )
}

SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "picture": seeds.pictures,
    "clip": seeds.clips,
    "config": seeds.configs,
    "board": seeds.boards,
    "pack": seeds.packs,
    "rule": seeds.rules,
    "bank": seeds.banks,
    "orders": seeds.orders,
    "wishes": seeds.wishes,
    "sights": seeds.sights,
    "shown": seeds.shown,
    "to_gate": seeds.to_gate,
    "to_publisher": seeds.to_publisher,
    "answers": seeds.answers,
    "http": seeds.requests,
    "ranges": seeds.ranges,
    "stated": seeds.stated,
    "class_file": seeds.class_files,
    "mute": seeds.mutes,
}

_DEEP = b'{"x":' + b"[" * 2000

REGRESSIONS: dict[str, tuple[str, bytes]] = {
    "an animation whose picture is needed when its file is closed": (
        "picture",
        seeds.moving("PNG"),
    ),
    "an animation that is damaged": ("picture", seeds.moving("PNG")[:-90]),
    "a box of a video that says it is larger than any file": (
        "stated",
        b"\0\0\0\x0cftypiso5\0\0\0\x01free" + b"\xff" * 8 + b"\0\0\0\x08mdat",
    ),
    "an animation that grows where it is laid over itself": ("picture", seeds.vast_gif()),
    "PostScript that never ends": (
        "picture",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n%%EndComments\n{ } loop\n%%EOF\n",
    ),
    "TOML nested deeper than Python goes": ("config", b"a=" + b"[" * 2000),
    "TOML with a number that Python will not read": ("board", b"a=" + b"1" * 4301),
    "an archive of arrays, which is no array": ("bank", seeds.archive()),
    "a publisher's message nested deeper than Python goes": ("to_gate", framed(_DEEP)),
    "a judging process's message nested deeper than Python goes": ("answers", framed(_DEEP)),
    "a judging process's message that is no UTF-8": (
        "answers",
        framed(b'{"type":"refused","cause":"\xff"}'),
    ),
    "a kit's message nested deeper than Python goes": ("sights", _DEEP),
    "a kit's message that is no UTF-8": ("sights", b'{"type":"line","text":"\xff"}'),
    "a way for pictures that was lost on the way": ("sights", b'{"type":"view"} '),
    "a mosaic of more columns than a byte can tell": (
        "shown",
        msgspec.msgpack.encode(viewfinder.Mosaic(1, 256, 1, b"")),
    ),
    "a body that is cut short": (
        "http",
        seeds.request("POST", "/pair", origin=f"http://{seeds.HOST}", content_length="9") + b"abc",
    ),
    "a body that turns bad before it is answered": (
        "http",
        b"GET /health HTTP/1.1\r\nhost: a\n\r\nGET /health HTTP/1.0\r\nhost: a\r\n\r\nGET",
    ),
    "a body that turns bad while it is waited for": (
        "http",
        seeds.request("POST", "/pair", origin=f"http://{seeds.HOST}", transfer_encoding="chunked")
        + b"1\r\na\r\nx\r\n",
    ),
    "a body that turns bad when it is answered already": (
        "http",
        seeds.request("GET", "/health", transfer_encoding="chunked") + b"x\r\n",
    ),
}
"""What once broke the contract of a target, by what it is."""
