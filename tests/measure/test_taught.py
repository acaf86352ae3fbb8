"""The views that taught rules are measured on: whole, of one size, and never alike."""

from __future__ import annotations

import importlib
import math
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from measure.taught import FURNITURE, MOMENTS, SIZE, _percent, held_up, near
from support.places import ROOT

MOMENT = Image.effect_noise((960, 540), 60).convert("RGB")


def test_a_cut_out_is_held_before_the_room() -> None:
    cut_out = Image.new("RGBA", (100, 80))
    ImageDraw.Draw(cut_out).ellipse((0, 0, 99, 79), (255, 0, 0, 255))
    views = [np.asarray(held_up(cut_out, MOMENT, np.random.default_rng(at))) for at in range(8)]
    for view in views:
        assert view.shape == (SIZE[1], SIZE[0], 3)
        red = (view[..., 0] > 120) & (view[..., 1] < 90)
        assert 0.01 < red.mean() < 0.6
    assert not any((one == views[0]).all() for one in views[1:])


@pytest.mark.parametrize("name", FURNITURE)
def test_furniture_is_seen_from_every_moment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "device" / "simulated" / "room"), *sys.path])
    monkeypatch.delitem(sys.modules, "render", raising=False)
    camera = importlib.import_module("render")
    for number in range(0, MOMENTS, 10):
        view = near(camera, name, number, MOMENT, np.random.default_rng(number))
        assert view.size == SIZE
        assert np.asarray(view).std(axis=(0, 1)).min() > 5  # nothing from beyond the film's edge
    del sys.modules["render"]


def test_a_share_of_nothing_is_no_figure() -> None:
    assert (_percent(0.9333), _percent(math.nan)) == ("93.3 %", "–")
