"""A rule's file: the same rule comes out, and nothing else does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.errors import RuleError
from shuttergate.policy import rule_file
from shuttergate.policy.rule_file import (
    MAGIC,
    MAX_BYTES,
    MAX_VIEWS,
    Contribution,
    TaughtRule,
    from_bytes,
    is_name,
    read,
    write,
)
from shuttergate.verdict import Reason
from support.bad_rules import PLACE, bad, small
from support.taught import EMBEDDER, SUM, WIDTH, directions, rule, signed


def test_the_same_rule_comes_out(tmp_path: Path) -> None:
    taught, path = rule(), tmp_path / "banana.rule"
    write(taught, path)
    found = read(path)
    for key in ("name", "embedder", "created", "contributions", "bias", "line"):
        assert getattr(found, key) == getattr(taught, key)
    assert np.array_equal(found.weights, taught.weights)
    assert np.array_equal(found.embeddings, taught.embeddings)
    assert found.embedder == EMBEDDER
    assert [one.name for one in tmp_path.iterdir()] == ["banana.rule"]
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_it_reads_is_a_score_and_it_blocks_as_taught() -> None:
    taught = rule()
    assert taught.limits.blocks_with is Reason.TAUGHT
    assert taught.limits.clear_below == taught.limits.block_at == taught.line
    row = directions(1, 40, towards=0)[0].astype(np.float64)
    assert taught.reads(row) == pytest.approx(taught.reads(17.0 * row))  # of any length
    assert taught.reads(row) == pytest.approx(taught.scores(directions(1, 40, towards=0))[0])
    assert np.isnan(taught.reads(np.zeros(WIDTH)))
    assert np.isnan(taught.reads(np.full(WIDTH, np.nan)))
    with pytest.raises(ValueError, match="mismatch"):
        taught.reads(np.ones(WIDTH + 1))


def claimed(taught: TaughtRule, **changes: Any) -> bytes:
    """Return a file that is signed off, with other claims than its own."""
    content = taught.to_bytes()[:-SUM]
    at = len(MAGIC) + 4
    size = int.from_bytes(content[len(MAGIC) : at])
    claims = msgspec.json.decode(content[at : at + size]) | changes
    text = msgspec.json.encode(claims)
    return signed(MAGIC + len(text).to_bytes(4) + text + content[at + size :])


def numbers(taught: TaughtRule, change: int, value: float) -> bytes:
    """Return a file that is signed off, with one number changed; counted from its end."""
    content = bytearray(taught.to_bytes()[:-SUM])
    end = len(content) - 4 * change
    content[end - 4 : end] = np.float32(value).tobytes()
    return signed(bytes(content))


def refused(content: bytes, why: str) -> None:
    with pytest.raises(RuleError, match=rf"^my\.rule: {why}.*(copy|teach)") as caught:
        from_bytes(content, "my.rule")
    assert "anew" in str(caught.value)


@pytest.mark.parametrize("cut", [1, 31, 33, 400])
def test_one_that_was_cut_is_refused(cut: int) -> None:
    refused(rule().to_bytes()[:-cut], "its bytes are not those that were written")


def test_one_of_a_line_is_refused() -> None:
    refused(MAGIC, "was cut off")
    refused(b"", "is no taught rule")
    refused(b"PNG", "is no taught rule")


def test_any_swapped_byte_is_refused() -> None:
    content = rule().to_bytes()
    for at in (len(MAGIC), len(MAGIC) + 9, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[at] ^= 1
        refused(bytes(changed), "its bytes are not those that were written")


def test_one_of_another_version_is_said_to_be_so() -> None:
    refused(rule().to_bytes().replace(MAGIC, MAGIC.replace(b"1", b"2")), "is a taught rule of anot")


def test_no_larger_one_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "my.rule"
    path.write_bytes(MAGIC + bytes(2 * MAX_BYTES))
    with pytest.raises(RuleError, match=r"my\.rule: is larger than any taught rule"):
        read(path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": ""}, "what it says of itself cannot be read"),
        ({"name": "a/b"}, "its name 'a/b' is none"),
        ({"name": "ba\x1b[2Jnana"}, "its name .* is none"),
        ({"name": "x" * 41}, "what it says of itself cannot be read"),
        ({"embedder": "ab"}, "what it says of itself cannot be read"),
        ({"created": "2026-01-31T10:00"}, "what it says of itself cannot be read"),
        ({"line": 0.0}, "what it says of itself cannot be read"),
        ({"bias": 1e9}, "what it says of itself cannot be read"),
        ({"width": 10**9}, "what it says of itself cannot be read"),
        ({"width": WIDTH - 1}, r"it holds \d+ bytes of numbers, where 10 views of 63"),
        ({"contributions": []}, "what it says of itself cannot be read"),
        ({"more": 1}, "what it says of itself cannot be read"),
        (
            {"contributions": [{"word": "Taro Yamada", "yes": True, "views": 10}]},
            "what it says of itself cannot be read",
        ),
        (
            {"contributions": [{"word": "blue heron", "yes": True, "views": 5}] * 2},
            "two contributions have one word",
        ),
        (
            {"contributions": [{"word": "blue heron", "yes": False, "views": 10}]},
            "none of its examples is the object",
        ),
        (
            {
                "contributions": [
                    {"word": f"blue {a}{b}", "yes": True, "views": 100}
                    for a in "abcdefghij"
                    for b in "abcdefghij"
                ]
            },
            rf"it holds 10000 views, and no more than {MAX_VIEWS} fit",
        ),
    ],
)
def test_claims_that_cannot_be_are_refused(changes: dict[str, Any], why: str) -> None:
    refused(claimed(rule(), **changes), why)


@pytest.mark.parametrize(
    ("change", "value", "why"),
    [
        (0, float("nan"), "it holds a value that is no number"),
        (10 * WIDTH, float("inf"), "it holds a value that is no number"),
        (10 * WIDTH, 2e6, "it holds a value that is no number"),
        (0, 0.5, "an embedding in it is not of length 1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(change: int, value: float, why: str) -> None:
    refused(numbers(rule(), change, value), why)


def test_the_files_of_the_scenarios_are_what_the_code_makes() -> None:
    taught = read(PLACE / "star.rule")
    files = dict(bad(small(taught)))
    names = {path.stem for path in PLACE.glob("*.rule")}
    assert {*files, "star"} == names
    for name, content in files.items():
        assert (PLACE / f"{name}.rule").read_bytes() == content, name
        assert len(content) < 20_000


def test_claims_longer_than_the_file_are_refused() -> None:
    refused(signed(MAGIC + (2**31).to_bytes(4) + bytes(100)), "says more of itself than it holds")
    deep = b"[" * 60_000
    refused(signed(MAGIC + len(deep).to_bytes(4) + deep), "what it says of itself cannot be read")


def test_none_is_written_that_could_not_be_read() -> None:
    with pytest.raises(RuleError, match="two contributions have one word"):
        replace(rule(), contributions=(Contribution("blue heron", True, 5),) * 2).to_bytes()


def test_where_none_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"Is a directory; name a file that can be written"):
        write(rule(), tmp_path)
    assert list(tmp_path.iterdir()) == [] and not list(tmp_path.parent.glob("*.part"))
    with pytest.raises(RuleError, match="No such file or directory; name a taught rule that can"):
        read(tmp_path / "gone.rule")


@given(st.binary(max_size=300), st.booleans())
def test_whatever_bytes_come_they_are_refused_in_words(content: bytes, sign: bool) -> None:
    with pytest.raises(RuleError):
        from_bytes(signed(MAGIC + content) if sign else content, "my.rule")


def test_names_are_in_any_language_and_do_no_harm() -> None:
    assert all(map(is_name, ("banana", "バナナ", "school badge 2", "l'été")))
    assert not any(
        map(is_name, ("", " x", "a\nb", "a/b", "x" * 41, "\u202ex", "--json", "e\u0301"))
    )
    assert rule_file.MAX_BYTES < 5_000_000
