"""The parent: starts gate and publisher, watches both, restarts what died, ends them cleanly.

Companions are started, and started again, beside them: in the demo the console, which on a kit is a
service of its own.

It sees no picture and touches no pin. When the gate process dies, the kernel has let the permissive
line go before this process even hears of it; when the publisher dies, the gate hears it from the
hatch itself and lowers the line, not from here.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from msgspec.structs import replace

from shuttergate import feed
from shuttergate.capture.publisher import PublisherSettings
from shuttergate.companion import Companion
from shuttergate.config import Config, KitStart, class_file
from shuttergate.parent.children import Child, memory_mb
from shuttergate.parent.injected import Injected
from shuttergate.parent.taught import Taught

START_LIMIT_S = 30.0
"""A gate process that starts and comes no step further within this time is stuck. The first step,
of which nothing can be told, is to read the program: a Pi imports for some seconds."""

HEARTBEAT_LIMIT_S = 2.0
STOP_LIMIT_S = 3.0

SILENCE_S = 0.4
"""After so long without a word from the gate process nothing it said holds any more."""


class Supervisor:
    """Use as a context manager and call `poll` again and again; leaving the block stops the kit."""

    def __init__(self, config: Config, album: Path, companions: Sequence[Companion] = ()) -> None:
        self._config = config
        self._album = album
        own = class_file(config)
        self._publishing = PublisherSettings(
            os.fsencode(album),
            config.album.marks,
            b"" if own is None else os.fsencode(own),
            config.credentials.required,
        )
        self._gate = Child("gate")
        self._publisher = Child("publisher")
        # In the order in which they are started and ended: the gate first, so that the line is low.
        self._children: dict[Child, Callable[[float], None]] = {
            self._gate: self._start_gate,
            self._publisher: self._start_publisher,
        }
        for one in companions:
            child = Child(one.name)
            self._children[child] = partial(child.start, one.module, one.link, one.settings)
        self._leash: feed.Leash | None = None
        self._heard_s = 0.0
        self._past: feed.Totals = {}
        self._ready = False
        self._doing = ""  # the step at which the gate process is, while it starts
        self._steps = 0
        self._injected = Injected()
        self._taught = Taught()
        self.scene = ""  # of its stage, or the prop, that was shown last
        self.status: feed.Status | None = None
        self.starts = 0  # of the gate process
        self.furthest = 0  # the most steps that its starts came since one of them was heard
        self.was_ready = False
        self.start_s = 0.0  # from starting the gate process to its first verdict
        self.refusal: feed.Refused | None = None

    def __enter__(self) -> Supervisor:
        make_album(self._album, self._config)
        self._start_due()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def pid(self, process: str) -> int | None:
        """Return the process id of the "gate", the "publisher" or a companion while it runs."""
        child = {one.name: one for one in self._children}[process]
        return None if child.process is None else child.process.pid

    def memory_mb(self, process: str = "gate") -> float:
        """Return what the "gate" or the "publisher" holds resident, in millions of bytes."""
        pid = self.pid(process)
        assert pid is not None
        return memory_mb(pid)

    def finger(self, down: bool) -> None:
        """Press or release the simulated button."""
        if self._leash is not None:
            self._leash.send(feed.Finger(down))

    def show(self, scene: str, exposures: int = 0) -> None:
        """Show a scene of its stage to the simulated camera, for so many exposures unless 0."""
        self.scene = scene if not exposures else self.scene
        if self._leash is not None:
            self._leash.send(feed.Show(scene, exposures))

    def view(self, descriptor: int) -> None:
        """Have the gate process show what pages may see through `descriptor`, a packet socket."""
        if self._leash is not None:
            self._leash.send(feed.View(), (descriptor,))

    def kill(self, process: str) -> None:
        """SIGKILL the "gate", the "publisher" or a companion, to show what happens then."""
        for child in self._children:
            if child.name == process and child.process is not None:
                child.process.kill()

    def inject(self, fault: str, on: bool) -> None:
        """Switch a fault of `injection.py` on or off; a process that starts anew gets it again."""
        if not self._injected.set(fault, on):
            return
        if self._injected.is_here(fault):
            self._injected.limit(self.pid("publisher"))
        elif self._leash is not None:
            self._leash.send(feed.Inject(fault, on))

    def learn(self, order: feed.Lesson) -> None:
        """Ask for an example, or put a rule in force; a process that starts anew gets it again."""
        self._taught.asked(order)
        if self._leash is not None:
            self._leash.send(order)

    @property
    def injected(self) -> list[str]:
        """The faults that are switched on."""
        return self._injected.faults

    @property
    def is_heard(self) -> bool:
        """Whether what the gate process said last still holds."""
        return self.status is not None and time.monotonic() - self._heard_s <= SILENCE_S

    @property
    def alive(self) -> bool:
        """Whether the gate process runs and has sent its status lately."""
        silent_s = time.monotonic() - self._heard_s
        return self.status is not None and silent_s <= HEARTBEAT_LIMIT_S

    @property
    def doing(self) -> str:
        """At which step of its start the gate process is; "" where it has told of none."""
        return self._doing

    @property
    def totals(self) -> feed.Totals:
        """Counts since the kit was switched on, over all lives of the gate process."""
        totals = feed.add({}, self._past)
        if self.status is not None:
            feed.add(totals, self.status.totals)
        return totals

    def poll(self, timeout_s: float, *also: int | socket.socket) -> list[feed.News]:
        """Wait for news up to ``timeout_s``, or until something of `also` can be read.

        Children that ended are reaped, and started again when their back-off is over.
        """
        sources: list[Any] = list(also)
        sources += [self._leash] if self._leash is not None else []
        for child in self._children:
            if child.process is not None:
                sources += [child.pidfd, child.process.stderr]
        ready, _, _ = select.select(sources, [], [], timeout_s)
        news = self._hear()
        news += self._injected.news()
        for child in self._children:
            news += [feed.Stderr(child.name, line) for line in child.words()]
            if child.pidfd in ready:
                news += self._bury(child)
        self._watch(news)
        if self.refusal is None:
            self._start_due()
        return news

    def _hear(self) -> list[feed.News]:
        news: list[feed.News] = []
        while self._leash is not None and (item := self._leash.receive()) is not None:
            now_s = time.monotonic()
            if isinstance(item, feed.Status | feed.StartStep):
                self._heard_s = now_s  # who only logs may have stopped to keep time
            match item:
                case feed.Status() if self.status is not None and item.at_s < self.status.at_s:
                    continue  # another thread's newer word has overtaken it on the way
                case feed.Status():
                    self.status = item
                    self._ready = self._ready or feed.count(item.totals, feed.Total.FRAMES) > 0
                case feed.StartStep():
                    self._doing, self._steps = item.doing, self._steps + 1
                    self.furthest = max(self.furthest, self._steps)
                case feed.Ready():
                    self._doing = ""
                    self._ready = self.was_ready = True
                    self.start_s = now_s - self._gate.began_s
                    item = replace(item, start_s=self.start_s)
                case feed.PublisherSilent():
                    self._publisher.kill()
                case feed.Refused():
                    self.refusal = None if self.was_ready else item
                case feed.SwitchRefused():
                    self._injected.set(item.fault, False)
            news.append(item)
        self._taught.hears(news)
        return news

    def _bury(self, child: Child) -> list[feed.News]:
        news = self._hear() if child is self._gate else []
        how = child.reap(time.monotonic())
        if child is self._gate:
            if self.status is not None:
                feed.add(self._past, self.status.totals)
                self.furthest = 0
            self.status = None
            self._ready = False
            self._doing, self._steps = "", 0
            if self._leash is not None:
                self._leash.close()
            self._leash = None
            self._publisher.leave_by_s = time.monotonic() + STOP_LIMIT_S
        elif child is self._publisher and not self._gate.runs:
            return news  # it followed its gate, as it should
        news.append(feed.ChildEnded(child.name, how, child.wait_s))
        return news

    def _watch(self, news: list[feed.News]) -> None:
        now_s = time.monotonic()
        if self._publisher.runs and now_s > self._publisher.leave_by_s:
            # It should have followed its gate; the next gate waits for another.
            news.append(feed.ChildFrozen("publisher", STOP_LIMIT_S))
            self._publisher.kill()
            self._publisher.leave_by_s = now_s + STOP_LIMIT_S
        if not self._gate.runs:
            return
        limit_s = HEARTBEAT_LIMIT_S if self._ready else START_LIMIT_S
        if now_s - max(self._heard_s, self._gate.began_s) > limit_s and not self._gate.killed:
            news.append(feed.ChildFrozen("gate", limit_s, self._doing))
            self._gate.kill()

    def _start_due(self) -> None:
        now_s = time.monotonic()
        for child, start in self._children.items():
            if not child.runs and now_s >= child.due_s:
                start(now_s)

    def _start_gate(self, now_s: float) -> None:
        ours, theirs = feed.pair()
        with theirs:
            settings = msgspec.json.encode(KitStart(self._config, self._taught.rules))
            self._gate.start("shuttergate.gate_process", theirs.fileno(), settings, now_s)
        self.starts += 1
        self._leash = feed.Leash(ours)
        for order in self._injected.orders():
            self._leash.send(order)
        if self.scene:
            self._leash.send(feed.Show(self.scene))

    def _start_publisher(self, now_s: float) -> None:
        if self._leash is None:
            return  # there is nothing to publish
        gate_end, publisher_end = feed.pair(socket.SOCK_STREAM)
        with gate_end, publisher_end:
            settings = msgspec.json.encode(self._publishing)
            link = publisher_end.fileno()
            self._publisher.start("shuttergate.publisher_process", link, settings, now_s)
            if self._injected.disk_is_full:  # before the gate can hear of it
                self._injected.limit(self.pid("publisher"))
            self._leash.send(feed.Hatch(), (gate_end.fileno(),))

    def stop(self) -> list[feed.News]:
        """Gate first, so that the line is low; then the publisher, which ends with its hatch."""
        news: list[feed.News] = []
        if self._leash is not None:
            self._leash.send(feed.Stop())
        for child in self._children:
            if child.process is not None and child not in (self._gate, self._publisher):
                child.process.terminate()
        for child in self._children:
            until_s = time.monotonic() + STOP_LIMIT_S
            while child.runs:
                if time.monotonic() > until_s:
                    child.kill()
                select.select([child.pidfd], [], [], 0.05)
                news += self._hear()
                child.words()
                if select.select([child.pidfd], [], [], 0)[0]:
                    self._bury(child)
        return news


def make_album(album: Path, config: Config) -> None:
    """Make the album's folder if its parent is there; the default album also with its parents.

    A parent that is missing is a disk that is not plugged in: making it would fill the wrong disk.
    """
    with contextlib.suppress(OSError):
        album.mkdir(parents=not config.album.folder, exist_ok=True)
