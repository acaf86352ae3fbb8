"""The class root: a key and a certificate that many kits share, so that none can be told by it.

Every photo and video gets a key of its own, which this certifies; see `signer`. All dates are the
same and long: a kit has no clock that anybody vouches for, so a date would only tell something of
the kit.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from shuttergate.credentials.library import load
from shuttergate.errors import CredentialError, Phrase, cause_of, phrase

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.x509 import Certificate, Name

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""From the first moment that a clock without a battery may show, to what RFC 5280 has for never."""

MAX_BYTES = 16 * 1024
MAX_NAME = 40
LEAF = "one photo or video"
_NAME = re.compile(rf"\w[\w .'-]{{0,{MAX_NAME - 1}}}")
_SERIAL_BITS = 126
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----\n.*?-----END \1-----\n", re.DOTALL)
_HEAD = (
    "# shuttergate class file 1. Whoever has the private key below signs as a kit of this class.\n"
)


class Authority:
    """A class root with its key; `read` makes it."""

    def __init__(self, certificate: Certificate, key: EllipticCurvePrivateKey) -> None:
        self.certificate, self._key = certificate, key
        self.name = _class_name(certificate)

    @cached_property
    def pem(self) -> bytes:
        """The certificate alone, which anybody may have."""
        serialization = load("cryptography.hazmat.primitives.serialization")
        found: bytes = self.certificate.public_bytes(serialization.Encoding.PEM)
        return found

    def certify(self, key: EllipticCurvePublicKey) -> bytes:
        """Return a certificate for a key, in PEM: it differs from any other by key and serial."""
        serialization = load("cryptography.hazmat.primitives.serialization")
        subject = _named(self.name, LEAF)
        made = _certificate(subject, self.certificate.subject, key, self._key, is_root=False)
        found: bytes = made.public_bytes(serialization.Encoding.PEM)
        return found


def new_class(name: str) -> tuple[bytes, bytes]:
    """Return a new class file, and the certificate in it alone; raise `CredentialError`."""
    if not _NAME.fullmatch(name) or unicodedata.normalize("NFC", name) != name:
        raise CredentialError(
            "{name!r}: is no name for a class; use up to {most} letters, digits, spaces, . ' and -",
            name=name,
            most=MAX_NAME,
        )
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    serialization = load("cryptography.hazmat.primitives.serialization")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name, "class root")
    root = _certificate(subject, subject, key.public_key(), key, is_root=True)
    certificate: bytes = root.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _HEAD.encode() + certificate + secret, certificate


def read(path: Path) -> Authority:
    """Return the class root in a file; raise `CredentialError` with the file and the mend."""
    found = _blocks(path)
    if set(found) != {b"CERTIFICATE", b"PRIVATE KEY"}:
        _refuse(path, phrase("lacks its certificate or its private key: it was cut off"))
    certificate = _root(path, found[b"CERTIFICATE"])
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    serialization = load("cryptography.hazmat.primitives.serialization")
    try:
        key = serialization.load_pem_private_key(found[b"PRIVATE KEY"], None)
    except Exception as error:  # of many kinds, by what is wrong with it
        _refuse(path, phrase("its private key cannot be read: {error}", error=cause_of(error)))
    if not _is_p256(ec, key, ec.EllipticCurvePrivateKey):
        _refuse(path, phrase("its key is of another kind than P-256"))
    if key.public_key() != certificate.public_key():
        _refuse(path, phrase("its key and its certificate do not belong together"))
    return Authority(certificate, key)


def read_certificate(path: Path) -> tuple[str, bytes]:
    """Return the name of a class and its certificate in PEM, from its file or from that alone."""
    found = _blocks(path)
    if b"CERTIFICATE" not in found:
        _refuse(path, phrase("holds no certificate"))
    return _class_name(_root(path, found[b"CERTIFICATE"])), found[b"CERTIFICATE"]


def public_file(path: Path) -> Path:
    """Return where the certificate of a class file is alone, as `new-class` leaves it."""
    return path.with_name(path.name + ".pem")


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet; raise `CredentialError`: it is, or cannot be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise CredentialError(
            "{file}: {cause}; name a new file in a folder that can be written",
            file=path,
            cause=cause_of(error),
        ) from error


def _blocks(path: Path) -> dict[bytes, bytes]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CredentialError(
            "{file}: {cause}; name a class file that can be read", file=path, cause=cause_of(error)
        ) from error
    if len(content) > MAX_BYTES:
        _refuse(path, phrase("is larger than any class file ({most} bytes)", most=MAX_BYTES))
    if b"-----BEGIN " not in content:
        _refuse(path, phrase("is no class file"))
    found = {match[1]: match[0] for match in _PEM.finditer(content)}
    if len(found) != content.count(b"-----BEGIN "):
        _refuse(path, phrase("was cut off, or holds something twice"))
    return found


def _root(path: Path, pem: bytes) -> Certificate:
    """Return the certificate of a class in PEM, if it is one that signs today."""
    x509 = load("cryptography.x509")
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    try:
        certificate: Certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        may_sign = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        name = _class_name(certificate)
    except Exception as error:  # of many kinds, by what is wrong with it
        _refuse(path, phrase("its certificate cannot be read: {error}", error=cause_of(error)))
    if not _is_p256(ec, key, ec.EllipticCurvePublicKey):
        _refuse(path, phrase("its key is of another kind than P-256"))
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:
        _refuse(path, phrase("its certificate was not signed by its own key"))
    if not may_sign or not _NAME.fullmatch(name):
        _refuse(path, phrase("its certificate is not that of a class"))
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= datetime.now(UTC) <= last:
        days = {"first": first.date(), "last": last.date()}
        _refuse(path, phrase("is good only from {first} to {last}", **days))
    return certificate


def _is_p256(ec: Any, key: object, kind: type) -> bool:
    return isinstance(key, kind) and isinstance(getattr(key, "curve", None), ec.SECP256R1)


def _refuse(path: Path, cause: Phrase) -> NoReturn:
    raise CredentialError(
        "{file}: {cause}; copy the class file anew, or make a new class", file=path, cause=cause
    )


def _named(organisation: str, common: str) -> Name:
    x509 = load("cryptography.x509")
    oid = x509.NameOID
    name: Name = x509.Name(
        [
            x509.NameAttribute(oid.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(oid.COMMON_NAME, common),
        ]
    )
    return name


def _class_name(certificate: Certificate) -> str:
    x509 = load("cryptography.x509")
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def _certificate(
    subject: Name, issuer: Name, public: Any, by: EllipticCurvePrivateKey, is_root: bool
) -> Certificate:
    x509, hashes = load("cryptography.x509"), load("cryptography.hazmat.primitives.hashes")
    uses = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    own = {"key_cert_sign"} if is_root else {"digital_signature"}
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
        # Of one length, and of nothing but chance.
        .serial_number(1 << _SERIAL_BITS | secrets.randbits(_SERIAL_BITS))
        .not_valid_before(FIRST)
        .not_valid_after(LAST)
        .add_extension(x509.BasicConstraints(is_root, 0 if is_root else None), critical=True)
        .add_extension(x509.KeyUsage(**{use: use in own for use in uses}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
    )
    if not is_root:  # the use that every verifier of C2PA takes
        email = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(email, critical=False)
    made: Certificate = builder.sign(by, hashes.SHA256())
    return made
