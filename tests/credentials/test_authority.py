"""A class root: its file, what is refused of it, and what it certifies."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shuttergate.credentials import authority
from shuttergate.credentials.library import load
from shuttergate.errors import CredentialError
from support.signing import new_class, skip_without_extra

skip_without_extra()

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: E402


def pem(certificate: x509.Certificate, key: Any) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def made(
    key: Any,
    last: datetime = authority.LAST,
    is_root: bool = True,
    name: str = "room 3b",
    by: Any = None,
) -> bytes:
    """Return a class file as others could make one."""
    subject = authority._named(name, "class root")
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7)
        .not_valid_before(authority.FIRST)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .sign(by or key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return pem(certificate, key)


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_a_class_file_is_its_owners_alone_and_is_read_back(tmp_path: Path) -> None:
    file = new_class(tmp_path, "光ヶ丘 3-B")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert authority.read(file).name == "光ヶ丘 3-B"
    name, certificate = authority.read_certificate(tmp_path / "光ヶ丘 3-B.class.pem")
    assert (name, certificate) == ("光ヶ丘 3-B", authority.read(file).pem)
    assert authority.read_certificate(file) == (name, certificate)
    assert b"PRIVATE" not in (tmp_path / "光ヶ丘 3-B.class.pem").read_bytes()


def test_no_file_is_written_over(tmp_path: Path) -> None:
    file = new_class(tmp_path)
    with pytest.raises(CredentialError, match="File exists; name a new file"):
        authority.write(file, b"", 0o600)


@pytest.mark.parametrize("name", ["", " ", "a" * 41, "a\nb", "a/b", "\u202eabc", "e\u0301"])
def test_a_class_has_a_name_that_can_be_said_anywhere(name: str) -> None:
    with pytest.raises(CredentialError, match="is no name for a class"):
        authority.new_class(name)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is no class file"),
    "another file": (lambda: b"\xff\xd8\xff" + bytes(500), "is no class file"),
    "large": (lambda: b"x" * (authority.MAX_BYTES + 1), "is larger than any class file"),
    "without its key": (lambda: authority.new_class("a")[1], "lacks its certificate or its"),
    "cut in its key": (lambda: authority.new_class("a")[0][:-60], "was cut off, or holds"),
    "cut in its certificate": (lambda: authority.new_class("a")[0][:300], "was cut off, or"),
    "twice": (lambda: authority.new_class("a")[0] * 2, "was cut off, or holds something twice"),
    "rsa": (lambda: made(rsa.generate_private_key(65537, 2048)), "of another kind than P-256"),
    "ed25519": (lambda: made(ed25519.Ed25519PrivateKey.generate()), "another kind than P-256"),
    "p384": (lambda: made(ec.generate_private_key(ec.SECP384R1())), "another kind than P-256"),
    "expired": (
        lambda: made(p256(), datetime.now(UTC) - timedelta(days=1)),
        "is good only from 1970-01-01 to ",
    ),
    "no root": (lambda: made(p256(), is_root=False), "is not that of a class"),
    "signed by another": (lambda: made(p256(), by=p256()), "was not signed by its own key"),
    "a strange name": (lambda: made(p256(), name="a/b"), "is not that of a class"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_signs_nothing_is_refused_in_words(case: str, tmp_path: Path) -> None:
    content, says = REFUSED[case]
    file = tmp_path / "our.class"
    file.write_bytes(content())
    with pytest.raises(CredentialError) as refused:
        authority.read(file)
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"{file}: ")
    assert str(refused.value).endswith("; copy the class file anew, or make a new class")


def test_a_key_of_another_class_is_refused(tmp_path: Path) -> None:
    ours, theirs = authority.new_class("a"), authority.new_class("a")
    at = theirs[0].index(b"-----BEGIN PRIVATE")
    (tmp_path / "our.class").write_bytes(ours[1] + theirs[0][at:])
    with pytest.raises(CredentialError, match="its key and its certificate do not belong together"):
        authority.read(tmp_path / "our.class")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="No such file or directory; name a class file"):
        authority.read(tmp_path / "our.class")


def test_two_certificates_differ_by_key_serial_and_signature_alone(tmp_path: Path) -> None:
    root = authority.read(new_class(tmp_path))
    first, second = (
        x509.load_pem_x509_certificate(root.certify(p256().public_key())) for _ in range(2)
    )
    for one in (first, second):
        assert (one.not_valid_before_utc, one.not_valid_after_utc) == (
            authority.FIRST,
            authority.LAST,
        )
        assert one.serial_number.bit_length() == authority._SERIAL_BITS + 1
        one.verify_directly_issued_by(root.certificate)
    assert first.serial_number != second.serial_number
    assert first.subject == second.subject
    assert first.issuer == second.issuer
    ski = x509.SubjectKeyIdentifier
    for one, other in zip(first.extensions, second.extensions, strict=True):
        assert one.oid == other.oid
        assert (one.value == other.value) is not isinstance(one.value, ski)


def test_without_the_extra_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("shuttergate.credentials.library.importlib.import_module", missing)
    with pytest.raises(CredentialError, match=r"^credentials need c2pa-python: run make cred"):
        load()
