"""Lamps, and the button on its simulated wire, through the real gpiozero."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shuttergate.board import Pins
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.panel.lamps import SELF_TEST_S, Lamps, Meaning, lamps, meaning
from shuttergate.panel.panel import Panel
from shuttergate.verdict import Reason

PINS = Pins(17, 27, 22, 5, 6, 13, 19)


@pytest.fixture
def panel() -> Iterator[Panel]:
    panel = Panel(PINS, simulated=True)
    yield panel
    panel.close()


def test_without_the_permissive_the_contact_cannot_signal(panel: Panel) -> None:
    heard: list[bool] = []
    panel.on_contact = lambda: heard.append(panel.contact_is_down())
    assert panel.wiring is not None
    panel.wiring.finger(True)
    assert not panel.contact_is_down()
    assert heard == []


def test_with_the_permissive_the_contact_follows_the_finger(panel: Panel) -> None:
    heard: list[bool] = []
    panel.on_contact = lambda: heard.append(panel.contact_is_down())
    assert panel.wiring is not None
    panel.permissive(True)
    panel.wiring.finger(True)
    panel.wiring.finger(False)
    assert heard == [True, False]


def test_dropping_the_permissive_releases_a_held_contact(panel: Panel) -> None:
    assert panel.wiring is not None
    panel.permissive(True)
    panel.wiring.finger(True)
    panel.permissive(False)
    assert not panel.contact_is_down()


def test_raising_the_permissive_under_a_finger_is_felt_at_once(panel: Panel) -> None:
    assert panel.wiring is not None
    panel.wiring.finger(True)
    panel.permissive(True)
    assert panel.contact_is_down()


def test_the_second_pole_is_felt_whatever_the_gate_says(panel: Panel) -> None:
    heard: list[str] = []
    panel.on_sense = lambda: heard.append("sense")
    assert panel.wiring is not None
    panel.wiring.finger(True)
    assert heard == ["sense"]


def test_closing_the_panel_lets_the_line_fall(panel: Panel) -> None:
    assert panel.wiring is not None
    panel.permissive(True)
    assert panel.wiring.line_is_high
    panel.close()
    assert not panel.wiring.line_is_high


def test_closing_the_panel_lowers_the_line_before_anything_else(panel: Panel) -> None:
    assert panel.wiring is not None
    panel.permissive(True)
    panel.show(Lamps(clear=True))
    high_while_lamps_close: list[bool] = []
    for lamp in panel._lamps:
        assert lamp is not None
        lamp.close = lambda: high_while_lamps_close.append(panel.wiring.line_is_high)
    panel.close()
    assert high_while_lamps_close == [False, False, False]


def test_a_panel_that_cannot_be_built_lets_every_pin_go() -> None:
    with pytest.raises(Exception, match="already in use"):
        Panel(Pins(17, 27, 22, 17), simulated=True)


def test_a_panel_needs_only_button_and_permissive() -> None:
    panel = Panel(Pins(17, 27), simulated=True)
    panel.show(Lamps(clear=True, buzzer=True))
    panel.close()


def test_the_interlock_writes_the_line_low_before_anything(panel: Panel) -> None:
    panel.permissive(True)
    Interlock(Rules(), panel.permissive)
    assert panel.wiring is not None
    assert not panel.wiring.line_is_high


def rhythm(shown: Meaning, seconds: float = 12.0) -> list[Lamps]:
    return [lamps(shown, step / 50) for step in range(int(seconds * 50))]


def test_every_meaning_has_a_rhythm_of_its_own() -> None:
    shown = {meaning: tuple(rhythm(meaning)) for meaning in Meaning}
    assert len(set(shown.values())) == len(Meaning)


def test_rhythms_differ_without_any_colour() -> None:
    # As a person sees it who cannot tell the lamps apart: only how many are lit.
    def grey(meaning: Meaning) -> tuple[int, ...]:
        return tuple(one.clear + one.blocked + one.wait for one in rhythm(meaning))

    told_apart = [Meaning.CLEAR, Meaning.BLOCKED, Meaning.SECOND_LOOK, Meaning.WAIT]
    assert len({grey(meaning) for meaning in told_apart}) == len(told_apart)


@pytest.mark.parametrize("shown", [m for m in Meaning if m is not Meaning.SELF_TEST])
@pytest.mark.parametrize("lamp", ["clear", "blocked", "wait"])
def test_no_lamp_flashes_more_than_three_times_a_second(shown: Meaning, lamp: str) -> None:
    lit = [getattr(one, lamp) for one in rhythm(shown)]
    starts = [at for at in range(1, len(lit)) if lit[at] and not lit[at - 1]]
    assert all(b >= 50 + a for a, b in zip(starts, starts[3:], strict=False))


def test_the_self_test_lights_each_lamp_alone_then_all() -> None:
    quarters = [lamps(Meaning.SELF_TEST, SELF_TEST_S * (n + 0.5) / 4) for n in range(4)]
    assert quarters == [
        Lamps(clear=True),
        Lamps(blocked=True),
        Lamps(wait=True),
        Lamps(clear=True, blocked=True, wait=True),
    ]


def test_the_clear_lamp_means_open_and_nothing_else() -> None:
    for reason in Reason:
        lit = any(one.clear for one in rhythm(meaning(reason)))
        assert lit == (reason is Reason.CLEAR)


def test_a_refused_press_sounds() -> None:
    assert lamps(Meaning.BLOCKED, 0.0, refused=True).buzzer
