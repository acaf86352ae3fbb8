"""What a test needs and a machine may lack: skipped where it does, and at the end a line says so.

A need says by which means it is met, and each test that is skipped carries those in its reason, in
brackets, so that they reach the summary wherever the test ran: ``needs[apt:strace] strace is not
here``. The means are ``apt:PACKAGE``, ``pip:PACKAGE``, ``npm:PACKAGE``, ``shared:PATH``, ``root``
and ``python:3.12``; what is skipped for any other reason is the machine's own.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from support.packages import OF
from support.places import SHARED

INSTALLERS = {"apt": "apt install", "pip": "pip install", "npm": "npm install"}
OTHERS = {"shared": "../shared", "root": "root", "python": "Python 3.12"}
OWN = "this machine as it is"


@dataclass(frozen=True)
class Need:
    """What is needed, the means by which it is met, and, where it is not, what to say."""

    is_met: bool
    means: tuple[str, ...]
    says: str

    @property
    def reason(self) -> str:
        """Why a test is skipped, with the means."""
        return f"needs[{' '.join(self.means)}] {self.says}"

    @property
    def mark(self) -> pytest.MarkDecorator:
        """Skip the test that is marked so where the need is not met."""
        return pytest.mark.skipif(not self.is_met, reason=self.reason)

    def or_skip(self) -> None:
        """Skip here where the need is not met; at the head of a module, the whole of it."""
        if not self.is_met:
            pytest.skip(self.reason, allow_module_level=True)


def program(name: str, path: str | None = None) -> Need:
    """Need a program, at this path or wherever it is found."""
    found = Path(path).exists() if path else shutil.which(name) is not None
    return Need(found, tuple(f"apt:{one}" for one in OF[name]), f"{path or name} is not here")


def shared(path: str) -> Need:
    """Need a file or a folder of ../shared."""
    return Need((SHARED / path).exists(), (f"shared:{path}",), f"../shared/{path} is not here")


def module(name: str, package: str = "") -> Need:
    """Need a module, which a package of PyPI brings (its own name, unless given)."""
    try:
        found = find_spec(name) is not None
    except ModuleNotFoundError:  # its package
        found = False
    return Need(found, (f"pip:{package or name}",), f"{name} is not installed")


def installed(command: str, is_there: bool) -> Need:
    """Need what a command as "pip install this that" installs."""
    installer, _, *packages = command.split()
    return Need(is_there, tuple(f"{installer}:{one}" for one in packages), f"no {packages[0]} here")


def lgpio() -> Need:
    """Need lgpio: neither PyPI nor Debian has it for Python 3.13 on x86-64."""
    means = "pip:lgpio" if sys.version_info < (3, 13) else "python:3.12"
    return Need(find_spec("lgpio") is not None, (means,), "lgpio is not installed")


def root(is_root: bool, what: str) -> Need:
    """Need the rights that root has."""
    return Need(is_root, ("root",), f"{what} needs root")


def both(*needs: Need) -> Need:
    """Need all of them."""
    lacking = [need for need in needs if not need.is_met]
    means = tuple(one for need in lacking for one in need.means)
    return Need(not lacking, means, "; ".join(need.says for need in lacking))


def means_in(reason: str) -> set[str]:
    """Return the means that a reason to skip carries."""
    return {one for found in re.findall(r"needs\[(.*?)\]", reason) for one in found.split()}


def summary(reasons: Iterable[str]) -> str:
    """Return one line: how many were skipped, and what brings back how many of them."""
    kinds, packages = Counter[str](), set[str]()
    for reason in reasons:
        means = means_in(reason)
        brought = {one for one in means if one.partition(":")[0] in INSTALLERS}
        others = {OTHERS[one.partition(":")[0]] for one in means - brought}
        kinds[max(others, default="packages" if means else OWN)] += 1
        packages |= set() if others else brought
    commands = []
    for kind, command in INSTALLERS.items():
        if names := sorted(one.partition(":")[2] for one in packages if one.startswith(f"{kind}:")):
            commands.append(f"`{command} {' '.join(names)}`")
    parts = [f"{kind} {kinds[kind]}" for kind in (*OTHERS.values(), OWN) if kinds[kind]]
    if commands:
        bring = "brings" if len(commands) == 1 else "bring"
        parts.insert(0, f"{' and '.join(commands)} {bring} back {kinds['packages']}")
    return f"{kinds.total()} skipped: {', '.join(parts)}"


def tell(reporter: Any) -> None:
    """Write the summary, if anything was skipped; `reporter`: pytest's terminal reporter."""
    reports = reporter.stats.get("skipped", [])
    if reasons := [str(one.longrepr[2]) for one in reports if isinstance(one.longrepr, tuple)]:
        reporter.write_line(summary(reasons))
