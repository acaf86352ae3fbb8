"""What the gate process tells its supervisor, and what it is told: one JSON message a packet.

No picture ever goes this way (pages get theirs from `viewfinder.py`), and no message is waited for:
a listener that stalls misses some, and every `Status` carries the totals and the newest names in
the album, so that nothing that is missed is lost.

What happens is an `Event`. `words.py` says each of them, for the log and for people.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from shuttergate.errors import Phrase, ShuttergateError, phrase
from shuttergate.verdict import Fault, Reason, Rule

MAX_PACKET_BYTES = 64 * 1024


class Message(msgspec.Struct, frozen=True, tag_field="event"):
    """Base of all that the gate process tells."""


class Event(Message, frozen=True, omit_defaults=True):
    """Something that happened; its tag is its name in the log, unless `words.py` says another."""


Said = Phrase | msgspec.UnsetType
"""What people are told of an error, in their language; the log has its English words only."""


def said(cause: object) -> Said:
    """Return what people are to be told of a cause, where it can be said in other languages."""
    found = cause.phrase if isinstance(cause, ShuttergateError) else cause
    return found if isinstance(found, Phrase) else msgspec.UNSET


Tell = Callable[[Event], None]
"""Whoever hears of what happens."""


class GateChanged(Event, frozen=True, tag="gate"):
    """The gate opened or closed, or stays closed for another reason."""

    state: Literal["OPEN", "CLOSED"]
    reason: Reason
    faults: list[Fault]
    scores: dict[str, float]


class Photo(Event, frozen=True, tag="photo"):
    """A photo is in the album, so many milliseconds after its press was felt."""

    name: str
    frame: int
    scores: dict[str, float]
    ms: float


class PressRefused(Event, frozen=True, tag="press refused"):
    """A press gave no photo."""

    reason: Reason
    detail: str = ""
    faults: list[Fault] = []
    said: Said = msgspec.UNSET  # of the detail


class QuestionPut(Event, frozen=True, tag="asked"):
    """A press met a gate that a taught rule alone keeps closed, and the kit asks: are you sure?

    It names neither the rule nor the answer; lines beside it do. A yes is to be said within
    ``answer_s``, by holding the button for ``hold_s``.
    """

    answer_s: float
    hold_s: float


class Video(Event, frozen=True, tag="video"):
    """A video is in the album, so many milliseconds after it ``ended`` (see `Recorded`)."""

    name: str
    ended: str
    frames: int
    seconds: float
    ms: float


class VideoLost(Event, frozen=True, tag="video lost"):
    """A recording came to nothing."""

    reason: Reason
    detail: str = ""
    said: Said = msgspec.UNSET  # of the detail


class Unsigned(Event, frozen=True, tag="unsigned"):
    """A photo or video was kept without the credential that it was to have."""

    name: str
    cause: str
    said: Said = msgspec.UNSET


class NoVideo(Event, frozen=True, tag="no video"):
    """No press can become a video here."""

    cause: str
    said: Said = msgspec.UNSET


class FaultBegan(Event, frozen=True, tag="fault"):
    """Something broke: the gate is closed until it is mended."""

    fault: Fault
    error: str
    said: Said = msgspec.UNSET


class CameraWorks(Event, frozen=True, tag="camera works again"):
    """A camera that had failed gives frames again."""

    camera: str


class CameraSlow(Event, frozen=True, tag="camera slow"):
    """A frame was so old when the next one was judged that the gate cannot open before it."""

    camera: str
    age_ms: int
    max_age_ms: int


class ComputerBusy(Event, frozen=True, tag="computer busy"):
    """The gate closed so often, within so long, because a verdict came too late."""

    closings: int
    within_s: float


class CameraGivenUp(Event, frozen=True, tag="camera given up"):
    """This process could not get its camera back; another one is to try, with a fresh library."""

    error: str
    tried_s: float
    said: Said = msgspec.UNSET


class ClockSet(Event, frozen=True, tag="clock set"):
    """The computer's clock was put on by so many seconds, or back: photos are dated by it."""

    by_s: float


