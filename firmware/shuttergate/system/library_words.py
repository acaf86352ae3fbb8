"""What libraries say of a text that they refuse, found again as phrases that are translated.

English stays as the library has it. Of a sentence that is not known here a Japanese reader is told
that it is a library's. `tests/system/test_library_words.py` provokes each of them for real.
"""

from __future__ import annotations

import ast
import csv
import re
import string
from collections.abc import Iterable

import msgspec

from shuttergate.errors import Phrase, ShuttergateError, cause_of, phrase
from shuttergate.lang import N_

TOML = (
    N_("Invalid statement"),
    N_("Invalid value"),
    N_("Invalid initial character for a key part"),
    N_("Expected '=' after a key in a key/value pair"),
    N_("Expected newline or end of document after a statement"),
    N_("Expected ']' at the end of a table declaration"),
    N_("Expected ']]' at the end of an array declaration"),
    N_("Expected {closing}"),
    N_("Unclosed array"),
    N_("Unclosed inline table"),
    N_("Unterminated string"),
    N_("Illegal character '\\n'"),
    N_("Illegal character {letter}"),
    N_("Found invalid character '\\n'"),
    N_("Found invalid character {letter}"),
    N_("Unescaped '\\' in a string"),
    N_("Invalid hex value"),
    N_("Escaped character is not a Unicode scalar value"),
    N_("Invalid date or datetime"),
    N_("Cannot overwrite a value"),
    N_("Cannot declare {table} twice"),
    N_("Cannot mutate immutable namespace {table}"),
    N_("Cannot redefine namespace {table}"),
    N_("Duplicate inline table key {name}"),
)
"""Of tomllib, without where it was."""

VALUES = (
    N_("invalid value {value}"),
    N_("invalid enum value {value}"),
    N_("integer value out of range"),
    N_("number out of range"),
    N_("invalid RFC3339 encoded date"),
    N_("invalid RFC3339 encoded time"),
    N_("invalid RFC3339 encoded datetime"),
    N_("object missing required field `{field}`"),
    N_("object contains unknown field `{field}`"),
    N_("input data was truncated"),
)
"""Of msgspec, about what is not as its type says, without where it was and "Expected"."""

JSON = (
    N_("invalid character"),
    N_("invalid number"),
    N_("invalid escape character in string"),
    N_("trailing characters"),
    N_("trailing comma in array"),
    N_("trailing comma in object"),
    N_("object keys must be strings"),
    N_("expected {due}"),
)
"""Of msgspec, why a text is no JSON."""

DEMANDS = (
    N_("{kind} of length >= {number}"),
    N_("{kind} of length <= {number}"),
    N_("{kind} of at least length {number}"),
    N_("{kind} of at most length {number}"),
    N_("{kind} of length {least} to {most}"),
    N_("{kind} of length {number}"),
    N_("{kind} that's a multiple of {number}"),
    N_("{kind} with a timezone component"),
    N_("{kind} with no timezone component"),
    N_("{kind} matching regex {pattern}"),
    N_("{kind} >= {number}"),
    N_("{kind} <= {number}"),
    N_("{kind} > {number}"),
    N_("{kind} < {number}"),
)
"""What msgspec may expect of a kind of value."""

KINDS = (
    N_("`str`"),
    N_("`int`"),
    N_("`float`"),
    N_("`bool`"),
    N_("`array`"),
    N_("`object`"),
    N_("`date`"),
    N_("`time`"),
    N_("`datetime`"),
)

PATTERNS = (
    N_("missing ), unterminated subpattern"),
    N_("missing ), unterminated comment"),
    N_("missing ), unterminated name"),
    N_("missing >, unterminated name"),
    N_("missing {what}"),
    N_("unbalanced parenthesis"),
    N_("unterminated character set"),
    N_("bad character range {span}"),
    N_("nothing to repeat"),
    N_("multiple repeat"),
    N_("min repeat greater than max repeat"),
    N_("bad escape (end of pattern)"),
    N_("bad escape {escape}"),
    N_("incomplete escape {escape}"),
    N_("octal escape value {escape} outside of range 0-0o377"),
    N_("undefined character name {name}"),
    N_("bad character in group name {name}"),
    N_("redefinition of group name {name} as group {new}; was group {old}"),
    N_("unknown group name {name}"),
    N_("invalid group reference {number}"),
    N_("bad group number"),
    N_("cannot refer to an open group"),
    N_("cannot refer to group defined in the same lookbehind subpattern"),
    N_("look-behind requires fixed-width pattern"),
    N_("conditional backref with more than two branches"),
    N_("unexpected end of pattern"),
    N_("unknown extension {what}"),
    N_("unknown flag"),
    N_("global flags not at the start of the expression"),
    N_("bad inline flags: cannot use 'L' flag with a str pattern"),
    N_("bad inline flags: flags 'a', 'u' and 'L' are incompatible"),
    N_("bad inline flags: cannot turn on global flag"),
    N_("bad inline flags: cannot turn off flags 'a', 'u' and 'L'"),
    N_("bad inline flags: cannot turn off global flag"),
    N_("bad inline flags: flag turned on and off"),
)
"""Of re, without where it was."""

CSV = (
    N_("unexpected end of data"),
    N_("field larger than field limit ({most})"),
    N_("'{due}' expected after '{letter}'"),
)

BYTES = (
    N_("invalid start byte"),
    N_("invalid continuation byte"),
    N_("unexpected end of data"),
)

