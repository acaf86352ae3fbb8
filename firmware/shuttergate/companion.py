"""What passes between the kit and its companions: processes that are told its state.

Each companion has a role, which says what it is shown and what it may ask for. The role is the
socket's at which it knocks, and so the kit's to decide: no message claims one. One JSON message is
one packet of a local socket that only the kit's group may open (mode 0660).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from shuttergate import feed
from shuttergate.verdict import Reason, Rule

MAX_PACKET_BYTES = 64 * 1024
MAX_WISH_BYTES = 16 * 1024
"""A taught rule's head is 7 kB."""

PHOTOS_KEPT = 12
"""So many of the newest photos and videos go to a companion that comes late."""


class Kit(msgspec.Struct, frozen=True, tag="kit"):
    """What is looked at; said first, and again when the gate process has started anew.

    ``simulated``: the button is not a real one, so a page may press it and break things.
    ``faults``: the fault switches that it has, none on a board with real pins. ``video``: whether a
    press that is held can become one. ``live``, ``look``: the rules of its two looks. ``props``:
    what may be brought before its camera. ``embedder``: see `feed.Ready`.
    """

    version: str
    board: str
    title: dict[str, str]
    simulated: bool
    rules: dict[str, float]
    camera: str = ""
    live: Rule = Rule({})
    look: Rule = Rule({})
    faults: list[str] = []
    video: bool = True
    props: list[str] = []
    embedder: str = ""


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """How it stands; without a `status` there is no gate process to be heard.

    ``totals`` count over all lives of the gate process, ``starts`` counts these lives.
    ``injected``: the fault switches that are on. ``prop``: what was brought before the camera last;
    "": by the clock.
    """

    status: feed.Status | None
    totals: feed.Totals
    starts: int
    injected: list[str] = []
    prop: str = ""


class Happened(msgspec.Struct, frozen=True, tag="happened"):
    """Something that happened, and the log's line of it: JSON with ``time`` and ``event``.

    The line is for the log as people keep it; whoever acts on what happened asks the event.
    """

    line: str
    event: feed.Logged


class AlbumFile(msgspec.Struct, frozen=True, tag="photo"):
    """A photo or video that was published; its file, open for reading, comes with the packet."""

    name: str


class ViewSocket(msgspec.Struct, frozen=True, tag="view"):
    """The way for pictures comes with the packet; it takes the place of the one before."""


class ExampleAnswer(msgspec.Struct, frozen=True, tag="shown"):
    """What became of an example that was asked for: its numbers, or the reason why there are none.

    ``embeddings``: see `feed.ExampleTaken`.
    """

    number: int
    views: int = 0
    embeddings: bytes = b""
    reason: Reason = Reason.CLEAR


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """End ``gate``, ``publisher`` or ``console``, as an accident would; on a simulated board only.

    The console can be ended where it is the kit's own child, as in the demo.
    """

    process: str


class SwitchFault(msgspec.Struct, frozen=True, tag="fault"):
    """Switch one of ``Kit.faults`` on or off; any other name does nothing."""

    name: str
    on: bool


class Bring(msgspec.Struct, frozen=True, tag="bring"):
    """Bring one of ``Kit.props`` before the simulated camera, or "": as the clock has it.

    Any other name does nothing.
    """

    prop: str


Sight = Kit | Standing | Happened | AlbumFile | ViewSocket | ExampleAnswer
Wish = feed.Finger | Kill | SwitchFault | Bring | feed.Lesson

LESSONS = feed.TakeExample, feed.Try, feed.Enforce, feed.Lift
"""What may be wished of every kit: a taught rule can only close."""

sights = msgspec.json.Decoder(Sight)
wishes = msgspec.json.Decoder(Wish)


class Role(StrEnum):
    """What a companion is to the kit."""

    PAGE = "page"
    CLASS_LINK = "class link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What one role is shown besides the kit's state, and what it may ask for: else nothing.

    ``pictures``: what the gate's viewfinder shows. ``files``: photos and videos that were
    published, and their names. ``events``: what happens, and the log. ``examples``: for a rule that
    is taught. ``wishes``: of these types; whatever presses or breaks, on a simulated kit alone.
    """

    pictures: bool = False
    files: bool = False
    events: bool = False
    examples: bool = False
    wishes: tuple[type[Wish], ...] = ()

    def shown(self, sight: Sight) -> Sight | None:
        """Return what may be shown of `sight`, or None."""
        match sight:
            case Kit():
                return sight
            case Standing(status=feed.Status() as status) if not self.files:
                nameless = msgspec.structs.replace(status, photos=[])
                return msgspec.structs.replace(sight, status=nameless)
            case Standing():
                return sight
            case Happened() if self.events:
                return sight
            case AlbumFile() if self.files:
                return sight
            case ViewSocket() if self.pictures:
                return sight
            case ExampleAnswer() if self.examples:
                return sight
        return None


RIGHTS: Mapping[Role, Rights] = {
    Role.PAGE: Rights(
        pictures=True,
        files=True,
        events=True,
        examples=True,
        wishes=(*LESSONS, feed.Finger, Kill, SwitchFault, Bring),
    ),
    # It speaks to the network: it must know nothing that the network may not, and bring nothing in.
    Role.CLASS_LINK: Rights(),
}


@dataclass(frozen=True, slots=True)
class Companion:
    """A process beside the kit that is told its state, or shows it: how one of `name` is started.

    It inherits the socket of descriptor `link`, and gets `settings` on its stdin.
    """

    name: str
    module: str
    link: int
    settings: bytes


SERVICE_SOCKET = Path("/run/shuttergate/console.sock")


def socket_path() -> Path:
    """Return where pages look, for the service as for a kit started by hand."""
    if folder := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(folder, "console.sock")
    if folder := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(folder, "shuttergate-console.sock")
    return Path.home() / ".cache" / "shuttergate" / "console.sock"


def console_socket() -> Path:
    """Return where a console looks: at the installed kit, or at one of its own user."""
    return SERVICE_SOCKET if SERVICE_SOCKET.exists() else socket_path()
