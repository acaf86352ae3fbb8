"""The whole kit on a computer that slept, and on one that swaps: namespaces of a real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLEPT_S = 100_000


def may_unshare(*kinds: str) -> pytest.MarkDecorator:
    try:
        done = subprocess.run(["unshare", "-r", *kinds, "--fork", "true"], capture_output=True)
        is_met = done.returncode == 0
    except FileNotFoundError:
        is_met = False
    return pytest.mark.skipif(not is_met, reason=f"no {' '.join(kinds)} with unshare here")


def kit(album: Path, *words: str) -> list[str]:
    command = [sys.executable, "-m", "shuttergate", "demo", "--headless", "--album", str(album)]
    return [*command, *words]


@may_unshare("--time")
def test_a_kit_on_a_computer_that_slept_takes_photos(tmp_path: Path) -> None:
    """Its two clocks are a day apart: who mixed them would have frames a day old, or from ahead."""
    apart = ["unshare", "-r", "--time", "--boottime", str(SLEPT_S), "--fork"]
    for _ in range(3):
        done = subprocess.run(
            [*apart, *kit(tmp_path, "--seconds", "6", "--press", "3")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"state":"OPEN"' in done.stdout, done.stdout
        if '"event":"photo"' in done.stdout:
            break
    assert '"event":"photo"' in done.stdout, done.stdout
    assert len(list(tmp_path.glob("*.jpg"))) == 1


@may_unshare("--mount")
@pytest.mark.parametrize(("locked_kb", "starts"), [(16, False), (7 * 1024, True)])
def test_a_real_cameras_frames_are_locked_in_memory_where_there_is_a_swap_disk(
    tmp_path: Path, locked_kb: int, starts: bool
) -> None:
    (tmp_path / "swaps").write_text("Filename Type Size Used Priority\n/swap.img file 1 0 -2\n")
    script = f"""
mount --bind {tmp_path}/swaps /proc/swaps || exit 9
ulimit -l {locked_kb} || exit 9
exec "$@"
"""
    done = subprocess.run(
        ["unshare", "-r", "--mount", "bash", "-c", script, "kit"]
        + kit(tmp_path, "--board", "webcam", "--seconds", "2"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 9:
        pytest.skip("this machine lets nobody change the limit of locked memory, or mount")
    refused = "could be written to the swap disk /swap.img, unjudged" in done.stderr
    assert refused is not starts, done.stderr
    assert done.returncode != 0 or starts
    assert "systemd-run --user --scope" in done.stderr or starts
