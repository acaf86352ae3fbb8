"""What pages may ask of the ledgers: searches by whom, receipts, and what opting out would do."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from PIL import Image

from console.test_server import Console, hear
from shuttergate import rulebook
from shuttergate.claims import Claims
from shuttergate.console import ledgers
from shuttergate.console.judge import UnreadablePicture
from shuttergate.credentials.authority import public_file
from shuttergate.credentials.signer import FileSigner
from shuttergate.policy.pairs import in_japanese
from shuttergate.policy.rule_file import read
from shuttergate.system.paths import share
from support import signing, taught
from support.kits import wait_until
from support.looking import KIT

HEAVY = Image.effect_noise((2000, 1500), 80).convert("RGB")


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of a star and without, and the rule that comes of them."""
    return taught.lesson(tmp_path_factory.mktemp("lesson"), yes=5, no=4)


@pytest.fixture(scope="module")
def words(lesson: Path) -> list[str]:
    return read(lesson / "star.rule").words


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, lesson: Path) -> Iterator[Console]:
    """A page whose kit loads the rule."""
    folder = tmp_path_factory.mktemp("console")
    config = folder / "kit.toml"
    config.write_text(
        f'[policy]\nrules = ["{lesson / "star.rule"}"]\n'
        f'[credentials]\nclass = "{folder / "room 3b.class"}"\n'
    )
    one = Console(folder, "--config", str(config))
    embedder = rulebook.pack("consent-clean").manifest.sha256
    one.kit.show(msgspec.structs.replace(KIT, embedder=embedder))
    yield one
    one.close()


@pytest.fixture(scope="module")
def own(console: Console) -> dict[str, str]:
    with console.look() as page:
        return {"X_Shuttergate_Token": hear(page)["token"], "Origin": console.origin}


def told(console: Console, path: str, status: int = 200) -> Any:
    found, _, body = console.get(path)
    assert found == status, body
    return json.loads(body) if status == 200 else body.decode()


def search(console: Console, said: str) -> Any:
    return told(console, f"/ledger/search.json?q={quote(said)}")


def looked_for(console: Console, picture: bytes, own: dict[str, str]) -> Any:
    status, _, body = console.ask("POST", "/ledger/picture", picture, **own)
    assert status == 200, body
    return json.loads(body)


def states(console: Console, content: bytes, own: dict[str, str]) -> Any:
    status, _, body = console.ask("POST", "/ledger/credential", content, **own)
    assert status == 200, body
    return json.loads(body)


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_every_pack_is_told_of(console: Console) -> None:
    packs = {one["pack"]: one for one in told(console, "/ledger/packs.json")["packs"]}
    assert packs["consent-clean"]["rows"] > 2000 and packs["consent-clean"]["opt_out"]
    assert packs["open-nsfw"]["undisclosed"]["ja"] and not packs["open-nsfw"]["packages"]


def test_a_word_is_found_in_both_languages(console: Console, words: list[str]) -> None:
    assert wait_until(lambda: search(console, words[0])["contributions"] != [])
    for said in (words[0], in_japanese(words[0]), f" {words[0].upper()} "):
        found = search(console, said)
        (one,) = found["contributions"]
        assert (one["rule"], one["word"], one["yes"]) == ("star", words[0], True)
        assert one["word_ja"] == in_japanese(words[0]) and found["is_pair"]


@pytest.mark.parametrize(
    "said", ["", " ", "no such word", "\0\x1b[2J", "x" * 5000, "'); --", "%%%", "🦩" * 50]
)
def test_what_was_never_there_is_not_found(console: Console, said: str) -> None:
    found = search(console, said)
    assert found["contributions"] == [] and found["ledgers"]["total"] == 0
    assert "\x1b" not in found["query"]


def test_a_package_is_found_with_licence_and_consent(console: Console) -> None:
    found = search(console, "@uswds/uswds")["ledgers"]
    (one,) = found["rows"]
    assert (one["pack"], one["source"]["licence"]) == ("consent-clean", "CC0-1.0")
    assert "not documented" in one["source"]["consent_basis"]
    assert found["packages"][0]["rows"] == 1


def test_a_picture_that_taught_is_found_by_its_contribution(
    console: Console, own: dict[str, str], lesson: Path, words: list[str]
) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        with Image.open(lesson / "yes" / "1.png") as image:
            found = looked_for(console, saved(image.convert("RGB"), kind), own)
        assert found["is_compared"] and found["cause"] is None
        assert found["contributions"][0]["word"] in words
        assert found["contributions"][0]["yes"] and found["contributions"][0]["alike"] >= 0.98


