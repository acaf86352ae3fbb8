"""The album: whole or not at all, named by time, and clear about what is wrong."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shuttergate.capture.album import PHOTO, Album, file_name
from shuttergate.errors import AlbumError
from support import needs

NOON_MS = 1_795_262_400_123


def test_a_photo_appears_whole(tmp_path: Path) -> None:
    name = Album(tmp_path).publish(NOON_MS, b"photo")
    assert (tmp_path / name).read_bytes() == b"photo"
    assert re.fullmatch(r"\d{8}T\d{6}\.123Z\.jpg", name)


def test_a_photo_is_durable_before_it_has_a_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, link = os.fsync, os.link

    def spy_fsync(descriptor: int) -> None:
        order.append(
            f"fsync {'folder' if Path(f'/proc/self/fd/{descriptor}').is_dir() else 'file'}"
        )
        fsync(descriptor)

    def spy_link(*arguments: object, **options: object) -> None:
        order.append("link")
        link(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "link", spy_link)
    Album(tmp_path).publish(NOON_MS, b"photo")
    assert order == ["fsync file", "link", "fsync folder"]


def test_a_photo_whose_name_is_not_durable_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def fail_for_the_folder(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_for_the_folder)
    with pytest.raises(AlbumError, match="on a disk that fails"):
        Album(tmp_path).publish(NOON_MS, b"photo")
    assert list(tmp_path.iterdir()) == []


def test_photos_are_for_their_owner_alone_and_nobodys_to_write(tmp_path: Path) -> None:
    name = Album(tmp_path).publish(NOON_MS, b"photo")
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o400


def test_messages_do_not_tell_whose_home_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AlbumError, match=r"^album ~/gone is missing"):
        Album(tmp_path / "gone").probe()


def test_names_sort_by_time() -> None:
    stamps = [0, 1, 999, 1000, NOON_MS, NOON_MS + 1, 4_000_000_000_000]
    names = [file_name(stamp, PHOTO) for stamp in stamps]
    assert names == sorted(names)


def test_the_same_moment_twice_does_not_collide(tmp_path: Path) -> None:
    album = Album(tmp_path)
    names = [album.publish(NOON_MS, b"1"), album.publish(NOON_MS, b"2")]
    assert names == sorted(set(names))


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / file_name(NOON_MS, PHOTO)).write_bytes(b"older")
    name = Album(tmp_path).publish(NOON_MS, b"newer")
    assert (tmp_path / file_name(NOON_MS, PHOTO)).read_bytes() == b"older"
    assert (tmp_path / name).read_bytes() == b"newer"


def test_a_clock_put_back_by_a_little_still_sorts(tmp_path: Path) -> None:
    album = Album(tmp_path)
    first = album.publish(NOON_MS, b"1")
    assert album.publish(NOON_MS - 9_000, b"2") > first


def test_a_clock_that_ran_ahead_and_was_put_right_dates_what_comes_after(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.publish(2_147_483_640_000, b"in 2038")
    for number in range(2):
        assert album.publish(NOON_MS, b"now") == f"20261121T120000.{123 + number}Z.jpg"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_missing_album_is_named_with_its_mend(tmp_path: Path) -> None:
    album = Album(tmp_path / "gone")
    with pytest.raises(AlbumError, match=r"gone is missing; plug the disk in or make the folder"):
        album.publish(NOON_MS, b"photo")
    with pytest.raises(AlbumError, match="is missing"):
        album.probe()


def test_a_file_is_no_album(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AlbumError, match="is not a folder"):
        Album(tmp_path / "file").probe()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of 3 MB, where the machine lets us mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(tmp_path)], capture_output=True
    )
    needs.root(mounted.returncode == 0, "mounting a small disk").or_skip()
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_album_refuses_leaves_nothing_and_recovers(small_disk: Path) -> None:
    album = Album(small_disk)
    (small_disk / "ballast").write_bytes(bytes(2_000_000))
    with pytest.raises(AlbumError, match="is full; make room"):
        album.publish(NOON_MS, bytes(1_500_000))
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
    with pytest.raises(AlbumError, match="is full"):
        album.probe()
    (small_disk / "ballast").unlink()
    album.probe()
    album.publish(NOON_MS, bytes(1_500_000))


def test_a_read_only_album_is_named(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(AlbumError, match="read-only disk; mount it for writing"):
        Album(small_disk).publish(NOON_MS, b"photo")


@pytest.mark.parametrize("kill_after_ms", [0, 2, 5, 10, 20, 40])
def test_a_kill_at_any_moment_leaves_whole_photos_only(tmp_path: Path, kill_after_ms: int) -> None:
    code = (
        "import sys; from pathlib import Path; from shuttergate.capture.album import Album\n"
        "album = Album(Path(sys.argv[1])); print('go', flush=True)\n"
        "while True: album.publish(1, bytes(300_000))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(kill_after_ms / 1000)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert {path.stat().st_size for path in tmp_path.iterdir()} <= {300_000}


def test_a_long_file_is_brought_to_the_disk_as_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end would else take longer than a publisher may be silent."""
    brought: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: brought.append(os.fstat(file).st_size))
    with contextlib.closing(Album(tmp_path).draft()) as draft:
        for _ in range(10):
            draft.write(bytes(1_000_000))
    assert brought == [5_000_000, 10_000_000]
    assert list(tmp_path.iterdir()) == []
