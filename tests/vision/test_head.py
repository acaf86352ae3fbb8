"""The head: what an .npz must be, and what it computes."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shuttergate.errors import PackError, ScoreError
from shuttergate.system.paths import share
from shuttergate.verdict import Thresholds
from shuttergate.vision.head import CloseHead, DenseLayers, Head
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack

Arrays = dict[str, NDArray[np.float32]]


def npz(**arrays: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def layer(outputs: int, inputs: int, value: float = 0.5) -> NDArray[np.float32]:
    return np.full((outputs, inputs), value, np.float32)


def test_one_layer_is_a_logistic_regression_on_the_direction_alone() -> None:
    layers = DenseLayers(npz(weight0=layer(1, 4), bias0=np.array([-1.0], np.float32)), 4)
    expected = 1 / (1 + np.exp(-(0.5 * 2 - 1.0)))
    assert layers(np.ones(4)) == pytest.approx(expected)
    assert layers(np.ones(4) * 7) == pytest.approx(expected)


def test_two_layers_have_a_relu_between() -> None:
    weights = {
        "weight0": np.array([[1, 0], [-1, 0]], np.float32),
        "bias0": np.zeros(2, np.float32),
        "weight1": np.array([[2, 5]], np.float32),
        "bias1": np.zeros(1, np.float32),
    }
    layers = DenseLayers(npz(**weights), 2)
    assert layers(np.array([1.0, 0.0])) == pytest.approx(1 / (1 + np.exp(-2)))
    assert layers(np.array([-1.0, 0.0])) == pytest.approx(1 / (1 + np.exp(-5)))


@pytest.mark.parametrize("embedding", [np.zeros(4), np.full(4, np.nan), np.full(4, np.inf)])
def test_an_embedding_that_says_nothing_has_no_score(embedding: NDArray[np.float64]) -> None:
    layers = DenseLayers(npz(weight0=layer(1, 4), bias0=np.zeros(1, np.float32)), 4)
    assert np.isnan(layers(embedding))


@pytest.mark.parametrize("value", [np.nan, -0.001, 1.001, np.inf, -np.inf])
def test_what_is_no_score_is_none_of_a_head(value: float) -> None:
    head = Head("one", Thresholds(0.4, 0.8), lambda embedding: value)
    with pytest.raises(ScoreError, match=r"one: the model's score is .*, outside 0 to 1"):
        head(np.ones(4))


ONE = np.zeros(1, np.float32)


@pytest.mark.parametrize(
    ("arrays", "cause"),
    [
        ({}, "exactly one output"),
        ({"weight0": layer(1, 4)}, "exactly one output"),
        ({"weight0": layer(1, 4), "other": ONE}, "lacks its weight or bias"),
        ({"weight0": layer(1, 5), "bias0": ONE}, "where it is given 4 values"),
        ({"weight0": layer(2, 4), "bias0": ONE}, "where it is given 4 values"),
        ({"weight0": layer(2, 4), "bias0": np.zeros(2, np.float32)}, "exactly one output"),
        ({"weight0": layer(1, 4, np.nan), "bias0": ONE}, "no number"),
    ],
)
def test_an_unfit_head_is_refused(arrays: Arrays, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        DenseLayers(npz(**arrays), 4)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"npz|pickle"):
        DenseLayers(content, 4)


@pytest.fixture
def pack_folder(tmp_path: Path) -> Path:
    """A copy of the pack whose score is read by a head."""
    folder = tmp_path / "consent-clean"
    folder.mkdir()
    for name in ("model.toml", "embedding.tflite", "nudity-head.npz"):
        shutil.copy(share("models") / "consent-clean" / name, folder)
    return folder


def test_a_head_with_one_other_bit_is_refused(pack_folder: Path) -> None:
    path = pack_folder / "nudity-head.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(PackError, match=r"consent-clean refused: nudity-head\.npz .* has sha256"):
        read_pack(pack_folder).head()


def test_a_missing_head_is_refused(pack_folder: Path) -> None:
    (pack_folder / "nudity-head.npz").unlink()
    with pytest.raises(PackError, match=r"consent-clean refused: .*No such file"):
        read_pack(pack_folder).head()


def test_an_unfit_head_is_refused_by_its_pack(pack_folder: Path) -> None:
    path = pack_folder / "nudity-head.npz"
    path.write_bytes(npz(weight0=layer(1, 4), bias0=ONE))
    manifest = pack_folder / "model.toml"
    old = share("models") / "consent-clean" / "nudity-head.npz"
    manifest.write_text(
        manifest.read_text().replace(
            hashlib.sha256(old.read_bytes()).hexdigest(),
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
    )
    with pytest.raises(PackError, match="where it is given 1280 values"):
        read_pack(pack_folder).head()


def test_a_head_for_parts_tells_the_highest_of_its_windows() -> None:
    cells = np.zeros((7, 7, 2))
    cells[4, 5] = (9.0, 1.0)
    asked: list[NDArray[np.float64]] = []

    def reads(means: NDArray[np.float64]) -> NDArray[np.float64]:
        asked.append(means)
        return means[:, 0] / 10

    assert CloseHead(reads, 3, 0.5)(cells) == pytest.approx(0.1)
    (means,) = asked
    assert means.shape == (25, 2)
    assert (means[:, 0] > 0).sum() == 6  # the windows that the cell is in: three down, two across
    cells[0, 0, 0] = np.nan
    assert np.isnan(CloseHead(reads, 3, 0.5)(cells))


def test_a_map_is_what_the_embedding_is_the_mean_of() -> None:
    pack = read_pack(share("models") / "consent-clean")
    model = pack.model(pack.content())
    outputs, cells = model.with_map(paint("test_card", (224, 224)))
    assert cells.shape == (7, 7, 1280)
    assert abs(cells.mean((0, 1)) - outputs).max() <= model.output.scale
    assert (outputs == model(paint("test_card", (224, 224)))).all()


def test_a_known_answer_says_what_the_head_for_parts_must_say(tmp_path: Path) -> None:
    folder = tmp_path / "consent-clean"
    folder.mkdir()
    text = (share("models") / "consent-clean" / "model.toml").read_text()
    (folder / "model.toml").write_text(text.replace("close = 1.0\n", ""))
    with pytest.raises(PackError, match="a known answer without `close`"):
        read_pack(folder)
