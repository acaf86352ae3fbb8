"""A blind evaluation: what it writes, what it says, and what it cannot do."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from shuttergate import __version__
from shuttergate.bench.evaluate import blind, blind_words
from shuttergate.bench.evaluate.blind import BlindFigures, BlindOrder
from shuttergate.bench.evaluate.cells import FEWER, LEAST, blind_look
from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.bench.evaluate.manifest import Row
from shuttergate.errors import ConfigError, ShuttergateError
from shuttergate.verdict import Look
from shuttergate.vision.known import paint
from shuttergate.vision.rule import SHA256
from support import needs
from test_cli import asked

EACH = 12
"""Pictures of each label in each of the two groups."""

SECRET = ("case-4711", "anna", "sealed")
"""What names and paths of the pictures are made of."""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Return a manifest of 48 drawn pictures, each with bytes of its own; and two torn ones.

    What is marked nude is the test card, and what is safe a plain colour.
    """
    folder = tmp_path / "sealed" / "case-4711"
    folder.mkdir(parents=True)
    card = Image.fromarray(paint("test_card", (224, 224)))
    rows = [["path", "label", "skin", "id"]]
    for number in range(4 * EACH):
        name, is_nude = f"anna-{number:02}.png", number % 2 == 0
        image = card if is_nude else Image.new("RGB", (320, 240), (30, 60, 100 + number))
        image.save(folder / name)
        with (folder / name).open("ab") as file:
            file.write(bytes([number]))
        group = ("dark", "light")[number % 4 // 2]
        rows.append([f"case-4711/{name}", ("safe", "nude")[is_nude], group, f"{number}"])
    for number in (98, 99):
        (folder / f"anna-{number}.jpg").write_bytes(b"\xff\xd8\xff")
        rows.append([f"case-4711/anna-{number}.jpg", "safe", "dark", f"{number}"])
    manifest = tmp_path / "sealed" / "anna.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return manifest


def evaluated(
    manifest: Path, *more: object
) -> tuple[dict[str, Any], subprocess.CompletedProcess[str], Path]:
    """Return the file's content, what was said, and the file."""
    out = manifest.parents[1] / "figures.json"
    done = asked("evaluate", manifest, "--blind", "--live", "--threads", "1", "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_bytes()), done, out


def no_secret_in(text: str, manifest: Path) -> None:
    for word in (*SECRET, str(manifest.parent)):
        assert word not in text, text


def digests(files: Iterable[Path]) -> set[str]:
    return {
        hashlib.new(kind, file.read_bytes()).hexdigest()
        for file in files
        for kind in ("md5", "sha1", "sha256")
    }


def test_the_file_has_rates_by_group_and_says_by_what_they_were_made(collection: Path) -> None:
    found, done, out = evaluated(collection, "--by", "skin")
    assert msgspec.json.decode(out.read_bytes(), type=BlindFigures, strict=True).least == LEAST
    assert (found["shuttergate"], found["rule_sha256"]) == (__version__, SHA256)
    (live,) = found["looks"]
    assert [(rate["blocked"], rate["of"]) for rate in (live["nude"], live["safe"])] == [
        (2 * EACH, 2 * EACH),
        (0, 2 * EACH),
    ]
    assert live["nude"]["low"] == pytest.approx(24 / (24 + 1.959964**2), abs=1e-6)  # Wilson's
    assert live["auc"]["joint"] == 1.0
    assert live["unreadable"] == FEWER
    assert [(one["label"], one["value"], one["rate"]["of"]) for one in live["cells"]] == [
        ("nude", "dark", EACH),
        ("nude", "light", EACH),
        ("safe", "dark", EACH),
        ("safe", "light", EACH),
    ]
    hashes = {model["channel"]: model["sha256"] for model in live["models"]}
    assert set(live["auc"]) == {"joint", *hashes}
    assert all(re.fullmatch(r"[0-9a-f]{64}(\+[0-9a-f]{64}){0,2}", one) for one in hashes.values())
    assert "Live look: blocked 24/24" in done.stdout
    assert "skin = dark (safe): 0/12" in done.stdout


def test_of_a_picture_no_name_path_hash_or_score_is_written_or_said(collection: Path) -> None:
    files = sorted((collection.parent / "case-4711").iterdir())
    judged = [
        json.loads(line)
        for line in asked("check", "--live", "--json", *files).stdout.split("\n")
        if line
    ]
    scores = {f"{one}" for found in judged for one in (found["score"], *found["scores"].values())}
    assert len(scores) > 10
    _found, done, out = evaluated(collection, "--by", "skin,id")
    told = out.read_text() + done.stdout + done.stderr
    no_secret_in(told.replace(str(out), ""), collection)
    assert not [one for one in digests([*files, collection]) if one in told]
    numbers = set(re.findall(r"\d+\.\d+", told))
    assert not numbers & (scores - {"None", "0.0", "1.0"})
    assert out.stat().st_size < 8192
    assert sorted(one.name for one in collection.parents[1].iterdir()) == ["figures.json", "sealed"]


def test_unreadable_pictures_are_told_by_their_lines_and_on_the_terminal_only(
    collection: Path,
) -> None:
    _found, done, out = evaluated(collection)
    assert "cannot be read: 2; lines of the manifest: 50, 51" in done.stderr
    assert not {"50", "51"} & set(re.findall(r"\b\d+\b", out.read_text()))


def test_a_manifest_without_groups_gives_the_whole(collection: Path) -> None:
    found, _done, _out = evaluated(collection)
    (live,) = found["looks"]
    assert (live["cells"], live["nude"]["of"], found["by"]) == ([], 2 * EACH, [])


def test_groups_of_one_are_one_row_and_it_says_so(collection: Path) -> None:
    found, done, _out = evaluated(collection, "--by", "id")
    nude, safe = found["looks"][0]["cells"]
    assert [(one["value"], one["folded"], one["rate"]["of"]) for one in (nude, safe)] == [
        (FEWER, 24, 24),
        (FEWER, 24, 24),
    ]
    said = "By id, marked nude: 24 groups are told as one"
    assert said in done.stdout
    assert found["notes"][0].startswith(said)


def published(rows: list[Row], answers: list[Opinion], by: list[str]) -> BlindFigures:
    look = blind_look("live", "live", [], rows, answers, by)
    return BlindFigures("1", "0", LEAST, by, [look], [], "")


def test_of_a_thousand_groups_of_one_the_file_stays_small(tmp_path: Path) -> None:
    rows = [Row(f"{n}.png", tmp_path, "nude", {"id": f"{n}", "no": f"x{n}"}) for n in range(1000)]
    found = published(rows, [Opinion("CLEAR", "", 0.1)] * 1000, ["id", "no"])
    blind.write(
        tmp_path / "f.json", msgspec.structs.replace(found, notes=blind_words.notes(found, "en"))
    )
    assert (tmp_path / "f.json").stat().st_size < 2048
    assert "1000 groups are told as one" in (tmp_path / "f.json").read_text()


def test_swapped_labels_are_told_in_words(collection: Path) -> None:
    text = collection.read_text()
    for old, new in (("nude", "?"), ("safe", "nude"), ("?", "safe")):
        text = text.replace(f",{old},", f",{new},")
    collection.write_text(text)
    found, done, _out = evaluated(collection)
    assert found["looks"][0]["auc"]["joint"] == 0.0
    assert "Perhaps the labels nude and safe are swapped" in done.stdout
    assert "Perhaps the labels nude and safe are swapped" in found["notes"][0]


def test_the_file_is_in_english_and_the_terminal_in_the_readers_language(tmp_path: Path) -> None:
    rows = [Row(f"{n}.png", tmp_path, "nude", {"id": f"{n}"}) for n in range(12)]
    found = published(rows, [Opinion("CLEAR", "", 0.1)] * 12, ["id"])
    assert blind_words.notes(found, "en")[0].startswith("By id, marked nude: 12 groups")
    assert "12 グループを1つにまとめました" in blind_words.notes(found, "ja")[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--json", "x.json"], "--json: not with --blind, since it holds names and scores"),
        (["--report", "x.html"], "--report: not with --blind"),
        (["--resume", "x.jsonl"], "--resume: not with --blind, since it keeps each picture's hash"),
        (["--cluster", "tcp://127.0.0.1:9"], "--cluster: not with --blind"),
        (["--names", "(?P<x>.)"], "--names: not with --blind"),
        (["--against", "open-nsfw"], "--against: not with --blind"),
    ],
)
def test_what_would_tell_more_is_refused_by_name(
    collection: Path, more: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind, "judge", lambda *_: pytest.fail("worked first"))
    out = collection.parents[1] / "f.json"
    done = asked("evaluate", collection, "--blind", "--out", out, *more)
    assert (done.returncode, out.exists()) == (2, False)
    assert words in done.stderr


def test_blind_and_out_go_together(collection: Path) -> None:
    assert "--blind: needs --out" in asked("evaluate", collection, "--blind").stderr
    assert "--out: goes with --blind" in asked("evaluate", collection, "--out", "f.json").stderr


@pytest.mark.parametrize("name", ["anna.csv", "case-4711", "no/f.json"])
def test_nothing_that_is_there_is_written_over(
    collection: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind, "judge", lambda *_: pytest.fail("worked first"))
    before = collection.read_bytes()
    done = asked("evaluate", collection, "--blind", "--out", collection.parent / name)
    assert (done.returncode, collection.read_bytes()) == (2, before)
    assert "name a" in done.stderr


def test_what_came_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text("mine")
    with pytest.raises(ConfigError, match="File exists"):
        blind.write(tmp_path / "f.json", BlindFigures("1", "0", LEAST, [], [], [], ""))
    assert (tmp_path / "f.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("add", "words"),
    [
        ("case-4711/anna-00.png,nude,dark,0\n", "line 52: the picture is already in line 2"),
        ("nude,case-4711/anna-00.png,dark,0\n", "line 52: another label; a picture is marked"),
        ("case-4711/anna-00.png,nude\n", "line 52: 2 fields"),
        ("case-4711/anna-00.mp4,nude,dark,0\n", "line 52: a video; --blind judges pictures only"),
        ('"case-4711/anna-00.png,nude\n', "line 52: unexpected end of data"),
        ("case-4711/anna-\xe4.png,nude,dark,0\n", "line 52: not UTF-8"),
    ],
)
def test_errors_name_the_line_and_never_the_file(collection: Path, add: str, words: str) -> None:
    collection.write_bytes(collection.read_bytes() + add.encode("latin-1"))
    out = collection.parents[1] / "f.json"
    done = asked("evaluate", collection, "--blind", "--out", out)
    assert (done.returncode, out.exists()) == (2, False)
    assert f"the manifest: {words}" in done.stderr
    no_secret_in(done.stdout + done.stderr, collection)


def test_pictures_that_are_all_gone_are_told_without_names(collection: Path) -> None:
    (collection.parent / "case-4711").rename(collection.parent / "elsewhere")
    done = asked("evaluate", collection, "--blind", "--out", collection.parents[1] / "f.json")
    assert "line 2: no picture of the list is there (50 in all); paths are relative" in done.stderr
    no_secret_in(done.stderr, collection)


def test_of_fewer_than_ten_pictures_nothing_comes(collection: Path) -> None:
    lines = collection.read_text().splitlines(keepends=True)
    collection.write_text("".join(lines[:19]))
    out = collection.parents[1] / "f.json"
    done = asked("evaluate", collection, "--blind", "--out", out)
    assert (done.returncode, out.exists()) == (2, False)
    assert "fewer than 10 pictures of either label are in it" in done.stderr
    collection.write_text(lines[0] + "".join(lines[2:40:2]))  # safe ones only, 19 of them
    for file in sorted((collection.parent / "case-4711").iterdir())[1:24:2]:
        file.write_bytes(b"")
    done = asked("evaluate", collection, "--blind", "--live", "--out", out)
    assert (done.returncode, out.exists()) == (2, False)
    assert "fewer than 10 pictures of either label can be read" in done.stderr


def order(manifest: bytes) -> BlindOrder:
    channels = {Look.LIVE: ("consent-clean",)}
    return BlindOrder(manifest, False, (), (Look.LIVE,), channels, (), 1)


def judged(asked_for: BlindOrder) -> BlindFigures:
    return blind.judge(asked_for, lambda done, of: None, lambda lines: None)


def test_of_an_error_that_nobody_thought_of_only_the_kind_is_told() -> None:
    with pytest.raises(ShuttergateError, match=r"failed \(ValueError\)") as refused:
        judged(order(b"/sealed/anna\0.csv"))
    assert "anna" not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        b'{"format":"how far","count":1,"of":2,"file":"anna.png"}',
        b'{"format":"unread","lines":["anna.png"]}',
        b'{"format":"shuttergate blind evaluation 1","shuttergate":"1","judged":[]}',
        b"anna.png",
    ],
)
def test_a_process_that_says_more_than_it_may_is_not_listened_to(line: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(line + b"\n")
        with pytest.raises(ShuttergateError, match="said what it may not") as refused:
            next(blind._words(ours))
    assert "anna" not in str(refused.value)


def test_a_process_that_dies_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        blind.spawn,
        "start",
        lambda *_, **__: subprocess.Popen([sys.executable, "-c", "import os; os._exit(9)"]),
    )
    with pytest.raises(ShuttergateError, match=r"ended without figures \(status 9\)"):
        judged(order(b"m.csv"))


