"""Small valid examples of what each parser meets, all made here, and words that matter to it."""

from __future__ import annotations

import atexit
import functools
import hashlib
import io
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from shuttergate import companion, feed, viewfinder
from shuttergate.capture import hatch
from shuttergate.claims import Claims, LookClaim
from shuttergate.console import judge
from shuttergate.credentials import authority, marks
from shuttergate.credentials.signer import C2PA_UUID, ROOM, FileSigner
from shuttergate.credentials.verify import CredentialState, Verified
from shuttergate.errors import SoundError, phrase
from shuttergate.policy.rule_file import MAGIC, Contribution, TaughtRule
from shuttergate.system.framing import framed
from shuttergate.system.paths import share
from shuttergate.verdict import Reason

ROOT = Path(__file__).parents[2]
PACK = "pack"
LEDGER = b"\n\0ledger\0\n"
"""Between a bank and its ledger."""

SUM = 32  # bytes, at the end of a rule's file
TOKEN = "token-of-this-page"
HOST, LAN_HOST = "127.0.0.1:8080", "192.0.2.1:8080"
PHOTO, FILM = "20261122T010203.004Z.jpg", "20261122T010203.004Z.mp4"

_SIZE = (9, 6)
_FORMATS = {
    "RGB": "AVIF BMP DDS GIF ICO JPEG JPEG2000 MPO PCX PNG PPM QOI SGI TGA TIFF WEBP",
    "L": "BMP JPEG PCX PNG PPM SGI SPIDER TGA TIFF",
    "1": "BMP MSP PNG PPM TIFF XBM",
    "P": "BMP GIF PCX PNG TIFF",
    "RGBA": "AVIF DDS PNG TIFF WEBP",
    "I;16": "PNG TIFF",
    "F": "TIFF",
    "CMYK": "JPEG TIFF",
}
_UPRIGHT_TAG = 0x0112


def pictures() -> Iterator[bytes]:
    """Yield a painted slope in every format that Pillow writes, turned ones and moving ones too."""
    slope = Image.radial_gradient("L").resize(_SIZE)
    for mode, formats in _FORMATS.items():
        image = slope.convert("I;16" if mode == "I;16" else mode)
        for kind in formats.split():
            yield _saved(image, kind)
    exif = Image.Exif()
    exif[_UPRIGHT_TAG] = 6
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        yield _saved(slope.convert("RGB"), kind, exif=exif)
    for kind in ("GIF", "PNG", "WEBP", "AVIF", "TIFF"):
        yield moving(kind)
    yield _saved(slope.convert("RGB"), "JPEG", progressive=True, quality=30)
    yield _saved(slope.convert("RGB"), "TIFF", compression="tiff_lzw")
    yield wide_png(1200, 1200)
    yield ico(wide_png(1200, 1200))


def moving(kind: str) -> bytes:
    """Return an animation of three painted pictures."""
    slope = Image.radial_gradient("L").resize(_SIZE).convert("RGB")
    more = [slope.rotate(turn) for turn in (90, 180)]
    return _saved(slope, kind, save_all=True, append_images=more)


