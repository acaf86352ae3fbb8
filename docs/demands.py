"""Write demands.md and demands.ja.md from the data that the page /demands shows.

What was asked, what the kit does, the command that shows it and what it does not do stand in
firmware/shuttergate/console/pages/demands.json, in both languages. Run it at the root of the
checkout after each change there: .venv/bin/python docs/demands.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
DATA = ROOT / "firmware" / "shuttergate" / "console" / "pages" / "demands.json"
PAGES = {"en": DOCS / "demands.md", "ja": DOCS / "demands.ja.md"}
NAMES = {"en": "English", "ja": "日本語"}
COLONS = {"en": ":", "ja": "："}
PLAIN = str.maketrans("’“”", '\'""')
"""Quotation marks are curved on the page, and straight in the documents."""


def linked(text: str) -> str:
    """Return `text` with each path in ticks that is a file here made a link to it."""

    def link(match: re.Match[str]) -> str:
        path = ROOT / match[1]
        if not path.is_file():
            return match[0]
        lead = path.relative_to(DOCS) if DOCS in path.parents else f"../{match[1]}"
        return f"[{match[1]}]({lead})"

    return re.sub(r"`([\w./-]+)`", link, text)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def numbered(data: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Yield each row with its number, from 1 on through all sections, and with its section."""
    rows = ((section, row) for section in data["sections"] for row in section["rows"])
    for number, (section, row) in enumerate(rows, 1):
        yield number, section, row


def heading(number: int, row: dict[str, Any], language: str) -> str:
    """Return a row's heading."""
    return f"{number}. {row['title'][language]}"


def overview(data: dict[str, Any], language: str) -> Iterator[str]:
    """Yield the table of all rows, whose they are, and their answers."""
    columns = [data["labels"][label][language] for label in ("point", "by", "answer")]
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|---|"
    for number, section, row in numbered(data):
        said, by = heading(number, row, language), section["title"][language]
        answer = data["states"][row["state"]][language]
        yield f"| [{said}](#{anchor(said)}) | {by} | {answer} |"


def paragraph(label: str, text: str, language: str) -> str:
    """Return a paragraph that says first what it is."""
    return f"**{label}{COLONS[language]}** {linked(text)}"


def parts_of(
    number: int, section: dict[str, Any], row: dict[str, Any], data: dict[str, Any], language: str
) -> Iterator[str]:
    """Yield what stands under a row's heading, and the heading."""
    labels = {name: words[language] for name, words in data["labels"].items()}
    yield f"### {heading(number, row, language)}"
    yield f"**{data['states'][row['state']][language]}**"
    for part in ("asked", "does"):
        yield paragraph(section["labels"][part][language], row[part][language], language)
    yield paragraph(labels["show"], row["show"][language], language)
    if run := row.get("run"):
        yield "\n".join(f"    {command}" for command in run["commands"])
        yield labels["says"].format(status=run["status"])
        yield "\n".join(f"- `{line}`" for line in run["says"][language])
    yield paragraph(labels["not"], row["not"][language], language)


def document(data: dict[str, Any], language: str) -> str:
    """Return the whole page in `language`."""
    other = next(one for one in PAGES if one != language)
    parts = [f"# {data['title'][language]}", f"[{NAMES[other]}]({PAGES[other].name})"]
    parts += [linked(data[part][language]) for part in ("intro", "commands")]
    parts.append("\n".join(overview(data, language)))
    for number, section, row in numbered(data):
        if row is section["rows"][0]:
            parts += [f"## {section['title'][language]}", linked(section["source"][language])]
        parts += parts_of(number, section, row, data, language)
    return "\n\n".join(parts).translate(PLAIN) + "\n"


def main() -> None:
    """Write both pages."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    for language, path in PAGES.items():
        path.write_text(document(data, language), encoding="utf-8")


if __name__ == "__main__":
    main()
