"""With rules loaded the nudity rule says what it says without them, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from measure import beside
from measure.beside import NUMBERS, compared, differs, listed, table
from shuttergate.frames.scene import room_film
from shuttergate.verdict import Look, Reason, Rule, Thresholds
from shuttergate.vision.known import paint
from support.taught import fitting

KNOWN = ("blue_slope", "green_slope", "checkerboard", "violet_and_green")
RULES = [
    replace(fitting(), name=f"rule {number}", bias=bias)
    for number, bias in enumerate((0.0, 20.0, -20.0, 1.0, -1.0, 3.0, -3.0, 0.5))
]
"""Among them one that closes for everything, and one that never does."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Paintings and views of the room, all harmless, and the test card."""
    folder = tmp_path_factory.mktemp("pictures")
    made = {
        name: Image.fromarray(paint(name, (224, 224))).resize((640, 480))
        for name in (*KNOWN, "test_card")
    }
    with Image.open(room_film()) as film:
        for at in (0, 50, 100):
            film.seek(at)
            made[f"room {at}"] = film.convert("RGB").resize((960, 540))
    for name, image in made.items():
        image.save(folder / f"{name}.png")
    return [(folder / f"{name}.png", "nude" if name == "test_card" else "safe") for name in made]


def test_no_digit_differs_with_no_rule_with_one_and_with_eight(
    pictures: list[tuple[Path, str]],
) -> None:
    counts, wrong = compared(pictures, RULES)
    assert wrong == []
    assert {number for _look, number in counts} == set(NUMBERS) == {0, 1, len(RULES)}
    for look in Look:
        bare = counts[look, 0]
        assert bare.of == {"nude": 1, "safe": 7} and bare.blocked["nude"] == 1
        for number in NUMBERS:
            found = counts[look, number]
            assert (found.blocked, found.of) == (bare.blocked, bare.of)
        # The one that closes for everything does so, and for nothing that is refused already.
        assert counts[look, 8].taught == 7 - bare.blocked["safe"] > 0
        assert bare.taught == 0
    assert table(counts).row_count == len(Look) * len(NUMBERS)


LIMITS = {"a": Thresholds(0.4, 0.6)}
BARE = Rule(LIMITS)
BESIDE = Rule({**LIMITS, "star": Thresholds(0.5, 0.5, Reason.TAUGHT)})


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ({"a": 0.1}, {"a": 0.1, "star": 0.9}, ""),
        ({"a": 0.5}, {"a": 0.5, "star": 0.9}, ""),
        ({"a": 0.9}, {"a": 0.9, "star": 0.9}, ""),
        ({"a": 0.1}, {"a": 0.1 + 2e-17, "star": 0.1}, "a score of the nudity rule"),
        ({"a": 0.5}, {"a": 0.5, "star": 0.1}, ""),
        ({"a": 0.9}, {"a": 0.1, "star": 0.1}, "a score of the nudity rule"),
        ({"a": 0.1}, {"a": 0.1}, "a verdict: doubt, not clear"),
    ],
)
def test_whatever_may_not_differ_is_said(
    was: dict[str, float], now: dict[str, float], said: str
) -> None:
    assert differs(was, now, BARE, BESIDE).startswith(said)
    assert bool(differs(was, now, BARE, BESIDE)) == bool(said)


def test_a_rule_that_opened_would_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        beside, "judge", lambda scores, rule: Reason.CLEAR if "star" in scores else Reason.NUDITY
    )
    assert (
        differs({"a": 0.9}, {"a": 0.9, "star": 0.1}, BARE, BESIDE) == "a verdict: clear, not nudity"
    )


def test_a_taught_rule_that_spoke_of_a_doubt_would_be_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        beside, "judge", lambda scores, rule: Reason.TAUGHT if "star" in scores else Reason.DOUBT
    )
    said = differs({"a": 0.5}, {"a": 0.5, "star": 0.9}, BARE, BESIDE)
    assert said == "a verdict: taught, not doubt"


def test_a_manifest_is_read_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na/b.png,nude\n")
    assert listed(tmp_path / "list.csv") == [(tmp_path / "a" / "b.png", "nude")]