def vast_gif() -> bytes:
    """Return an animation in which what is laid over the first picture claims 3600 megapixels."""
    slope = Image.radial_gradient("L").resize(_SIZE)
    more = [slope.rotate(turn) for turn in (90, 180)]
    file = _saved(slope, "GIF", save_all=True, append_images=more, disposal=2)
    whole, vast = (b"," + struct.pack("<4H", 0, 0, *size) for size in (_SIZE, (60_000, 60_000)))
    first, *others = file.split(whole)
    return first + whole + vast.join(others)


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def wide_png(width: int, height: int) -> bytes:
    """Return a PNG that is black, and small as a file however many pixels it has."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    end = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + end


def ico(picture: bytes) -> bytes:
    """Return an icon that says it is 16 x 16, and holds `picture`."""
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 1, len(picture), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + picture


def clips() -> Iterator[bytes]:
    """Yield a film of a few grey pictures in every container that a scene may be."""
    import av  # the extra `video`

    for kind in ("mp4", "matroska", "avi", "mpegts"):
        with tempfile.NamedTemporaryFile() as file:
            with av.open(file.name, "w", format=kind) as container:
                stream = container.add_stream("mpeg4", rate=10)
                stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
                for level in (40, 120, 200):
                    pixels = np.full((32, 32, 3), level, np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
                container.mux(stream.encode())
            yield Path(file.name).read_bytes()


def configs() -> Iterator[bytes]:
    """Yield configurations: none, the example as it is, and with all that it only mentions."""
    example = (ROOT / "shuttergate.example.toml").read_text()
    yield b""
    yield example.encode()
    lines = (
        line[1:] if line[:2] > "#Z" or line[:2] == "#[" else line for line in example.split("\n")
    )
    yield "\n".join(lines).encode()
    yield b"[thresholds.a]\nclear_below = 0.1\nblock_at = 0.9\n[thresholds.b]\nclear_below = 1\n"
    yield b'[pins]\nenable = 4\n[album]\nfolder = "~/x"\n[gate]\nhold_off_s = 1e1\n'


def boards() -> Iterator[bytes]:
    """Yield the boards that are known."""
    for path in sorted(share("device").glob("*/board.toml")):
        yield path.read_bytes()


def packs() -> Iterator[bytes]:
    """Yield the manifests that are known, all of packs that are called `PACK`."""
    for path in sorted(share("models").glob("*/model.toml")):
        name = f'name = "{path.parent.name}"'
        yield path.read_text("utf-8").replace(name, f'name = "{PACK}"', 1).encode()


def rules() -> Iterator[bytes]:
    """Yield taught rules of few numbers, one of them without the sum at its end."""
    for views, width in ((1, 1), (2, 3), (5, 8)):
        rows = np.eye(views, width, dtype=np.float32)
        rows[:, 0] = 1
        made = TaughtRule(
            name="banana",
            embedder="ab" * 32,
            created="2026-01-31",
            contributions=(Contribution("blue heron", True, views),),
            embeddings=rows / np.linalg.norm(rows, axis=1, keepdims=True),
            weights=np.linspace(-9, 9, width, dtype=np.float32),
            bias=-1.5,
            line=0.5,
        )
        yield made.to_bytes()
        yield made.to_bytes()[:-SUM]


WIDTH = 4
_HEAD = feed.TaughtHead("banana", "ab" * 32, bytes(4 * WIDTH), -1.5, 0.5, "cd" * 32)


def signed(content: bytes) -> bytes:
    """Return what a rule's file would be whose bytes are these, signed off."""
    return content + hashlib.sha256(content).digest()


def banks() -> Iterator[bytes]:
    """Yield banks of few rows with their ledgers, and what else numpy reads from a file."""
    for rows in (1, 3):
        ledger = b"sha256,what\n" + b"ab,plain colour\n" * rows
        for array in (np.ones((rows, 4), np.int8), np.ones((rows, 4)), np.array(["a", None])):
            out = io.BytesIO()
            np.save(out, array)
            yield out.getvalue() + LEDGER + ledger


def archive() -> bytes:
    """Return a bank that is several."""
    out = io.BytesIO()
    np.savez(out, a=np.ones((1, 4), np.int8))
    return out.getvalue() + LEDGER + b"sha256,what\nab,plain colour\n"


CLASS = "a class"
STATED = Claims("a1" * 32, {"a pack": "b2" * 32}, {}, {"live": LookClaim()})


