"""What is English among lines that should be Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterator

NAMES = re.compile(
    r"""--?[a-z][\w-]*        # options
    | <[^>]*>                 # what they take
    | [^\s]*[/.][^\s]*        # paths and files
    | \b[a-z]+(?:\|[a-z]+)+\b  # choices
    | \bshuttergate(?:\ [a-z]+)+  # commands
    | sha256 | \b[0-9a-f]{12,}\b
    | \b[a-z]+(?:-[a-z0-9]+)+\b  # packs and boards
    | \b[A-Z]{2}[A-Z0-9_]*\b
    """,
    re.VERBOSE,
)
"""What is called so in any language."""


def english(text: str) -> Iterator[str]:
    """Yield each line that has words, and none of them in Japanese."""
    for line in text.splitlines():
        if re.search(r"[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff60]", line):
            continue
        if re.search(r"[A-Za-z]{2}", NAMES.sub("", line)):
            yield line


def sentences(text: str) -> Iterator[str]:
    """Yield each run of three English words or more, within Japanese or without; names are none."""
    for line in text.splitlines():
        plain = re.sub(r'`[^`]*`|「[^」]*」|"[^"]*"', "・", NAMES.sub("・", line))
        yield from re.findall(r"(?:\b[A-Za-z][a-z]+ ){2,}[A-Za-z][a-z]+\b", plain)
