"""Opt-out lists: a row is added whole or not at all, and means to the recipe what it means here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from packs.test_ledger import _row as row_of
from shuttergate.errors import PackError
from shuttergate.packs.ledger import LedgerSource
from shuttergate.packs.optout import MAX_BYTES, MAX_REASON, OptOutRow, add, with_row
from shuttergate.system.paths import share

HEAD = "sha256,dhash,package,reason,asked\n"
SHA = "ab" * 32


def recipe() -> ModuleType:
    path = share("models") / "consent-clean" / "recipe" / "pictures.py"
    spec = importlib.util.spec_from_file_location("pictures_for_opt_out", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pictures = recipe()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "opt-out.csv"
    path.write_text(HEAD)
    return path


def test_a_row_is_added_once(file: Path) -> None:
    asked = OptOutRow(sha256=SHA, reason="it is mine", asked="2026-01-31")
    assert add(file, asked)
    assert file.read_text() == f"{HEAD}{SHA},,,it is mine,2026-01-31\n"
    assert not add(file, OptOutRow(sha256=SHA, reason="said again"))
    assert file.read_text().count("\n") == 2
    assert [path.name for path in file.parent.iterdir()] == ["opt-out.csv"]


def test_the_recipe_reads_what_was_added_and_means_the_same(file: Path) -> None:
    requests = [
        OptOutRow(sha256=SHA),
        OptOutRow(dhash="0f" * 8, reason='"quoted", with\nlines\x1b[2J'),
        OptOutRow(package="@odd/näme"),
    ]
    for one in requests:
        add(file, one)
    read = pictures.read_opt_outs(file)
    assert len(read) == 3
    given = [
        row_of(None),
        row_of(None, sha256=SHA),
        row_of(None, dhash=f"{int('0f' * 8, 16) ^ 0b111111:016x}"),
        row_of(None, dhash=f"{int('0f' * 8, 16) ^ 0b1111111:016x}"),
        row_of(None, dhash="00" * 8),
        row_of(None, package="@odd/näme"),
    ]
    for request, theirs in zip(requests, read, strict=True):
        for row in given:
            ours = request.names(LedgerSource(**row))
            assert ours == theirs.names(pictures.Source(**row))
    assert sum(one.names(LedgerSource(**row)) for one in requests for row in given) == 3


def test_a_reason_is_one_short_line(file: Path) -> None:
    add(file, OptOutRow(package="net", reason="one\ntwo\x1b" + "x" * 1000))
    assert file.read_text().count("\n") == 2
    assert "one two\\x1bx" in file.read_text() and len(file.read_text()) < MAX_REASON + 60


def test_a_list_that_ends_without_a_line_end_is_gone_on_with() -> None:
    assert with_row(f"{HEAD}{SHA},,,,", OptOutRow(package="net")).endswith(f"{SHA},,,,\n,,net,,\n")


@pytest.mark.parametrize(
    "said", [{}, {"sha256": "ab"}, {"sha256": "G" * 64}, {"dhash": "0" * 15}, {"reason": "mine"}]
)
def test_what_names_nothing_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(PackError):
        OptOutRow(**said)


@pytest.mark.parametrize("text", ["", "nonsense\n", "sha256,dhash\n", HEAD + "x" * MAX_BYTES, "\0"])
def test_what_is_no_list_is_left_as_it_is(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(PackError):
        add(file, OptOutRow(package="net"))
    assert file.read_text() == text


def test_a_list_that_is_not_there_or_cannot_be_written_is_named(file: Path) -> None:
    with pytest.raises(PackError, match=r"none\.csv: No such file"):
        add(file.with_name("none.csv"), OptOutRow(package="net"))
    part = file.with_name("opt-out.csv.part")
    part.mkdir()
    with pytest.raises(PackError, match="name with --list an opt-out"):
        add(file, OptOutRow(package="net"))
    assert file.read_text() == HEAD
