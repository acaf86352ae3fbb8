"""Signs photos and videos for a class: a key for each, made here and thrown away here.

A photo is signed in memory. A video lies on the disk, unnamed, and is not copied: room for the
manifest stands in it from its beginning, as a box that says nothing, and is filled at its end.
"""

from __future__ import annotations

import io
import os
import struct
from typing import Any, Protocol

from shuttergate.claims import Camera, Claims
from shuttergate.credentials.authority import Authority
from shuttergate.credentials.library import SETTINGS, load
from shuttergate.credentials.manifest import manifest
from shuttergate.credentials.marks import SOURCES
from shuttergate.errors import CredentialError, cause_of

ROOM_BYTES = 8192
"""In a video, for its manifest of 4,000 bytes; 16 taught rules with long names fit, too."""

ROOM = struct.pack(">I4s", ROOM_BYTES, b"free") + bytes(ROOM_BYTES - 8)

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_BOX_HEAD = C2PA_UUID + bytes(4) + b"manifest\0" + bytes(8)  # no further manifest, at no place


class VideoFile(Protocol):
    """A video's file, as long as it has no name."""

    def size(self) -> int:
        """Return how long it is."""

    def read_at(self, place: int, size: int) -> bytes:
        """Return bytes of it."""


class FileSigner:
    """Signs for the class of ``authority``; every method raises `CredentialError`."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._c2pa = load()
        self._ec = load("cryptography.hazmat.primitives.asymmetric.ec")
        self._forms = load("cryptography.hazmat.primitives.serialization")
        self._contexts = {
            camera: self._c2pa.Context.from_dict(_settings(camera)) for camera in SOURCES
        }

    def photo(self, jpeg: bytes, claims: Claims) -> bytes:
        """Return a JPEG with its credential."""
        signed = io.BytesIO()
        self._sign("image/jpeg", io.BytesIO(jpeg), signed, claims, embed=True)
        return signed.getvalue()

    def video(self, film: VideoFile, claims: Claims) -> bytes:
        """Return what takes the place of `ROOM` in a video."""
        stored = self._sign("video/mp4", _Reading(film), _Reading(film), claims, embed=False)
        box = struct.pack(">I4s", ROOM_BYTES, b"uuid") + _BOX_HEAD + stored
        if len(box) > ROOM_BYTES:
            raise CredentialError(
                "a credential of {size} bytes does not fit into a video, which has room for "
                "{most}; load fewer taught rules",
                size=len(box),
                most=ROOM_BYTES,
            )
        return box + bytes(ROOM_BYTES - len(box))

    def _sign(self, kind: str, source: Any, target: Any, claims: Claims, embed: bool) -> bytes:
        c2pa, ec = self._c2pa, self._ec
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            # Not by a callback: for one c2pa leaves room for 10,000 bytes, whatever they are.
            info = c2pa.C2paSignerInfo(
                "es256", self._authority.certify(key.public_key()), self._secret(key), None
            )
            with (
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(manifest(claims), context=self._contexts[claims.camera]) as builder,
            ):
                if not embed:
                    builder.set_no_embed()
                stored: bytes = builder.sign(signer, kind, source, target)
                return stored
        except (c2pa.C2paError, OSError, ValueError) as error:
            raise CredentialError(
                "it could not be signed: {cause}; see shuttergate doctor", cause=cause_of(error)
            ) from error

    def _secret(self, key: Any) -> bytes:
        forms = self._forms
        found: bytes = key.private_bytes(
            forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
        )
        return found


def _settings(camera: Camera) -> dict[str, Any]:
    return {**SETTINGS, "builder": {**SETTINGS["builder"], "intent": {"create": SOURCES[camera]}}}


class _Reading:
    """A video's file as c2pa has streams; what c2pa would copy into it is there already."""

    def __init__(self, film: VideoFile) -> None:
        self._film = film
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        content = self._film.read_at(self._place, self._film.size() if size < 0 else size)
        self._place += len(content)
        return content

    def write(self, content: Any) -> int:
        self._place += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._film.size()}
        self._place = start[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        pass
