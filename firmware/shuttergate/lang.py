"""The language people are spoken to in: English, or Japanese where the environment asks for it."""

from __future__ import annotations

import gettext
from pathlib import Path

_translation = gettext.translation("shuttergate", Path(__file__).with_name("locale"), fallback=True)

LANGUAGE = _translation.info().get("language", "en")


def _(text: str) -> str:
    """Return `text` in the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG."""
    return _translation.gettext(text)
