"""Two photos of one kit, and two of two kits of a class: nothing in their credentials tells which.

On the bytes: whatever differs between any two is chance, of a key, a serial number, an identifier
or a signature, or follows from the picture; and it differs as much within a kit as between two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from shuttergate.credentials import store
from support import signing
from support.signing import class_file, skip_without_extra

__all__ = ["class_file"]

skip_without_extra()

KITS, PHOTOS = 2, 12
CHANCE = (
    re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),  # UUIDs
)


@pytest.fixture(scope="module")
def photos(class_file: Path) -> list[list[bytes]]:
    """Photos of the same thing, by kit; each kit read its class file itself."""
    kits = [signing.kit(class_file) for _ in range(KITS)]
    turns = [[signing.photo(kit) for kit in kits] for _ in range(PHOTOS)]  # in turns, as at a show
    return [[turn[number] for turn in turns] for number in range(KITS)]


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a manifest, with its place: names and their order, too."""
    match value:
        case dict():
            for position, (name, one) in enumerate(value.items()):
                yield from flat(one, f"{path}/{position}:{name}")
        case list():
            for position, one in enumerate(value):
                yield from flat(one, f"{path}/{position}")
        case _:
            yield path, value


def certificates(content: bytes) -> list[Any]:
    """Return the certificates in a photo's bytes."""
    from cryptography import x509

    found = []
    for match in re.finditer(rb"\x30\x82..\x30\x82", content, re.DOTALL):
        size = 4 + int.from_bytes(content[match.start() + 2 : match.start() + 4])
        found.append(x509.load_der_x509_certificate(content[match.start() : match.start() + size]))
    return found


def test_what_they_state_differs_by_identifiers_of_chance_alone(photos: list[list[bytes]]) -> None:
    mine, others = photos
    for one, other in [*combinations(mine, 2), *zip(mine, others, strict=True)]:
        first, second = dict(flat(signing.manifest(one))), dict(flat(signing.manifest(other)))
        assert [*first] == [*second]
        differing = {path.rpartition(":")[2] for path in first if first[path] != second[path]}
        assert differing == {"instance_id", "label", "cert_serial_number"}


def test_identifiers_are_of_chance_and_say_no_time(photos: list[list[bytes]]) -> None:
    seen = set()
    for content in [*photos[0], *photos[1]]:
        found = signing.manifest(content)
        for text, prefix in ((found["label"], "urn:c2pa:"), (found["instance_id"], "xmp.iid:")):
            assert text.startswith(prefix)
            assert CHANCE[0].fullmatch(text.removeprefix(prefix).encode()), "of version 4"
            seen.add(text)
    assert len(seen) == 2 * KITS * PHOTOS


def test_each_has_one_certificate_of_its_own_that_tells_the_class_and_no_kit(
    photos: list[list[bytes]],
) -> None:
    keys, serials, rest = set(), set(), set()
    for content in [*photos[0], *photos[1]]:
        (one,) = certificates(content)
        keys.add(one.public_key().public_numbers().x)
        serials.add(one.serial_number)
        oids = tuple(extension.oid.dotted_string for extension in one.extensions)
        dates = (one.not_valid_before_utc, one.not_valid_after_utc)
        rest.add((one.subject.rfc4514_string(), one.issuer.rfc4514_string(), dates, oids))
    assert len(keys) == len(serials) == KITS * PHOTOS
    ((subject, issuer, dates, _oids),) = rest
    assert (subject, issuer) == ("CN=one photo or video,O=room 3b", "CN=class root,O=room 3b")
    assert [date.year for date in dates] == [1970, 9999]


def masked(content: bytes) -> list[bytes]:
    """Return a photo's manifest in pieces, without what is of chance; see the test."""
    manifest = store.manifest_of(signing.io.BytesIO(content), store.JPEG)
    (certificate,) = certificates(manifest)
    from cryptography.hazmat.primitives.serialization import Encoding

    at = manifest.index(certificate.public_bytes(Encoding.DER))
    claim, signature = manifest[:at], manifest[at:]
    claim = CHANCE[0].sub(b"*", claim)
    # Hashes: of the picture and of each assertion, which has a salt.
    claim = re.sub(rb"dhashX .{32}", b"dhash*", claim, flags=re.DOTALL)
    claim = re.sub(rb"c2sh.{16}", b"c2sh*", claim, flags=re.DOTALL)
    pad = re.search(rb"cpad[XY].{1,2}?\0+", signature, re.DOTALL)
    assert pad is not None
    return [claim, signature[pad.end() :][:3]]


def test_their_bytes_are_the_same_but_for_chance(photos: list[list[bytes]]) -> None:
    first = masked(photos[0][0])
    for content in [*photos[0], *photos[1]]:
        for one, other in zip(masked(content), first, strict=True):
            # Sizes of what holds the certificate differ by what its signature happens to take.
            assert len(one) == len(other)
            differing = [at for at in range(len(one)) if one[at] != other[at]]
            assert len(differing) <= 12, [one[max(0, at - 20) : at + 8] for at in differing[:4]]


def test_sizes_are_within_what_a_signature_happens_to_take(photos: list[list[bytes]]) -> None:
    sizes = [{len(content) for content in of_kit} for of_kit in photos]
    every = sizes[0] | sizes[1]
    assert max(every) - min(every) <= 8
    assert sizes[0] & sizes[1], "no size of one kit's own"
