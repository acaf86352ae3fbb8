"""What libraries say of a text that they refuse: provoked for real, each told in Japanese, too."""

from __future__ import annotations

import csv
import datetime as dt
import enum
import io
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from shuttergate.errors import ConfigError, Phrase
from shuttergate.system import library_words as words
from shuttergate.system.toml import Table, decode, path_of
from support.japanese import sentences


class Colour(enum.Enum):
    RED = "red"


class Inner(Table, frozen=True):
    whole: int = 0


class Everything(Table, frozen=True):
    """Every kind of value that a settings file of ours may hold, and more."""

    must: str
    text: str = ""
    whole: Annotated[int, Meta(ge=0, lt=10)] = 0
    even: Annotated[int, Meta(multiple_of=2)] = 0
    part: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0  # said as 0 and 1, however it is written
    yes: bool = False
    short: Annotated[str, Meta(min_length=2, max_length=3)] = "ab"
    name: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"
    pair: tuple[int, int] = (0, 0)
    few: Annotated[tuple[int, ...], Meta(min_length=1, max_length=2)] = (0,)
    inner: Inner | None = None
    choice: Literal["one", "two"] = "one"
    colour: Colour = Colour.RED
    either: int | str = 0
    day: dt.date = dt.date(2026, 1, 1)
    at: dt.time = dt.time(1)
    when: Annotated[dt.datetime, Meta(tz=True)] | None = None
    wall: Annotated[dt.datetime, Meta(tz=False)] | None = None


NO_TOML = {
    "= 3": "Invalid statement",
    "a = maybe": "Invalid value",
    "a.! = 3": "Invalid initial character",
    "a 3": "Expected '='",
    "a = 3 4": "Expected newline",
    "[a": "Expected ']'",
    "[[a]": "Expected ']]'",
    "a = 'b": 'Expected "\'"',
    "a = [1": "Unclosed array",
    "a = {b = 1": "Unclosed inline",
    'a = "b': "Unterminated",
    'a = "b\nc = 3': "Illegal character '\\n'",
    'a = "b\x01"': "Illegal character '\\x01'",
    "a = 'b\nc = 3'": "Found invalid character '\\n'",
    "a = 1 # \x01": "Found invalid character '\\x01'",
    r'a = "\q"': "Unescaped",
    r'a = "\u12"': "Invalid hex",
    r'a = "\ud800"': "Escaped character",
    "a = 2026-02-30": "Invalid date",
    "a = 1\na = 2": "Cannot overwrite",
    "[a.b]\n[a.b]": "Cannot declare a.b twice",
    "a = [1]\n[[a]]": "Cannot mutate immutable namespace a ",
    "[a.b]\n[a]\nb.c = 1": "Cannot redefine namespace a.b ",
    "a = {b = 1, b = 2}": "Duplicate inline",
}

TOO_MUCH = {
    "too many brackets in one another": "a = " + "[" * 9_000,
    "a number of too many digits": "a = " + "9" * 9_000,
}

NO_PATTERN = [
    *("(", ")", "[", "[z-a]", "*", "a**", "a{2,1}", "\\", r"\q", r"\x1", r"[\777]", r"\N{nope}"),
    *("(?P<", "(?P<1>a)", "(?P<a>b)(?P<a>c)", "(?P=a)", r"\1", "(a)(?(0)b)", r"(?P<a>(?P=a))"),
    *(r"(?<=(a)\1)b", "(?<=a*)b", "(a)(?(1)b|c|d)", "(?", "(?z)", "(?P!)", "(?i-", "(?i-z)a"),
    *("a(?i)", "(?-i:", "(?i-i:a)", "(?#a", r"\N", "(?P<a", "(?P=a"),
]

NO_CSV = ['a,"b', 'a,"b"c', "a," + "b" * 200_000]