def test_a_picture_that_was_cut_is_not_found(
    console: Console, own: dict[str, str], lesson: Path
) -> None:
    with Image.open(lesson / "yes" / "1.png") as image:
        found = looked_for(console, saved(image.convert("RGB").crop((0, 0, 150, 200))), own)
    assert found["contributions"] == [] and found["ledgers"]["exact"] == []


def test_what_the_nudity_rule_does_not_clear_is_compared_with_no_example(
    console: Console, own: dict[str, str]
) -> None:
    card = (share("models") / "testcard" / "card.png").read_bytes()
    found = looked_for(console, card, own)
    assert found["is_compared"] is False and found["cause"] is None
    assert found["ledgers"] == {"exact": [], "alike": []} and found["contributions"] == []


@pytest.mark.parametrize("content", [b"", b"Dear camera", saved(HEAVY)[:5000]])
def test_what_is_no_picture_is_compared_by_its_bytes(
    console: Console, own: dict[str, str], content: bytes
) -> None:
    found = looked_for(console, content, own)
    assert found["cause"] == "not a picture" and len(found["sha256"]) == 64


@pytest.fixture(scope="module")
def signer(console: Console) -> FileSigner:
    """Who signs for the page's class, whose key is on this computer no more."""
    signing.skip_without_extra()
    file = signing.new_class(console.scratch.parent)
    one = signing.kit(file)
    file.unlink()
    return one


def test_what_a_photo_states_is_told_by_the_kits_class_and_not_what_others_state(
    console: Console, own: dict[str, str], signer: FileSigner, tmp_path: Path
) -> None:
    photo = signing.photo(signer, signing.TAUGHT)
    found = states(console, photo, own)
    assert (found["state"], found["class"], found["known"]) == ("valid", "room 3b", "room 3b")
    assert found["models"] == signing.CLAIMS.packs and found["taught"] == signing.TAUGHT.taught
    assert found["looks"] == ["live", "second"] and found["training"] == "notAllowed"
    assert found["cause"] == found["cause_ja"] == ""
    found = states(console, signing.flipped(photo, len(photo) - 9, 0), own)
    assert (found["state"], found["models"]) == ("changed", {})
    assert found["cause"] == "the photo or video itself is not what was signed"
    assert found["cause_ja"] == "写真か動画そのものが、署名したときと違います"
    other = signing.photo(signing.kit(signing.new_class(tmp_path, "another")))
    found = states(console, other, own)
    assert (found["state"], found["class"], found["models"]) == ("unknown signer", "", {})
    assert states(console, saved(HEAVY), own)["state"] == "no credential"
    for content in (b"", b"Dear camera", saved(HEAVY.resize((64, 48)), "PNG")):
        found = states(console, content, own)
        assert found["state"] == "unreadable" and found["cause_ja"] not in ("", found["cause"])


def test_names_that_a_class_signed_are_told_as_they_can_be_shown(
    console: Console, own: dict[str, str], signer: FileSigner
) -> None:
    claims = Claims("a1" * 32, {"con\u202esent": "b2" * 32})
    found = states(console, signing.photo(signer, claims), own)
    assert found["models"] == {"con\\u202esent": "b2" * 32}


def test_a_class_whose_certificate_is_not_there_is_told_so(
    console: Console, own: dict[str, str], signer: FileSigner
) -> None:
    public = public_file(console.scratch.parent / "room 3b.class")
    away = public.replace(public.with_name("away"))
    try:
        status, _, body = console.ask("POST", "/ledger/credential", saved(HEAVY), **own)
    finally:
        away.replace(public)
    said = body.decode()
    assert status == 503 and "room 3b.class.pem: No such file" in said
    assert str(public.parent) not in said and "/" not in said.split(".pem")[0]


def test_of_what_ends_the_process_that_reads_it_no_one_cause_is_named() -> None:
    found = ledgers._stated(UnreadablePicture("too large"))
    assert found.cause == "it could not be read here: too large, too slow or broken"
    assert (
        found.cause_ja
        == "ここでは読めませんでした。大きすぎるか、時間がかかりすぎるか、壊れています"
    )


def test_what_is_too_large_or_comes_from_elsewhere_is_not_taken(
    console: Console, own: dict[str, str]
) -> None:
    for path in ("/ledger/picture", "/ledger/credential"):
        assert console.ask("POST", path, bytes(17 << 20), **own)[0] == 413
        assert console.ask("POST", path, b"x", Origin=console.origin)[0] == 403
        foreign = {**own, "Origin": "http://evil.example"}
        assert console.ask("POST", path, b"x", **foreign)[0] == 403
        assert console.get(path)[0] in (404, 405)


