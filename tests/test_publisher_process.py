"""The publisher process as a kit starts it: what it keeps is marked, and signed for a class."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shuttergate.capture import hatch
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.credentials import marks
from shuttergate.credentials.verify import CredentialState, verify
from shuttergate.errors import CredentialError
from shuttergate.publisher_process import Finisher
from shuttergate.system import spawn
from support import needs, signing
from support.signing import CLAIMS

av: Any = pytest.importorskip("av", reason="PyAV (extra video) is not installed")


class Publisher:
    """The process, and the gate's end of its hatch."""

    def __init__(self, album: Path, **settings: Any) -> None:
        album.mkdir(exist_ok=True)
        self.album = album
        told = msgspec.json.encode(PublisherSettings(os.fsencode(album), **settings))
        self.gate, theirs = socket.socketpair()
        self.gate.settimeout(20)
        with theirs:
            self.process = spawn.start(
                "shuttergate.publisher_process",
                theirs.fileno(),
                settings=told,
                stderr=subprocess.PIPE,
            )

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *error: object) -> None:
        self.gate.close()
        assert self.process.wait(20) == 0
        assert self.process.stderr is not None
        assert self.process.stderr.read() == b""
        self.process.stderr.close()

    def state(self) -> hatch.AlbumState:
        """Return what it says first."""
        told = hatch.receive(self.gate)
        assert isinstance(told, hatch.AlbumState)
        return told

    def answer(self, serial: int) -> hatch.Receipt:
        """Say yes to what is hidden; return the receipt."""
        while not isinstance(told := hatch.receive(self.gate), hatch.Receipt):
            assert told is not None
            if isinstance(told, hatch.Hidden):
                hatch.send(self.gate, hatch.Word(serial, True))
        return told

    def photo(self, content: bytes | None = None) -> hatch.Receipt:
        """Have a photo kept."""
        photo = signing.jpeg() if content is None else content
        hatch.send(self.gate, hatch.Parcel(1, 1_000, len(photo), CLAIMS), photo)
        return self.answer(1)

    def video(self) -> hatch.Receipt:
        """Have a video kept, as a recorder sends it: in pieces, and at the end its head anew."""
        head, rest = signing.film()
        moov = int.from_bytes(rest[:4])
        hatch.send(self.gate, hatch.NewVideo(2, 2_000, CLAIMS))
        for piece in (head + rest[:moov] + rest[moov:3000], rest[3000:]):
            hatch.send(self.gate, hatch.Piece(2, len(piece)), piece)
        final = head + rest[:moov]
        hatch.send(self.gate, hatch.Seal(2, len(final)), final)
        return self.answer(2)

    def kept(self, receipt: hatch.Receipt) -> bytes:
        """Return what is in the album."""
        assert receipt.name, receipt.error
        return (self.album / receipt.name).read_bytes()


@pytest.fixture
def class_file(tmp_path: Path) -> Path:
    signing.skip_without_extra()
    return signing.new_class(tmp_path)


def frames(content: bytes) -> int:
    with av.open(io.BytesIO(content)) as container:
        return sum(1 for _ in container.decode(video=0))


def index(content: bytes) -> set[bytes]:
    """Return the kinds of boxes that a video's index points at."""
    start = content.index(b"tfra") - 4
    count = int.from_bytes(content[start + 20 : start + 24])
    places = [content[start + 24 + 19 * k + 8 :][:8] for k in range(count)]
    return {content[int.from_bytes(one) + 4 :][:4] for one in places}


def test_without_a_class_photos_and_videos_are_marked_and_else_as_they_came(
    tmp_path: Path,
) -> None:
    with Publisher(tmp_path / "album") as one:
        assert one.state() == hatch.AlbumState()
        photo, video = one.kept(one.photo()), one.kept(one.video())
    assert photo == marks.marked(signing.jpeg(), "real")
    head, rest = signing.film()
    at = len(head)
    assert video[:at] == head and video[at:].startswith(marks.box("real"))
    assert len(video) == len(head) + len(marks.box("real")) + len(rest)
    assert frames(video) == frames(head + rest) == 100
    assert index(video) == {b"moof"}


def test_where_the_owner_wants_no_marks_there_are_none(tmp_path: Path) -> None:
    with Publisher(tmp_path / "album", marks=False) as one:
        assert one.kept(one.photo()) == signing.jpeg()
        assert one.kept(one.video()) == b"".join(signing.film())