NO_VALUE = [
    *("text = 3", "whole = 'x'", "whole = 3.5", "whole = -1", "whole = 10", "even = 3", "part = 0"),
    *("part = 2", "yes = 'yes'", "short = 'a'", "short = 'abcd'", "name = 'A'", "pair = [1]"),
    *("few = []", "few = [1, 2, 3]", "few = 3", "inner = 3", "inner = {b = 1}", "choice = 'three'"),
    *("colour = 'blue'", "either = []", "day = 'x'", "at = 'x'", "when = 'x'", "day = 3"),
    *("when = 2026-01-01T01:00:00", "wall = 2026-01-01T01:00:00Z", "nope = 3", "text = {}"),
    *("whole = 99999999999999999999", "part = true", "text = 2026-01-01", "text = 01:00:00"),
]

NO_JSON = [
    *(
        '{"must":',
        "nope",
        '{"must": "a",}',
        "[1,]",
        '{"must" "a"}',
        "{1: 2}",
        "{} {}",
        '{"must": 1}',
    ),
    *("{}", '{"must": "a", "nope": 1}', '{"must": "a", "whole": -}', r'{"must": "\q"}', "[1 2]"),
    *('{"must": "a", "inner": {"whole": "x"}}', "[" * 9_000),
]


def toml_error(text: str) -> Exception:
    with pytest.raises((ValueError, RecursionError)) as caught:
        tomllib.loads(text)
    return caught.value


def is_told(said: Phrase, english: str) -> None:
    """Both languages say it: English as the library has it, Japanese with no English sentence."""
    assert "library_words" not in repr(said), said
    assert str(said).lower() == english.lower()
    told = said.told("ja")
    assert list(sentences(told)) == [], told
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", told), told


