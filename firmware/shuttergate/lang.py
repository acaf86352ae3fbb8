"""The language people are spoken to in: English, or Japanese where the environment asks for it."""

from __future__ import annotations

import functools
import gettext
from collections.abc import Callable
from pathlib import Path

_FOLDER = Path(__file__).with_name("locale")

_translation = gettext.translation("shuttergate", _FOLDER, fallback=True)

LANGUAGE = _translation.info().get("language", "en")


def _(text: str) -> str:
    """Return `text` in the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG."""
    return _translation.gettext(text)


def N_(text: str) -> str:
    """Return `text` as it is: a mark for the catalogue where it is translated only later."""
    return text


@functools.cache
def texts(language: str | None) -> Callable[[str], str]:
    """Return what gives a text in `language`, "ja" or else English; None: the environment's."""
    if language is None:
        return _translation.gettext
    return gettext.translation("shuttergate", _FOLDER, [language], fallback=True).gettext
