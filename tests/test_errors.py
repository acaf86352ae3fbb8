"""What is said of a name that somebody chose to move a cursor, end a line or pretend another; and
what people are told in their language.
"""

from __future__ import annotations

import copy
import errno
import math
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from babel.messages.pofile import read_po

from shuttergate import lang
from shuttergate.errors import (
    MAX_DEPTH,
    MAX_LETTERS,
    MAX_TEMPLATE,
    AlbumError,
    CameraError,
    ConfigError,
    Phrase,
    PictureError,
    ScoreError,
    ShuttergateError,
    cause_of,
    phrase,
    plain,
    told,
)
from shuttergate.lang import texts
from support.places import ROOT

GONE = "そのようなファイルやフォルダーはありません"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"b\xe9t\xe9.txt", r"b\xe9t\xe9.txt"),  # Latin-1
        (b"red\x1b[31m.png", r"red\x1b[31m.png"),
        (b"two\nlines\r.png", r"two\nlines\r.png"),
        ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
        ("a\u2028b\u2066c".encode(), r"a\u2028b\u2066c"),
        ("写真\u3000è 👩\u200d🎨.png".encode(), "写真\u3000è 👩\u200d🎨.png"),
        (b"as it is.png", "as it is.png"),
    ],
)
def test_a_file_may_be_called_anything(name: bytes, said: str) -> None:
    assert plain(os.fsdecode(name)) == said
    msgspec.json.encode(plain(os.fsdecode(name)))


@pytest.mark.parametrize("kind", [ShuttergateError, CameraError, AlbumError, PictureError])
def test_no_message_carries_it(kind: type[ShuttergateError]) -> None:
    assert (
        str(kind("\udce9\x1b: not a picture; remove it")) == r"\xe9\x1b: not a picture; remove it"
    )


def test_half_a_letter_that_stands_for_no_byte_is_said_too() -> None:
    assert plain("\ud800") == r"\ud800"