class AlbumReady(Event, frozen=True, tag="album ready"):
    """The album can be written to."""


class PublisherLost(Event, frozen=True, tag="publisher"):
    """The publisher ended, fell silent, or another took its place."""

    how: Literal["gone", "silent", "replaced"]


class AcceleratorChanged(Event, frozen=True, tag="accelerator"):
    """What is known of the accelerator changed."""

    state: str
    cause: str
    said: Said = msgspec.UNSET


class FrameBuffers(Event, frozen=True, tag="frame buffers"):
    """The memory for frames was taken; ``locked``: it cannot be swapped out."""

    megabytes: int
    locked: bool


class PictureSkipped(Event, frozen=True, tag="picture skipped"):
    """A picture of a simulated camera's folder cannot be shown."""

    cause: str
    said: Said = msgspec.UNSET


class Switch(Event, frozen=True, tag="switch"):
    """A fault switch was turned on or off."""

    fault: str
    on: bool


class SwitchRefused(Event, frozen=True, tag="fault refused"):
    """A fault switch that is not there, or does nothing."""

    fault: str
    cause: str
    said: Said = msgspec.UNSET


class ThreadDied(Event, frozen=True, tag="thread died"):
    """A thread of the gate process ended by an error: the process ends with it."""

    thread: str
    error: str


class RulesChanged(Event, frozen=True, tag="rules changed"):
    """The rules of both looks are others from now on; ``taught``: the names of those taught."""

    live: Rule
    look: Rule
    taught: list[str]


class RuleRefused(Event, frozen=True, tag="rule refused"):
    """A rule that was to be enforced, or tried, cannot be; what was in force stays so."""

    name: str
    cause: str
    said: Said = msgspec.UNSET


class Stderr(Event, frozen=True, tag="stderr"):
    """A line that a process of the kit wrote to its stderr."""

    process: str
    line: str


class VoiceMute(Event, frozen=True, tag="voice mute"):
    """Nothing can be heard of the voice; told once, until something can be."""

    cause: str
    said: Said = msgspec.UNSET


class ChildEnded(Event, frozen=True, tag="ended"):
    """A process of the kit ended; it is started again after ``restart_s``."""

    process: str
    how: str
    restart_s: float


class ChildFrozen(Event, frozen=True, tag="frozen"):
    """A process of the kit gave no sign for ``silent_s``, and is ended.

    ``doing``: the step of its start at which it was, if any.
    """

    process: str
    silent_s: float
    doing: str = ""


class Nonsense(Event, frozen=True, tag="gate talks nonsense"):
    """A packet from the gate process was none."""

    error: str


class Timing(msgspec.Struct, frozen=True):
    """How long something took: ``counts[i]`` times below ``edges_ms[i]``, the last above all."""

    edges_ms: list[float]
    counts: list[int]
    sum_ms: float


class Total(StrEnum):
    """What is counted; each has counts by label."""

    FRAMES = "frames"  # by decision
    PHOTOS = "photos"  # PUBLISHED
    VIDEOS = "videos"  # PUBLISHED
    REFUSED = "refused"  # presses, by reason
    LOST = "lost"  # recordings that came to nothing, by reason
    ASKED = "asked"  # questions, PUT, and those that were answered with YES
    TESTS = "tests"  # known answers, RIGHT or WRONG


PUBLISHED, RIGHT, WRONG = "published", "right", "wrong"
PUT, YES = "put", "yes"

Totals = dict[Total, dict[str, int]]
"""The one mapping of all counts: whatever counts, adds up or shows them goes through it."""


def add(totals: Totals, more: Mapping[Total, Mapping[str, int]]) -> Totals:
    """Add `more` to `totals`, and return these."""
    for what, counts in more.items():
        own = totals.setdefault(what, {})
        for label, count in counts.items():
            own[label] = own.get(label, 0) + count
    return totals


def count(totals: Mapping[Total, Mapping[str, int]], what: Total, label: str | None = None) -> int:
    """Return a count, of all labels unless one is named."""
    counts = totals.get(what, {})
    return sum(counts.values()) if label is None else counts.get(label, 0)


