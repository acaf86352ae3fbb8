"""What can go wrong, one class a kind; every message names the thing, the cause and the mend."""

import os
import unicodedata

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


class ShuttergateError(Exception):
    """Base of every error this package raises on purpose; its message is `plain`."""

    def __init__(self, *said: object) -> None:
        super().__init__(*map(plain, said))


class ConfigError(ShuttergateError, ValueError):
    """A configuration, board or manifest file says something that cannot be."""


class PackError(ShuttergateError, ValueError):
    """A model pack is not what its model.toml says it is."""


class UnfitError(PackError):
    """The accelerator's library was built for another runtime than the one that is here."""


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