def test_thirty_who_search_at_once_are_all_answered_and_the_page_goes_on(
    console: Console, own: dict[str, str], words: list[str]
) -> None:
    """By picture five at a time: the others are told to ask again, and do, as the page does."""
    picture = saved(HEAVY)
    looked_for(console, picture, own)  # the child is there

    def phone(number: int) -> str:
        assert search(console, words[number % 9])["contributions"]
        for _ in range(200):
            status, _, body = console.ask("POST", "/ledger/picture", picture, **own)
            if status == 200:
                return str(json.loads(body)["sha256"])
            assert status == 429
            time.sleep(0.2)
        raise AssertionError("nobody answered")

    with ThreadPoolExecutor(30) as pool:
        answers = [pool.submit(phone, number) for number in range(30)]
        slowest_s = 0.0
        while not all(one.done() for one in answers):
            began_s = time.monotonic()
            assert console.get("/health")[0] == 200
            slowest_s = max(slowest_s, time.monotonic() - began_s)
            time.sleep(0.02)
    assert len({one.result() for one in answers}) == 1
    assert slowest_s < 2.0


def test_a_search_leaves_nothing_behind(
    console: Console, own: dict[str, str], words: list[str]
) -> None:
    """Neither in the log nor on a disk; and no answer has a number of an example, or a picture."""
    search(console, "somebody I know")
    found = looked_for(console, saved(HEAVY.resize((640, 480))), own)
    assert found["sha256"].encode() not in console.get("/log.jsonl")[2]
    assert b"somebody" not in console.get("/log.jsonl")[2]
    assert b"ledger" not in console.get("/metrics")[2]
    assert list(console.scratch.iterdir()) == []
    answer = json.dumps(search(console, words[2]))
    assert '"views"' not in answer and '"embedd' not in answer and len(answer) < 5000


def test_opting_out_says_what_it_would_do_and_writes_nothing(console: Console) -> None:
    listed = (share("models") / "consent-clean" / "opt-out.csv").read_bytes()
    row = search(console, "fingerpose")["ledgers"]["rows"][0]["source"]
    offer = told(console, f"/ledger/opt-out.json?sha256={row['sha256']}")
    assert offer["command"] == f"shuttergate ledger opt-out --sha256 {row['sha256']}"
    assert offer["opted_out"]["pictures"] >= 1
    assert "shuttergate model build consent-clean" in offer["opted_out"]["build"]
    status, headers, body = console.get(f"/ledger/opt-out.csv?sha256={row['sha256']}")
    assert status == 200 and 'filename="opt-out.csv"' in headers["content-disposition"]
    (line,) = csv.DictReader(io.StringIO(body.decode()))
    assert line["sha256"] == row["sha256"] and line["asked"].startswith("20")
    assert (share("models") / "consent-clean" / "opt-out.csv").read_bytes() == listed


def test_a_package_with_odd_characters_is_quoted(console: Console) -> None:
    offer = told(console, f"/ledger/opt-out.json?package={quote('@uswds/uswds')}")
    assert offer["command"] == "shuttergate ledger opt-out --package @uswds/uswds"
    assert told(console, "/ledger/opt-out.json?package=anny")["opted_out"]["needed"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("sha256=x", 400), ("package=none", 404), (f"sha256={'ab' * 32}", 404)],
)
def test_what_is_not_there_cannot_be_opted_out(console: Console, query: str, status: int) -> None:
    for kind in ("json", "csv"):
        assert told(console, f"/ledger/opt-out.{kind}?{query}", status).strip()


def test_a_receipt_leads_back_to_its_word(console: Console) -> None:
    found = told(console, "/ledger/receipt.json?word=blue%20heron")
    assert (found["word"], found["word_ja"]) == ("blue heron", "青いサギ")
    assert found["address"] == f"{console.origin}/ledger#blue-heron"
    assert found["size"] > 20 and found["path"].startswith("M")
    assert told(console, f"/ledger/receipt.json?word={quote('青いサギ')}")["word"] == "blue heron"
    for word in ("", "no such", "blue heron, blue heron"):
        told(console, f"/ledger/receipt.json?word={quote(word)}", 404)


def test_what_is_withdrawn_is_found_no_more(
    console: Console, own: dict[str, str], lesson: Path, words: list[str]
) -> None:
    with Image.open(lesson / "no" / "2.png") as image:
        picture = saved(image.convert("RGB"), "PNG")
    word = looked_for(console, picture, own)["contributions"][0]["word"]
    body = json.dumps({"name": "star", "word": word}).encode()
    status, _, answer = console.ask("POST", "/teach/withdraw", body, **own)
    assert status == 200, answer
    changed = json.loads(answer)
    assert changed["word"] == word and word in changed["before"]
    assert search(console, word)["contributions"] == []
    again = [one["word"] for one in looked_for(console, picture, own)["contributions"]]
    assert word not in again