class OpenQuestion(msgspec.Struct, frozen=True):
    """The question that stands: ``left_s`` of ``answer_s`` for a yes.

    ``held_s``: for how long of ``hold_s`` the button is held for it; None while it is not.
    """

    left_s: float
    answer_s: float
    hold_s: float
    held_s: float | None = None


class Status(Message, frozen=True, tag="status"):
    """The gate as it stands, with totals since the process began. Also its heartbeat."""

    open: bool
    reason: Reason
    faults: list[Fault]
    scores: dict[str, float]
    fps: float
    oldest_ms: float  # the greatest age that a frame had when it was judged
    totals: Totals
    recording_s: float | None  # how long the video in the making is
    runs_on: str  # "cpu", "edgetpu", or one of them with what is wrong with the other
    photos: list[str]  # and videos: the newest names in the album
    timings: dict[str, Timing]  # verdict, models, second look, photo; see `tally.Tally`
    at_s: float = 0.0  # since boot: the one moment that `open` and `line` tell of
    opened_s: float | None = None  # since boot: since when it is OPEN; the line rose no sooner
    line: bool | None = None  # the simulated line's level, by its meter
    video: bool = True  # whether a press that is held can become one
    question: OpenQuestion | None = None  # "are you sure?"


class StartStep(Message, frozen=True, tag="step"):
    """The gate process starts, and begins what comes next: also a sign of life."""

    doing: str


class Ready(Message, frozen=True, tag="ready"):
    """The first verdict has been given, by the rule of the live look; ``look``: of the second.

    ``start_s``: from the start of the process; the supervisor knows it.
    """

    camera: str
    live: Rule = Rule({})
    look: Rule = Rule({})
    start_s: float = 0.0
    embedder: str = ""  # the sha256 of the network with which it can be taught; "": it cannot


class ExampleTaken(Message, frozen=True, tag="example"):
    """What was asked for by `TakeExample`: no picture, but what a network makes of one.

    ``embeddings``: of each view of one frame, shape (views, width), float32, little-endian.
    """

    number: int
    views: int
    embeddings: bytes


class ExampleRefused(Message, frozen=True, tag="no example"):
    """Nothing is kept of the frame that was to be an example; ``reason``: what its look said."""

    number: int
    reason: Reason


class Refused(Message, frozen=True, tag="refused to start"):
    """The gate process will not start, and starting it again would not help.

    ``status`` is the command's exit status: 1 for a fault, 2 for the configuration; ``said``: the
    cause for people, in their language.
    """

    cause: str
    status: int = 1
    said: Said = msgspec.UNSET

    @property
    def words(self) -> Phrase:
        """The cause, to be told to people."""
        return phrase("{cause}", cause=self.said or self.cause)


class PublisherSilent(Message, frozen=True, tag="silent"):
    """The publisher says nothing any more: it is to be ended, and another started."""


class Level(Message, frozen=True, tag="level"):
    """The simulated permissive line changed its level: what a meter on the wire would show."""

    high: bool
    at_s: float  # since boot


class Hatch(msgspec.Struct, frozen=True, tag="hatch"):
    """A publisher is ready; its end of the hatch comes with this packet as a descriptor."""


class Finger(msgspec.Struct, frozen=True, tag="finger"):
    """Press or release the simulated button; ignored on a board with a real one."""

    down: bool


class Inject(msgspec.Struct, frozen=True, tag="inject"):
    """Switch a fault of `injection.py` on or off; refused on a board with real pins and camera."""

    fault: str
    on: bool


class Show(msgspec.Struct, frozen=True, tag="show"):
    """Show a scene of the stage to the simulated camera; for so many exposures only, unless 0."""

    scene: str
    exposures: int = 0


class View(msgspec.Struct, frozen=True, tag="view"):
    """A page is there; the way for its pictures comes with this packet as a descriptor."""


