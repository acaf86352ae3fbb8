"""The wheel carries boards, models, texts and the scene: `pipx install .` gives a working demo."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from shuttergate.vision.pack import read_pack
from support.places import ROOT

HOUSE = [
    f"shuttergate/{path.parent.name}"
    for path in (ROOT / "firmware" / "shuttergate").glob("*/__init__.py")
]

PACKS = sorted(path.parent.name for path in (ROOT / "models").glob("*/model.toml"))


def parts_of(name: str) -> list[str]:
    """Return a pack's files by their path under models/; what others publish is none of them."""
    pack = read_pack(ROOT / "models" / name)
    claimed = pack.manifest
    pages = [f"{page}{side}.md" for page in ("DATASHEET", "MODEL_CARD") for side in ("", ".ja")]
    beside = ["model.toml", *pages, claimed.licence_file, claimed.recipe, *pack.files()]
    return [f"{name}/{one}" for one in beside]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        + ["--wheel-dir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = out.glob("*.whl")
    return found


def test_it_holds_what_a_kit_needs_and_no_rubbish(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "device/simulated/board.toml",
        "device/simulated/room.avif",
        "device/voice/LICENSE",
        "device/voice/ja/asked.wav",
        "models/open-nsfw/model.toml",
        "models/open-nsfw/open-nsfw.tflite",
        "models/open-nsfw/LICENSE",
        "models/open-nsfw/DATASHEET.md",
        "models/open-nsfw/recipe/build.py",
        "models/workshop.py",
        "models/consent-clean/model.toml",
        "models/consent-clean/embedding.tflite",
        "models/consent-clean/nudity-head.npz",
        "models/consent-clean/ledger.csv",
        "models/consent-clean-coral/model.toml",
        "models/consent-clean-coral/nudity-head.npz",
        "models/testcard/card.png",
        "models/testcard/known.png",
        "console/pages/stage.html",
        "console/pages/js/words.js",
        "locale/ja/LC_MESSAGES/shuttergate.mo",
        "py.typed",
    ):
        assert f"shuttergate/{name}" in names
    assert not [name for name in names if "embedding_extractor" in name]  # others publish those
    assert not [name for name in names if "__pycache__" in name or "_cache" in name]
    assert sum("LICENSE" in name or "NOTICE" in name for name in names) >= 3


def test_what_only_measures_or_shares_out_reaches_no_kit(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("dist-info/METADATA"))
        needs = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
    assert not [name for name in names if {"measure", "tests"} & set(Path(name).parts)]
    recipes = {Path(name).parent.as_posix() for name in names if name.endswith(".py")}
    packs = {path.parents[1].name for path in (ROOT / "models").glob("*/recipe/build.py")}
    assert {name for name in recipes if not name.startswith(tuple(HOUSE))} == {
        "shuttergate",
        "shuttergate/models",  # what every recipe of `shuttergate model build` needs
        "shuttergate/models/testcard/recipe",  # and what consent-clean's runs
        *(f"shuttergate/models/{pack}/recipe" for pack in packs),
    }
    asks = [need.partition("; ") for need in needs if "dask" in need]
    assert {extra for _, _, extra in asks} == {"extra == 'cluster'", "extra == 'dev'"}
    for pinned, there in (("run.txt", False), ("dev.txt", True)):
        pins = (ROOT / "requirements" / pinned).read_text()
        for package in ("dask", "distributed", "tornado", "cloudpickle"):
            assert (re.search(f"^{package}==", pins, re.MULTILINE) is not None) == there


def test_it_works_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    for words, said in ((["model", "verify"], "open-nsfw: ok"), (["board", "list"], "simulated")):
        done = subprocess.run(
            [sys.executable, "-m", "shuttergate", *words],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert said in done.stdout


def test_the_scene_is_under_2_mb() -> None:
    assert (ROOT / "device" / "simulated" / "room.avif").stat().st_size < 2_000_000
