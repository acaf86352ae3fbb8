"""Lamps, and the button on its simulated wire, through the real gpiozero."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from shuttergate.board import Pins
from shuttergate.clock import since_boot_s
from shuttergate.errors import PanelError
from shuttergate.gate import Rules
from shuttergate.interlock import Interlock
from shuttergate.panel.lamps import SELF_TEST_S, Lamps, Meaning, lamps, meaning
from shuttergate.panel.panel import Panel
from shuttergate.panel.wires import LIMITS_S, MENDED_S, WIRE_FAULTS, Reading, WireWatch
from shuttergate.panel.wiring import _DrivenPin
from shuttergate.verdict import Decision, Fault, Reason, Verdict
from support import needs
from support.kits import wait_until

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


def test_a_line_that_a_killed_process_left_driven_is_low_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chip = MockFactory()
    left = chip.pin(PINS.enable, pin_class=_DrivenPin)
    left.output_with_state(True)
    monkeypatch.setattr("shuttergate.panel.panel.MockFactory", lambda: chip)
    panel = Panel(PINS, simulated=True)
    assert (left.function, left.state) == ("output", False)
    panel.close()


def test_closing_the_panel_lets_the_line_fall(panel: Panel) -> None:
    assert panel.wiring is not None
    panel.permissive(True)
    assert panel.wiring.line_is_high
    panel.close()
    assert not panel.wiring.line_is_high


def test_a_second_pole_whose_wire_is_cut_feels_nothing_until_it_is_mended(panel: Panel) -> None:
    heard: list[str] = []
    panel.on_sense = lambda: heard.append("sense")
    assert panel.wiring is not None
    cut = panel.wiring.breaker("sense_cut")
    cut(True)
    panel.wiring.finger(True)
    assert heard == []
    cut(False)
    assert heard == ["sense"]


def test_a_line_that_touches_the_supply_is_high_whoever_drives_it(panel: Panel) -> None:
    assert panel.wiring is not None
    short = panel.wiring.breaker("line_shorted")
    short(True)
    assert panel.wiring.line_is_high
    panel.close()
    assert panel.wiring.line_is_high
    short(False)
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
    assert high_while_lamps_close == [False] * 4


def test_the_line_is_driven_low_before_it_is_let_go(panel: Panel) -> None:
    pin = panel._enable.pin
    panel.permissive(True)
    panel.close()
    assert (pin.function, pin.state) == ("input", 0)


def test_a_press_in_the_moment_in_which_the_gate_closes_stops_neither(panel: Panel) -> None:
    """The finger's thread asks the gate, the gate's thread moves the line: none waits for both."""
    wiring = panel.wiring
    assert wiring is not None
    interlock = Interlock(Rules(clear_frames=1), panel.permissive)
    interlock.mended(Fault.STARTING)
    assert interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, since_boot_s()))
    closer = threading.Thread(target=interlock.fault, args=(Fault.CAMERA,), daemon=True)

    def feel() -> None:
        if closer.ident is None:
            closer.start()
            assert wait_until(lambda: not wiring.line_is_high)
        interlock.contact(panel.contact_is_down)

    panel.on_contact = feel
    finger = threading.Thread(target=wiring.finger, args=(True,), daemon=True)
    finger.start()
    finger.join(5)
    closer.join(5)
    assert not finger.is_alive() and not closer.is_alive()
    assert not panel.contact_is_down()


def test_a_panel_that_cannot_be_built_lets_every_pin_go() -> None:
    with pytest.raises(PanelError, match=r"lamp_clear: BCM 17 .*already in use.*; choose another"):
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

    told_apart = [Meaning.CLEAR, Meaning.BLOCKED, Meaning.SECOND_LOOK, Meaning.WAIT, Meaning.ASKED]
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


def test_while_a_video_records_the_open_lamp_winks_once_a_second() -> None:
    lit = [lamps(Meaning.CLEAR, (step + 0.5) / 50, recording=True).clear for step in range(500)]
    assert [sum(lit[at : at + 50]) for at in range(0, 500, 50)] == [40] * 10
    assert lamps(Meaning.BLOCKED, 0.5, recording=True) == lamps(Meaning.BLOCKED, 0.5)


def test_a_refused_press_sounds() -> None:
    assert lamps(Meaning.BLOCKED, 0.0, refused=True).buzzer


def watch(wires: WireWatch, begin_s: float, seconds: float, reading: Reading) -> frozenset[str]:
    """Show the same reading every 10 ms and return the faults that stand in the end."""
    standing: frozenset[str] = frozenset()
    for step in range(round(seconds * 100) + 1):
        standing = wires.look(begin_s + step / 100, reading)
    return standing


WHOLE = Reading(False, False, False, False)


@pytest.mark.parametrize(
    ("reading", "faults"),
    [
        (WHOLE, set()),
        (Reading(False, False, False, True), set()),  # pressed while the gate is closed
        (Reading(True, True, False, False), set()),
        (Reading(True, True, True, True), set()),  # pressed while it is open
        (Reading(True, True, True, None), set()),  # no second pole
        (Reading(False, False, False, None), set()),
        (Reading(False, False, True, True), {"contact"}),  # the poles touch
        (Reading(False, False, True, False), {"contact"}),  # contact to supply
        (Reading(False, False, True, None), {"contact"}),
        (Reading(False, True, False, False), {"permissive"}),  # line to supply
        (Reading(False, True, True, True), {"permissive", "contact"}),
        (Reading(True, False, False, False), {"permissive"}),  # line to ground
        (Reading(True, False, False, True), {"permissive", "poles"}),
        (Reading(True, True, True, False), {"poles"}),  # welded, or permissive to contact
        (Reading(True, True, False, True), {"poles"}),  # pole 1 or its wire is broken
    ],
)
def test_wires_that_contradict_the_wiring_are_faults(reading: Reading, faults: set[str]) -> None:
    assert watch(WireWatch(), 100.0, 3.0, reading) == faults
    assert faults <= set(WIRE_FAULTS)


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (Reading(False, False, True, False), "contact"),
        (Reading(True, False, False, False), "permissive"),
        (Reading(True, True, True, False), "poles"),
    ],
)
def test_a_wire_fault_counts_after_its_limit_and_no_sooner(reading: Reading, name: str) -> None:
    wires, limit_s = WireWatch(), LIMITS_S[name]
    assert watch(wires, 100.0, limit_s - 0.02, reading) == set()
    assert watch(wires, 100.0 + limit_s - 0.01, 0.02, reading) == {name}


def test_one_reading_that_makes_sense_starts_the_count_anew() -> None:
    wires, stuck = WireWatch(), Reading(False, False, True, False)
    limit_s = LIMITS_S["contact"]
    for cycle in range(20):
        begin_s = 100.0 + cycle * limit_s
        assert watch(wires, begin_s, limit_s - 0.02, stuck) == set()
        assert wires.look(begin_s + limit_s - 0.01, WHOLE) == set()


def test_two_glances_with_a_pause_between_are_not_one_observation() -> None:
    wires, stuck = WireWatch(), Reading(False, False, True, False)
    assert [wires.look(100.0 + 5 * step, stuck) for step in range(5)] == [frozenset()] * 5


def test_a_reading_that_could_not_be_taken_proves_nothing() -> None:
    wires, stuck = WireWatch(), Reading(False, False, True, False)
    for step in range(100):
        assert wires.look(100.0 + step / 100, None if step % 10 == 9 else stuck) == set()


def test_a_wire_fault_is_over_when_nothing_has_spoken_for_it_for_long() -> None:
    wires = WireWatch()
    assert watch(wires, 100.0, 1.0, Reading(False, False, True, False)) == {"contact"}
    assert watch(wires, 101.01, MENDED_S - 0.03, WHOLE) == {"contact"}
    assert watch(wires, 101.0 + MENDED_S, 0.1, WHOLE) == set()


def test_a_fault_that_flickers_stands() -> None:
    wires, stuck = WireWatch(), Reading(False, False, True, False)
    watch(wires, 100.0, 1.0, stuck)
    for step in range(30):
        assert wires.look(102.0 + step, WHOLE if step % 5 else stuck) == {"contact"}


# A step of normal use: how long it lasts, whether the gate is open, and where the finger is. Going
# up or down, the finger makes the two poles bounce, each as it likes, and up to 0.3 s apart.
STEPS = st.lists(
    st.tuples(st.floats(0.0, 3.0), st.booleans(), st.booleans(), st.floats(0.0, 0.3)),
    min_size=1,
    max_size=25,
)


@given(steps=STEPS, dice=st.randoms(use_true_random=False), sense=st.booleans())
def test_normal_use_is_never_a_fault(steps: list, dice, sense: bool) -> None:
    wires, now_s, standing = WireWatch(), 100.0, frozenset[str]()
    gate_open = one = two = False
    for seconds, opens, finger, skew_s in steps:
        moved_s, begun_s, first = now_s, now_s, dice.random() < 0.5
        closed_late, gate_open = gate_open and not opens, opens
        while now_s <= begun_s + seconds:
            # Each pole settles after its bounce; the second to move is late by the skew.
            for pole in (1, 2):
                late_s = skew_s if (pole == 1) == first else 0.0
                if now_s < moved_s + late_s:
                    continue
                bounces = now_s < moved_s + late_s + 0.02
                down = dice.random() < 0.5 if bounces else finger
                one, two = (down, two) if pole == 1 else (one, down)
            # Readings of contact and line may lag behind what was written by the debouncing time.
            lags = closed_late and now_s < begun_s + 0.015 and dice.random() < 0.5
            contact = one and (gate_open or lags)
            line = gate_open or (lags and dice.random() < 0.5)
            reading = Reading(gate_open, line, contact, two if sense else None)
            standing |= wires.look(now_s, reading)
            now_s += dice.choice([0.001, 0.01, 0.012, 0.05])
    assert standing == set()


@given(
    fault=st.sampled_from(
        [
            Reading(False, False, True, False),
            Reading(False, True, False, False),
            Reading(True, False, False, False),
            Reading(True, True, True, False),
            Reading(True, True, False, True),
        ]
    ),
    gaps_s=st.lists(st.floats(0.001, 0.1), min_size=1, max_size=10),
    start_s=st.floats(0.0, 1e6),
)
def test_a_standing_contradiction_is_always_found(
    fault: Reading, gaps_s: list[float], start_s: float
) -> None:
    wires, now_s, turn = WireWatch(), start_s, 0
    standing: frozenset[str] = frozenset()
    while now_s < start_s + 2.2:
        standing = wires.look(now_s, fault)
        now_s += min(gaps_s[turn % len(gaps_s)], 0.099)
        turn += 1
    assert standing


def test_the_panel_reads_what_is_on_its_wires(panel: Panel) -> None:
    assert panel.wiring is not None
    assert panel.read() == Reading(False, False, False, False)
    panel.wiring.finger(True)
    assert panel.read() == Reading(False, False, False, True)
    panel.permissive(True)
    assert panel.read() == Reading(True, True, True, True)
    panel._enable.pin._change_state(False)  # a short to ground
    assert panel.read() == Reading(True, False, False, True)


def test_a_line_that_moves_while_it_is_read_gives_no_reading(panel: Panel) -> None:
    def down() -> bool:
        panel.permissive(True)
        return False

    panel.contact_is_down = down
    assert panel.read() is None


def test_without_a_gpiochip_a_real_panel_says_so_and_what_to_do() -> None:
    if list(Path("/dev").glob("gpiochip*")):
        pytest.skip("this machine has a gpiochip")
    with pytest.raises(PanelError, match=r"; (on|run on) a Raspberry Pi"):
        Panel(PINS, simulated=False)


def test_without_lgpio_the_mend_is_the_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", None)
    with pytest.raises(PanelError) as caught:
        Panel(PINS, simulated=False)
    mend = 'on a Raspberry Pi run sudo systemd/install.sh; elsewhere choose board = "simulated"'
    assert str(caught.value).endswith(mend)


def test_lgpio_leaves_nothing_in_the_working_folder(tmp_path: Path) -> None:
    needs.lgpio().or_skip()
    work, runtime = tmp_path / "work", tmp_path / "runtime"
    work.mkdir()
    runtime.mkdir()
    source = """
import os, pathlib, resource
real = os.open
def theirs(path, flags, *more, **named):
    if path == "." and not flags & os.O_PATH:
        raise PermissionError(13, "this user may not read it", path)
    return real(path, flags, *more, **named)
os.open = theirs  # the working folder, as of whoever calls `sudo runuser`
from shuttergate.panel.chip import import_lgpio
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
import_lgpio()
print(os.getcwd(), os.environ["LG_WD"])
"""
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "RUNTIME_DIRECTORY": str(runtime), "LG_WD": str(work)},
        cwd=work,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(work), str(work)]
    assert [*work.iterdir(), *runtime.iterdir()] == []