@needs.program("exiftool").mark
def test_exiftool_reads_the_marks_of_what_was_kept(tmp_path: Path) -> None:
    with Publisher(tmp_path / "album") as one:
        names = [one.photo().name, one.video().name]
    done = subprocess.run(
        ["exiftool", "-j", "-n", "-XMP:all", *(str(tmp_path / "album" / name) for name in names)],
        check=True,
        capture_output=True,
    )
    for found in json.loads(done.stdout):
        assert found["DataMining"] == marks.DATA_MINING
        assert found["DigitalSourceType"] == marks.SOURCE + "digitalCapture"


@pytest.mark.parametrize("has_marks", [True, False])
def test_for_a_class_both_are_signed(tmp_path: Path, class_file: Path, has_marks: bool) -> None:
    ours = [signing.known(class_file)]
    settings = {"class_file": os.fsencode(class_file), "marks": has_marks}
    with Publisher(tmp_path / "album", **settings) as one:
        assert one.state() == hatch.AlbumState()
        photo, video = one.kept(one.photo()), one.kept(one.video())
    for content in (photo, video):
        found = verify(content, ours)
        assert (found.state, found.claims) == (CredentialState.VALID, CLAIMS)
        assert (marks.DATA_MINING.encode() in content) is has_marks
    assert frames(video) == 100
    assert index(video) == {b"moof"}


def test_a_photo_between_two_pieces_of_a_video_is_signed_and_the_video_too(
    tmp_path: Path, class_file: Path
) -> None:
    ours = [signing.known(class_file)]
    head, rest = signing.film()
    with Publisher(tmp_path / "album", class_file=os.fsencode(class_file)) as one:
        hatch.send(one.gate, hatch.NewVideo(2, 2_000, CLAIMS))
        hatch.send(one.gate, hatch.Piece(2, 2000), (head + rest)[:2000])
        photo = one.kept(one.photo())
        hatch.send(one.gate, hatch.Piece(2, len(head + rest) - 2000), (head + rest)[2000:])
        hatch.send(one.gate, hatch.Seal(2, len(head)), head)
        video = one.kept(one.answer(2))
    assert verify(photo, ours).state is verify(video, ours).state is CredentialState.VALID


def test_a_video_states_what_was_so_from_its_beginning_to_its_end(
    tmp_path: Path, class_file: Path
) -> None:
    """A taught rule that was withdrawn, or came, meanwhile did not judge all of it."""
    begun = msgspec.structs.replace(CLAIMS, taught={"our cup": "d4" * 32, "a hat": "e5" * 32})
    ended = msgspec.structs.replace(CLAIMS, taught={"our cup": "d4" * 32, "a pen": "f6" * 32})
    both = begun.also(ended)
    assert both.taught == {"our cup": "d4" * 32} and both.packs == CLAIMS.packs
    other = msgspec.structs.replace(CLAIMS, taught={"our cup": "00" * 32})
    assert begun.also(other).taught == {}, "a rule of that name, and another one"
    head, rest = signing.film()
    with Publisher(tmp_path / "album", class_file=os.fsencode(class_file)) as one:
        hatch.send(one.gate, hatch.NewVideo(2, 2_000, begun))
        hatch.send(one.gate, hatch.Piece(2, len(head + rest)), head + rest)
        hatch.send(one.gate, hatch.Seal(2, len(head), both), head)
        video = one.kept(one.answer(2))
    assert verify(video, [signing.known(class_file)]).claims == both


W_AND_X = """
import ctypes, mmap, sys
from pathlib import Path
from shuttergate.credentials import authority, signer
from shuttergate.claims import Claims
PR_SET_MDWE = 65
words = [ctypes.c_ulong(word) for word in (1, 0, 0, 0)]
if ctypes.CDLL(None).prctl(PR_SET_MDWE, *words) != 0:
    sys.exit("no")
try:
    mmap.mmap(-1, 4096, prot=7)
except PermissionError:
    photo = sys.stdin.buffer.read()
    root = authority.read(Path(sys.argv[1]))
    sys.stdout.buffer.write(signer.FileSigner(root).photo(photo, Claims()))
"""


def test_it_signs_where_no_memory_is_both_writable_and_executable(class_file: Path) -> None:
    """As under the service, by MemoryDenyWriteExecute."""
    done = subprocess.run(
        [sys.executable, "-c", W_AND_X, str(class_file)],
        input=signing.jpeg(),
        capture_output=True,
        check=False,
    )
    if done.stderr == b"no\n":
        pytest.skip("this kernel does not refuse such memory by itself")
    assert done.returncode == 0, done.stderr.decode()
    assert verify(done.stdout, [signing.known(class_file)]).state is CredentialState.VALID


