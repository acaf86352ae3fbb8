"""Which process opens what for writing, as the kernel saw it: the publisher, in the album."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from shuttergate.credentials.store import JPEG, MP4
from shuttergate.credentials.verify import CredentialState, verify_file
from support import needs
from support.kits import slow_kit
from support.signing import known, new_class, read

CALLS = (
    "open,openat,openat2,creat,mmap,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "memfd_create,io_uring_setup,sendfile,copy_file_range,splice,truncate,ftruncate,fallocate,"
    "mknod,mknodat,mkdir,mkdirat,socket,connect,bind,execve"
)

pytestmark = needs.program("strace").mark


def traced(folder: Path, *arguments: str) -> dict[str, list[str]]:
    """Run the demo under strace and return each process's successful calls, by its name."""
    done = subprocess.run(
        ["strace", "-ff", "-y", "-qq", "-s", "512", "-o", str(folder / "trace"), "-e"]
        + [f"trace={CALLS}", sys.executable, "-B", "-m", "shuttergate", "demo", "--headless"]
        + list(arguments),
        check=True,
        capture_output=True,
        timeout=240,
    )
    print(*done.stdout.decode().splitlines()[-12:], sep="\n")  # shown where something fails
    calls: dict[str, list[str]] = {"parent": [], "gate": [], "publisher": []}
    threads: list[list[str]] = []
    for path in sorted(folder.glob("trace.*"), key=lambda path: int(path.suffix[1:])):
        lines = [line for line in path.read_text().splitlines() if "= -1 " not in line]
        text = "\n".join(line for line in lines if line.startswith("execve("))
        if "shuttergate.gate_process" in text:
            calls["gate"] += lines
        elif "shuttergate.publisher_process" in text:
            calls["publisher"] += lines
        elif '"-m", "shuttergate"' in text:
            calls["parent"] += lines
        else:
            threads.append(lines)
    # Threads carry no execve; the gate and the parent have some, the publisher has none.
    for lines in threads:
        calls["gate"] += lines
    return calls


def writes(calls: list[str]) -> set[str]:
    """Return what was opened for writing, and every other way to make or change a file."""
    found = set()
    for call in calls:
        opened = re.search(
            r"^(?:open|openat|openat2|creat)\(.*(?:O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE).*"
            r"= \d+<([^>]*)>",
            call,
        )
        if opened:
            found.add(re.sub(r"/#\d+.*", "/#unnamed", opened[1]))
        elif re.search(r"^mmap\(.*PROT_WRITE.*MAP_SHARED.*\d+</", call) or re.search(
            r"^(rename|link|symlink|memfd_create|io_uring|sendfile|copy_file_range|splice|"
            r"truncate|ftruncate|fallocate|mknod|mkdir)",
            call,
        ):
            found.add(call)
    return found - {"/dev/null", "/dev/tty"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], Path]:
    for slow in (1, 2, 4, 4):  # a traced kit on a busy machine takes its time for everything
        folder = tmp_path_factory.mktemp("strace")
        album, scene = folder / "album", folder / "blue.png"
        album.mkdir()
        Image.new("RGB", (640, 480), (30, 60, 160)).save(scene)
        presses = f"{2 * slow},{4 * slow},{5.5 * slow}:{2.5 * slow}"
        when = ["--seconds", str(9 * slow), "--press", presses, "--scene", str(scene)]
        slow_one = slow_kit(folder)
        if find_spec("c2pa") is not None:  # whoever signs does all that another does, and more
            with (folder / "slow-kit.toml").open("a") as settings:
                settings.write(f'[credentials]\nclass = "{new_class(folder)}"\n')
        calls = traced(folder, *when, "--album", str(album), *slow_one)
        kinds = [path.suffix for path in album.iterdir()]
        if kinds.count(".jpg") >= 2 and ".mp4" in kinds:
            break
    if find_spec("c2pa") is not None:
        assert all(b"org.shuttergate.gate" in path.read_bytes() for path in album.iterdir())
    assert kinds.count(".jpg") >= 2, "without photos the trace proves nothing"
    assert kinds.count(".mp4") == 1, "without a video it proves less"
    return calls, album


def test_the_gate_opens_nothing_for_writing(run: tuple[dict[str, list[str]], Path]) -> None:
    assert writes(run[0]["gate"]) == set()


def test_the_parent_opens_nothing_for_writing(run: tuple[dict[str, list[str]], Path]) -> None:
    assert writes(run[0]["parent"]) == set()


def test_the_publisher_writes_unnamed_files_in_the_album_and_links_as_many_as_it_keeps(
    run: tuple[dict[str, list[str]], Path],
) -> None:
    calls, album = run
    found = writes(calls["publisher"])
    links = {call for call in found if call.startswith("linkat(")}
    rest = {call for call in found - links if not call.startswith("fallocate(")}
    assert rest == {f"{album}/#unnamed"}
    assert len(links) == len(list(album.iterdir()))


@needs.module("c2pa", "c2pa-python").mark
def test_what_a_kit_of_a_class_kept_is_valid_by_c2pas_own_reader_and_by_ours(
    run: tuple[dict[str, list[str]], Path],
) -> None:
    _, album = run
    (file,) = album.parent.glob("*.class")
    for path in album.iterdir():
        found = verify_file(path, [known(file)])
        assert (found.state, found.class_name) == (CredentialState.VALID, "room 3b")
        assert found.claims is not None and {*found.claims.packs} == {"consent-clean", "open-nsfw"}
        assert found.claims.camera == "simulated", "no camera took it"
        kind = {".jpg": JPEG, ".mp4": MP4}[path.suffix]
        told = read(path.read_bytes(), [known(file)], kind)
        assert told["validation_state"] == "Trusted"
        assert b"virtualRecording" in path.read_bytes()
        assert b"digitalCapture" not in path.read_bytes()


@pytest.mark.parametrize("process", ["parent", "gate", "publisher"])
def test_no_process_makes_an_internet_socket(
    run: tuple[dict[str, list[str]], Path], process: str
) -> None:
    sockets = [call for call in run[0][process] if re.match(r"(socket|connect|bind)\(", call)]
    assert all("AF_UNIX" in call for call in sockets)


def test_a_planted_leak_is_caught() -> None:
    leak = 'openat(AT_FDCWD, "/tmp/dbg.raw", O_WRONLY|O_CREAT, 0666) = 9</tmp/dbg.raw>'
    assert writes([leak]) == {"/tmp/dbg.raw"}