@pytest.mark.parametrize("text", NO_TOML, ids=NO_TOML.values())
def test_what_is_no_toml_is_told(text: str, tmp_path: Path) -> None:
    error = toml_error(text)
    said = words.toml_words(error)
    english = re.sub(
        r"\('a'(?:, 'b')?,?\)", lambda m: ".".join(re.findall(r"\w", m[0])), str(error)
    )
    is_told(said, english)
    assert str(said).startswith(NO_TOML[text])
    (tmp_path / "kit.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        decode(tmp_path / "kit.toml", Everything)
    assert str(said) in str(caught.value) and said.told("ja") in caught.value.told("ja")


@pytest.mark.parametrize("english", TOO_MUCH)
def test_what_is_too_much_for_python_is_told(english: str, tmp_path: Path) -> None:
    (tmp_path / "kit.toml").write_text(TOO_MUCH[english])
    with pytest.raises(ConfigError, match=f"cannot be read as TOML: {english}; correct") as caught:
        decode(tmp_path / "kit.toml", Everything)
    assert list(sentences(caught.value.told("ja"))) == []


def test_the_list_of_tomllibs_reasons_is_whole() -> None:
    """Each of its templates is provoked above, so that none is there that it does not say."""
    whats = [words.toml_words(toml_error(text)).blanks["what"] for text in NO_TOML]
    assert {one.template for one in whats if isinstance(one, Phrase)} == set(words.TOML)
    source = Path(str(tomllib.loads.__code__.co_filename)).read_text()
    written = re.findall(r'suffixed_err\(\s*src, pos, f?"((?:[^"\\]|\\.)*)"', source)
    assert len(written) > 20
    known = [re.sub(r"\{.*?\}", "x", one) for one in words.TOML]
    for one in written:
        plain = re.sub(r"\{.*?\}", "x", one).replace("\\\\", "\\")
        assert plain in known, one


@pytest.mark.parametrize("text", NO_VALUE)
def test_a_value_of_another_kind_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "kit.toml").write_text(f"must = ''\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        decode(tmp_path / "kit.toml", Everything)
    told = caught.value.told("ja").removeprefix(f"{tmp_path}/kit.toml：")
    assert list(sentences(told)) == [], told
    assert "library_words" not in repr(caught.value.phrase)
    assert "`" not in told and "null" not in str(caught.value), told


def test_a_value_is_told_in_the_words_of_whoever_reads(tmp_path: Path) -> None:
    for text, english, japanese in (
        ("whole = 'x'", "whole: expected `int`, got `str`", "whole：文字列ではなく、整数で"),
        ("whole = -1", "whole: expected `int` >= 0", "whole：0以上の整数で"),
        ("whole = 3.5", "whole: no fractions are taken; write a whole number", "whole：小数は"),
        ("part = 2", "part: expected `float` over 0 and up to 1", "part：0 より大きく 1 以下の数"),
        ("part = nan", "write `float` over 0 and up to 1", "part：nan は使えません。0 より大きく"),
        (
            "inner = 3",
            "write its keys below a line [inner]",
            "inner：値ではなく、[inner] という見出",
        ),
        ("choice = 'x'", "choice: invalid enum value 'x'; choose from one, two", "choice：'x' は"),
        ("colour = 'x'", "colour: invalid enum value 'x'; choose from red", "colour：'x' は"),
    ):
        (tmp_path / "kit.toml").write_text(f"must = ''\n{text}\n")
        with pytest.raises(ConfigError) as caught:
            decode(tmp_path / "kit.toml", Everything)
        assert str(caught.value).endswith(english)
        assert japanese in caught.value.told("ja")


@pytest.mark.parametrize("text", NO_PATTERN)
def test_an_expression_that_is_none_is_told(text: str) -> None:
    with pytest.raises(re.error) as caught:
        re.compile(text)
    english = re.sub(r" at position (\d+).*", _counted, str(caught.value))
    is_told(words.pattern_words(caught.value), english)


def _counted(place: re.Match[str]) -> str:
    return f", at character {int(place[1]) + 1}"


@pytest.mark.parametrize("text", NO_CSV, ids=range(len(NO_CSV)))
def test_a_line_that_is_no_csv_is_told(text: str) -> None:
    with pytest.raises(csv.Error) as caught:
        list(csv.reader(io.StringIO(text, newline=""), strict=True))
    is_told(words.error_words(caught.value), str(caught.value))


@pytest.mark.parametrize("text", NO_JSON, ids=range(len(NO_JSON)))
def test_json_that_is_refused_is_told(text: str) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError)) as caught:
        msgspec.json.decode(text, type=Everything)
    english = str(caught.value)
    if isinstance(caught.value, RecursionError):
        english = "too many brackets in one another"
    is_told(words.json_words(caught.value), english)


@pytest.mark.parametrize("content", [b"\xff", b"a\xe3\x81", b"a\xe3b", b"\xe3\x81\xff"])
def test_bytes_that_are_no_text_are_told(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        content.decode()
    said = words.bytes_words(caught.value)
    is_told(said, str(said))
    (tmp_path / "kit.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"is not TOML: byte 0x[0-9a-f]{2} in position [012] is"):
        decode(tmp_path / "kit.toml", Everything)


def test_a_module_that_is_not_there_is_told() -> None:
    with pytest.raises(ImportError) as caught:
        import nobody_has_this  # type: ignore[import-not-found]  # noqa: F401
    is_told(words.error_words(caught.value), "No module named 'nobody_has_this'")


def test_a_home_folder_of_nobody_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        path_of("~nobody-is-called-so/x", "album.folder")
    assert str(caught.value).endswith("no such user has a home folder here; name a path")
    assert list(sentences(caught.value.told("ja"))) == []


@pytest.mark.parametrize(
    "said",
    [
        words.toml_words(ValueError("something quite new")),
        words.json_words(msgspec.DecodeError("something quite new")),
        words.value_words("something quite new"),
        words.error_words(RuntimeError("something quite new")),
    ],
)
def test_what_is_not_known_is_told_as_a_librarys(said: Phrase) -> None:
    assert str(said) == "something quite new"
    assert said.told("ja") == "原文：something quite new"
