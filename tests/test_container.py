"""The Containerfile, read and not built: who runs in it, what goes in, and whom its page lets in.

`make container` builds and tries it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

import container
from shuttergate.cli import app
from shuttergate.config import PageSettings
from shuttergate.console.access import LanMay
from shuttergate.system import seccomp
from support.places import ROOT

PAGES = ["docs/container.md", "docs/container.ja.md"]


@cache
def steps() -> list[tuple[str, str]]:
    """Return the instructions with their words, comments and ends of lines aside."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word
    ]


def said(instruction: str) -> list[str]:
    return [rest for word, rest in steps() if word == instruction]


def last_stage() -> list[tuple[str, str]]:
    begin = max(number for number, (word, _) in enumerate(steps()) if word == "FROM")
    return steps()[begin:]


def copied() -> list[str]:
    """Return what is copied out of the checkout."""
    rows = [rest.split() for rest in said("COPY")]
    return [one for row in rows if not row[0].startswith("--from") for one in row[:-1]]


def demo() -> dict[str, str]:
    """Return the options of the demo that an image starts."""
    (words,) = [json.loads(rest) for rest in said("CMD")]
    assert words[0] == "demo"
    told: dict[str, str] = {}
    for word, other in zip(words[1:], [*words[2:], "--"], strict=True):
        if word.startswith("--"):
            told[word] = "" if other.startswith("--") else other
    return told


def commands(page: str, begins: str) -> list[list[str]]:
    """Return the commands of a page's code blocks that begin so, in words."""
    text = (ROOT / page).read_text("utf-8")
    return [shlex.split(line) for line in re.findall(rf"^ {{4}}({begins} .+)$", text, re.MULTILINE)]


def test_nobody_in_it_is_root() -> None:
    (user,) = [rest for word, rest in last_stage() if word == "USER"]
    assert user == "kit"
    after = [word for word, _ in last_stage()][[word for word, _ in last_stage()].index("USER") :]
    assert "RUN" not in after and "COPY" not in after and "ADD" not in after
    assert any("-perm /6000" in rest and "chmod a-s" in rest for _, rest in last_stage())


def test_both_stages_begin_with_the_same_debian() -> None:
    assert said("ARG")[0] == "DEBIAN=debian:trixie-slim"
    assert {rest.split()[0] for rest in said("FROM")} == {"$DEBIAN"}


def test_what_is_copied_is_there_and_nothing_else_is_sent() -> None:
    assert [one for one in copied() if not (ROOT / one).exists()] == []
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*" and rules[-1] == "**/__pycache__"
    assert sorted(rules[1:-1]) == sorted(f"!{one}" for one in copied())


def test_process_1_is_an_init_that_debian_brings() -> None:
    (entry,) = [json.loads(rest) for word, rest in last_stage() if word == "ENTRYPOINT"]
    assert entry == ["tini", "--", "shuttergate"]
    installs = [rest for word, rest in last_stage() if word == "RUN" and "apt-get install" in rest]
    (packages,) = re.findall(r"--no-install-recommends ([a-z0-9 ]+) ", installs[0])
    library = seccomp.LIBRARY.replace(".so.", "")  # Debian's name of what brings it
    assert {"tini", "python3", library} == set(packages.split())


def test_python_packages_are_those_of_the_locks_and_held_to_their_hashes() -> None:
    (install,) = [rest for rest in said("RUN") if "bin/pip install" in rest]
    assert "--require-hashes" in install and "--only-binary=:all:" in install
    assert "for list in run $WITH;" in install and "/requirements/$list.txt" in install
    for page in PAGES:
        for words in commands(page, "podman build"):
            given = [one.partition("=")[2] for one in words if one.startswith("WITH=")]
            for name in " ".join(given).split():
                assert (ROOT / "requirements" / f"{name}.txt").is_file(), name


def test_its_python_is_one_that_the_program_runs_on() -> None:
    named = set(re.findall(r"python(3\.\d+)", (ROOT / "Containerfile").read_text("utf-8")))
    assert named == {"3.13"}  # Debian 13's
    assert '"Programming Language :: Python :: 3.13"' in (ROOT / "pyproject.toml").read_text()


def test_its_page_takes_everybody_for_another_device_and_asks_for_the_code() -> None:
    known = get_command(app).commands["demo"].params  # type: ignore[attr-defined]
    options = {name for option in known for name in option.opts}
    told = demo()
    assert set(told) <= options
    assert "--lan" in told and LanMay(told["--lan-may"]) is LanMay.BREAK  # as at a kit
    port = PageSettings().port
    assert told["--lan-at"] == f"localhost:{port}" and said("EXPOSE") == [str(port)]
    assert port == container.PORT


@pytest.mark.parametrize("page", PAGES)
def test_where_the_whole_room_may_come_nobody_may_press(page: str) -> None:
    """A port is published to this computer alone, or the demo is told what others may not."""
    runs = [words for engine in container.ENGINES for words in commands(page, f"{engine} run")]
    published = [words for words in runs if "-p" in words]
    assert len(published) >= 5
    for words in published:
        to_all = not words[words.index("-p") + 1].startswith("127.0.0.1:")
        own = words[words.index(container.IMAGE) + 1 :]
        assert not to_all or ("--lan" in own and "--lan-may" not in own), words
        assert not any(one.startswith(("--privileged", "--cap-add", "--security")) for one in words)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_a_checkout_on_windows_has_the_same_bytes() -> None:
    asked = ["git", "check-attr", "text", "--", "models/rule.toml", "Containerfile"]
    told = subprocess.check_output(asked, cwd=ROOT, text=True)
    assert told.count(": text: unset") == 2


def test_where_no_image_can_be_built_it_says_why() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "container.py"],
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == container.CANNOT
    assert done.stdout.startswith("no image was tried: ")


def test_what_pip_is_told_here_is_lent_to_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "ca.crt").touch()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "ca.crt"))
    lent = container.pips(tmp_path)
    assert f"--volume={tmp_path}/wheels:{tmp_path}/wheels:ro" in lent
    assert f"--volume={tmp_path}/ca.crt:/pip.crt:ro" in lent
    told = (tmp_path / "pip.conf").read_text()
    assert f"find-links = {tmp_path}/wheels" in told and "cert = /pip.crt" in told
