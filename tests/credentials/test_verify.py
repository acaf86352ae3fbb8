"""What `verify` says of files: ours, changed ones, others', cut ones, and what is far too large."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shuttergate.claims import Claims
from shuttergate.credentials import marks, store
from shuttergate.credentials.signer import ROOM_BYTES
from shuttergate.credentials.verify import (
    CredentialState,
    KnownClass,
    Verified,
    verify,
    verify_file,
)
from support import signing
from support.signing import CLAIMS, class_file, flipped, known, skip_without_extra

__all__ = ["class_file"]

skip_without_extra()


@pytest.fixture(scope="module")
def photo(class_file: Path) -> bytes:
    return signing.photo(signing.kit(class_file))


@pytest.fixture(scope="module")
def video(class_file: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return signing.video(signing.kit(class_file), tmp_path_factory.mktemp("video"))


@pytest.fixture
def ours(class_file: Path) -> list[KnownClass]:
    return [known(class_file)]


def test_a_photo_of_a_known_class_is_valid_and_says_by_what_it_was_cleared(
    photo: bytes, ours: list[KnownClass]
) -> None:
    found = verify(photo, ours)
    assert (found.state, found.class_name) == (CredentialState.VALID, "room 3b")
    assert found.claims == CLAIMS
    assert found.training == "notAllowed"


def test_so_is_a_video(video: bytes, ours: list[KnownClass]) -> None:
    found = verify(video, ours)
    assert (found.state, found.class_name, found.claims) == (
        CredentialState.VALID,
        "room 3b",
        CLAIMS,
    )


def test_of_several_classes_the_one_that_signed_is_told(
    photo: bytes, ours: list[KnownClass], tmp_path: Path
) -> None:
    others = [known(signing.new_class(tmp_path, name)) for name in ("one", "two")]
    assert verify(photo, [others[0], *ours, others[1]]).class_name == "room 3b"


@pytest.mark.parametrize("is_asked", [True, False], ids=["another class", "no class"])
def test_whose_class_nobody_knows_is_an_unknown_signer_and_its_claims_are_not_told(
    photo: bytes, tmp_path: Path, is_asked: bool
) -> None:
    same_name = [known(signing.new_class(tmp_path, "room 3b"))] if is_asked else []
    assert verify(photo, same_name) == Verified(CredentialState.UNKNOWN)


def test_a_photo_without_one_has_none(ours: list[KnownClass]) -> None:
    assert verify(marks.marked(signing.jpeg(), "real"), ours) == Verified(CredentialState.NONE)


def test_every_bit_of_pixels_and_marks_counts(photo: bytes, ours: list[KnownClass]) -> None:
    for place in [*range(2, 20), *range(photo.index(marks.segment("real")), len(photo))]:
        assert verify(flipped(photo, place), ours).state is not CredentialState.VALID, place


def test_every_bit_of_claims_is_found_and_what_is_not_signed_says_nothing(
    photo: bytes, ours: list[KnownClass]
) -> None:
    """The frames of C2PA's boxes are not signed: their names, lengths and numbers."""
    due, unnoticed = verify(photo, ours), []
    manifest = store.manifest_of(signing.io.BytesIO(photo), store.JPEG)
    start = photo.index(manifest)
    for place in range(start, start + len(manifest)):
        found = verify(flipped(photo, place), ours)
        if found.state is CredentialState.VALID:
            assert found == due
            unnoticed.append(place - start)
    signed = {
        at for start, end in _contents(manifest, 12, len(manifest)) for at in range(start, end)
    }
    pad = manifest.index(b"\xa1cpad")  # the name of what holds zeros, and how many they are
    odd = sorted(({*unnoticed} & signed) - {*range(pad, pad + 8)})
    assert [manifest[max(0, at - 9) : at + 9] for at in odd] == []