CALLS = (
    "open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "memfd_create,mknod,mknodat,mkdir,mkdirat,truncate,ftruncate,socket,connect,bind,sendto,"
    "prlimit64,setrlimit,seccomp,execve,unlink,unlinkat"
)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], Path]:
    """Return each process's calls of one blind evaluation, and the folder."""
    needs.program("strace").or_skip()
    folder = tmp_path_factory.mktemp("strace")
    (folder / "sealed").mkdir()
    for number in range(10):
        color = (30, 60, 100 + number)
        Image.new("RGB", (64, 48), color).save(folder / "sealed" / f"anna-{number}.png")
    rows = "".join(f"sealed/anna-{number}.png,safe\n" for number in range(10))
    (folder / "m.csv").write_text(f"path,label\n{rows}")
    subprocess.run(
        ["strace", "-ff", "-y", "-qq", "-s", "256", "-o", str(folder / "trace")]
        + ["-e", f"trace={CALLS}", sys.executable, "-B", "-m", "shuttergate", "evaluate"]
        + [str(folder / "m.csv"), "--blind", "--live", "--out", str(folder / "figures.json")],
        check=True,
        capture_output=True,
        timeout=240,
    )
    calls: dict[str, list[str]] = {"parent": [], "child": [], "threads": []}
    for path in sorted(folder.glob("trace.*"), key=lambda path: int(path.suffix[1:])):
        lines = path.read_text().splitlines()
        begun = "\n".join(line for line in lines if line.startswith("execve("))
        who = "threads"
        if "blind_process" in begun:
            who = "child"
        elif '"evaluate"' in begun:
            who = "parent"
        calls[who] += lines
    assert calls["child"] and calls["parent"]
    return calls, folder


