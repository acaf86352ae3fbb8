"""A class of kits, what they would keep, and a reader of it that is not ours."""

from __future__ import annotations

import functools
import io
import json
import os
import secrets
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import simplejpeg

from shuttergate.capture import mp4
from shuttergate.capture.album import Album, Draft
from shuttergate.capture.canvas import Canvas
from shuttergate.capture.gops import Gop
from shuttergate.claims import Claims, Lines, LookClaim
from shuttergate.credentials import authority, marks
from shuttergate.credentials.library import SETTINGS, load
from shuttergate.credentials.signer import ROOM, FileSigner
from shuttergate.credentials.verify import KnownClass
from support import needs

WANTS_EXTRA = needs.module("c2pa", "c2pa-python")

_LINES = {"consent-clean": Lines(0.25, 0.5), "open-nsfw": Lines(0.2, 0.8)}
CLAIMS = Claims(
    rule="a1" * 32,
    packs={"consent-clean": "b2" * 32, "open-nsfw": "c3" * 32},
    looks={"live": LookClaim(lines=_LINES), "second": LookClaim(lines=_LINES)},
    camera="real",
)
TAUGHT = msgspec.structs.replace(CLAIMS, taught={"our cup": "d4" * 32})
SIMULATED = msgspec.structs.replace(CLAIMS, camera="simulated")


def new_class(folder: Path, name: str = "room 3b") -> Path:
    """Write a class file into `folder`, and return it."""
    file = folder / f"{name}.class"
    secret, certificate = authority.new_class(name)
    authority.write(file, secret, 0o600)
    authority.write(folder / f"{name}.class.pem", certificate, 0o644)
    return file


def known(file: Path) -> KnownClass:
    """Return a class as who verifies knows it."""
    return KnownClass(*authority.read_certificate(file))


def kit(file: Path) -> FileSigner:
    """Return what signs in a kit of that class."""
    return FileSigner(authority.read(file))


def jpeg(level: int = 120, size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a small photo, as it comes through the hatch, but for its EXIF block."""
    pixels = np.full((size[1], size[0], 3), level, np.uint8)
    content: bytes = simplejpeg.encode_jpeg(pixels, quality=90)
    return content


def photo(signer: FileSigner, claims: Claims = CLAIMS, level: int = 120) -> bytes:
    """Return a photo as an album has it, marked and signed."""
    return signer.photo(marks.marked(jpeg(level), "real"), claims)


def box(name: bytes, content: bytes) -> bytes:
    """Return a box of an MP4."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def draft(folder: Path, content: bytes) -> Draft:
    """Return an unnamed file in a folder, with that in it."""
    made = Album(folder).draft()
    made.write(content)
    return made


@functools.cache
def film() -> tuple[bytes, bytes]:
    """Return a real video's first box, and what follows it."""
    from shuttergate.capture.encoder import Encoder, Muxer  # PyAV, which not every machine has

    fps, size = 30.0, (64, 48)
    encoder, canvas = Encoder(size, fps, "libx264"), Canvas(size)
    muxer = Muxer(size, fps, 0, datetime(2026, 11, 30, tzinfo=UTC))
    content = b"".join(
        muxer.write([Gop(encoder.encode(canvas, step / fps))]) for step in range(100)
    )
    content += muxer.close()
    whole = muxer.head + content[len(muxer.head) :]
    at = mp4.first_box(whole)
    return whole[:at], whole[at:]


def video(signer: FileSigner, folder: Path, claims: Claims = CLAIMS) -> bytes:
    """Return a video as an album has it, marked and signed; its index is as it was before."""
    head, rest = film()
    content = head + ROOM + marks.box("real") + rest
    file = draft(folder, content)
    try:
        filled = signer.video(file, claims)
    finally:
        file.close()
    return content[: len(head)] + filled + content[len(head) + len(filled) :]


def read(content: bytes, classes: list[KnownClass], kind: str = "image/jpeg") -> dict[str, Any]:
    """Return what c2pa's own reader says of a file, by these roots."""
    anchors = "".join(one.certificate.decode() for one in classes)
    settings = {**SETTINGS, **({"trust": {"user_anchors": anchors}} if anchors else {})}
    c2pa = load()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Reader(kind, io.BytesIO(content), context=context) as reader,
    ):
        told: dict[str, Any] = json.loads(reader.json())
    return told


def manifest(content: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
    """Return the manifest of a file as c2pa's own reader has it."""
    told = read(content, [], kind)
    found: dict[str, Any] = told["manifests"][told["active_manifest"]]
    return found


def foreign(definition: dict[str, Any], change: Callable[[Any], None] = lambda one: None) -> bytes:
    """Return a photo that somebody else signed, by a chain of their own; `change`: the builder."""
    c2pa = load()
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    forms = load("cryptography.hazmat.primitives.serialization")
    root = ec.generate_private_key(ec.SECP256R1())
    name = authority._named("Somebody else", "root")
    certificate = authority._certificate(name, name, root.public_key(), root, is_root=True)
    key = ec.generate_private_key(ec.SECP256R1())
    chain = authority.Authority(certificate, root).certify(key.public_key())
    chain += certificate.public_bytes(forms.Encoding.PEM)
    secret = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    signed = io.BytesIO()
    info = c2pa.C2paSignerInfo("es256", chain, secret, None)
    with (
        c2pa.Context.from_dict(SETTINGS) as context,
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(json.dumps(definition), context=context) as builder,
    ):
        change(builder)
        builder.sign(signer, "image/jpeg", io.BytesIO(jpeg()), signed)
    return signed.getvalue()


def flipped(content: bytes, place: int, bit: int | None = None) -> bytes:
    """Return `content` with one bit changed."""
    changed = bytearray(content)
    changed[place] ^= 1 << (secrets.randbelow(8) if bit is None else bit)
    return bytes(changed)


def skip_without_extra() -> None:
    """Skip a module, or a test, where the extra is not installed."""
    WANTS_EXTRA.or_skip()


def as_root() -> bool:
    """Whether modes of files bind nobody here."""
    return os.geteuid() == 0


@pytest.fixture(scope="module")
def class_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One class for all tests of a module."""
    return new_class(tmp_path_factory.mktemp("class"))
