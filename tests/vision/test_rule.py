"""The nudity rule's letters: read only as published, beside their models, and never laxer."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from shuttergate.board import read_board
from shuttergate.errors import ConfigError, PackError
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, Thresholds, joint_score, judge
from shuttergate.vision.eyes import Eyes, open_eyes
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.rule import SHA256, read_rule

RULE = share("models") / "rule.toml"
NAMES = ("consent-clean", "consent-clean-coral", "open-nsfw")


@pytest.fixture(scope="module")
def packs() -> list[Pack]:
    return [read_pack(share("models") / name) for name in NAMES]


def changed(folder: Path, old: str, new: str) -> tuple[Path, str]:
    """Return the rule with one passage changed, and the sha256 that makes it the published one."""
    text = RULE.read_text()
    assert text.count(old) == 1
    path = folder / "rule.toml"
    path.write_text(text.replace(old, new))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_published_rule_is_read(packs: list[Pack]) -> None:
    letters = read_rule(RULE, packs)
    assert letters.sha256 == SHA256
    assert set(letters.lines) == set(NAMES)
    assert letters.fusions


def test_a_rule_with_one_letter_changed_is_refused(packs: list[Pack], tmp_path: Path) -> None:
    path, _ = changed(tmp_path, "# The nudity", "# the nudity")
    with pytest.raises(PackError, match=r"it has sha256 .* where the program .*; reinstall"):
        read_rule(path, packs)


def test_a_rule_that_is_not_there_is_refused(packs: list[Pack], tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"rule\.toml is refused: No such file"):
        read_rule(tmp_path / "rule.toml", packs)


FUSION = "weights = { consent-clean = 2.0, open-nsfw = 1.0 }"
LINES = "lines = { consent-clean = 0.56, open-nsfw = 0.0078 }"
SOFT = "alone = { consent-clean = { clear_below = 0.985, block_at = 0.985 } }"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "open-nsfw = { clear_below = 0.92, block_at",
            "open-nsfw = { clear_below = 0.93, block_at",
            r"alone\.open-nsfw\.clear_below: 0\.93 is laxer than the pack's 0\.92",
        ),
        (
            "open-nsfw = { clear_below = 0.92, block_at = 0.95 }",
            "open-nsfw = { clear_below = 0.92, block_at = 0.96 }",
            r"alone\.open-nsfw\.block_at: 0\.96 is laxer",
        ),
        (FUSION, FUSION.replace("= 1.0", "= -1.0"), "weight of open-nsfw is -1.0"),
        (
            FUSION,
            FUSION.replace("open-nsfw", "other"),
            "other speaks together with others, without",
        ),
        (LINES, LINES.replace("open-nsfw", "other"), "other speaks together with others, without"),
        (LINES, LINES.replace("0.56", "0.57"), "consent-clean doubts from 0.56 on, also in agree"),
        (LINES, LINES.replace("0.0078", "-1.0"), "line of open-nsfw in an agreement is -1.0"),
        (SOFT, SOFT.replace("consent-clean", "consent-clean-coral"), "is softened by an agreement"),
        ('look = "live"\nlines', 'look = "look"\nlines', "in the live look only"),
        (FUSION, FUSION.replace("2.0", "1.9"), "it makes .* where .* is right"),
        ("open-nsfw = [", "another = [", "it says nothing of open-nsfw"),
        ('open-nsfw = ["a', 'open-nsfw = ["b', "chosen for another open-nsfw"),
        ("[alone] #", "bogus = 1\n[alone] #", "bogus"),
    ],
)
def test_a_rule_that_cannot_be_so_is_refused(
    packs: list[Pack], tmp_path: Path, old: str, new: str, why: str
) -> None:
    path, sha256 = changed(tmp_path, old, new)
    with pytest.raises(PackError, match=why):
        read_rule(path, packs, sha256)


@pytest.fixture(scope="module")
def both() -> Eyes:
    board = read_board("simulated")
    return open_eyes(board.channels.live, (), board.accelerator)


def test_a_board_has_the_fusions_of_its_channels(both: Eyes) -> None:
    (fusion,) = both.rule(Look.LIVE, {}).fusions
    assert set(fusion.weights) == {"consent-clean", "open-nsfw"}
    one = open_eyes(["consent-clean"], (), read_board("simulated").accelerator)
    assert one.rule(Look.LIVE, {}).fusions == ()


def test_a_setting_may_be_stricter_than_the_rule_and_never_laxer(both: Eyes) -> None:
    stricter = both.rule(Look.LIVE, {"open-nsfw": Thresholds(0.1, 0.2)})
    scores = {"consent-clean": 0.01, "open-nsfw": 0.15}
    assert judge(scores, both.rule(Look.LIVE, {})) is Reason.CLEAR
    assert judge(scores, stricter) is Reason.DOUBT
    assert joint_score(scores, stricter) >= 0.5
    with pytest.raises(ConfigError, match=r"thresholds\.open-nsfw\.clear_below: 0\.95 is laxer"):
        both.rule(Look.LIVE, {"open-nsfw": Thresholds(0.95, 0.96)})


def test_what_leaves_is_judged_by_lines_that_bend_for_nobody(both: Eyes) -> None:
    walker = {"consent-clean": 0.97, "open-nsfw": 0.0}
    live = both.rule(Look.LIVE, {})
    assert judge(walker, live) is Reason.CLEAR
    assert judge({**walker, "open-nsfw": 0.0078}, live) is Reason.DOUBT
    assert judge({**walker, "consent-clean": 0.985}, live) is Reason.NUDITY
    second = both.letters.rule(Look.SECOND, both.letters.lines)
    for rule in (both.page_rule({}), both.lead_rule({}), second):
        assert judge({**walker, "consent-clean-coral": 0.0}, rule) is Reason.NUDITY


def test_a_stricter_setting_is_for_a_channel_alone(both: Eyes) -> None:
    rule = both.rule(Look.LIVE, {"consent-clean": Thresholds(0.3, 0.7)})
    assert rule.agreements == ()
    assert judge({"consent-clean": 0.3, "open-nsfw": 0.0}, rule) is Reason.DOUBT
