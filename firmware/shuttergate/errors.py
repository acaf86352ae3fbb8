"""What can go wrong, one class a kind; every message names the thing, the cause and the mend.

A message is a `Phrase`: the log has it in English, and people in their own language.
"""

from __future__ import annotations

import math
import os
import string
import unicodedata
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any, Self

import msgspec

_UNSAYABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, half letters, ends of lines
_TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the letters after it round (Unicode's Bidi_Control): a name may pretend another."""


def plain(text: object) -> str:
    """Return what is to be said of a name or another's words, on any screen and in any file.

    What would move a terminal's cursor, end a line, turn letters round or is no UTF-8 becomes an
    escape, as ``\\x1b``: a file may be called anything.
    """
    said = str(text)
    return said if said.isprintable() else "".join(map(_escaped, said))


def _escaped(letter: str) -> str:
    if letter not in _TURNING and unicodedata.category(letter) not in _UNSAYABLE:
        return letter
    if 0xDC80 <= ord(letter) <= 0xDCFF:  # a byte of a name that is no UTF-8, as Python has it
        return f"\\x{os.fsencode(letter)[0]:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode()


NO_NUMBERS = ("nan", "inf", "-inf")
"""Kept as text: JSON has none of them, and another process is told of them, too."""


class _Filler(string.Formatter):
    """Fills blanks by their names alone: what another process sent may ask for nothing more."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> Any:
        if len(format_spec) > 4:  # a width of millions
            raise ValueError("too long a format")
        if value in NO_NUMBERS:
            return value
        return super().format_field(value, format_spec)


_filler = _Filler()

MAX_LETTERS = 4_000
"""No words are longer: what fills a blank may stand there often, and be filled so itself."""

MAX_TEMPLATE, MAX_DEPTH = 1_000, 8
"""A template that has blanks is no longer, and holds others no deeper."""


class Phrase(msgspec.Struct, frozen=True):
    """Words with blanks, as ``{path}: {cause}``, and what is in these; made by `phrase`.

    ``str()`` gives them in English. Either way they are `plain`. They may come from another
    process, and are no phrase where the blanks are not those that are filled: ValueError.
    """

    template: str
    blanks: dict[str, str | int | float | Phrase] = {}

    def __post_init__(self) -> None:
        if self.blanks and (len(self.template) > MAX_TEMPLATE or self._is_deep(MAX_DEPTH)):
            raise ValueError("no phrase: too long, or too deep")
        try:
            self._filled(str)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"no phrase: {error}") from error

    def told(self, language: str | None = None) -> str:
        """Return the words in a language as `lang.texts` has it; None: the environment's."""
        from shuttergate.lang import texts  # whoever tells nobody reads no catalogue

        return plain(self._filled(texts(language)))

    def __str__(self) -> str:
        return plain(self._filled(str))

    def _filled(self, translated: Callable[[str], str]) -> str:
        words = translated(self.template) if self.template else ""
        if not self.blanks:
            return words[:MAX_LETTERS]  # perhaps another's, with braces of their own
        filled = {
            name: blank._filled(translated) if isinstance(blank, Phrase) else blank
            for name, blank in self.blanks.items()
        }
        return _filler.vformat(words, (), filled)[:MAX_LETTERS]

    def _is_deep(self, most: int) -> bool:
        inner = (one for one in self.blanks.values() if isinstance(one, Phrase))
        return most == 0 or any(one._is_deep(most - 1) for one in inner)


def phrase(template: str, /, **blanks: object) -> Phrase:
    """Return words with blanks. What fills these is kept as text or number, and holds nothing."""
    return Phrase(plain(template), {name: _blank(one) for name, one in blanks.items()})


def listed(names: Iterable[object]) -> Phrase | str:
    """Return names one after the other, with each language's comma: halves of halves, for a phrase
    holds others only so deep."""
    known = [_blank(name) for name in names]
    if len(known) < 2:
        one = known[0] if known else ""
        return one if isinstance(one, Phrase) else str(one)
    half = len(known) // 2
    return phrase("{one}, {more}", one=listed(known[:half]), more=listed(known[half:]))


def _blank(value: object) -> str | int | float | Phrase:
    match value:
        case Phrase():
            return value
        case ShuttergateError():
            return value.phrase
        case bool():
            return str(value)
        case Integral():
            return int(value)
        case Real() if math.isfinite(value):
            return float(value)
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # no other process could be told the bytes of a name as they are
        return plain(text)
    return text


_SYSTEM_WORDS = (
    phrase("No such file or directory"),
    phrase("Permission denied"),
    phrase("Operation not permitted"),
    phrase("Is a directory"),
    phrase("Not a directory"),
    phrase("File exists"),
    phrase("File name too long"),
    phrase("No space left on device"),
    phrase("Disk quota exceeded"),
    phrase("Read-only file system"),
    phrase("Input/output error"),
    phrase("Too many levels of symbolic links"),
    phrase("Device or resource busy"),
    phrase("No such device"),
    phrase("Address already in use"),
    phrase("Cannot assign requested address"),
    phrase("Connection refused"),
    phrase("Connection reset by peer"),
    phrase("Broken pipe"),
    phrase("Network is unreachable"),
    phrase("No route to host"),
    phrase("Connection timed out"),
    phrase("timed out"),
    phrase("Name or service not known"),
    phrase("Temporary failure in name resolution"),
    phrase("Invalid argument"),
    phrase("Operation not supported"),
    phrase("Function not implemented"),
    phrase("Resource temporarily unavailable"),
    phrase("Cannot allocate memory"),
    phrase("Too many open files"),
    phrase("Text file busy"),
    phrase("Stale file handle"),
    phrase("No such process"),
    phrase("Inappropriate ioctl for device"),
    phrase("Invalid data found when processing input"),
    phrase("End of file"),
)
"""What the system says most often, for the catalogue; of the rest people get its own words."""

_KNOWN = {one.template for one in _SYSTEM_WORDS}


def told(said: Phrase | str) -> str:
    """Return words in the environment's language; what is text already stays as it is."""
    return said.told() if isinstance(said, Phrase) else said


def cause_of(error: BaseException) -> Phrase:
    """Return what an error says of the cause, without the name of a file; ours is whole."""
    if isinstance(error, ShuttergateError):
        return error.phrase
    said = str(getattr(error, "strerror", None) or error) or type(error).__name__
    if said in _KNOWN:
        return Phrase(said)
    return phrase("{library_words}", library_words=said)


class ShuttergateError(Exception):
    """Base of every error this package raises on purpose; its message is `plain`.

    ``CameraError("{device}: no such camera", device=device)``: the template stands there as it
    is, so that it is found and translated.
    """

    def __init__(self, template: str = "", /, **blanks: object) -> None:
        self.phrase = phrase(template, **blanks)
        super().__init__(str(self.phrase))

    @classmethod
    def of(cls, said: Phrase | Exception) -> Self:
        """Return an error with words that were found elsewhere, or with another's."""
        found = _blank(said)
        error = cls(str(found))
        if isinstance(found, Phrase):
            error.phrase = found
        return error

    def told(self, language: str | None = None) -> str:
        """Return the message in a language as `lang.texts` has it; None: the environment's."""
        return self.phrase.told(language)


class ConfigError(ShuttergateError, ValueError):
    """A configuration, board or manifest file says something that cannot be."""


class KitRunning(ShuttergateError, OSError):
    """Another kit is where this one was to be found."""


class MisfitError(ShuttergateError, ValueError):
    """Values do not fit together; whoever read them says where they stand."""


class MissingError(ShuttergateError, ImportError):
    """A package is missing that is not part of every kit."""


class PackError(ShuttergateError, ValueError):
    """A model pack is not what its model.toml says it is."""


class UnfitError(PackError):
    """The accelerator's library was built for another runtime than the one that is here."""


class RuleError(ShuttergateError, ValueError):
    """A taught rule's file is not what it should be, or does not fit this kit."""


class TeachError(ShuttergateError, ValueError):
    """No rule comes of these examples."""


class SoundError(ShuttergateError, OSError):
    """Nothing can be heard: no loudspeaker, or one that takes no sound."""


class ScoreError(ShuttergateError, ArithmeticError):
    """A model gave no usable score: its picture counts as not cleared."""


class CameraError(ShuttergateError, OSError):
    """No frame came, or what came is not a frame."""


class PanelError(ShuttergateError, OSError):
    """The pins cannot be had: no chip, no permission, or another program holds one."""


class AcceleratorError(ScoreError):
    """The accelerator gave no answer: it is absent, failing, hanging or gone."""


class PictureError(ShuttergateError, ValueError):
    """A file cannot be read as a picture."""


class CameraLost(ShuttergateError, RuntimeError):
    """A camera stayed away for so long that another process is to try."""


class AlbumError(ShuttergateError, OSError):
    """The album cannot take a photo or a video."""


class CredentialError(ShuttergateError, ValueError):
    """No credential can be made: of the class, its file or the signing."""


class EncoderError(ShuttergateError, OSError):
    """Pictures cannot be encoded as video here."""


class TooLargeError(PictureError):
    """A picture has more pixels than can be borne here."""


class DecoderError(PictureError):
    """A picture needs a part that is not installed here."""


class AnimationError(PictureError):
    """An animation has more pictures than are looked at."""


class JudgeError(ShuttergateError, RuntimeError):
    """The page can have no picture judged just now."""


class Busy(JudgeError):
    """Enough pictures wait to be judged already."""
