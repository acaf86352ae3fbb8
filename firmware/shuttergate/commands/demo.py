"""`shuttergate demo`: the kit on a terminal, with scripted presses or a key for a finger."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
import termios
import time
import tty
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from shuttergate import feed
from shuttergate.board import Board
from shuttergate.columns import columns, cut, padded
from shuttergate.commands import run as serve
from shuttergate.commands.breakdown import Breakdown
from shuttergate.config import Config
from shuttergate.errors import plain
from shuttergate.feed import Total
from shuttergate.lang import _
from shuttergate.parent import log
from shuttergate.parent.supervisor import Supervisor
from shuttergate.system import confine
from shuttergate.verdict import Decision, Fault
from shuttergate.voice.prompter import Prompter
from shuttergate.words import lost_words, reason_words, score_words, words

if TYPE_CHECKING:  # takes its time; not if headless
    from shuttergate.commands.demo_page import DemoPage
    from shuttergate.console.access import LanMay
    from shuttergate.console.invitation import Invite

PRESS_S = 0.2
"""How long the simulated finger stays down."""

KEY_S = 0.6
"""A key that comes again within this time is still held down: it repeats by itself."""

KEYS_TO_PRESS, KEYS_TO_QUIT, KEYS_TO_INVITE = (b" ", b"\n"), (b"q", b"Q", b""), (b"c", b"C")

STATUS_EVERY_S = 5.0


class Fingers:
    """Presses at given seconds after the first verdict, each held so long, and presses by hand."""

    def __init__(self, presses: Sequence[tuple[float, float]]) -> None:
        self._moves: list[tuple[float, bool]] = []
        for at_s, hold_s in presses:
            self._moves += [(at_s, True), (at_s + hold_s, False)]
        self._moves.sort()

    def key(self, now_s: float) -> None:
        """A key was struck: press, or hold on if the finger is down already."""
        down = self._moves[:1] if self._moves and not self._moves[0][1] else []
        self._moves = [move for move in self._moves if move not in down]
        press = [] if down else [(now_s, True)]
        self._moves = sorted([*self._moves, *press, (now_s + KEY_S, False)])

    def wait_s(self, now_s: float, most_s: float) -> float:
        """Return how long until the next move, at most ``most_s``."""
        return max(0.0, min(most_s, self._moves[0][0] - now_s)) if self._moves else most_s

    def due(self, now_s: float) -> Iterator[bool]:
        """Yield the moves that are due: True for down."""
        while self._moves and self._moves[0][0] <= now_s:
            yield self._moves.pop(0)[1]


class Screen:
    """What the demo shows: people's words on a terminal, JSON lines into a pipe."""

    def __init__(self, keys: bool) -> None:
        self._terminal = _is_terminal(sys.stdout)
        self._keys = keys
        self._out = log.Writer(1)
        self._due_s = 0.0
        self._line = ""
        self._has_video = True
        self.names: list[str] = []
        self._breakdown = Breakdown()

    def news(self, items: list[feed.News], kit: Supervisor, elapsed_s: float) -> None:
        """Show what happened."""
        self._breakdown.hear(items)
        for item in items:
            if isinstance(item, feed.Photo | feed.Video):
                self.names.append(item.name)
            self._has_video &= not isinstance(item, feed.NoVideo)
        if not self._terminal:
            serve.write(self._out, items)
            return
        for item in items:
            # Before the first verdict the gate has nothing to say but that it starts.
            too_early = isinstance(item, feed.GateChanged) and not kit.was_ready
            text = "" if too_early else words(item)
            if text:
                self._say(_marked(item, text), elapsed_s)

    def begin(self, page: DemoPage | None) -> None:
        """Say where the page is and what the keys do, where there are any."""
        invite = page.new_invite() if page is not None else None
        if invite is not None:
            self.invite(invite)
        if page is not None and self._terminal:
            self._say(_("  the page: {address}").format(address=page.address), 0.0)
            if page.is_second:
                said = _("  another kit of yours runs; `shuttergate console` shows that one")
                self._say(said, 0.0)
            _show_page(page.address)
        elif page is not None:
            if page.is_second:
                self._out.write(log.line("another kit is running") + "\n")
            also = invite.addresses if invite is not None else []
            addresses = [*dict.fromkeys((page.address, *also))]
            self._out.write(log.line("page", addresses=addresses) + "\n")
        if self._keys:
            held = _("  space bar: the shutter (held down: video); q: quit")
            self._say(held if self._has_video else _("  space bar: the shutter; q: quit"), 0.0)
            if invite is not None:
                self._say(_("  c: the code for other devices once more"), 0.0)

    def invite(self, invite: Invite) -> None:
        """Show how other devices come to the page."""
        if self._terminal:
            from shuttergate.console.leaflet import leaflet

            width = shutil.get_terminal_size().columns
            self._out.write(f"\r\x1b[K{leaflet(invite, width)}\n{self._line}")
        else:
            self._out.write(log.line("pairing code", **invite.told()) + "\n")

    def _say(self, words: str, elapsed_s: float) -> None:
        self._out.write(f"\r\x1b[K{elapsed_s:5.1f} s  {_coloured(words)}\n{self._line}")

    def status(self, kit: Supervisor, elapsed_s: float) -> None:
        """Show how things stand: a living line, or now and then a log line."""
        if self._terminal:
            width = shutil.get_terminal_size().columns
            line = _status_line(kit, self._keys, width)
            self._line = _coloured(cut(line, width))
            self._out.write(f"\r\x1b[K{self._line}")
        elif elapsed_s >= self._due_s and kit.status is not None:
            self._due_s += STATUS_EVERY_S
            status = kit.status
            line = log.line(
                "status",
                elapsed_s=round(elapsed_s, 1),
                open=status.open,
                reason=status.reason,
                fps=status.fps,
                scores=status.scores,
            )
            self._out.write(line + "\n")

    def summary(
        self, kit: Supervisor, faults: Sequence[Fault], elapsed_s: float, album: Path
    ) -> None:
        """Show the totals: to people always, into a pipe as a log line too.

        ``faults``: what was broken before it was stopped.
        """
        totals = kit.totals
        frames, photos = feed.count(totals, Total.FRAMES), feed.count(totals, Total.PHOTOS)
        rate = frames / elapsed_s if elapsed_s else 0.0
        rows = [
            (_("time"), _("{s:.1f} s").format(s=elapsed_s)),
            (_("frames"), _("{n} ({rate:.1f} a second)").format(n=frames, rate=rate)),
            (
                _("verdicts"),
                _("{clear} clear, {blocked} blocked").format(
                    clear=feed.count(totals, Total.FRAMES, Decision.CLEAR),
                    blocked=feed.count(totals, Total.FRAMES, Decision.BLOCKED),
                ),
            ),
            (
                _("presses"),
                _("{taken} taken, {refused} refused").format(
                    taken=photos, refused=feed.count(totals, Total.REFUSED)
                ),
            ),
            *(
                ("", _("{n} × {why}").format(n=count, why=reason_words(reason)))
                for reason, count in _most_first(totals, Total.REFUSED)
            ),
            (_("photos"), _("{n} in {album}").format(n=photos, album=plain(album))),
            (_("videos"), str(feed.count(totals, Total.VIDEOS))),
            *(
                ("", _("{n} × {why}").format(n=n, why=lost_words(why)))
                for why, n in _most_first(totals, Total.LOST)
            ),
            *(("", name) for name in self.names),
            *self._breakdown.rows(faults, totals.get(Total.REFUSED, {})),
        ]
        table = "".join(f"{padded(label, 12)}{text}\n" for label, text in rows)
        if self._terminal:
            self._out.write(f"\r\x1b[K\n{table}")
        else:
            self._out.write(serve.totals_line("summary", kit))
            sys.stderr.write(table)

    def close(self) -> None:
        """Let what is still to be shown be shown."""
        self._out.close()


