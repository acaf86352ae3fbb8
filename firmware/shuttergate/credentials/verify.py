"""Reads what a photo or video states of itself, and whether that still holds.

"Valid" means that nothing was changed since a kit of a known class signed it. It does not mean that
what is to be seen is true. Nothing is asked of any network, and nothing of a file is kept.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from shuttergate.claims import Claims
from shuttergate.credentials.library import SETTINGS, load
from shuttergate.credentials.manifest import GATE, TRAINING, USES
from shuttergate.credentials.shape import LeftOut, is_as_written
from shuttergate.credentials.store import kind_of, manifest_of
from shuttergate.errors import CredentialError, MisfitError, Phrase, cause_of, phrase, plain
from shuttergate.system.confine import bounded_memory

MEMORY_BYTES = 1024 * 1024 * 1024
"""For one file. C2PA's reader takes 45 MB, and as much as a hostile file says that it holds: a
photo of 4 kB made it take 8 GB. Where it gets no more, it goes on without."""

_HEAD_BYTES = 64 * 1024
"""Where a file that keeps its manifest elsewhere names that place."""


class CredentialState(StrEnum):
    """What can be said of a file's credential."""

    VALID = "valid"
    CHANGED = "changed"
    UNKNOWN = "unknown signer"
    NONE = "no credential"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class KnownClass:
    """A class of kits, by the certificate of its root, in PEM; see `authority.read_certificate`."""

    name: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file states, where it is VALID: ``class_name`` signed the rest.

    What others signed is not told: they may say what they like. ``training``: what it says of its
    use for training, "" where nothing.
    """

    state: CredentialState
    cause: Phrase | None = None
    class_name: str = ""
    kit: str = ""
    claims: Claims | None = None
    training: str = ""


class Stated(msgspec.Struct, frozen=True):
    """The same for programs and pages: `plain`; ``cause`` in English, "" where there is none."""

    state: CredentialState
    class_name: str = msgspec.field(name="class")
    cause: str
    kit: str
    rule: str
    models: dict[str, str]
    taught: dict[str, str]
    looks: list[str]
    camera: str
    training: str


def stated(found: Verified) -> Stated:
    """Return what was found as programs and pages read it."""
    claims = found.claims or Claims()
    return Stated(
        found.state,
        found.class_name,
        "" if found.cause is None else str(found.cause),
        plain(found.kit),
        plain(claims.rule),
        _plain(claims.packs),
        _plain(claims.taught),
        [*map(plain, claims.looks)],
        claims.camera if found.claims else "",
        plain(found.training),
    )


def _plain(sums: Mapping[str, str]) -> dict[str, str]:
    return {plain(name): plain(sha256) for name, sha256 in sums.items()}


class _Signed(msgspec.Struct, frozen=True):
    """Our assertion as it is read; a later version may say more."""

    kit: str = ""
    rule: str = ""
    packs: dict[str, str] = {}
    taught: dict[str, str] = {}
    looks: dict[str, Any] = {}
    camera: str = "simulated"


def verify(content: bytes | bytearray, classes: Sequence[KnownClass]) -> Verified:
    """Verify the bytes of a file: for a process that may open none. Needs `load` before that."""
    return _verified(io.BytesIO(content), classes)


def verify_file(path: Path, classes: Sequence[KnownClass]) -> Verified:
    """Verify a file; raise `CredentialError` where the extra is missing."""
    load()
    try:
        with path.open("rb") as file, bounded_memory(MEMORY_BYTES):
            return _verified(file, classes)
    except (OSError, ValueError) as error:
        return Verified(CredentialState.UNREADABLE, cause_of(error))


def _verified(file: BinaryIO, classes: Sequence[KnownClass]) -> Verified:
    try:
        kind = kind_of(file)
        manifest = manifest_of(file, kind)
    except (CredentialError, MisfitError) as error:
        return Verified(CredentialState.UNREADABLE, error.phrase)
    if not manifest:
        file.seek(0)
        names_one = b"dcterms:provenance" in file.read(_HEAD_BYTES)
        said = phrase("it names one elsewhere, which is not fetched") if names_one else None
        return Verified(CredentialState.NONE, said)
    found = Verified(CredentialState.NONE)
    for settings, known in _settings(classes):
        found, left_out = _read(file, kind, settings)
        if found.state is CredentialState.VALID and known is not None:
            if not is_as_written(file, kind, left_out):
                said = phrase("bytes that nobody signed stand in its credential")
                return Verified(CredentialState.CHANGED, said)
            return replace(found, class_name=known.name)
    return found


def _settings(
    classes: Iterable[KnownClass],
) -> Iterator[tuple[dict[str, Any], KnownClass | None]]:
    """Yield how to read for each class alone: so it is known which of them signed."""
    asked = False
    for known in classes:
        asked = True
        own = copy.deepcopy(SETTINGS)
        own["trust"] = {"user_anchors": known.certificate.decode()}
        yield own, known
    if not asked:
        yield SETTINGS, None


def _read(file: BinaryIO, kind: str, settings: Mapping[str, Any]) -> tuple[Verified, LeftOut]:
    c2pa = load()
    file.seek(0)
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(kind, file, context=context) as reader,
        ):
            told, detailed = json.loads(reader.json()), json.loads(reader.detailed_json())
            results = reader.get_validation_results() or {}
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        said = phrase("its credential cannot be read: {error}", error=cause_of(error))
        return Verified(CredentialState.CHANGED, said), ()
    return _standing(told, results), _left_out(detailed)


def _left_out(detailed: dict[str, Any]) -> LeftOut:
    """Return what a photo's digest is signed to leave out; nothing where it says no such thing."""
    try:
        active = detailed["manifests"][detailed["active_manifest"]]
        found = active["assertion_store"]["c2pa.hash.data"]["exclusions"]
        return [(one["start"], one["length"]) for one in found]
    except (LookupError, TypeError):
        return ()


