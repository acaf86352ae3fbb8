"""`make eval-data`: the lots, the rows, the disturbances and the ledger; nothing is rendered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from measure.evaldata import build, cast, rows
from measure.evaldata.build import recipe
from measure.evaldata.disturb import DISTURBANCES
from shuttergate.bench.evaluate.manifest import read_manifest
from shuttergate.packs.ledger import read_ledger
from shuttergate.packs.looks import ALIKE_BITS, distance
from support.places import ROOT

LEDGER = Path(cast.__file__).with_name("ledger.csv")
PACK_LEDGER = ROOT / "models" / "consent-clean" / "ledger.csv"


def test_a_scene_is_the_same_however_many_are_drawn() -> None:
    assert cast.scenes(3) == cast.scenes(12)[:3]


def test_no_scene_is_one_that_training_drew() -> None:
    recipe = (ROOT / "models/consent-clean/recipe/render.py").read_text()
    assert f"SEED = {cast.SEED}" not in recipe
    assert cast.scenes(1)[0].number > 100_000


def test_every_stuff_but_cloth_is_bare_and_dressed_on_the_same_body() -> None:
    for scene in cast.scenes(20):
        by_stuff: dict[str, set[str]] = {}
        for shot in scene.shots:
            by_stuff.setdefault(shot.material, set()).add(shot.label)
        assert by_stuff.pop(cast.CLOTH) == {"safe"}
        assert all(labels == {"nude", "safe"} for labels in by_stuff.values())


def test_a_man_is_never_cut_at_the_waist_and_a_back_always_seen_whole() -> None:
    for scene in cast.scenes(200):
        assert scene.is_female or scene.frame != "waist"
        assert scene.frame == "full" or abs(scene.azimuth) < 120


def test_the_rim_lies_beyond_what_training_drew_and_is_adult() -> None:
    drawn = {"age": 0.7, "gender": 0.1, "height": 0.5, "proportions": 0.5, "cupsize": 0.4}
    for one in range(200):
        shape = cast.rim(drawn, one % 2 == 0, np.random.default_rng(one))
        assert shape["age"] >= 0.75
        assert 0.2 < shape["gender"] < 0.75
        assert shape["height"] > 0.7
        assert shape["proportions"] < 0.3


def test_a_shape_below_an_adults_age_is_refused() -> None:
    with pytest.raises(ValueError, match=r"age 0\.50 is below an adult's 0\.67"):
        cast.rim({"age": 0.5}, True, np.random.default_rng(0))


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_disturbance_keeps_the_size_changes_the_picture_and_repeats(name: str) -> None:
    ramp = np.add.outer(np.arange(90), np.arange(120)).astype(np.uint8)
    image = Image.fromarray(np.stack([ramp, 200 - ramp, ramp // 2], -1))
    once, again = (DISTURBANCES[name](image, np.random.default_rng(1)) for _ in range(2))
    assert once.size == image.size and once.mode == "RGB"
    assert once.tobytes() == again.tobytes() != image.tobytes()


def test_a_derived_set_holds_whole_scenes() -> None:
    rendered = rows.of_renders(cast.scenes(8))
    pairs = rows.derived([], rendered)
    far = [source for source, made in pairs if made.set == "far"]
    assert {entry.path.split("-")[0] for entry in far} == {
        f"renders/{cast.FIRST + one}" for one in range(8) if (cast.FIRST + one) % rows.EVERY == 0
    }
    assert len({made.path for _, made in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("kind", "what", "name"),
    [
        ("drawing", "drawn person", "pictures: drawing"),
        ("photograph", "person", "photographs: people"),
        ("photograph", "face", "photographs: people"),
        ("photograph", "animal", "photographs: animal"),
    ],
)
def test_a_photograph_is_of_another_set_than_a_drawing(kind: str, what: str, name: str) -> None:
    one = replace(recipe("pictures").read_ledger(LEDGER)[0], kind=kind, what=what)
    assert [entry.set for entry in rows.of_pictures([one])] == [name]


def test_the_manifest_is_one_that_evaluate_reads(tmp_path: Path) -> None:
    entries = rows.of_renders(cast.scenes(2))
    (tmp_path / "renders").mkdir()
    (tmp_path / entries[0].path).touch()
    path = tmp_path / "manifest.csv"
    path.write_text(rows.manifest(entries))
    manifest = read_manifest(path)
    assert [row.label for row in manifest.rows] == [entry.label for entry in entries]
    assert manifest.rows[0].columns["material"] == "skin"


@pytest.mark.parametrize("name", ["clear.png", "clear.gif"])
def test_a_transparent_picture_is_disturbed_over_white(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / name, tmp_path / "derived" / "grey" / "clear.jpg"
    Image.new("RGBA", (64, 48), (0, 0, 0, 0)).save(source)
    build.derive(source, target, "grey", 0)
    with Image.open(target) as made:
        assert made.size == (64, 48)
        assert np.asarray(made).mean() > 240


def test_no_picture_of_the_ledger_is_one_that_the_model_was_trained_with() -> None:
    known = read_ledger(PACK_LEDGER)
    hashes = {row.sha256 for row in known}
    looks = [row.dhash for row in known if row.dhash]
    for row in read_ledger(LEDGER):
        assert row.sha256 not in hashes
        assert all(distance(row.dhash, one) > ALIKE_BITS for one in looks), row.path
        assert row.licence
