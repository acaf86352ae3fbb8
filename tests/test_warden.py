"""The warden's order: the line falls first, and nothing opens between two words of a publisher."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shuttergate import feed
from shuttergate.capture import hatch
from shuttergate.capture.client import PublisherClient
from shuttergate.errors import phrase
from shuttergate.faults import FaultLog
from shuttergate.gate import Rules
from shuttergate.injection import Injection
from shuttergate.interlock import Interlock
from shuttergate.panel.wires import Reading
from shuttergate.verdict import Decision, Fault, Reason, Verdict
from shuttergate.warden import GIVE_UP_S, HANG_S, SILENCE_S, Warden


class Bench:
    """A warden whose turns a test takes, with the kit that it minds, a publisher, and a clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.order: list[object] = []  # line levels and events, as they came
        self.busy_s, self.last_turn_s = 0.0, 100.0
        self.stopped = False
        self.reading = Reading(written=False, line=False, contact=False, sense=None)
        self.interlock = Interlock(Rules(clear_frames=1), self.order.append, clock=self.clock)
        self.faults = FaultLog(self.interlock, self.order.append)
        self.client = PublisherClient(self.clock)
        self.far: socket.socket | None = None
        one: Any = self
        injection = Injection({}, self.order.append)
        self.warden = Warden(
            one, self.interlock, self.faults, one, self.client, one, injection, self.clock
        )

    def clock(self) -> float:
        return self.now_s

    def send(self, news: feed.Message) -> None:
        self.order.append(news)

    def read(self) -> Reading:
        return self.reading

    def stop(self) -> None:
        self.stopped = True

    def connect(self) -> None:
        if self.far is not None:
            self.far.close()
        near, self.far = socket.socketpair()
        self.warden._take_hatch(near.detach())

    def says(self, state: hatch.AlbumState) -> None:
        assert self.far is not None
        hatch.send(self.far, state)
        self.warden._hear_publisher()

    def frame(self) -> None:
        self.now_s += 0.01
        self.interlock.judged(Verdict(Decision.CLEAR, Reason.CLEAR, self.now_s))

    def open(self) -> None:
        """Publisher there, album well, a clear frame: the gate is OPEN."""
        self.interlock.fault(Fault.PUBLISHER)
        self.interlock.mended(Fault.STARTING)
        self.connect()
        self.says(hatch.AlbumState())
        self.frame()
        assert self.interlock.state.is_open
        self.order.clear()

    def events(self) -> list[feed.Event]:
        return [one for one in self.order if isinstance(one, feed.Event)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    one = Bench()
    yield one
    one.client.disconnect()
    if one.far is not None:
        one.far.close()


def test_the_line_is_low_before_a_lost_publisher_is_told(bench: Bench) -> None:
    bench.open()
    assert bench.far is not None
    bench.far.close()
    bench.warden._hear_publisher()
    assert bench.order == [False, feed.PublisherLost("gone")]
    assert not bench.client.is_connected


def test_a_publisher_whose_album_is_full_opens_nothing(bench: Bench) -> None:
    bench.interlock.mended(Fault.STARTING)
    bench.interlock.fault(Fault.PUBLISHER)
    bench.frame()
    bench.connect()
    mended, stood = bench.interlock.mended, list[frozenset[Fault]]()

    def noted(fault: Fault) -> None:
        stood.append(bench.interlock.state.faults)
        mended(fault)

    bench.interlock.mended = noted  # type: ignore[method-assign]
    bench.says(hatch.AlbumState("is full"))
    assert stood == [{Fault.ALBUM, Fault.PUBLISHER}]  # a frame of another thread opens nothing
    assert True not in bench.order
    assert bench.interlock.state.faults == {Fault.ALBUM}


def test_an_album_is_told_once_full_once_ready_and_anew_by_another_publisher(bench: Bench) -> None:
    bench.open()
    for error in ("", "is full", "is full", "is gone", "", ""):
        bench.says(hatch.AlbumState(error))
    assert bench.events() == [
        feed.FaultBegan(Fault.ALBUM, "is full"),
        feed.FaultBegan(Fault.ALBUM, "is gone"),
        feed.AlbumReady(),
    ]
    bench.connect()
    bench.says(hatch.AlbumState())
    assert bench.events()[3:] == [feed.PublisherLost("replaced"), feed.AlbumReady()]


def test_what_the_album_refuses_is_handed_on_to_be_told_to_people(bench: Bench) -> None:
    bench.open()
    bench.says(hatch.AlbumState("is full; make room", phrase("is full; make room")))
    (begun,) = bench.events()
    assert begun == feed.FaultBegan(Fault.ALBUM, "is full; make room", phrase("is full; make room"))


def test_a_publisher_that_starts_anew_tells_of_its_album_itself(bench: Bench) -> None:
    bench.open()
    for _ in range(2):
        bench.says(hatch.AlbumState("is full"))
        bench.connect()
    bench.says(hatch.AlbumState("is full"))
    full, replaced = feed.FaultBegan(Fault.ALBUM, "is full"), feed.PublisherLost("replaced")
    assert bench.events() == [full, replaced, full, replaced, full]


def test_silence_closes_the_gate_and_then_ends_the_publisher(bench: Bench) -> None:
    bench.open()
    bench.warden._mind_silence(SILENCE_S)
    assert bench.interlock.state.is_open
    bench.warden._mind_silence(SILENCE_S + 0.01)
    assert bench.order == [False]
    bench.warden._mind_silence(GIVE_UP_S + 0.01)
    assert bench.order[1:] == [feed.PublisherLost("silent"), feed.PublisherSilent()]


def test_time_alone_closes_the_gate_before_anything_is_read_or_shown(bench: Bench) -> None:
    """Whatever a turn may wait for: a pin, a lamp."""
    seen: list[bool] = []

    def turn() -> None:
        seen.append(bench.interlock.state.is_open)
        bench.warden._ended.set()

    bench.open()
    bench.now_s += 1.0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kit: Any = bench
        kit.fileno, kit.turn, kit.status = ours.fileno, turn, lambda: "as it stands"
        bench.warden._run()
    assert seen == [False]


def test_a_word_after_silence_mends_it(bench: Bench) -> None:
    bench.open()
    bench.warden._mind_silence(SILENCE_S + 1)
    bench.says(hatch.AlbumState())
    assert bench.interlock.state.faults == frozenset()


def test_wires_that_contradict_each_other_close_it_and_are_told_once(bench: Bench) -> None:
    bench.open()
    bench.reading = Reading(written=True, line=False, contact=False, sense=None)
    for _ in range(30):
        bench.now_s += 0.01
        bench.warden._mind_wires()
    (fault,) = bench.events()
    assert isinstance(fault, feed.FaultBegan) and fault.fault is Fault.PERMISSIVE
    assert not bench.interlock.state.is_open


@pytest.mark.parametrize("what", ["turn", "press"])
def test_who_hangs_has_no_heartbeat(bench: Bench, what: str) -> None:
    assert not bench.warden._hangs(bench.now_s)
    if what == "turn":
        bench.now_s = bench.last_turn_s + HANG_S + 0.1
    else:
        bench.busy_s = 1000.0
    assert bench.warden._hangs(bench.now_s)


@pytest.mark.parametrize("order", [feed.Stop(), None])
def test_an_order_to_stop_lowers_the_line_and_a_parent_that_is_gone_ends_it(
    bench: Bench, order: feed.Stop | None
) -> None:
    bench.open()
    received = None if order is None else (msgspec.convert(order, feed.Stop), [])
    link: Any = type("Link", (), {"receive": lambda self: received})()
    bench.warden._link = link
    bench.warden._hear_supervisor()
    assert bench.stopped
    assert (bench.order == [False]) is (order is not None)