class TaughtHead(msgspec.Struct, frozen=True):
    """As much of a taught rule as judges: none of its examples; see `policy.rule_file.TaughtRule`.

    ``embedder``: sha256 of the network that it reads. ``weights``: float32, little-endian.
    ``sha256``: of the rule's file.
    """

    name: str
    embedder: str
    weights: bytes
    bias: float
    line: float
    sha256: str


class TakeExample(msgspec.Struct, frozen=True, tag="take example"):
    """Give the numbers of the next frame that clears the nudity rule; ``number``: the answer's."""

    number: int


class Try(msgspec.Struct, frozen=True, tag="try"):
    """Say what this rule would say of each frame, and let it decide nothing; None: no rule."""

    rule: TaughtHead | None


class Enforce(msgspec.Struct, frozen=True, tag="enforce"):
    """Close for what this rule blocks, from now on; one of the same name makes way."""

    rule: TaughtHead


class Lift(msgspec.Struct, frozen=True, tag="lift"):
    """Take back what was enforced under that name; one of the settings comes back."""

    name: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Line low, and end."""


AnyEvent = (
    GateChanged
    | Photo
    | PressRefused
    | QuestionPut
    | Video
    | VideoLost
    | Unsigned
    | NoVideo
    | FaultBegan
    | CameraWorks
    | CameraSlow
    | ComputerBusy
    | CameraGivenUp
    | ClockSet
    | AlbumReady
    | PublisherLost
    | AcceleratorChanged
    | FrameBuffers
    | PictureSkipped
    | Switch
    | SwitchRefused
    | RulesChanged
    | RuleRefused
    | ThreadDied
    | Stderr
    | VoiceMute
    | ChildEnded
    | ChildFrozen
    | Nonsense
)
News = (
    AnyEvent
    | Status
    | StartStep
    | Ready
    | Refused
    | PublisherSilent
    | Level
    | ExampleTaken
    | ExampleRefused
)
Logged = AnyEvent | Ready | Refused
"""What belongs into the log."""
Lesson = TakeExample | Try | Enforce | Lift
"""What belongs to teaching."""
Order = Hatch | Finger | Inject | Show | View | Lesson | Stop

_news = msgspec.json.Decoder(News)
_orders = msgspec.json.Decoder(Order)


class Link:
    """The gate's end: sends without ever waiting, receives orders."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def send(self, news: Message) -> None:
        """Send, or drop it where the supervisor does not keep up."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._sock.send(msgspec.json.encode(news))

    def receive(self) -> tuple[Order, list[int]] | None:
        """Return the next order and the descriptors it brought; None: the supervisor is gone.

        Raises BlockingIOError when there is none.
        """
        packet, descriptors, _, _ = socket.recv_fds(self._sock, MAX_PACKET_BYTES, 1)
        return (_orders.decode(packet), descriptors) if packet else None


class Leash:
    """The supervisor's end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def send(self, order: Order, descriptors: tuple[int, ...] = ()) -> None:
        """Send an order; one that a dead gate process cannot hear is dropped."""
        with contextlib.suppress(OSError):
            socket.send_fds(self._sock, [msgspec.json.encode(order)], descriptors)

    def receive(self) -> News | None:
        """Return the next news, or None when there is none now or never again.

        A gate process that talks nonsense must not take the supervisor along, which ends it when
        its heartbeat stays away.
        """
        try:
            packet = self._sock.recv(MAX_PACKET_BYTES)
        except (BlockingIOError, ConnectionError):
            return None
        try:
            return _news.decode(packet) if packet else None
        except (ValueError, RecursionError) as error:
            return Nonsense(str(error)[:200])

    def close(self) -> None:
        """Let go."""
        self._sock.close()


def pair(
    kind: socket.SocketKind = socket.SOCK_SEQPACKET,
) -> tuple[socket.socket, socket.socket]:
    """Return two connected ends: packets arrive whole, in order, or not at all.

    Both have a name that the kernel chose, and so can get no other: whoever takes over a process
    that holds one cannot write to the disk, or tell anybody, by naming it.
    """
    ends = socket.socketpair(socket.AF_UNIX, kind)
    for end in ends:
        end.bind("")  # abstract, and five hexadecimal digits: "autobind" in unix(7)
    return ends
