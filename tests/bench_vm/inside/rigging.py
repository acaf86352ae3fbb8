"""The bench's pins and copper, and a kit on them: a plugin of pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bank import Bank, Copper
from kit import settings

from support.kits import Kit


@pytest.fixture(scope="session")
def bank() -> Bank:
    return Bank()


@pytest.fixture
def copper(bank: Bank) -> Iterator[Copper]:
    copper = Copper(bank)
    yield copper
    copper.finger = copper.welded = copper.supply = False
    copper.settle()
    copper.close()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    return folder


Run = Callable[..., Kit]


@pytest.fixture
def run(kit: Callable[..., Kit], copper: Copper, album: Path, tmp_path: Path) -> Run:
    """Start the real `shuttergate run` on real lgpio, looking at a picture."""
    return lambda scene, camera="simulated": kit(
        "run", "--config", settings(tmp_path, scene, album, camera)
    )