def made(calls: Iterable[str]) -> set[str]:
    """Return what was opened for writing, and every other way to make or change a file."""
    found = set()
    for call in calls:
        if "= -1 " in call or "= ?" in call:
            continue
        if re.match(r"(open|openat|openat2|creat)\(", call):
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE", call):
                found.add(call.rpartition("<")[2].rstrip(">"))
        elif re.match(r"(rename|link|symlink|memfd|mknod|mkdir|truncate|ftruncate|unlink)", call):
            found.add(call)
    return found - {"/dev/null", "/dev/tty"}


def test_no_file_is_written_but_the_one_that_was_named(
    trace: tuple[dict[str, list[str]], Path],
) -> None:
    calls, folder = trace
    assert made(calls["parent"]) == {str(folder / "figures.json")}
    assert made(calls["child"] + calls["threads"]) == set()


def test_no_process_opens_a_socket(trace: tuple[dict[str, list[str]], Path]) -> None:
    calls, _folder = trace
    every = [call for lines in calls.values() for call in lines]
    assert [call for call in every if re.match(r"(socket|connect|bind)\(", call)] == []


def test_pictures_are_opened_by_the_process_alone_that_gave_its_rights_up(
    trace: tuple[dict[str, list[str]], Path],
) -> None:
    calls, _folder = trace
    assert not [call for call in calls["parent"] if re.match(r"open.*(anna|m\.csv)", call)]
    child = calls["child"]
    first = next(place for place, call in enumerate(child) if re.match(r"open.*m\.csv", call))
    before = "\n".join(child[:first])
    assert re.search(r"RLIMIT_FSIZE, \{rlim_cur=0, rlim_max=0\}", before)
    assert re.search(r"RLIMIT_CORE, \{rlim_cur=0, rlim_max=0\}", before)
    # Other processes and the kernel, files, sockets, programs: each wall is a list of its own.
    assert len(re.findall(r"^seccomp\(SECCOMP_SET_MODE_FILTER.* = 0$", before, re.MULTILINE)) == 4
    seen = [call for call in child + calls["threads"] if re.match(r"open.*anna", call)]
    assert len(seen) >= 10