def test_a_class_that_cannot_be_used_keeps_everything_out_until_it_is_mended(
    tmp_path: Path, class_file: Path
) -> None:
    whole = class_file.read_bytes()
    class_file.write_bytes(whole[:-60])
    with Publisher(tmp_path / "album", class_file=os.fsencode(class_file)) as one:
        assert "was cut off, or holds something twice; copy the class" in one.state().error
        told = one.photo()
        assert not told.name and "was cut off" in told.error
        assert list((tmp_path / "album").iterdir()) == []
        class_file.write_bytes(whole)
        receipt = one.photo()
        assert verify(one.kept(receipt), [signing.known(class_file)]).state is CredentialState.VALID
        assert not receipt.lacks


def test_where_it_is_not_required_it_is_kept_and_said_to_lack_it(
    tmp_path: Path, class_file: Path
) -> None:
    class_file.write_text("nothing")
    settings = {"class_file": os.fsencode(class_file), "required": False}
    with Publisher(tmp_path / "album", **settings) as one:
        assert one.state() == hatch.AlbumState()
        receipts = one.photo(), one.video()
        photo, video = (one.kept(receipt) for receipt in receipts)
    assert photo == marks.marked(signing.jpeg(), "real")
    assert frames(video) == 100
    for receipt in receipts:
        assert "is no class file" in str(receipt.lacks)
    assert verify(video, []).state is CredentialState.NONE


@pytest.mark.parametrize("required", [True, False])
def test_a_signer_that_fails_in_the_midst_loses_the_photo_or_says_that_it_is_unsigned(
    tmp_path: Path, class_file: Path, required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PublisherSettings(b"", class_file=os.fsencode(class_file), required=required)
    finisher = Finisher(settings)
    finisher.check()

    def fails(*more: object, **named: object) -> bytes:
        raise CredentialError("it could not be signed: {cause}", cause="no memory")

    monkeypatch.setattr("shuttergate.credentials.signer.FileSigner._sign", fails)
    if required:
        with pytest.raises(CredentialError, match="it could not be signed: no memory"):
            finisher.photo(signing.jpeg(), CLAIMS)
        return
    photo, lacks = finisher.photo(signing.jpeg(), CLAIMS)
    assert photo == marks.marked(signing.jpeg(), "real")
    assert str(lacks) == "it could not be signed: no memory"


@pytest.mark.parametrize("required", [True, False])
def test_a_photo_that_the_signer_cannot_read_does_not_end_the_process(
    tmp_path: Path, class_file: Path, required: bool
) -> None:
    settings = {"class_file": os.fsencode(class_file), "required": required, "marks": False}
    with Publisher(tmp_path / "album", **settings) as one:
        told = one.photo(b"\xff\xd8 no photo")
        assert bool(told.name) is not required
        assert "it could not be signed: " in str(told.error or told.lacks)
        assert one.photo().name


@pytest.mark.parametrize("content", [b"no photo", b"\xff"])
def test_what_cannot_be_marked_is_refused_and_does_not_end_the_process(
    tmp_path: Path, content: bytes
) -> None:
    with Publisher(tmp_path / "album") as one:
        assert one.photo(content).error == "a photo to be marked is no JPEG"
        hatch.send(one.gate, hatch.NewVideo(2, 2_000, CLAIMS))
        hatch.send(one.gate, hatch.Piece(2, 8), b"no video")
        assert one.answer(2).error == "its first box names no kind of file"
        assert one.photo().name


@pytest.mark.parametrize("required", [True, False])
def test_without_the_extra_the_mend_is_said(tmp_path: Path, required: bool) -> None:
    signing.skip_without_extra()
    file = signing.new_class(tmp_path)
    finisher = Finisher(PublisherSettings(b"", class_file=os.fsencode(file), required=required))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "c2pa", None)
        if required:
            with pytest.raises(CredentialError, match="credentials need c2pa-python: "):
                finisher.check()
        else:
            finisher.check()
            _photo, lacks = finisher.photo(signing.jpeg(), CLAIMS)
            assert "credentials need c2pa-python: " in str(lacks)


def test_the_gate_process_holds_nothing_that_signs() -> None:
    """The key never enters it: neither its modules nor the libraries are there."""
    code = "import sys, shuttergate.gate_process; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    there = {name.split(".")[0] for name in done.stdout.split()} | {*done.stdout.split()}
    assert "shuttergate.capture.photographer" in there
    assert not there & {"shuttergate.credentials", "c2pa", "cryptography"}


WITHOUT = """
import sys
for name in ("c2pa", "cryptography"):
    sys.modules[name] = None
import shuttergate.cli, shuttergate.commands.doctor, shuttergate.credentials.verify
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.claims import Claims
from shuttergate.publisher_process import Finisher
finisher = Finisher(PublisherSettings(b""))
finisher.check()
print(finisher.lead(Claims()) != b"")
"""


def test_without_the_extra_a_kit_of_no_class_works_as_ever() -> None:
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr
