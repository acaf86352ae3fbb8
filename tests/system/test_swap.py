"""Whether unlocked memory can reach a disk: by what the kernel says of swap and of the group."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.system import swap

HEAD = "Filename\tType\tSize\tUsed\tPriority\n"
FILE = "/var/swap\tfile\t102396\t0\t-2\n"
ZRAM = "/dev/zram0\tpartition\t102396\t0\t100\n"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files as the kernel has them: no swap, and a group without a limit."""
    (tmp_path / "swaps").write_text(HEAD)
    (tmp_path / "cgroup").write_text("4:memory:/old\n0::/user.slice/kit.scope\n")
    (tmp_path / "fs" / "user.slice" / "kit.scope").mkdir(parents=True)
    (tmp_path / "block" / "zram0").mkdir(parents=True)
    for name, path in (
        ("_SWAPS", "swaps"),
        ("_OWN_GROUP", "cgroup"),
        ("_GROUPS", "fs"),
        ("_BLOCK", "block"),
    ):
        monkeypatch.setattr(swap, name, tmp_path / path)
    return tmp_path


@pytest.mark.parametrize(
    ("swaps", "backing", "found"),
    [
        ("", None, None),
        (FILE, None, "/var/swap"),
        (ZRAM, None, None),
        (ZRAM, "none\n", None),
        (ZRAM, "/dev/loop0\n", "/dev/zram0"),
        (ZRAM + FILE, "none\n", "/var/swap"),
    ],
)
def test_compressed_memory_is_no_disk_unless_there_is_one_behind_it(
    kernel: Path, swaps: str, backing: str | None, found: str | None
) -> None:
    (kernel / "swaps").write_text(HEAD + swaps)
    if backing is not None:
        (kernel / "block" / "zram0" / "backing_dev").write_text(backing)
    assert swap.disk() == found


@pytest.mark.parametrize(
    ("group", "limit", "found"),
    [
        ("user.slice/kit.scope", "0\n", None),
        ("user.slice", "0\n", None),
        ("user.slice/kit.scope", "max\n", "/var/swap"),
        ("other.slice", "0\n", "/var/swap"),
    ],
)
def test_a_group_that_may_swap_nothing_has_no_disk(
    kernel: Path, group: str, limit: str, found: str | None
) -> None:
    (kernel / "swaps").write_text(HEAD + FILE)
    folder = kernel / "fs" / group
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.swap.max").write_text(limit)
    assert swap.disk() == found


def test_this_machine_is_read_without_an_error() -> None:
    swap.disk()
