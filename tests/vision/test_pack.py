"""Packs that are not what they say: refused, naming the pack and the mend."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from shuttergate.errors import PackError
from shuttergate.system.paths import share
from shuttergate.vision.pack import read_pack
from support import needs
from support.places import CORAL

PACKS = sorted(path.parent.name for path in share("models").glob("*/model.toml"))
MEND = r"rebuild it with `shuttergate model build open-nsfw`"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pack, to be spoilt."""
    copy = tmp_path / "open-nsfw"
    shutil.copytree(share("models") / "open-nsfw", copy)
    return copy


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "model.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def swap_model(folder: Path, content: bytes) -> None:
    """Put another model in place, with a sha256 that fits."""
    pack = read_pack(folder)
    (folder / "open-nsfw.tflite").write_bytes(content)
    edit(folder, pack.manifest.sha256, hashlib.sha256(content).hexdigest())


def load(folder: Path) -> None:
    pack = read_pack(folder)
    pack.model(pack.content())


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_whole(name: str) -> None:
    pack = read_pack(share("models") / name)
    claimed = pack.manifest
    pages = [f"{page}{side}.md" for page in ("DATASHEET", "MODEL_CARD") for side in ("", ".ja")]
    beside = [*pages, claimed.licence_file, claimed.recipe, *pack.files()]
    assert [one for one in beside if not (pack.folder / one).is_file()] == []
    assert set(claimed.published) <= set(pack.published())
    answers = [answer.score for answer in claimed.known_answers]
    assert min(answers) < pack.limits.clear_below
    assert max(answers) >= pack.limits.block_at


def test_the_pack_as_shipped_is_accepted(folder: Path) -> None:
    load(folder)


def test_a_missing_model_is_refused(folder: Path) -> None:
    (folder / "open-nsfw.tflite").unlink()
    with pytest.raises(PackError, match=rf"open-nsfw refused: .*No such file.*{MEND}"):
        load(folder)


def test_a_truncated_model_is_refused(folder: Path) -> None:
    model = folder / "open-nsfw.tflite"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(PackError, match=rf"sha256 .* where model.toml says .*{MEND}"):
        load(folder)


def test_a_swapped_model_is_refused(folder: Path) -> None:
    model = folder / "open-nsfw.tflite"
    content = bytearray(model.read_bytes())
    content[1000] ^= 1
    model.write_bytes(content)
    with pytest.raises(PackError, match="sha256"):
        load(folder)


def test_garbage_with_the_right_sha256_is_refused(folder: Path) -> None:
    swap_model(folder, b"this is no flatbuffer" * 100)
    with pytest.raises(PackError, match=rf"cannot run this model.*{MEND}"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("mobilenet_v1_1.0_224_quant_embedding_extractor.tflite", "output shape is"),
        ("mobilenet_v2_1.0_224_quant_edgetpu.tflite", ".*cannot run this model: .*custom op"),
    ],
)
def test_another_model_with_the_right_sha256_is_refused(
    folder: Path, name: str, cause: str
) -> None:
    needs.shared("data/coral").or_skip()
    swap_model(folder, (CORAL / name).read_bytes())
    with pytest.raises(PackError, match=rf"open-nsfw refused: {cause}"):
        load(folder)


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("shape = [1, 224, 224, 3]", "shape = [1, 299, 299, 3]", "input shape is"),
        ('dtype = "uint8"\nscale', 'dtype = "float32"\nscale', "input type is uint8"),
        ("scale = 1.0", "scale = 0.5", "input scale is 1.0"),
        ("zero_point = 0", "zero_point = 7", "input zero point is 0"),
        ("ADD = 16", "ADD = 17", "operations is"),
        ('labels = ["sfw", "nsfw"]', 'labels = ["nsfw"]', "number of outputs is 2"),
        ('score = "nsfw"', 'score = "naked"', "'naked' is not in list"),
        ('score = "nsfw"', "", "the score is either one of output.labels or read by a head"),
        ("clear_below = 0.92", "clear_below = 0.97", "thresholds out of order"),
        ("clear_below = 0.92", "clear_below = '0.92'", "thresholds.clear_below: expected `float`"),
        ('name = "open-nsfw"', 'name = "other"', "calls itself other"),
        ("[graph]", "[grape]", "grape: there is no such key"),
        ("tolerance = 0.06", "tolerance = 1.0", "one and the same score would be every known"),
        ("sha256 = ", "sha256 = 1 #", "sha256: expected `str`"),
        ("[graph]", '[edgetpu]\nfile = "x"\nsha256 = "short"\n[graph]', "edgetpu.sha256"),
        ("[graph]", '[published.x]\nsource = "y"\nsize = 0\n[graph]', "published.x.size"),
        ("shape = [1, 2]", "shape = [2]", "output.shape"),
        ('file = "', 'file = "../', "file: expected"),
        ('file = "', 'file = "/dev/zero" #', "file: expected"),
    ],
)
def test_a_manifest_that_lies_is_refused(folder: Path, old: str, new: str, cause: str) -> None:
    edit(folder, old, new)
    with pytest.raises(PackError) as caught:
        load(folder)
    assert cause in str(caught.value)
    assert "open-nsfw refused" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"no model pack is called 'gone'; there is none"):
        read_pack(tmp_path / "gone")


def test_the_notice_of_the_weights_is_in_the_pack() -> None:
    pack = read_pack(share("models") / "open-nsfw")
    assert "Yahoo" in (pack.folder / pack.manifest.licence_file).read_text()
    assert (pack.folder / pack.manifest.recipe).is_file()
    assert (pack.folder / "DATASHEET.md").is_file()


def test_a_pack_may_carry_a_compiled_model(folder: Path) -> None:
    compiled = b"compiled"
    (folder / "tpu.tflite").write_bytes(compiled)
    digest = hashlib.sha256(compiled).hexdigest()
    edit(folder, "[graph]", f'[edgetpu]\nfile = "tpu.tflite"\nsha256 = "{digest}"\n[graph]')
    pack = read_pack(folder)
    assert pack.compiled() == compiled
    assert pack.files() == {"open-nsfw.tflite": pack.manifest.sha256, "tpu.tflite": digest}
    (folder / "tpu.tflite").write_bytes(b"compileD")
    with pytest.raises(PackError, match=r"tpu\.tflite \(8 bytes\) has sha256"):
        pack.compiled()


def test_what_others_publish_is_not_what_the_recipe_makes() -> None:
    pack = read_pack(share("models") / "consent-clean-coral")
    assert list(pack.files()) == ["nudity-head.npz"]
    assert set(pack.published()) == set(pack.manifest.published)
    assert len(pack.published()) == 2
    assert all(one.source.startswith("https://") for one in pack.manifest.published.values())


def test_published_weights_beside_the_manifest_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The pack's folder is in the package: nothing is fetched into it, nothing taken from it."""
    monkeypatch.setattr("shuttergate.vision.pack.weights", lambda *_: [tmp_path / "none"])
    table = '[published."open-nsfw.tflite"]\nsource = "https://x"\nsize = 1\n[graph]'
    edit(folder, "[graph]", table)
    said = (
        r"open-nsfw\.tflite is published by others, and not \(or not whole\) on this machine; "
        r"run `shuttergate model fetch open-nsfw`"
    )
    with pytest.raises(PackError, match=said):
        read_pack(folder).content()
