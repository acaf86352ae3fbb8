"""The bank that is shipped: whole, of the ledger, and harmless to the rule that it is for."""

from __future__ import annotations

import csv
import io

import msgspec
import numpy as np
import pytest

from shuttergate.errors import PackError, RuleError
from shuttergate.policy.bank import MAX_ROWS, PLAIN, HarmlessBank, read_bank, units
from shuttergate.system.paths import share
from shuttergate.vision.pack import Pack, read_pack

ROWS = {"consent-clean": 429, "consent-clean-coral": 427}


@pytest.fixture(scope="module", params=ROWS)
def pack(request: pytest.FixtureRequest) -> Pack:
    return read_pack(share("models") / request.param)


@pytest.fixture(scope="module")
def shipped(pack: Pack) -> HarmlessBank:
    found = pack.bank()
    assert found is not None
    return read_bank(*found, pack.name)


def test_it_fits_its_pack_and_its_rows_are_of_length_1(pack: Pack, shipped: HarmlessBank) -> None:
    assert shipped.embeddings.shape == (ROWS[pack.name], pack.manifest.output.shape[-1])
    assert np.linalg.norm(shipped.embeddings, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert len(shipped.plain) == shipped.shows.count(PLAIN) == 21


def rows_of(pack: str, file: str) -> list[dict[str, str]]:
    text = (share("models") / pack / file).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_each_of_its_rows_is_one_of_the_ledgers_or_our_own(pack: Pack) -> None:
    ledger = rows_of("consent-clean", "ledger.csv")
    known = {(one["sha256"], one["path"]): one for one in ledger}
    for row in rows_of(pack.name, "bank.csv"):
        if row["registry"] == "shuttergate":
            assert (row["kind"], row["consent_basis"]) == ("render", "no person shown")
        else:
            assert known[row["sha256"], row["path"]] == row


def test_the_nudity_rule_clears_what_is_in_it(pack: Pack, shipped: HarmlessBank) -> None:
    head = pack.head()
    scores = [head(row.astype(np.float64)) for row in shipped.embeddings]
    assert max(scores) < pack.limits.clear_below + 0.02  # int8: a step may lie between


def test_one_that_is_not_the_manifests_is_refused(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_pack(share("models") / "open-nsfw").bank() is None
    assert pack.manifest.bank is not None
    other = msgspec.structs.replace(pack.manifest.bank, ledger_sha256="0" * 64)
    monkeypatch.setattr(pack, "manifest", msgspec.structs.replace(pack.manifest, bank=other))
    with pytest.raises(PackError, match=r"bank\.csv .* has sha256"):
        pack.bank()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "ledger", "why"),
    [
        (b"", b"what\nfood\n", "cannot be read"),
        (b"no npy", b"what\nfood\n", "cannot be read"),
        (npy(np.ones((2, 3), np.int8)), b"else\nfood\nfood\n", "cannot be read"),
        (npy(np.ones((2, 3), np.int8)), b"what\nfood\n", "is of shape"),
        (npy(np.ones((2, 3))), b"what\nfood\nfood\n", "cannot be read"),
        (npy(np.ones(2, np.int8)), b"what\nfood\nfood\n", "cannot be read"),
        (npy(np.ones((2, 3), np.int8))[:-1], b"what\nfood\nfood\n", "is of shape"),
        (npy(np.ones((0, 3), np.int8)), b"what\n", "is of shape"),
        (npy(np.ones((MAX_ROWS + 1, 1), np.int8)), b"what\n" + b"x\n" * (MAX_ROWS + 1), "is of sh"),
    ],
)
def test_one_that_cannot_be_is_refused(content: bytes, ledger: bytes, why: str) -> None:
    with pytest.raises(RuleError, match=rf"^p: the bank of harmless pictures {why}.*reinstall"):
        read_bank(content, ledger, "p")


def test_rows_are_named_the_most_first() -> None:
    bank = HarmlessBank(units(np.eye(3)), ("food", "animal", "animal"))
    assert list(bank.named(np.array([True, True, True])).items()) == [("animal", 2), ("food", 1)]
    assert bank.named(np.array([False, False, False])) == {}


def test_its_card_counts_its_pictures(pack: Pack) -> None:
    rows = rows_of(pack.name, "bank.csv")
    theirs = [row for row in rows if row["registry"] != "shuttergate"]
    rooms = sum(row["what"] == "room" for row in rows) - sum(
        row["what"] == "room" for row in theirs
    )
    assert pack.manifest.bank is not None
    for text, said in (
        (pack.manifest.bank.chosen, "{} pictures of {} "),
        (pack.manifest.bank.chosen_ja, "{1}パッケージの画像{0}枚"),
    ):
        assert said.format(len(theirs), len({row["package"] for row in theirs})) in text
        assert f"{rooms} views of the built-in room" in text or f"部屋の{rooms}の見え方" in text
