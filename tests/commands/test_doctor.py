"""What the doctor reads from the kernel, in a made-up /sys/module."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuttergate.commands.doctor import Health, let_go


@pytest.mark.parametrize(
    ("chips", "health", "mend"),
    [
        ({}, Health.WARNING, "apt full-upgrade"),
        ({"pinctrl_bcm2835": "N"}, Health.OK, ""),
        ({"pinctrl_bcm2835": "N", "pinctrl_rp1": "Y"}, Health.FAULT, "restart the Pi"),
    ],
)
def test_whether_the_kernel_lets_go_of_a_dead_process_line(
    tmp_path: Path, chips: dict[str, str], health: Health, mend: str
) -> None:
    for chip, kept in chips.items():
        folder = tmp_path / chip / "parameters"
        folder.mkdir(parents=True)
        (folder / "persist_gpio_outputs").write_text(f"{kept}\n")
    found = let_go(tmp_path)
    assert found.health is health
    assert mend in found.mend