IMPORTS = (N_("No module named {name}"),)

PINS = (
    N_("unable to locate Pi revision in /proc/device-tree or /proc/cpuinfo"),
    N_("can not open gpiochip"),
    N_("GPIO busy"),
)
"""Of gpiozero and lgpio."""


def toml_words(error: Exception) -> Phrase:
    """Return what tomllib says of a text that is no TOML, or Python of one that is too deep."""
    said = str(error)
    if place := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", said, re.DOTALL):
        return phrase(
            "{what} (at line {line}, column {column})",
            what=_dotted(place[1]),
            line=int(place[2]),
            column=int(place[3]),
        )
    if place := re.fullmatch(r"(.*) \(at end of document\)", said, re.DOTALL):
        return phrase("{what} (at end of document)", what=_dotted(place[1]))
    if isinstance(error, RecursionError):
        return phrase("too many brackets in one another")
    if said.startswith("Exceeds the limit"):
        return phrase("a number of too many digits")
    return _found(said, TOML)


def value_words(said: str) -> Phrase:
    """Return what msgspec says of a value, but for `Expected …`."""
    return _found(_lowered(said), VALUES)


def demand_words(said: str) -> Phrase:
    """Return what msgspec expected, or got: a kind of value, or one within bounds."""
    for template in DEMANDS:
        if blanks := _match(said, template):
            return Phrase(template, {**blanks, "kind": _kinds(blanks["kind"])})
    return _kinds(said)


def json_words(error: Exception) -> Phrase:
    """Return what msgspec says of JSON that it refuses."""
    said, _mark, where = str(error).partition(" - at ")
    if not isinstance(error, msgspec.DecodeError):
        return error_words(error)
    if expected := re.fullmatch(r"Expected (.*?)(?:, got (.*))?", said, re.DOTALL):
        due = demand_words(expected[1])
        what = phrase("expected {due}", due=due)
        if expected[2]:
            what = phrase("expected {due}, got {given}", due=due, given=demand_words(expected[2]))
    elif broken := re.fullmatch(r"JSON is malformed: (.*) \(byte (\d+)\)", said, re.DOTALL):
        why = _found(broken[1], JSON)
        what = phrase("JSON is malformed: {why} (byte {byte})", why=why, byte=int(broken[2]))
    else:
        what = _found(_lowered(said), VALUES)
    return phrase("{what} - at {where}", what=what, where=where) if where else what


def pattern_words(error: re.error) -> Phrase:
    """Return what re says of an expression that is none."""
    what = _found(error.msg, PATTERNS)
    if error.pos is None:
        return what
    return phrase("{what}, at character {number}", what=what, number=error.pos + 1)


def bytes_words(error: UnicodeDecodeError) -> Phrase:
    """Return which byte is not of that encoding, and why."""
    return phrase(
        "byte 0x{byte:02x} in position {number} is not {encoding}: {why}",
        byte=error.object[error.start],
        number=error.start,
        encoding=error.encoding.upper(),
        why=_found(error.reason, BYTES),
    )


def pin_words(error: Exception) -> Phrase:
    """Return what gpiozero or lgpio says; str() of the latter's is the repr of its text."""
    return _found(str(error).strip("'\"") or type(error).__name__, PINS)


def error_words(error: BaseException) -> Phrase:
    """Return what any error says: ours and the system's in words of ours."""
    match error:
        case ShuttergateError():
            return error.phrase
        case UnicodeDecodeError():
            return bytes_words(error)
        case RecursionError():
            return phrase("too many brackets in one another")
        case ImportError():
            return _found(str(error), IMPORTS)
        case csv.Error():
            return _found(str(error), CSV)
        case OSError() if error.strerror:
            return cause_of(error)
    return librarys(str(error) or type(error).__name__)


def librarys(said: str) -> Phrase:
    """Return a library's own words, marked as such for who reads another language."""
    return phrase("{library_words}", library_words=said)


def _found(said: str, known: Iterable[str]) -> Phrase:
    for template in known:
        if said == template:
            return Phrase(template)
        if blanks := _match(said, template):
            return Phrase(template, dict(blanks))
    return librarys(said)


def _lowered(said: str) -> str:
    return said[:1].lower() + said[1:]


def _dotted(said: str) -> Phrase:
    """Return what tomllib says, with a table named as it is written there."""
    found = _found(said, TOML)
    if "table" not in found.blanks:
        return found
    return Phrase(found.template, {"table": ".".join(ast.literal_eval(str(found.blanks["table"])))})


def _kinds(said: str) -> Phrase:
    """Return kinds as ```int | str```; of one that may also be left out, ``null`` is not said."""
    names = [f"`{name}`" for name in said.strip("`").split(" | ") if name != "null"]
    if not said.startswith("`") or not names:
        return phrase("{kinds}", kinds=said)
    found = [Phrase(name) if name in KINDS else phrase("{kinds}", kinds=name) for name in names]
    several = found[0]
    for one in found[1:]:
        several = phrase("{one} or {other}", one=several, other=one)
    return several


def _match(said: str, template: str) -> dict[str, str]:
    if "{" not in template:
        return {}
    parts = string.Formatter().parse(template)
    pattern = "".join(
        re.escape(text) + (f"(?P<{name}>.*)" if name else "") for text, name, _how, _kind in parts
    )
    match = re.fullmatch(pattern, said, re.DOTALL)
    return match.groupdict() if match else {}
