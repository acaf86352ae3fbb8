"""The warden: a thread that keeps time, reads the button, shows the lamps and minds the hatch."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable

from shuttergate import feed
from shuttergate.capture import hatch
from shuttergate.capture.counter import RECEIPT_TIMEOUT_S, Counter
from shuttergate.injection import Injection
from shuttergate.interlock import Interlock
from shuttergate.panel.lamps import REFUSAL_S, SELF_TEST_S, Meaning, lamps, meaning
from shuttergate.panel.panel import Panel
from shuttergate.panel.wires import WIRE_FAULTS, WireWatch

TICK_S = 0.01
STATUS_S = 0.1
HEAR_TIMEOUT_S = 0.1
SEND_TIMEOUT_S = 20.0
SILENCE_S = 3.0
"""A publisher says something every second. Silent for so long, its disk is slow: a fault."""

GIVE_UP_S = RECEIPT_TIMEOUT_S + SILENCE_S
"""Silent for so long, it hangs, and is ended."""

HANG_S = 10.0
"""So long without a turn of the main thread, or with one press in work beyond its time limits, is a
hang: the heartbeat stops, and the supervisor ends this process."""


class Warden:
    """Looks round every ``TICK_S``, and at once when publisher or supervisor say something.

    A publisher that ends is noticed here: the line is low before anything else is done about it.
    """

    def __init__(
        self,
        interlock: Interlock,
        panel: Panel,
        counter: Counter,
        busy_s: Callable[[], float],
        view: Callable[[socket.socket], None],
        link: feed.Link,
        feel: Callable[[], None],
        status: Callable[[], feed.Status],
        stop: Callable[[], None],
        last_turn_s: Callable[[], float],
        stands_in: Callable[[], bool],
        is_recording: Callable[[], bool],
        injection: Injection,
    ) -> None:
        self._interlock = interlock
        self._panel = panel
        self._counter = counter
        self._busy_s = busy_s
        self._view = view
        self._link = link
        self._feel = feel
        self._status = status
        self._stop = stop
        self._last_turn_s = last_turn_s
        self._stands_in = stands_in
        self._is_recording = is_recording
        self._injection = injection
        self._heard_s = 0.0
        self._album_error: str | None = None
        self._hatch: socket.socket | None = None
        self._wires = WireWatch()
        self._wire_faults: frozenset[str] = frozenset()
        self._ended = threading.Event()
        self._shown = Meaning.SELF_TEST
        self._shown_since_s = time.monotonic()
        self._self_test_until_s = self._shown_since_s + SELF_TEST_S
        self._refused_until_s = float("-inf")
        self._status_due_s = 0.0
        self._thread = threading.Thread(target=self._run, name="warden")

    def start(self) -> None:
        """Begin to look round."""
        self._thread.start()

    def refused(self) -> None:
        """A press was refused: let lamp and buzzer say so."""
        self._refused_until_s = time.monotonic() + REFUSAL_S

    def end(self) -> None:
        """Stop looking round."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._hatch is not None:
            self._counter.connect(None)
            self._hatch.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            sources: list[feed.Link | socket.socket] = [self._link]
            if self._hatch is not None:
                sources.append(self._hatch)
            ready, _, _ = select.select(sources, [], [], TICK_S)
            if self._hatch is not None and self._hatch in ready:
                self._hear_publisher(self._hatch)
            elif self._hatch is not None:
                self._mind_silence(time.monotonic() - self._heard_s)
            self._interlock.tick()
            self._feel()
            self._mind_wires(time.monotonic())
            if self._link in ready:
                self._hear_supervisor()
            now_s = time.monotonic()
            self._show(now_s)
            if now_s >= self._status_due_s:
                self._status_due_s = now_s + STATUS_S
                if not self._hangs(now_s):
                    self._link.send(self._status())

    def _hear_publisher(self, sock: socket.socket) -> None:
        try:
            message = hatch.receive(sock)
        except (OSError, ValueError, RecursionError):
            message = None
        self._heard_s = time.monotonic()
        match message:
            case None:
                self._lose_publisher("publisher gone")
            case hatch.Receipt() | hatch.Hidden():
                self._counter.hear(message)
            case hatch.AlbumState():
                self._know_album(message.error)  # its fault first: nothing opens in between
                self._interlock.mended("publisher")

    def _mind_silence(self, silent_s: float) -> None:
        if silent_s > SILENCE_S:
            self._interlock.fault("publisher")
        if silent_s > GIVE_UP_S:
            self._lose_publisher("publisher silent")
            self._link.send(feed.PublisherSilent())

    def _mind_wires(self, now_s: float) -> None:
        standing = self._wires.look(now_s, self._panel.read())
        for name in standing - self._wire_faults:
            self._interlock.fault(name)
            self._link.log(f"{name} fault", error=WIRE_FAULTS[name])
        for name in self._wire_faults - standing:
            self._interlock.mended(name)
        self._wire_faults = standing

    def _know_album(self, error: str) -> None:
        if error:
            self._interlock.fault("album")
        else:
            self._interlock.mended("album")
        if error != self._album_error:
            self._album_error = error
            if error:
                self._link.log("album fault", error=error)
            else:
                self._link.log("album ready")

    def _lose_publisher(self, event: str) -> None:
        """The line first, then everything else."""
        self._interlock.fault("publisher")
        self._link.log(event)
        self._album_error = None
        self._counter.connect(None)
        if self._hatch is not None:
            self._hatch.close()
            self._hatch = None

    def _hear_supervisor(self) -> None:
        try:
            received = self._link.receive()
        except BlockingIOError:
            return
        except ConnectionError:
            received = None
        if received is None:
            self._stop()
            return
        order, descriptors = received
        match order:
            case feed.Hatch() if descriptors:  # none: this process can hold no more of them
                self._take_hatch(descriptors[0])
            case feed.View() if descriptors:
                self._view(socket.socket(fileno=descriptors[0]))
            case feed.Finger():
                if self._panel.wiring is not None:
                    self._panel.wiring.finger(order.down)
            case feed.Inject():
                self._injection(order.fault, order.on)
            case feed.Show():
                self._injection.show(order.scene, order.exposures)
            case feed.Stop():
                self._interlock.fault("stopping")
                self._stop()

    def _take_hatch(self, descriptor: int) -> None:
        if self._hatch is not None:
            self._lose_publisher("publisher replaced")
        self._heard_s = time.monotonic()
        self._hatch = socket.socket(fileno=descriptor)
        # Sending a photo may take its time; whoever keeps time for the gate waits for nobody.
        sending = self._hatch.dup()
        sending.settimeout(SEND_TIMEOUT_S)
        self._hatch.settimeout(HEAR_TIMEOUT_S)
        self._counter.connect(sending)

    def _hangs(self, now_s: float) -> bool:
        # A photo may have to wait for a video that is just being brought to the disk.
        late = self._busy_s() > 2 * RECEIPT_TIMEOUT_S + HANG_S
        return late or now_s - self._last_turn_s() > HANG_S

    def _show(self, now_s: float) -> None:
        testing = now_s < self._self_test_until_s
        shown = Meaning.SELF_TEST if testing else meaning(self._interlock.reason)
        if shown != self._shown:
            self._shown, self._shown_since_s = shown, now_s
        refused = now_s < self._refused_until_s
        since_s = now_s - self._shown_since_s
        self._panel.show(lamps(shown, since_s, refused, self._stands_in(), self._is_recording()))
