"""What is signed, by c2pa's own reader: its claims, its size, and that nothing else is in it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from shuttergate import __version__
from shuttergate.claims import Claims
from shuttergate.credentials import marks, signer
from shuttergate.credentials.library import SETTINGS
from shuttergate.errors import CredentialError
from support import signing
from support.signing import (
    CLAIMS,
    SIMULATED,
    TAUGHT,
    class_file,
    known,
    manifest,
    skip_without_extra,
)

__all__ = ["class_file"]

skip_without_extra()

MOST_BYTES = 12_000


def test_a_photo_is_trusted_by_c2pas_own_reader_under_its_class(class_file: Path) -> None:
    content = signing.photo(signing.kit(class_file))
    told = signing.read(content, [known(class_file)])
    assert told["validation_state"] == "Trusted"
    assert told["validation_results"]["activeManifest"]["failure"] == []
    assert signing.read(content, [])["validation_state"] == "Valid"  # by whom is not known


def test_a_video_is_trusted_by_c2pas_own_reader_under_its_class(
    class_file: Path, tmp_path: Path
) -> None:
    content = signing.video(signing.kit(class_file), tmp_path)
    told = signing.read(content, [known(class_file)], "video/mp4")
    assert told["validation_state"] == "Trusted"
    assert told["validation_results"]["activeManifest"]["failure"] == []
    assert content.count(b"uuid" + signer.C2PA_UUID) == 1
    assert content.count(marks.box("real")) == 1


@pytest.mark.parametrize(
    ("claims", "source"), [(TAUGHT, "digitalCapture"), (SIMULATED, "virtualRecording")]
)
def test_it_states_what_the_issue_asks_for_in_this_order(
    class_file: Path, claims: Claims, source: str
) -> None:
    """A camera's as a camera's; of a simulated one that it is a recording of what none saw."""
    found = manifest(signing.photo(signing.kit(class_file), claims))
    actions, training, gate = found["assertions"]
    assert actions["data"]["actions"] == [
        {"action": "c2pa.created", "digitalSourceType": marks.SOURCE + source}
    ]
    assert training["label"] == "cawg.training-mining"
    assert training["data"]["entries"] == {
        f"cawg.{use}": {"use": "notAllowed"}
        for use in ("ai_generative_training", "ai_inference", "ai_training", "data_mining")
    }
    assert gate["label"] == "org.shuttergate.gate"
    lines = {
        "consent-clean": {"clear_below": 0.25, "block_at": 0.5},
        "open-nsfw": {"clear_below": 0.2, "block_at": 0.8},
    }
    look = {"verdict": "clear", "lines": lines}
    assert gate["data"] == {
        "kit": __version__,
        "rule": CLAIMS.rule,
        "packs": CLAIMS.packs,
        "taught": claims.taught,
        "looks": {"live": look, "second": look},
        "camera": claims.camera,
    }


def test_it_states_nothing_more(class_file: Path) -> None:
    """No title, time, thumbnail or history, and no names but of class, models and rules."""
    found = manifest(signing.photo(signing.kit(class_file)))
    assert found.keys() == {
        *("claim_generator_info", "instance_id", "assertions", "signature_info"),
        *("label", "claim_version"),
    }
    assert found["signature_info"].keys() == {
        *("alg", "issuer", "common_name", "cert_serial_number"),
    }
    (generator,) = found["claim_generator_info"]
    assert generator.keys() == {"name", "version", "org.contentauth.c2pa_rs"}


@pytest.mark.parametrize("claims", [CLAIMS, TAUGHT], ids=["nudity rule", "taught"])
def test_it_is_small(class_file: Path, claims: Claims) -> None:
    marked = marks.marked(signing.jpeg(), "real")
    signed = signing.kit(class_file).photo(marked, claims)
    assert len(signed) - len(signing.jpeg()) <= MOST_BYTES
    assert len(signer.ROOM + marks.box("real")) <= MOST_BYTES
    pixels = [Image.open(io.BytesIO(one)).tobytes() for one in (marked, signed)]
    assert pixels[0] == pixels[1]


def test_as_many_rules_as_a_kit_may_have_fit_into_a_video(class_file: Path, tmp_path: Path) -> None:
    names = [f"{number:02d}{'教' * 38}" for number in range(16)]
    many = Claims(CLAIMS.rule, CLAIMS.packs, dict.fromkeys(names, "d4" * 32), CLAIMS.looks)
    content = signing.video(signing.kit(class_file), tmp_path, many)
    assert manifest(content, "video/mp4")["assertions"][-1]["data"]["taught"] == many.taught


def test_more_than_a_video_has_room_for_is_refused_in_words(
    class_file: Path, tmp_path: Path
) -> None:
    names = {f"rule {number}": "d4" * 32 for number in range(99)}
    many = Claims(CLAIMS.rule, CLAIMS.packs, names, CLAIMS.looks)
    with pytest.raises(CredentialError, match="does not fit into a video, which has room for 8192"):
        signing.video(signing.kit(class_file), tmp_path, many)


def test_what_cannot_be_signed_is_said_with_the_mend(class_file: Path, tmp_path: Path) -> None:
    kit = signing.kit(class_file)
    with pytest.raises(CredentialError, match=r"it could not be signed: .*; see shuttergate doc"):
        kit.photo(b"no photo", CLAIMS)
    with pytest.raises(CredentialError, match="it could not be signed: "):
        kit.video(signing.draft(tmp_path, signing.box(b"ftyp", b"iso5") + b"\0\0"), CLAIMS)


def test_nothing_is_asked_of_a_network() -> None:
    assert SETTINGS["verify"]["remote_manifest_fetch"] is False
    assert SETTINGS["verify"]["ocsp_fetch"] is False
    assert SETTINGS["core"]["allowed_network_hosts"] == []