def _most_first(totals: feed.Totals, what: Total) -> list[tuple[str, int]]:
    return sorted(totals.get(what, {}).items(), key=lambda one: -one[1])


def _marked(item: feed.News, text: str) -> str:
    """Put before `text` how the gate stands from then on, where `item` says it, or else nothing."""
    match item:
        case feed.GateChanged(state="OPEN"):
            return _("● OPEN  ") + f"  {text}"
        case feed.GateChanged():
            return _("○ CLOSED") + f"  {text}"
        case feed.ChildFrozen(process="gate") | feed.ChildEnded(process="gate" | "publisher"):
            return _("○ CLOSED") + f"  {text}"
    return f"  {text}"


def _coloured(text: str) -> str:
    """Colour the marks, where colour is wanted; their shape says the same (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return text
    text = text.replace("●", "\x1b[32m●\x1b[0m").replace("○", "\x1b[31m○\x1b[0m")
    return text.replace("◉", "\x1b[31m◉\x1b[0m")


def _status_line(kit: Supervisor, keys: bool, width: int) -> str:
    """Return how things stand: keys, gate and scores, and what else there is room for."""
    status = kit.status
    if status is None or not kit.is_heard:
        return _("○ CLOSED  no word from the gate process")
    state = _("● OPEN  ") if status.open else _("○ CLOSED")
    if status.recording_s is not None:
        state = _("◉ REC {s:4.1f} s").format(s=status.recording_s)
    photos, videos = (feed.count(kit.totals, one) for one in (Total.PHOTOS, Total.VIDEOS))
    more = [
        _("photos {n}").format(n=photos),
        _("videos {n}").format(n=videos),
        _("{fps:4.1f} fps").format(fps=status.fps),
    ]
    line = (
        _("[space] press  [q] quit  ") if keys else ""
    ) + f"{state}  {score_words(status.scores)}"
    for part in more:
        if columns(line) + 2 + columns(part) >= width:
            break
        line += f"  {part}"
    return line


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None: it was closed before we began


@contextlib.contextmanager
def _keyboard(wanted: bool) -> Iterator[int | None]:
    """Give single keys without Enter while the block lasts, or None where there are none."""
    if not wanted:
        yield None
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    # After Ctrl-Z the shell takes its own keys back; fg gives them to whoever was stopped.
    resumed = signal.signal(signal.SIGCONT, lambda number, frame: tty.setcbreak(descriptor))
    try:
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        signal.signal(signal.SIGCONT, resumed)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def demo(
    config: Config,
    board: Board,
    album: Path,
    seconds: float | None,
    presses: Sequence[tuple[float, float]],
    listener: socket.socket | None,
    others: LanMay | None = None,
) -> feed.Refused | None:
    """Run the demo; return None, or why the kit would not start.

    ``presses``: when, and how long, in seconds. ``listener``: a listening socket for the page;
    None: no keys, no page. ``others``: what other devices may do with it; None: they may not come.
    """
    confine.no_dumps()  # whoever reads the parent could read what it starts
    keys = listener is not None and _is_terminal(sys.stdin) and _is_terminal(sys.stdout)
    signals = serve.StopSignal()
    fingers = Fingers(presses)
    stage = Screen(keys)
    ready_s: float | None = None
    with ExitStack() as stack:
        page: DemoPage | None = None
        if listener is not None:
            from shuttergate.commands.demo_page import opened

            page = stack.enter_context(opened(listener, config, board, album, others))
        voice = stack.enter_context(Prompter(config.voice))
        companions = [page.companion] if page is not None else []
        companions += voice.companions
        kit = stack.enter_context(Supervisor(config, album, companions))
        keyboard = stack.enter_context(_keyboard(keys))
        elapsed_s = 0.0
        also = [] if keyboard is None else [keyboard]
        while not signals.came and kit.refusal is None:
            wait_s = fingers.wait_s(elapsed_s, 0.1) if ready_s else 0.1
            news = kit.poll(wait_s, *also, *(page.server.sources if page is not None else ()))
            news += voice.attend(kit.status if kit.is_heard else None, news)
            if page is not None:
                page.server.attend(kit, news)
            stage.news(news, kit, elapsed_s)
            if ready_s is None:
                if kit.was_ready or _blind(kit):
                    ready_s = time.monotonic()
                    stage.begin(page)
                continue
            elapsed_s = time.monotonic() - ready_s
            for down in fingers.due(elapsed_s):
                kit.finger(down)
            stage.status(kit, elapsed_s)
            key = _key(keyboard)
            if key in KEYS_TO_PRESS:
                fingers.key(elapsed_s)
            elif key in KEYS_TO_QUIT:
                break
            if page is not None:
                invite = page.invite_now() if key in KEYS_TO_INVITE and page.invite_now else None
                if (invite := invite or page.new_invite()) is not None:
                    stage.invite(invite)
            if seconds is not None and elapsed_s >= seconds:
                break
        faults = kit.status.faults if kit.status is not None else []
        stage.news(kit.stop(), kit, elapsed_s)
        if ready_s is not None:
            stage.summary(kit, faults, elapsed_s, album)
        stage.close()
        return kit.refusal


def _show_page(address: str) -> None:
    """Open a browser where there is a screen for one."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)


def _blind(kit: Supervisor) -> bool:
    """Whether it has no camera, a webcam that is not plugged in for example: that may last."""
    return kit.status is not None and Fault.CAMERA in kit.status.faults


def _key(keyboard: int | None) -> bytes | None:
    """Return the key that was struck, if any; b"" where there is no keyboard any more."""
    if keyboard is None or not select.select([keyboard], [], [], 0)[0]:
        return None
    return os.read(keyboard, 1)
