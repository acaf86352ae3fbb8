"""The rule that lets encoded pictures out of memory, against an oracle that knows every verdict."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shuttergate.capture.gops import Coded, Gop, Gops

LEAD_S, GAP_S, STEP_S = 0.5, 0.5, 0.1


def coded(exposed_s: float, is_key: bool = False) -> Coded:
    return Coded(np.full(4, 7, np.uint8), is_key, exposed_s)


class Reel:
    """Gops, and all that was ever put into them."""

    def __init__(self) -> None:
        self.gops = Gops(LEAD_S, GAP_S)
        self.pictures: list[Coded] = []
        self.out: list[Gop] = []

    def clear(self, exposed_s: float, is_key: bool = False) -> bool:
        goes_on = self.gops.judged(exposed_s, True)
        self.code(exposed_s, is_key)
        return goes_on

    def code(self, exposed_s: float, is_key: bool = False) -> None:
        self.pictures.append(coded(exposed_s, is_key))
        self.gops.coded(self.pictures[-1])

    def let_go(self) -> list[float]:
        found = self.gops.cleared()
        self.out += found
        return [gop.first_s for gop in found]

    def run(self, first: int, last: int, gop: int = 2) -> None:
        for index in range(first, last + 1):
            self.clear(index * STEP_S, index % gop == 0)

    def held(self) -> list[float]:
        """Return the exposures of pictures that are not wiped."""
        return [round(one.exposed_s, 3) for one in self.pictures if one.content.any()]


def test_a_gop_goes_when_the_lead_after_it_was_clear_too() -> None:
    reel = Reel()
    reel.run(0, 11)
    assert reel.let_go() == []  # 0.6 and 0.7 are clear, and so is 0.0 to 1.1: not yet 1.2
    reel.run(12, 13)
    assert [round(first_s, 3) for first_s in reel.let_go()] == [0.6]


def test_nothing_goes_that_follows_too_closely_on_the_unknown() -> None:
    reel = Reel()
    reel.run(0, 40)
    reel.let_go()
    assert min(gop.first_s for gop in reel.out) >= LEAD_S


def test_one_block_wipes_all_that_was_not_let_go() -> None:
    reel = Reel()
    reel.run(0, 20)
    reel.let_go()
    reel.gops.judged(2.1, False)
    gone = {round(picture.exposed_s, 3) for gop in reel.out for picture in gop.pictures}
    assert set(reel.held()) == gone
    assert max(gone) <= 2.0 - LEAD_S
    assert reel.gops.is_empty


def test_after_a_block_the_lead_counts_from_the_first_clear_frame() -> None:
    reel = Reel()
    reel.run(0, 20)
    reel.let_go()
    reel.gops.judged(2.1, False)
    reel.out.clear()
    reel.run(22, 60)
    reel.let_go()
    assert min(gop.first_s for gop in reel.out) >= 2.2 + LEAD_S - 1e-9


def test_a_gap_that_nobody_looked_into_breaks_the_run() -> None:
    reel = Reel()
    reel.run(0, 10)
    assert not reel.clear(1.0 + GAP_S + 0.01, True)
    assert reel.held() == [1.51]


def test_a_frame_of_before_or_of_no_time_breaks_the_run() -> None:
    for senseless_s in (0.9, 1.0, float("nan")):
        reel = Reel()
        reel.run(0, 10)
        assert not reel.gops.judged(senseless_s, True)
        assert reel.held() == []
        reel.gops.end(99.0)
        assert reel.let_go() == []


def test_a_picture_of_a_frame_that_was_not_judged_takes_its_gop_along() -> None:
    reel = Reel()
    for index in range(30):
        if index == 11:  # encoded, as a hardware encoder does, and never judged
            reel.code(1.1)
        else:
            reel.clear(index * STEP_S, index % 2 == 0)
    reel.let_go()
    firsts = [round(gop.first_s, 3) for gop in reel.out]
    assert 0.8 in firsts and 1.2 in firsts and 1.0 not in firsts
    assert 1.0 not in reel.held()


def test_pictures_before_the_first_key_picture_are_wiped() -> None:
    reel = Reel()
    reel.clear(0.1)
    assert reel.held() == []


def test_the_end_cuts_the_last_gop_and_lets_it_go_when_its_lead_is_over() -> None:
    reel = Reel()
    reel.run(0, 24, gop=10)
    reel.gops.end(2.25)
    assert 2.3 not in reel.held() and 2.2 in reel.held()
    assert [round(first_s, 3) for first_s in reel.let_go()] == [1.0]
    for index in range(25, 28):
        reel.gops.judged(index * STEP_S, True)
        reel.code(index * STEP_S, True)
        assert not reel.gops.is_empty or index == 27
        reel.let_go()
    assert reel.gops.is_empty
    assert round(reel.out[-1].last_s, 3) == 2.2


def test_the_ring_forgets_what_is_too_old() -> None:
    reel = Reel()
    reel.run(0, 20)
    reel.gops.forget_before(1.1)
    assert reel.held() == [round(index * STEP_S, 3) for index in range(10, 21)]


events = st.lists(
    st.one_of(
        st.tuples(st.just("clear"), st.sampled_from([0.03, 0.1, 0.3, 0.51, 0.7, -0.1, 0.0])),
        st.tuples(st.just("blocked"), st.sampled_from([0.03, 0.1])),
        st.tuples(st.just("unjudged"), st.sampled_from([0.03, 0.1])),
        st.tuples(st.just("end"), st.just(0.0)),
        st.tuples(st.just("forget"), st.sampled_from([0.2, 1.0])),
        st.tuples(st.just("let go"), st.just(0.0)),
    ),
    max_size=120,
)


@settings(max_examples=400, deadline=None)
@given(events, st.integers(1, 6))
def test_whatever_happens_only_what_was_clear_all_round_goes(
    script: list[tuple[str, float]], gop: int
) -> None:
    """The oracle keeps every verdict in order, and asks of each picture that went what holds."""
    reel = Reel()
    now_s, count = 100.0, 0
    verdicts: list[tuple[float, bool]] = []  # in the order they were given
    for what, step_s in script:
        if what in ("clear", "blocked", "unjudged"):
            now_s += step_s
            count += 1
        if what == "clear":
            verdicts.append((now_s, True))
            reel.clear(now_s, count % gop == 0)
        elif what == "blocked":
            verdicts.append((now_s, False))
            reel.gops.judged(now_s, False)
        elif what == "unjudged":
            reel.code(now_s, count % gop == 0)
        elif what == "end":
            reel.gops.end(now_s)
        elif what == "forget":
            reel.gops.forget_before(now_s - step_s)
        else:
            known = len(verdicts)
            before = len(reel.out)
            reel.let_go()
            for one in reel.out[before:]:
                assert_may_go(one, verdicts[:known])
    gone = {id(picture) for one in reel.out for picture in one.pictures}
    if reel.gops.is_empty:
        assert all(id(one) in gone for one in reel.pictures if one.content.any())


def assert_may_go(gop: Gop, verdicts: list[tuple[float, bool]]) -> None:
    judged_clear = [exposed_s for exposed_s, is_clear in verdicts if is_clear]
    assert gop.pictures[0].is_key
    for picture in gop.pictures:
        assert picture.exposed_s in judged_clear
        assert picture.content.any()
    # The newest unbroken run that ends with the newest verdict must reach over it with its lead.
    run = []
    for exposed_s, is_clear in reversed(verdicts):
        if not is_clear or (run and not 0.0 < run[-1] - exposed_s <= GAP_S):
            break
        run.append(exposed_s)
    assert run[-1] <= gop.first_s - LEAD_S
    assert run[0] >= gop.last_s + LEAD_S
