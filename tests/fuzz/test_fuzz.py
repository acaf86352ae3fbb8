"""The contracts of `fuzz/targets.py`, quickly: seeds, what once broke one, and mutations of both.

Fuzzing itself is `python tests/fuzz/fuzz.py all`, which coverage guides and which needs atheris.
Here chance does it, with the same bytes every time, so that no parser lets go of its contract.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from support import needs

FUZZ = Path(__file__).parent
sys.path.append(str(FUZZ))

import seeds  # noqa: E402
import targets  # noqa: E402

MUTATIONS = {
    "picture": 2500,
    "clip": 400,
    "config": 1200,
    "board": 3000,
    "pack": 1500,
    "rule": 3000,
    "bank": 3000,
    "orders": 2000,
    "wishes": 1200,
    "sights": 1000,
    "shown": 8000,
    "to_gate": 5000,
    "to_publisher": 1500,
    "answers": 3000,
    "http": 2000,
    "ranges": 20000,
    "stated": 1500,
    "class_file": 1500,
    "mute": 3000,
}
"""So many a target: about a second or two on a slow computer."""


def mutated(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], chance: Random) -> bytes:
    """Return `data` with one to four things done to it: bits, length, another's part, a token."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(text))
        match chance.randrange(5):
            case 0 if text:
                text[at % len(text)] ^= 1 << chance.randrange(8)
            case 1:
                del text[at:]
            case 2:
                del text[at : at + chance.randint(1, 16)]
            case 3:
                other = chance.choice(others)
                text[at:] = other[chance.randint(0, len(other)) :]
            case _:
                text[at : at + chance.choice((0, 0, 1, 4))] = chance.choice(tokens)
    return bytes(text)


def known(name: str) -> list[bytes]:
    """The target's seeds, and what once broke its contract."""
    if name == "clip":
        needs.module("av").or_skip()
    if name in ("stated", "class_file"):
        needs.module("c2pa", "c2pa-python").or_skip()
    return [
        *targets.SEEDS[name](),
        *(data for of, data in targets.REGRESSIONS.values() if of == name),
    ]


def test_every_target_has_seeds_words_and_a_number() -> None:
    assert targets.TARGETS.keys() == targets.SEEDS.keys() == seeds.TOKENS.keys() == MUTATIONS.keys()


@pytest.mark.parametrize("what", targets.REGRESSIONS)
def test_what_once_broke_a_contract_does_so_no_more(what: str) -> None:
    name, data = targets.REGRESSIONS[what]
    targets.TARGETS[name](data)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_no_bytes_break_a_contract(name: str) -> None:
    target, chance, examples = targets.TARGETS[name], Random(1), known(name)
    tokens = seeds.TOKENS[name]
    mutations = (
        mutated(chance.choice(examples), examples, tokens, chance) for _ in range(MUTATIONS[name])
    )
    for data in [*examples, *mutations]:
        began_s = time.monotonic()
        try:
            target(data)
        except Exception as error:
            pytest.fail(f"{data[:2000]!r}: {error!r}")
        assert time.monotonic() - began_s < 5, f"stuck on {data[:2000]!r}"


def test_without_atheris_it_says_how_to_get_it() -> None:
    hide = "import sys, runpy; sys.modules['atheris'] = None; sys.path.insert(0, sys.argv[1]); "
    hide += (
        "sys.argv = ['fuzz.py', 'ranges']; runpy.run_path(sys.path[0] + '/fuzz.py', {}, '__main__')"
    )
    command = [sys.executable, "-c", hide, str(FUZZ)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "pip install atheris" in ended.stderr and "Traceback" not in ended.stderr
