"""`shuttergate run`: the kit until it is told to stop, its log on stdout."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.companion import Role, socket_path
from shuttergate.config import Config
from shuttergate.feed import Total
from shuttergate.parent import log
from shuttergate.parent.notify import Notifier
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import confine
from shuttergate.verdict import Decision
from shuttergate.voice.prompter import Prompter

POLL_S = 0.2
TOTALS_EVERY_S = 60.0


class StopSignal:
    """Set once SIGTERM, SIGINT (Ctrl-C) or SIGHUP has come."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.came = True


def write(out: log.Writer, news: list[feed.News]) -> None:
    """Write what belongs into the log."""
    for text in log.lines(news):
        out.write(text + "\n")


def totals_line(event: str, kit: Supervisor) -> str:
    """Return a log line with the counts since the start."""
    totals = kit.totals
    photos = feed.count(totals, Total.PHOTOS)
    line = log.line(
        event,
        frames=feed.count(totals, Total.FRAMES),
        clear=feed.count(totals, Total.FRAMES, Decision.CLEAR),
        blocked=feed.count(totals, Total.FRAMES, Decision.BLOCKED),
        taken=photos,
        refused=totals.get(Total.REFUSED, {}),
        photos=photos,
        videos=feed.count(totals, Total.VIDEOS),
        lost=totals.get(Total.LOST, {}),
    )
    return line + "\n"


def standing(kit: Supervisor) -> str:
    """Return how the gate stands, in a line for `systemctl status`."""
    status = kit.status
    if status is None:
        return ": ".join(("closed", "the gate process is starting", *filter(None, [kit.doing])))
    return "open" if status.open else ": ".join(("closed", status.reason, *status.faults))


def tell(manager: Notifier, kit: Supervisor) -> None:
    """Tell systemd how the kit is; only a gate process that is heard puts its watchdog off.

    Ready is a kit that holds its line and says how it stands, be it closed for want of a camera.
    Before that, each step further of a slow start counts.
    """
    manager.progress(kit.furthest)
    if kit.alive:
        manager.ready()
        manager.alive()
    manager.status(standing(kit))


def run(config: Config, board: Board, album: Path) -> feed.Refused | None:
    """Run until a signal; return None, or why the kit would not start."""
    lack = confine.lacking()
    confine.no_dumps()  # whoever reads the parent could read what it starts
    signals = StopSignal()
    manager = Notifier()
    out = log.Writer(1)
    if lack:
        out.write(log.line("confined by less", cause=str(lack)) + "\n")
    due_s = time.monotonic() + TOTALS_EVERY_S
    with (
        Prompter(config.voice) as voice,
        StatusServer({Role.PAGE: socket_path()}, config, board, album) as server,
        Supervisor(config, album, voice.companions) as kit,
    ):
        while not signals.came and kit.refusal is None:
            news = kit.poll(POLL_S, *server.sources)
            news += voice.attend(kit.status if kit.is_heard else None, news)
            write(out, news)
            server.attend(kit, news)
            tell(manager, kit)
            if time.monotonic() >= due_s:
                due_s += TOTALS_EVERY_S
                out.write(totals_line("totals", kit))
        manager.stopping()
        write(out, kit.stop())
        out.write(totals_line("stopped", kit))
        out.close()
        return kit.refusal