def _standing(told: dict[str, Any], results: dict[str, Any]) -> Verified:
    failures = [
        str(one.get("code", "")) for one in results.get("activeManifest", {}).get("failure", [])
    ]
    signer = [code for code in failures if code.startswith("signingCredential.")]
    others = [code for code in failures if code not in signer]
    if others:
        return Verified(CredentialState.CHANGED, _changed(others))
    manifest = told.get("manifests", {}).get(told.get("active_manifest"), {})
    data = {one.get("label"): one.get("data") for one in manifest.get("assertions", [])}
    if told.get("validation_state") == "Trusted" and not signer:
        kit, claims = _gate(data.get(GATE))
        return Verified(CredentialState.VALID, None, "", kit, claims, _training(data.get(TRAINING)))
    odd = sorted({*signer} - {"signingCredential.untrusted"})
    cause = phrase("its certificate: {codes}", codes=", ".join(odd)) if odd else None
    return Verified(CredentialState.UNKNOWN, cause)


def _changed(codes: Sequence[str]) -> Phrase:
    """Say in words what is no longer as it was signed; ``codes`` are C2PA's."""
    if {"assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"} & {*codes}:
        return phrase("the photo or video itself is not what was signed")
    if any(code.startswith("claimSignature.") for code in codes):
        return phrase("its signature is not of what it states")
    if "assertion.hashedURI.mismatch" in codes:
        return phrase("what it states is not what was signed")
    return phrase("C2PA says {codes}", codes=", ".join(sorted({*codes})))


def _gate(data: object) -> tuple[str, Claims | None]:
    try:
        found = msgspec.convert(data, _Signed)
        parts = {
            name: getattr(found, name) for name in ("rule", "packs", "taught", "looks", "camera")
        }
        return found.kit, msgspec.convert(parts, Claims)
    except msgspec.ValidationError:
        return "", None


def _training(data: object) -> str:
    """Return "notAllowed" where each use of it is; or what is said else of any, as it stands."""
    entries = data.get("entries") if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        return ""
    said = {
        str(entry.get("use", "")) if isinstance(entry, dict) else "" for entry in entries.values()
    }
    if said == {"notAllowed"} and {f"cawg.{use}" for use in USES} <= entries.keys():
        return "notAllowed"
    return ", ".join(sorted(said - {""}))[:80]
