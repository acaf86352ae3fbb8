"""The warden: a thread that keeps time, reads the button, shows the lamps and minds the hatch."""

from __future__ import annotations

import select
import socket
import threading
from typing import Protocol

from shuttergate import feed
from shuttergate.capture import hatch
from shuttergate.capture.client import RECEIPT_TIMEOUT_S, Heard, PublisherClient
from shuttergate.clock import Clock, TimeOfDay, since_boot_s
from shuttergate.faults import FaultLog
from shuttergate.injection import Injection
from shuttergate.interlock import Interlock
from shuttergate.panel.panel import Panel
from shuttergate.panel.wires import WIRE_FAULTS, WireWatch
from shuttergate.verdict import Fault

TICK_S = 0.01
STATUS_S = 0.1
SILENCE_S = 3.0
"""A publisher says something every second. Silent for so long, its disk is slow: a fault."""

GIVE_UP_S = RECEIPT_TIMEOUT_S + SILENCE_S
"""Silent for so long, it hangs, and is ended."""

HANG_S = 10.0
"""So long without a turn of the main thread, or with one press in work beyond its time limits, is a
hang: the heartbeat stops, and the supervisor ends this process."""


class Minded(Protocol):
    """The kit that a warden keeps time for; see `appliance.Appliance`."""

    @property
    def busy_s(self) -> float:
        """For how many seconds the press in work has been so."""
        ...

    @property
    def last_turn_s(self) -> float:
        """When the main thread last began a turn (seconds since boot)."""
        ...

    def turn(self) -> None:
        """Read the button and show the lamps."""

    def status(self) -> feed.Status:
        """Return how it stands."""

    def view(self, seat: socket.socket) -> None:
        """Show `seat` what pages may see."""

    def learn(self, order: feed.Lesson) -> None:
        """Do what is asked for teaching."""

    def stop(self) -> None:
        """Come to an end."""


class Warden:
    """Looks round every ``TICK_S``, and at once when publisher or supervisor say something.

    A publisher that ends is noticed here: the line is low before anything else is done about it.
    """

    def __init__(
        self,
        kit: Minded,
        interlock: Interlock,
        faults: FaultLog,
        panel: Panel,
        client: PublisherClient,
        link: feed.Link,
        injection: Injection,
        clock: Clock = since_boot_s,
    ) -> None:
        self._kit = kit
        self._interlock = interlock
        self._faults = faults
        self._panel = panel
        self._client = client
        self._link = link
        self._injection = injection
        self._clock = clock
        self._time_of_day = TimeOfDay()
        self._album_error: str | None = None
        self._wires = WireWatch()
        self._wire_faults: frozenset[Fault] = frozenset()
        self._ended = threading.Event()
        self._status_due_s = 0.0
        self._thread = threading.Thread(target=self._run, name="warden")

    def start(self) -> None:
        """Begin to look round."""
        self._thread.start()

    def end(self) -> None:
        """Stop looking round."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.disconnect()

    def _run(self) -> None:
        while not self._ended.is_set():
            sources: list[feed.Link | PublisherClient] = [self._link]
            if self._client.is_connected:
                sources.append(self._client)
            ready, _, _ = select.select(sources, [], [], TICK_S)
            if self._client in ready:
                self._hear_publisher()
            elif self._client.is_connected:
                self._mind_silence(self._client.silent_s())
            self._interlock.tick()
            self._kit.turn()
            self._mind_wires()
            if self._link in ready:
                self._hear_supervisor()
            now_s = self._clock()
            if now_s >= self._status_due_s:
                self._status_due_s = now_s + STATUS_S
                if by_s := self._time_of_day.set_by_s():
                    self._link.send(feed.ClockSet(round(by_s, 1)))
                if not self._hangs(now_s):
                    self._link.send(self._kit.status())

    def _hear_publisher(self) -> None:
        match self._client.hear():
            case Heard.GONE:
                self._lose_publisher(feed.PublisherLost("gone"))
            case hatch.AlbumState() as state:
                self._know_album(state)  # its fault first: nothing opens in between
                self._faults.end(Fault.PUBLISHER)

    def _mind_silence(self, silent_s: float) -> None:
        if silent_s > SILENCE_S:
            self._interlock.fault(Fault.PUBLISHER)
        if silent_s > GIVE_UP_S:
            self._lose_publisher(feed.PublisherLost("silent"))
            self._link.send(feed.PublisherSilent())

    def _mind_wires(self) -> None:
        standing = self._wires.look(self._clock(), self._panel.read())
        for fault in standing - self._wire_faults:
            self._faults.begin(fault, WIRE_FAULTS[fault])
        self._faults.end(*(self._wire_faults - standing))
        self._wire_faults = standing

    def _know_album(self, state: hatch.AlbumState) -> None:
        if state.error:
            self._faults.begin(Fault.ALBUM, state.said or state.error, retell=True)
        else:
            self._faults.end(Fault.ALBUM)
            if self._album_error != "":
                self._link.send(feed.AlbumReady())
        self._album_error = state.error

    def _lose_publisher(self, lost: feed.PublisherLost) -> None:
        """The line first, then everything else."""
        self._interlock.fault(Fault.PUBLISHER)
        self._link.send(lost)
        self._album_error = None
        self._faults.forget(Fault.ALBUM)  # another publisher looks for itself
        self._client.disconnect()

    def _hear_supervisor(self) -> None:
        try:
            received = self._link.receive()
        except BlockingIOError:
            return
        except ConnectionError:
            received = None
        if received is None:
            self._kit.stop()
            return
        order, descriptors = received
        match order:
            case feed.Hatch() if descriptors:  # none: this process can hold no more of them
                self._take_hatch(descriptors[0])
            case feed.View() if descriptors:
                self._kit.view(socket.socket(fileno=descriptors[0]))
            case feed.Finger():
                if self._panel.wiring is not None:
                    self._panel.wiring.finger(order.down)
            case feed.Inject():
                self._injection(order.fault, order.on)
            case feed.Show():
                self._injection.show(order.scene, order.exposures)
            case feed.TakeExample() | feed.Try() | feed.Enforce() | feed.Lift():
                self._kit.learn(order)
            case feed.Stop():
                self._interlock.fault(Fault.STOPPING)
                self._kit.stop()

    def _take_hatch(self, descriptor: int) -> None:
        if self._client.is_connected:
            self._lose_publisher(feed.PublisherLost("replaced"))
        self._client.connect(descriptor)

    def _hangs(self, now_s: float) -> bool:
        # A photo may have to wait for a video that is just being brought to the disk.
        late = self._kit.busy_s > 2 * RECEIPT_TIMEOUT_S + HANG_S
        return late or now_s - self._kit.last_turn_s > HANG_S
