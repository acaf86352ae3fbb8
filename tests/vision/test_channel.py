"""A channel: its network looks once a view, and its heads read what it saw."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from shuttergate.errors import ConfigError, ScoreError
from shuttergate.frame import Pixels
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, Thresholds, judge
from shuttergate.vision.channel import Channel, scores
from shuttergate.vision.eyes import Eyes
from shuttergate.vision.head import Head
from shuttergate.vision.known import paint
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.secondlook import SecondLook

NAMES = ["consent-clean", "open-nsfw"]  # one whose layers read an embedding, one of two outputs
SLOPE = paint("blue_slope", (224, 224))
CARD = paint("test_card", (224, 224))
LIMITS = Thresholds(0.5, 0.8, Reason.HELD)


class Counting:
    """A pack's model that counts its calls and keeps its answers."""

    def __init__(self, pack: Pack) -> None:
        self._model = pack.model(pack.content())
        self.answers: list[NDArray[np.float64]] = []

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        self.answers.append(self._model(pixels))
        return self.answers[-1]


class Keeping:
    """A head that keeps what it is given."""

    def __init__(self, score: float = 0.25) -> None:
        self.given: list[NDArray[np.float64]] = []
        self.score = score

    def __call__(self, embedding: NDArray[np.float64]) -> float:
        self.given.append(embedding)
        return self.score


@pytest.fixture(params=NAMES)
def pack(request: pytest.FixtureRequest) -> Pack:
    return read_pack(share("models") / request.param)


def taught(reads: Callable[[NDArray[np.float64]], float], name: str = "taught") -> Head:
    return Head(name, LIMITS, reads)


def test_the_network_looks_once_a_view_however_many_heads_read(pack: Pack) -> None:
    model, first, second = Counting(pack), Keeping(), Keeping()
    channel = Channel(pack, model, [taught(first, "one"), taught(second, "two")])
    for picture in (SLOPE, CARD):
        found = scores([channel], picture)
        assert list(found) == [pack.name, "one", "two"]
    assert len(model.answers) == len(first.given) == len(second.given) == 2
    for answer, one, two in zip(model.answers, first.given, second.given, strict=True):
        assert one is answer
        assert two is answer


def test_a_further_head_leaves_the_first_ones_score_as_it_is(pack: Pack) -> None:
    alone = Channel(pack, pack.model(pack.content()))
    beside = Channel(pack, alone.model, [taught(Keeping())])
    for picture in (SLOPE, CARD):
        assert scores([beside], picture) == scores([alone], picture) | {"taught": 0.25}
        assert beside.score(picture) == alone.score(picture) == scores([alone], picture)[pack.name]


def test_the_channels_own_score_asks_no_further_head(pack: Pack) -> None:
    further = Keeping(math.nan)
    channel = Channel(pack, pack.model(pack.content()), [taught(further)])
    assert 0 <= channel.score(SLOPE) <= 1
    assert not further.given


def test_each_channel_has_its_own_embedding() -> None:
    packs = [read_pack(share("models") / name) for name in NAMES]
    keeping = [Keeping(0.125), Keeping(0.375)]
    channels = [
        Channel(pack, Counting(pack), [taught(one, f"taught {pack.name}")])
        for pack, one in zip(packs, keeping, strict=True)
    ]
    found = scores(channels, CARD)
    assert (found["taught consent-clean"], found["taught open-nsfw"]) == (0.125, 0.375)
    assert [len(one.given[0]) for one in keeping] == [1280, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.01, 1.01])
def test_what_a_further_head_reads_is_a_score_or_an_error(pack: Pack, value: float) -> None:
    channel = Channel(pack, pack.model(pack.content()), [taught(Keeping(value))])
    with pytest.raises(ScoreError, match=r"^taught: the model's score is .*, outside 0 to 1"):
        scores([channel], SLOPE)


def test_a_further_head_that_fails_is_an_error(pack: Pack) -> None:
    def fail(embedding: NDArray[np.float64]) -> float:
        raise ValueError("of another width")

    channel = Channel(pack, pack.model(pack.content()), [taught(fail)])
    with pytest.raises(ScoreError, match=r"^taught: the model failed: of another width"):
        scores([channel], SLOPE)


def test_no_head_can_change_what_the_next_one_reads(pack: Pack) -> None:
    def wipe(embedding: NDArray[np.float64]) -> float:
        embedding[:] = 0.0
        return 0.0

    last = Keeping()
    channel = Channel(pack, pack.model(pack.content()), [taught(wipe), taught(last, "last")])
    with pytest.raises(ScoreError, match=r"^taught: .*read-only"):
        scores([channel], SLOPE)
    assert not last.given


def test_no_head_hides_another(pack: Pack) -> None:
    model = pack.model(pack.content())
    with pytest.raises(ConfigError, match=f"two heads are called {pack.name}"):
        Channel(pack, model, [taught(Keeping(), pack.name)])
    with pytest.raises(ConfigError, match="two heads are called taught"):
        Channel(pack, model, [taught(Keeping()), taught(Keeping())])


def eyes(*channels: Channel) -> Eyes:
    return Eyes(channels, channels, SecondLook(channels, (224, 224)), (224, 224, 3))


def test_a_head_of_one_channel_hides_none_of_another() -> None:
    nudity, other = (read_pack(share("models") / name) for name in NAMES)
    model = other.model(other.content())
    namesake = Channel(other, model, [taught(Keeping(), nudity.name)])
    both = eyes(Channel(nudity, nudity.model(nudity.content())), namesake)
    for which in Look:
        with pytest.raises(ConfigError, match="two heads are called consent-clean"):
            both.rule(which, {})


def test_every_head_has_thresholds_and_none_may_be_laxer(pack: Pack) -> None:
    channel = Channel(pack, pack.model(pack.content()), [taught(operator.itemgetter(0))])
    seen = eyes(channel)
    for which in Look:
        assert seen.rule(which, {}).limits == {pack.name: pack.limits, "taught": LIMITS}
        stricter = seen.rule(which, {"taught": Thresholds(0.2, 0.3)}).limits
        assert stricter["taught"] == Thresholds(0.2, 0.3, Reason.HELD)  # where, and not why
        with pytest.raises(ConfigError, match=r"thresholds\.taught\.clear_below: 0\.6 is laxer"):
            seen.rule(which, {"taught": Thresholds(0.6, 0.8)})


def test_a_further_head_closes_with_its_own_reason() -> None:
    pack = read_pack(share("models") / "consent-clean")
    further = Keeping()
    channel = Channel(pack, pack.model(pack.content()), [taught(further)])
    rule = eyes(channel).rule(Look.LIVE, {})
    for score, reason in ((0.25, Reason.CLEAR), (0.5, Reason.DOUBT), (0.8, Reason.HELD)):
        further.score = score
        assert judge(scores([channel], SLOPE), rule) is reason
        assert judge(scores([channel], CARD), rule) is Reason.NUDITY
