"""The warden: a thread that keeps time, reads the button, shows the lamps and minds the hatch."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable

from shuttergate import feed
from shuttergate.capture import hatch
from shuttergate.capture.photographer import Photographer
from shuttergate.interlock import Interlock
from shuttergate.panel.lamps import REFUSAL_S, SELF_TEST_S, Meaning, lamps, meaning
from shuttergate.panel.panel import Panel

TICK_S = 0.01
STATUS_S = 0.1
HATCH_TIMEOUT_S = 20.0


class Warden:
    """Looks round every ``TICK_S``, and at once when publisher or supervisor say something.

    A publisher that ends is noticed here: the line is low before anything else is done about it.
    """

    def __init__(
        self,
        interlock: Interlock,
        panel: Panel,
        photographer: Photographer,
        link: feed.Link,
        on_contact: Callable[[bool], None],
        status: Callable[[], feed.Status],
        stop: Callable[[], None],
    ) -> None:
        self._interlock = interlock
        self._panel = panel
        self._photographer = photographer
        self._link = link
        self._on_contact = on_contact
        self._status = status
        self._stop = stop
        self._hatch: socket.socket | None = None
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
            self._hatch.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            sources: list[feed.Link | socket.socket] = [self._link]
            if self._hatch is not None:
                sources.append(self._hatch)
            ready, _, _ = select.select(sources, [], [], TICK_S)
            if self._hatch is not None and self._hatch in ready:
                self._hear_publisher(self._hatch)
            self._interlock.tick()
            self._on_contact(self._panel.contact_is_down)
            if self._link in ready:
                self._hear_supervisor()
            now_s = time.monotonic()
            self._show(now_s)
            if now_s >= self._status_due_s:
                self._status_due_s = now_s + STATUS_S
                self._link.send(self._status())

    def _hear_publisher(self, sock: socket.socket) -> None:
        try:
            message = hatch.receive(sock)
        except (OSError, ValueError):
            message = None
        match message:
            case None:
                self._interlock.fault("publisher")
                self._link.log("publisher gone")
                self._hatch = None
                self._photographer.connect(None)
                sock.close()
            case hatch.Receipt():
                self._photographer.receipt(message)
            case hatch.Album(error=""):
                self._interlock.mended("album")
                self._interlock.mended("publisher")
                self._link.log("album ready")
            case hatch.Album():
                self._interlock.fault("album")
                self._interlock.mended("publisher")
                self._link.log("album fault", error=message.error)

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
            case feed.Hatch():
                self._take_hatch(descriptors[0])
            case feed.Finger():
                if self._panel.wiring is not None:
                    self._panel.wiring.finger(order.down)
            case feed.Stop():
                self._stop()

    def _take_hatch(self, descriptor: int) -> None:
        if self._hatch is not None:
            self._hatch.close()
        self._hatch = socket.socket(fileno=descriptor)
        self._hatch.settimeout(HATCH_TIMEOUT_S)
        self._photographer.connect(self._hatch)

    def _show(self, now_s: float) -> None:
        testing = now_s < self._self_test_until_s
        shown = Meaning.SELF_TEST if testing else meaning(self._interlock.reason)
        if shown != self._shown:
            self._shown, self._shown_since_s = shown, now_s
        refused = now_s < self._refused_until_s
        self._panel.show(lamps(shown, now_s - self._shown_since_s, refused))
