"""One interpreter a pack serves both looks, and neither gets the other's answer."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shuttergate.board import Board, read_board
from shuttergate.errors import ConfigError, PackError
from shuttergate.frames.pictures import main_of
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Thresholds
from shuttergate.vision import eyes as eyes_
from shuttergate.vision.eyes import Eyes, open_eyes


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    board: Board = read_board("simulated")
    return open_eyes(board.channels.live, board.channels.look, board.accelerator)


def test_what_is_self_tested_is_what_judges_the_press(eyes: Eyes) -> None:
    assert {id(channel) for channel in eyes.look} <= {id(channel) for channel in eyes.live}


def test_a_press_and_a_film_are_judged_by_every_channel_that_the_board_names() -> None:
    board = read_board("simulated")
    two = ["consent-clean", "open-nsfw"]
    wall = main_of(Image.new("RGB", (320, 240), "teal"), (320, 240))
    for look, video in ((two, ()), (two[:1], two[1:]), (two[1:], two[:1])):
        eyes = open_eyes(two[:1], look, board.accelerator, video=video)
        assert eyes.film_look is not None
        assert set(eyes.second_look(wall)) == set(eyes.rule(Look.SECOND, {}).limits) == set(look)
        assert set(eyes.film_look(wall)) == set(eyes.film_rule({}).limits) == set(two)


@pytest.mark.parametrize("which", Look)
@pytest.mark.parametrize("key", ["clear_below", "block_at"])
def test_a_kit_may_be_stricter_than_the_rule_and_in_neither_line_laxer(
    eyes: Eyes, which: Look, key: str
) -> None:
    usual = eyes.rule(which, {}).limits["open-nsfw"]
    lines = {"clear_below": usual.clear_below, "block_at": usual.block_at}
    stricter = Thresholds(**(lines | {"clear_below": usual.clear_below - 0.01}))
    assert eyes.rule(which, {"open-nsfw": stricter}).limits["open-nsfw"] == stricter
    laxer = Thresholds(**(lines | {key: lines[key] + 0.01}))
    with pytest.raises(ConfigError, match=rf"thresholds\.open-nsfw\.{key}: .* is laxer"):
        eyes.rule(which, {"open-nsfw": laxer})


def test_two_threads_each_get_the_score_of_their_own_picture(eyes: Eyes) -> None:
    dice = np.random.default_rng(3)
    pictures = [dice.integers(0, 256, eyes.lores_shape, dtype=np.uint8) for _ in range(2)]
    pictures[1] //= 8
    (channel, *_) = eyes.live
    due = [channel.score(picture) for picture in pictures]
    assert due[0] != due[1]
    wrong: list[tuple[int, float]] = []

    def judge(index: int) -> None:
        for _ in range(150):
            score = channel.score(pictures[index])
            if score != due[index]:
                wrong.append((index, score))

    threads = [threading.Thread(target=judge, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_model_under_two_names_is_one_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open-nsfw", "twin"):
        shutil.copytree(share("models") / "open-nsfw", tmp_path / name)
    manifest = tmp_path / "twin" / "model.toml"
    manifest.write_text(manifest.read_text().replace('name = "open-nsfw"', 'name = "twin"', 1))
    monkeypatch.setattr(eyes_, "share", lambda room: tmp_path)
    engine = read_board("simulated").accelerator
    with pytest.raises(PackError, match="packs open-nsfw and twin hold one model; take one off"):
        open_eyes(["open-nsfw"], ["open-nsfw", "twin"], engine)
