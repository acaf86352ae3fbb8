"""The words of the library that reads the command line, in the reader's language.

It has them in English, and only some go through gettext. So whatever it is about to say is compared
with the texts below, which are its own, and said in their translation. What none of them matches
stays in English, as all does where English is spoken: then nothing here is used.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
import typer.core

from shuttergate.columns import columns, padded, wrapped
from shuttergate.lang import LANGUAGE, N_, _

OWN_WORDS = (
    N_("Arguments"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Try '{command}' for help."),
    N_("default: {value}"),
    N_("required"),
    N_("[OPTIONS]"),
    N_("COMMAND [ARGS]..."),
    N_("<path>"),
    N_("<list[Path]>"),
    N_("<str>"),
    N_("<list[str]>"),
    N_("<int range>"),
    N_("<float range>"),
    N_("Missing command."),
    N_("Missing argument {name}."),
    N_("Missing option {name}."),
    N_("No such command {name}. Did you mean {names}?"),
    N_("No such command {name}."),
    N_("No such option: {name} (Possible options: {names})"),
    N_("No such option: {name}"),
    N_("Got unexpected extra argument(s) ({names})"),
    N_("Option {name} requires an argument."),
    N_("Option {name} does not take a value."),
    N_("Invalid value for {name}: {why}"),
    N_("Invalid value: {why}"),
    N_("Value error, {why}"),
    N_("{value} is not one of {names}."),
    N_("Input should be a valid number, unable to parse string as a number"),
    N_("Input should be a valid integer, unable to parse string as an integer"),
    N_("Input should be greater than or equal to {least}"),
    N_("Input should be less than or equal to {most}"),
)
"""As typer 0.29 and pydantic 2 have them; of two that match, the first counts."""

_MARGIN = 2
_FIRST_COLUMN = 30

# Neither has a public name that all releases of typer share.
_UsageError: type[Any] = typer.BadParameter.__bases__[0]
_Context: type[Any] = typer.core.TyperCommand.context_class


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    named = [re.escape(one) if at % 2 == 0 else f"(?P<{one}>.+?)" for at, one in enumerate(parts)]
    return re.compile("".join(named), re.DOTALL)


_PATTERNS = [(_pattern(one), one) for one in OWN_WORDS]


def in_words(said: str) -> str:
    """Return what the library says in the reader's language, where it is known."""
    for pattern, template in _PATTERNS:
        if found := pattern.fullmatch(said):
            blanks = {name: in_words(value) for name, value in found.groupdict().items()}
            return _(template).format(**blanks)
    return said


def _with_notes(text: str) -> str:
    """Return a help text whose last words may be notes, as ``[default: a4; required]``."""
    words, mark, notes = text.rpartition("  [") if text.endswith("]") else (text, "", "")
    if not mark and text.startswith("[") and text.endswith("]"):
        words, mark, notes = "", "[", text[1:]
    said = "; ".join(in_words(one) for one in notes.removesuffix("]").split("; "))
    return f"{in_words(words)}{mark}{said}]" if mark else in_words(words)


def _placeholders(text: str) -> str:
    """Return a usage or an option's name with the types and the like in words."""
    pieces = re.split(r"(<[^>]+\]?>|\[OPTIONS\]|COMMAND \[ARGS\]\.\.\.)", text)
    return "".join(map(in_words, pieces))


class _Formatter(_Context.formatter_class):  # type: ignore[misc, name-defined]
    """Writes help as the library does, with lines measured in columns, not in letters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage."""
        super().write_usage(prog, _placeholders(args), prefix or _("Usage: "))

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(in_words(heading))

    def write_text(self, text: str) -> None:
        """Write what a command does."""
        room = self.width - self.current_indent
        for line in wrapped(text, room):
            self.write(f"{'':>{self.current_indent}}{line}\n")

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int = _FIRST_COLUMN, col_spacing: int = 2
    ) -> None:
        """Write names, and beside each what it is for."""
        said = [(_placeholders(name), _with_notes(text)) for name, text in rows]
        first = min(max(columns(name) for name, _text in said), col_max) + col_spacing
        for name, text in said:
            lines = wrapped(text, max(10, self.width - first - _MARGIN)) if text else [""]
            if columns(name) > first - col_spacing:
                self.write(f"{'':>{self.current_indent}}{name}\n")
                name = ""
            for line in lines:
                row = f"{'':>{self.current_indent}}{padded(name, first)}{line}"
                self.write(row.rstrip() + "\n")
                name = ""


def run(app: typer.Typer, name: str) -> None:
    """Run the command line under that name, and exit with its status."""
    if LANGUAGE == "en":
        app(prog_name=name)
    _Context.formatter_class = _Formatter
    try:
        sys.exit(app(prog_name=name, standalone_mode=False))
    except _UsageError as error:
        sys.stderr.write(_refusal(error))
        sys.exit(error.exit_code)


def _refusal(error: Any) -> str:
    """Return what is to be said of wrong usage; where a command is missing, that is its help."""
    shown = io.StringIO()
    error.show(shown)
    usage, mark, cause = shown.getvalue().partition("Error: ")
    if not mark:
        return usage
    lines = "".join(f"{in_words(line)}\n" for line in usage.splitlines())
    return lines + _("Error: {cause}").format(cause=in_words(cause.removesuffix("\n"))) + "\n"