def _contents(manifest: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the contents of C2PA's boxes (JUMBF) stand: what is no box's name or length."""
    while at < end:
        size, name = struct.unpack_from(">I4s", manifest, at)
        if name == b"jumb":
            yield from _contents(manifest, at + 8, at + size)
        elif name != b"jumd":
            yield at + 8, at + size
        at += size


def test_bits_of_a_video_count_but_in_what_c2pa_leaves_out(
    video: bytes, ours: list[KnownClass]
) -> None:
    """What it leaves out: the first box, which names the kind of file, and the index at its end."""
    end = len(video) - int.from_bytes(video[-4:])
    first = int.from_bytes(video[:4])
    for place in [*range(first + ROOM_BYTES, end, 97), end - 1]:
        assert verify(flipped(video, place), ours).state is not CredentialState.VALID, place
    for place in range(first + 41, first + ROOM_BYTES, 41):
        found = verify(flipped(video, place), ours)
        assert found.state is not CredentialState.VALID or found.claims == CLAIMS


@pytest.mark.parametrize("kind", ["photo", "video"])
def test_bytes_that_nobody_signed_are_found_where_c2pa_does_not_look(
    kind: str, ours: list[KnownClass], request: pytest.FixtureRequest
) -> None:
    content: bytes = request.getfixturevalue(kind)
    mime = {"photo": store.JPEG, "video": store.MP4}[kind]
    at = content.index(b"\xa1cpad") + 40
    places = [at] if kind == "photo" else [at, int.from_bytes(content[:4]) + ROOM_BYTES - 9]
    for place in places:
        hidden = content[:place] + b"HIDDEN" + content[place + 6 :]
        told = signing.read(hidden, ours, mime)
        assert told["validation_state"] == "Trusted", "C2PA does not mind"
        assert verify(hidden, ours).state is CredentialState.CHANGED
        assert str(verify(hidden, ours).cause) == "bytes that nobody signed stand in its credential"


@pytest.mark.parametrize("change", ["behind", "cut", "in between"])
def test_a_photo_with_more_or_less_is_changed(
    photo: bytes, ours: list[KnownClass], change: str
) -> None:
    changed = {
        "behind": photo + b"trailing",
        "cut": photo[:-9],
        "in between": photo[:2] + b"\xff\xfe\0\x06more" + photo[2:],
    }[change]
    assert verify(changed, ours).state is CredentialState.CHANGED


def test_a_video_with_more_or_less_is_changed(video: bytes, ours: list[KnownClass]) -> None:
    for changed in (video[:-1000], video[: len(video) // 2], video + signing.box(b"mdat", b"x")):
        assert verify(changed, ours).state is CredentialState.CHANGED
    for size in (1, 7, 30, 100, 4000):
        state = verify(video[:size], ours).state
        assert state in (
            CredentialState.UNREADABLE,
            CredentialState.NONE,
            CredentialState.CHANGED,
        ), size


def test_a_manifest_of_another_photo_is_no_credential_of_this_one(
    class_file: Path, ours: list[KnownClass]
) -> None:
    one, other = (signing.photo(signing.kit(class_file), level=level) for level in (90, 160))
    manifest = store.manifest_of(signing.io.BytesIO(one), store.JPEG)
    own = store.manifest_of(signing.io.BytesIO(other), store.JPEG)
    found = verify(other.replace(own, manifest), ours)
    assert found.state is CredentialState.CHANGED
    assert str(found.cause) == "the photo or video itself is not what was signed"


def large(size: int) -> bytes:
    """Return a photo whose manifest has so many bytes, in as many segments as that takes."""
    part = b"JP\0\x01\0\0\0\x01" + struct.pack(">I4s", size, b"jumb") + bytes(65000)
    segment = b"\xff\xeb" + struct.pack(">H", len(part) + 2) + part
    plain = signing.jpeg()
    return plain[:2] + segment * (size // len(part)) + plain[2:]


def test_a_manifest_of_50_megabytes_is_not_read(ours: list[KnownClass]) -> None:
    for content in (
        large(50_000_000),
        signing.box(b"ftyp", b"iso5") + signing.box(b"uuid", store.C2PA_UUID + bytes(50_000_000)),
    ):
        found = verify(content, ours)
        assert found.state is CredentialState.UNREADABLE
        assert "is larger than 1048576 bytes, and is not read" in str(found.cause)


def test_many_empty_boxes_end_somewhere(ours: list[KnownClass]) -> None:
    content = signing.box(b"ftyp", b"iso5") + signing.box(b"free", b"") * 200_000
    assert verify(content, ours).state is CredentialState.NONE


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_box_of_no_size_ends_the_search(ours: list[KnownClass], size: int) -> None:
    content = signing.box(b"ftyp", b"iso5") + struct.pack(">I4s", size, b"uuid") + bytes(40)
    assert verify(content, ours).state in (CredentialState.NONE, CredentialState.CHANGED)


def test_a_foreign_manifest_with_a_valid_chain_is_an_unknown_signer(ours: list[KnownClass]) -> None:
    definition = {
        "claim_generator_info": [{"name": "shuttergate", "version": "9"}],
        "assertions": [{"label": "org.shuttergate.gate", "data": {"kit": "9", "packs": {}}}],
    }
    content = signing.foreign(definition)
    assert signing.read(content, [])["validation_state"] == "Valid"
    assert verify(content, ours) == Verified(CredentialState.UNKNOWN)


def test_what_it_keeps_elsewhere_is_never_fetched(ours: list[KnownClass]) -> None:
    hits = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(2)

        def listen() -> None:
            with contextlib.suppress(TimeoutError):
                hits.append(listener.accept())

        thread = threading.Thread(target=listen)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/photo.c2pa"

        def elsewhere(builder: Any) -> None:
            builder.set_no_embed()
            builder.set_remote_url(url)

        content = signing.foreign({"assertions": []}, elsewhere)
        assert url.encode() in content
        found = verify(content, ours)
        thread.join()
    assert found.state is CredentialState.NONE
    assert str(found.cause) == "it names one elsewhere, which is not fetched"
    assert hits == []


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"GIF89a" + bytes(99), b"\0\0\0\x18free"])
def test_what_is_neither_photo_nor_video_is_unreadable(
    content: bytes, ours: list[KnownClass]
) -> None:
    assert verify(content, ours).state is CredentialState.UNREADABLE


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path, ours: list[KnownClass]) -> None:
    found = verify_file(tmp_path / "gone.jpg", ours)
    assert found.state is CredentialState.UNREADABLE
    assert str(found.cause) == "No such file or directory"


def test_a_class_that_signs_something_else_says_nothing_of_models(
    class_file: Path, photo: bytes, ours: list[KnownClass]
) -> None:
    empty = signing.photo(signing.kit(class_file), Claims())
    found = verify(empty, ours)
    assert found == replace(verify(photo, ours), claims=Claims())


GREEDY = b"\x5b" + (8 << 30).to_bytes(8)
"""CBOR's head of a string of 8 GiB."""

PEAK = """
import sys
from pathlib import Path
from shuttergate.credentials.verify import verify_file
print(verify_file(Path(sys.argv[1]), []).state)
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(peak.split()[1])
"""


def test_what_says_that_it_holds_gigabytes_takes_none(photo: bytes, tmp_path: Path) -> None:
    """C2PA's reader would take what a file of 4 kB claims."""
    at = photo.index(b"\xa6fcamera")
    (tmp_path / "a.jpg").write_bytes(photo[:at] + GREEDY + photo[at + len(GREEDY) :])
    command = [sys.executable, "-c", PEAK, str(tmp_path / "a.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    state, peak_kb = done.stdout.split()
    assert state == "changed" and int(peak_kb) < 1_200_000


# The command


def told(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shuttergate", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "LANGUAGE": "", "LANG": "C.UTF-8"},
    )


def test_the_command_makes_a_class_and_verifies(tmp_path: Path) -> None:
    made = told("credentials", "new-class", "room 3b", "--out", tmp_path / "our.class")
    assert made.returncode == 0, made.stderr
    assert "copy it to its kits alone" in made.stdout
    (tmp_path / "a.jpg").write_bytes(signing.photo(signing.kit(tmp_path / "our.class")))
    public = tmp_path / "our.class.pem"
    done = told("verify", tmp_path / "a.jpg", "--class", public)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "a.jpg: valid: signed by a kit of class room 3b, and unchanged since" in said
    assert "cleared by: consent-clean b2b2b2b2b2b2…, open-nsfw c3c3c3c3c3c3…" in said
    assert "does not prove that the scene was real (a screen can be photographed)" in said
    assert not {"trusted", "true"} & {*said.lower().replace(".", " ").split()}


def test_the_command_answers_in_json_and_by_its_status(
    class_file: Path, photo: bytes, tmp_path: Path
) -> None:
    files = {
        "valid": photo,
        "changed": photo + b"x",
        "no credential": signing.jpeg(),
        "unreadable": b"GIF89a",
    }
    for state, content in files.items():
        (tmp_path / state).write_bytes(content)
    settings = tmp_path / "kit.toml"
    settings.write_text(f'[credentials]\nclass = "{class_file}"\n')
    statuses = []
    for state in files:
        done = told("verify", tmp_path / state, "--json", "--config", settings)
        said = json.loads(done.stdout)
        assert said["state"] == state
        assert (said["class"] == "room 3b") is (state == "valid")
        statuses.append(done.returncode)
    assert statuses == [0, 1, 1, 2]
    done = told("verify", "--json", *(tmp_path / one for one in files), "--config", settings)
    assert done.returncode == 2
    assert [json.loads(line)["state"] for line in done.stdout.splitlines()] == [*files]


def test_whoever_may_not_read_the_class_file_verifies_by_its_certificate(
    photo: bytes, class_file: Path, tmp_path: Path
) -> None:
    """On an installed kit the one with the key is for the service alone."""
    public = tmp_path / "our.class.pem"
    public.write_bytes(class_file.with_name(class_file.name + ".pem").read_bytes())
    (tmp_path / "kit.toml").write_text(f'[credentials]\nclass = "{tmp_path / "our.class"}"\n')
    (tmp_path / "a.jpg").write_bytes(photo)
    done = told("verify", tmp_path / "a.jpg", "--config", tmp_path / "kit.toml")
    assert (done.returncode, done.stderr) == (0, "")
    public.unlink()
    done = told("verify", tmp_path / "a.jpg", "--config", tmp_path / "kit.toml")
    assert done.returncode == 2 and "our.class: No such file or directory" in done.stderr


def test_a_class_that_cannot_be_read_ends_the_command(tmp_path: Path) -> None:
    (tmp_path / "our.class").write_text("nothing")
    done = told("verify", tmp_path / "a.jpg", "--class", tmp_path / "our.class")
    assert done.returncode == 2
    assert "our.class: is no class file; copy the class file anew" in done.stderr


WITHOUT = """
import sys
sys.modules["c2pa"] = None
from shuttergate.cli import start
sys.argv = ["shuttergate", "verify", "a.jpg"]
start()
"""


def test_without_the_extra_the_command_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "credentials need c2pa-python" in done.stderr