@functools.cache
def class_file() -> Path:
    """Return the file of a class of this run's own."""
    folder = Path(tempfile.mkdtemp(prefix="shuttergate-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    authority.write(folder / "a.class", authority.new_class(CLASS)[0], 0o600)
    return folder / "a.class"


def class_files() -> Iterator[bytes]:
    """Yield a class file, and one of a certificate alone."""
    yield class_file().read_bytes()
    yield authority.new_class(CLASS)[1]


def stated() -> Iterator[bytes]:
    """Yield a photo with marks, a signed one, and the boxes of a video."""
    image = Image.radial_gradient("L").resize(_SIZE).convert("RGB")
    photo = marks.marked(_saved(image, "JPEG"), "real")
    yield photo
    yield FileSigner(authority.read(class_file())).photo(photo, STATED)
    head, film = struct.pack(">I4s4s", 12, b"ftyp", b"iso5"), struct.pack(">I4s", 8, b"mdat")
    yield head + ROOM + marks.box("real") + film
    yield head + struct.pack(">I4s", 24, b"uuid") + C2PA_UUID + film


def orders() -> Iterator[bytes]:
    """Yield what a supervisor tells the gate."""
    for order in (
        *(feed.Hatch(), feed.View(), feed.Stop(), feed.Finger(True), feed.Show("a room", 3)),
        *(feed.Inject("disk full", True), feed.Inject("model corrupted", False)),
        *(feed.TakeExample(1), feed.Try(None), feed.Try(_HEAD), feed.Enforce(_HEAD)),
        feed.Lift("banana"),
    ):
        yield msgspec.json.encode(order)


def wishes() -> Iterator[bytes]:
    """Yield what a console wishes, a packet a line."""
    wanted = (
        feed.Finger(True),
        feed.Finger(False),
        companion.Kill("gate"),
        companion.SwitchFault("a", True),
        companion.Bring("far card"),
        *(feed.TakeExample(1), feed.Try(None), feed.Enforce(_HEAD), feed.Lift("banana")),
    )
    packets = [msgspec.json.encode(wish) for wish in wanted]
    yield from packets
    yield b"\n".join(packets)
    yield msgspec.json.encode(companion.SwitchFault("disk full", True))


def sights() -> Iterator[bytes]:
    """Yield what a console sees: packets of the kit, a line each."""
    timing = feed.Timing([10.0, 20.0], [3, 4, 1], 100.0)
    totals: feed.Totals = {
        feed.Total.FRAMES: {"CLEAR": 90, "BLOCKED": 10},
        feed.Total.TESTS: {"right": 4},
    }
    status = feed.Status(
        *(True, Reason.CLEAR, [], {"a": 0.1}, 30.0, 20.0, totals, None, "cpu", []),
        dict.fromkeys(("verdict", "photo"), timing),
    )
    packets = [
        msgspec.json.encode(sight)
        for sight in (
            companion.Kit("0", "simulated", {"en": "A kit"}, True, {"clear_frames": 5}),
            companion.Standing(status, totals, 1),
            companion.Standing(None, totals, 0),
            companion.Happened('{"event":"album ready"}', feed.AlbumReady()),
            companion.Happened('{"event":"photo"}', feed.Photo("a.jpg", 1, {"a": 0.1}, 90.0)),
            companion.AlbumFile("a.jpg"),
            companion.ViewSocket(),
        )
    ]
    yield from packets
    yield b"\n".join(packets)


def shown() -> Iterator[bytes]:
    """Yield what the viewfinder shows."""
    yield msgspec.msgpack.encode(viewfinder.Seen(1, True, "clear", {"a": 0.1}))
    yield msgspec.msgpack.encode(viewfinder.Picture(2, b"\xff\xd8\xff\xd9"))
    yield msgspec.msgpack.encode(viewfinder.Mosaic(3, 2, 1, b"rgbrgb"))


def to_gate() -> Iterator[bytes]:
    """Yield what a publisher tells the gate."""
    said = (
        hatch.AlbumState(),
        hatch.AlbumState("is full"),
        hatch.Hidden(1),
        hatch.Receipt(1, "a.jpg"),
    )
    messages = [framed(msgspec.json.encode(one)) for one in said]
    yield from messages
    yield b"".join(messages)


def mutes() -> Iterator[bytes]:
    """Yield what a voice's process tells: that it cannot be heard, and why."""
    for error in (SoundError("no loudspeaker"), SoundError("{device}: no", device="plughw:0,0")):
        yield msgspec.json.encode(feed.VoiceMute(str(error), feed.said(error)))


def to_publisher() -> Iterator[bytes]:
    """Yield what the gate tells a publisher: a photo that is kept, one that is not, and a video."""

    def told(order: hatch.ToPublisher, content: bytes = b"") -> bytes:
        return framed(msgspec.json.encode(order)) + content

    photo = told(hatch.Parcel(1, 1_800_000_000_000, 4), b"\xff\xd8\xff\xd9")
    video = told(hatch.NewVideo(2, 1_800_000_000_000))
    pieces = told(hatch.Piece(2, 3), b"abc") + told(hatch.Piece(2, 2), b"de")
    yield photo + told(hatch.Word(1, True))
    yield photo + told(hatch.Word(1, False))
    yield video + pieces + told(hatch.Seal(2)) + told(hatch.Word(2, True))
    yield video + pieces + told(hatch.Word(2, False))
    yield told(hatch.Seal(9)) + video + told(hatch.Piece(9, 1), b"x")


def answers() -> Iterator[bytes]:
    """Yield what a child says of a picture."""
    look = judge.Judgement("CLEAR", Reason.CLEAR, {"a": 0.1}, 1.5)
    said = (
        judge.JudgedPicture(9, 6, look, look),
        judge.PrintedPicture("0f" * 8, False, [b"\0\0\x80?"]),
        judge.VerifiedFile(Verified(CredentialState.VALID, None, "a", "1", Claims()), "a"),
        judge.VerifiedFile(missing=phrase("{file}: {cause}", file="a", cause="b")),
        judge.UnreadablePicture("time"),
        judge.JudgeRefused("x"),
    )
    for answer in (*said, judge.JudgeReady()):
        yield framed(msgspec.json.encode(answer))


def requests() -> Iterator[bytes]:
    """Yield requests of each kind that the page knows, from this computer and from elsewhere."""
    for path in (
        "/",
        "/js/words.js",
        "/pair",
        "/log.jsonl",
        "/metrics",
        "/health",
        "/x%2e%2e/?a=b",
        "/ledger/search.json?q=blue+heron&q=%E9%9D%92",
        "/ledger/opt-out.csv?package=anny&sha256=ab",
        "/ledger/receipt.json?word=blue%20heron",
    ):
        yield request("GET", path)
    yield request("GET", "/bench", host=LAN_HOST, cookie="shuttergate=x; a=b")
    yield request("GET", f"/photo/{PHOTO}")
    yield request("GET", f"/photo/{PHOTO}?small=1")
    yield request("HEAD", f"/photo/{FILM}")
    yield request("GET", f"/photo/{FILM}", range="bytes=2-7")
    yield request("GET", f"/photo/{FILM}", range="bytes=-3", if_range='"a"')
    for path, body in (
        *(("/press", b'{"down":true}'), ("/fault", b'{"name":"disk full","on":true}')),
        *(("/kill", b'{"process":"gate"}'), ("/judge", b"no picture")),
        ("/ledger/picture", b"no picture"),
        ("/ledger/credential", b"no photo"),
    ):
        yield request("POST", path, body, origin=f"http://{HOST}", x_shuttergate_token=TOKEN)
    yield request("POST", "/pair", b"1234 5678", LAN_HOST, origin=f"http://{LAN_HOST}")
    yield request("GET", "/health") + request("GET", "/health", connection="close")
    yield request("POST", "/pair", origin=f"http://{HOST}", transfer_encoding="chunked") + (
        b"3\r\nabc\r\n0\r\n\r\n"
    )
    viewer = request(
        "GET",
        "/live",
        origin=f"http://{HOST}",
        connection="Upgrade",
        upgrade="websocket",
        sec_websocket_version="13",
        sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAA==",
    )
    for text in (b"\x81\x81\0\0\0\0a", b"\x88\x80\0\0\0\0", b"\x89\x80\0\0\0\0"):
        yield viewer + text


def request(method: str, path: str, body: bytes = b"", host: str = HOST, **headers: str) -> bytes:
    """Return a request as it comes in; header names with _ for -."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def ranges() -> Iterator[bytes]:
    """Yield Range headers."""
    for asked in ("0-0", "5-99999", "-7", "0-", "", "-", "5-4", "0-1,5-6", " 5-6 ", "9" * 20 + "-"):
        yield f"bytes={asked}".encode()


_JSON: tuple[bytes, ...] = (
    *(
        b'{"type":"',
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b"[" * 400,
        b":",
        b",",
        b"null",
        b"true",
        b"1e999",
    ),
    *(b"-1", b"9" * 20, b"\\u0000", b"\\ud800", b"\xff", b'"serial":', b'"size":'),
)
_TOML: tuple[bytes, ...] = (
    *(b'"', b"'''", b"[", b"]", b"[[", b"[" * 400, b"=", b".", b"\n", b"nan", b"-inf", b"0x1"),
    *(b"2026-01-01", b"true", b"1" * 4400, b"\\u0000", b"\xef\xbb\xbf", b"{a=", b"#", b"\r"),
)
_HTTP: tuple[bytes, ...] = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"%00",
        b"%ff",
        b"..",
        b"content-length: ",
        b"range: bytes=",
        b"?small",
    ),
    *(b"transfer-encoding: chunked\r\n", b"expect: 100-continue\r\n", b"upgrade: websocket\r\n"),
    *(b"connection: close\r\n", b"HTTP/1.0", b"OPTIONS *", b"host: [::1]\r\n", b"http://x/"),
)
_FILE: tuple[bytes, ...] = (
    *(b"\0", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x01", b"\x80"),
    *(b"GIF89a", b"\xff\xd8", b"II*\0", b"MM\0*", b"RIFF", b"IDAT", b"ftypavif", b"moov", b"%!PS"),
)

_PEM = (b"-----BEGIN ", b"CERTIFICATE", b"PRIVATE KEY", b"-----END ", b"-----\n", b"MII", b"AAAA")

TOKENS: dict[str, tuple[bytes, ...]] = {
    "picture": _FILE,
    "clip": _FILE,
    "config": _TOML,
    "board": _TOML,
    "pack": _TOML,
    "rule": (*_JSON, MAGIC, b'"views":', b'"width":', b"\0\0\xc0\x7f", b"\0\0\x80\x3f"),
    "bank": (
        *_FILE,
        LEDGER,
        b"\x93NUMPY\1\0",
        b"'descr': '|i1'",
        b"'shape': (",
        b"9" * 12,
        b"what",
    ),
    "orders": _JSON,
    "wishes": (*_JSON, b"\n"),
    "sights": (*_JSON, b"\n"),
    "shown": _FILE,
    "to_gate": (*_JSON, b"\0\0\0\2{}"),
    "to_publisher": (*_JSON, b"\0\0\0\2{}"),
    "answers": (*_JSON, b"\0\0\0\2{}"),
    "http": _HTTP,
    "ranges": (b"-", b"bytes=", b"9" * 20, b",", b" ", b"\xb2"),
    "stated": _FILE,
    "class_file": _PEM,
    "mute": _JSON,
}
"""Words that chance alone would take long to find, by target."""