def missing() -> CameraError:
    """An error as it is raised: a file, and what the system says of it."""
    cause = cause_of(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/x"))
    return CameraError("{name}: {cause}; name another", name=Path("x.mp4"), cause=cause)


def test_an_error_is_told_in_the_language_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = missing()
    assert str(error) == "x.mp4: No such file or directory; name another"
    assert error.told("en") == error.told("fr") == str(error)
    assert error.told("ja") == f"x.mp4：{GONE}。別のものを指定してください"
    monkeypatch.setattr(lang, "texts", lambda language: texts(language or "ja"))
    assert error.told() == told(error.phrase) == error.told("ja")
    assert told("as it is") == "as it is"


def test_an_error_within_an_error_is_told_in_the_same_language() -> None:
    outer = ConfigError("{path}: {said}", path="kit.toml", said=missing())
    assert outer.told("ja") == f"kit.toml：x.mp4：{GONE}。別のものを指定してください"
    assert str(outer) == "kit.toml: x.mp4: No such file or directory; name another"
    anew = PictureError.of(outer)
    assert (str(anew), anew.told("ja")) == (str(outer), outer.told("ja"))
    strange = PictureError.of(RuntimeError("{as} it is"))
    assert str(strange) == strange.told("ja") == "{as} it is"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_language_lets_a_name_move_the_cursor(language: str) -> None:
    inner = PictureError("{path}: holds no picture", path=b"a\x1b[2J\xe9{path}".decode("latin-1"))
    for error in (inner, ConfigError("{path}: {said}", path="\u202eb", said=inner)):
        assert error.told(language).isprintable()
        assert "a\\x1b[2Jé{path}" in error.told(language)
    assert str(inner) == "a\\x1b[2Jé{path}: holds no picture"


def test_a_blank_is_said_as_before_in_every_kind() -> None:
    said = phrase(
        "{path} {name!r} {share:.1f} {count} {many:g} {flag} {score:.2f} {none}",
        path=Path("a/b"),
        name="it's",
        share=0.25,
        count=np.int64(3),
        many=1e6,
        flag=True,
        score=np.float32(0.5),
        none=None,
    )
    assert str(said) == 'a/b "it\'s" 0.2 3 1e+06 True 0.50 None'
    assert str(ScoreError("{as} it is")) == ScoreError("{as} it is").told("ja") == "{as} it is"


def test_an_error_holds_nothing_but_words() -> None:
    error = ScoreError("{name}: the model failed: {error}", name="m", error=ValueError("shape"))
    assert error.phrase.blanks == {"name": "m", "error": "shape"}


def pickled(error: ShuttergateError) -> ShuttergateError:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("anew", [copy.copy, copy.deepcopy, pickled])
def test_an_error_that_was_copied_or_pickled_is_told_as_before(
    anew: Callable[[ShuttergateError], ShuttergateError],
) -> None:
    for error in (missing(), ConfigError("{path}: {said}", path="{x}", said=missing())):
        other = anew(error)
        assert type(other) is type(error)
        assert (str(other), other.told("ja")) == (str(error), error.told("ja"))


@pytest.mark.parametrize(
    "error",
    [
        missing(),
        PictureError("{path}: holds no picture", path=os.fsdecode(b"b\xe9\x1b.txt")),
        PictureError.of(RuntimeError("\udce9")),
        PictureError("{path}: {cause}", path="x", cause=cause_of(ValueError("\udce9"))),
    ],
)
def test_a_phrase_comes_over_from_another_process(error: ShuttergateError) -> None:
    over = msgspec.json.decode(msgspec.json.encode(error.phrase), type=Phrase)
    assert over == error.phrase
    assert str(over) == str(error) and over.told("ja") == error.told("ja")


@pytest.mark.parametrize(
    ("template", "blanks"),
    [
        ("{gone}", {"name": "x"}),
        ("{name.__class__}", {"name": "x"}),
        ("{name[0]}", {"name": "x"}),
        ("{}", {"name": "x"}),
        ("{name:99999999}", {"name": "x"}),
        ("{name:{name}}", {"name": "99999999"}),
        ("{name:.1f}", {"name": "x"}),
        ("{name!z}", {"name": "x"}),
        ("{name", {"name": "x"}),
    ],
)
def test_what_only_looks_like_a_phrase_is_none(template: str, blanks: dict[str, str]) -> None:
    sent = msgspec.json.encode({"template": template, "blanks": blanks})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(sent, type=Phrase)


def nested(template: str, depth: int) -> bytes:
    said: dict[str, object] = {"template": "ten letters"}
    for _ in range(depth):
        said = {"template": template, "blanks": {"a": said}}
    return msgspec.json.encode(said)


def test_words_that_fill_themselves_again_and_again_take_no_memory() -> None:
    """A gate process that was taken over could end its supervisor: 452 bytes became 100 MB."""
    found = msgspec.json.decode(nested("{a}" * 10, MAX_DEPTH - 1), type=Phrase)
    assert len(str(found)) == MAX_LETTERS
    for hostile in (nested("{a}", MAX_DEPTH + 1), nested("{a}" * MAX_TEMPLATE, 1)):
        with pytest.raises(ValueError, match="too long, or too deep"):
            msgspec.json.decode(hostile, type=Phrase)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_reaches_another_process_as_any_other_word(value: float) -> None:
    said = phrase("{name}: {score}, and {limit:.2f}", name="x", score=value, limit=value)
    assert str(said) == f"x: {value}, and {value}"
    assert msgspec.json.decode(msgspec.json.encode(said), type=Phrase) == said


def test_no_words_of_our_own_are_too_long() -> None:
    catalogue = ROOT / "firmware/shuttergate/locale/ja/LC_MESSAGES/shuttergate.po"
    with catalogue.open("rb") as file:
        longest = max(len(str(message.id)) for message in read_po(file))
    assert longest < MAX_TEMPLATE * 0.8
