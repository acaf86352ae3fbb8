"""The configuration: every setting, its default, and a sentence for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shuttergate import board, gate, question
from shuttergate.errors import ConfigError, listed
from shuttergate.feed import TaughtHead
from shuttergate.system.toml import Table, decode, path_of
from shuttergate.verdict import Thresholds

OPENING_S = 1.0
"""Within this come the CLEAR frames that an opening needs: it is as long as the usual hold-off,
during which they are counted."""


class GateSettings(Table, frozen=True):
    """The gate's four numbers; see `gate.Rules`."""

    clear_frames: Annotated[int, Meta(ge=1, le=1000)] = 5
    max_age_ms: Annotated[int, Meta(ge=20, le=2000)] = 250
    hold_off_s: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    settle_ms: Annotated[int, Meta(ge=20, le=2000)] = 50

    @property
    def slowest_fps(self) -> float:
        """The fewest frames a second with which a gate opens in a second, and then stays open.

        The newest CLEAR frame has to speak until the next one is exposed, and then judged: that may
        take two frames' times.
        """
        return max(2000 / self.max_age_ms, self.clear_frames / OPENING_S)

    def rules(self) -> gate.Rules:
        """Return the gate's rules, in seconds."""
        return gate.Rules(
            self.clear_frames, self.max_age_ms / 1000, self.hold_off_s, self.settle_ms / 1000
        )


class SceneSettings(Table, frozen=True):
    """What the simulated camera looks at; an empty path is the built-in room."""

    path: str = ""
    picture_s: Annotated[float, Meta(gt=0, le=3600)] = 1.0


class AlbumSettings(Table, frozen=True):
    """Where photos go, and how; an empty folder is Pictures/shuttergate in the home folder.

    ``longest_side``: "judged" is the largest picture in which nothing can be made out that the
    models could not; a number in pixels can only make it smaller.
    ``marks``: what programs read: not for training, and whether a camera took it.
    """

    folder: str = ""
    marks: bool = True
    jpeg_quality: Annotated[int, Meta(ge=1, le=100)] = 90
    longest_side: Literal["judged"] | Annotated[int, Meta(ge=320, le=8192)] = "judged"


class VideoSettings(Table, frozen=True):
    """Recording: how long a press is held until it begins, how long what surrounds a frame must be
    CLEAR, how much comes from before the press, and how long it may last."""

    hold_s: Annotated[float, Meta(ge=0.3, le=10)] = 0.8
    lead_s: Annotated[float, Meta(ge=0.1, le=5)] = 0.5
    preroll_s: Annotated[float, Meta(ge=0, le=5)] = 1.0
    max_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    longest_side: Annotated[int, Meta(ge=320, le=4096)] = 1280
    codec: Literal["libx264", "h264_v4l2m2m", "off"] = "libx264"


class VisionSettings(Table, frozen=True):
    """How often the models are asked for their known answers."""

    selftest_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0


class LookSettings(Table, frozen=True):
    """Which channels look live and how many frames a second, as `doctor --measure` found it on the
    kit; empty and 0: as the board says. It may add channels to the board's live ones, and lower its
    rate, and nothing else."""

    live: list[str] = []
    fps: Annotated[float, Meta(ge=0, le=120)] = 0.0


class PolicySettings(Table, frozen=True):
    """Rules that the kit was taught, beside the nudity rule: their files, in any order.

    They can only close; no setting takes the nudity rule away, or makes it laxer. ``ask``: whoever
    presses where one of them alone closes is asked, and may say yes within ``answer_s``, by holding
    the button for ``hold_s``. Of nudity nobody is asked.
    """

    rules: Annotated[list[str], Meta(max_length=16)] = []
    ask: bool = False
    answer_s: Annotated[float, Meta(ge=10, le=600)] = 10.0
    hold_s: Annotated[float, Meta(ge=3, le=60)] = 3.0

    def terms(self, rules: gate.Rules) -> question.Terms:
        """Return how the kit asks."""
        return question.Terms(rules, self.ask, self.answer_s, self.hold_s)


class CredentialSettings(Table, frozen=True):
    """The class for which photos and videos are signed, by its file; empty: nothing is signed.

    ``required``: what cannot be signed is not kept.
    """

    class_file: str = msgspec.field(default="", name="class")
    required: bool = True


class PageSettings(Table, frozen=True):
    """The page: its port, where other devices reach it if not at this computer's own addresses, and
    a line on whom to talk to when the camera will not take a picture."""

    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    lan_at: Annotated[str, Meta(max_length=60, pattern=r"^([a-z0-9.-]+(:[0-9]{1,5})?)?$")] = ""
    contact: Annotated[str, Meta(max_length=200)] = ""


class VoiceSettings(Table, frozen=True):
    """What the kit says aloud, for people who cannot see its lamp: in which language, and on which
    of ALSA's devices; an empty one is the first that plays."""

    language: Literal["off", "en", "ja"] = "off"
    device: Annotated[str, Meta(max_length=100)] = ""


class ThresholdSettings(Table, frozen=True):
    """Thresholds for one channel, instead of its model pack's own."""

    clear_below: float
    block_at: float


class PinChanges(Table, frozen=True):
    """Pins that differ from the board's own (BCM numbers)."""

    enable: int | None = None
    shutter: int | None = None
    shutter_sense: int | None = None
    lamp_clear: int | None = None
    lamp_blocked: int | None = None
    lamp_wait: int | None = None
    buzzer: int | None = None


class Config(Table, frozen=True):
    """The whole of the configuration file. Every key may be left out."""

    board: str = "simulated"
    gate: GateSettings = GateSettings()
    scene: SceneSettings = SceneSettings()
    album: AlbumSettings = AlbumSettings()
    video: VideoSettings = VideoSettings()
    vision: VisionSettings = VisionSettings()
    looks: LookSettings = LookSettings()
    policy: PolicySettings = PolicySettings()
    credentials: CredentialSettings = CredentialSettings()
    page: PageSettings = PageSettings()
    voice: VoiceSettings = VoiceSettings()
    thresholds: dict[str, ThresholdSettings] = {}
    pins: PinChanges = PinChanges()

    def limits(self) -> dict[str, Thresholds]:
        """Return the thresholds that stand in for their packs' own, by channel."""
        return {
            name: Thresholds(own.clear_below, own.block_at) for name, own in self.thresholds.items()
        }


class KitStart(msgspec.Struct, frozen=True):
    """What a process that judges starts with; ``taught``: rules that a page put into force."""

    config: Config
    taught: list[TaughtHead] = []


def class_file(config: Config) -> Path | None:
    """Return the file of the class that this kit signs for, if any; raise `ConfigError`."""
    name = config.credentials.class_file
    return path_of(name, "credentials.class").absolute() if name else None


def read_config(path: Path | None) -> Config:
    """Return the configuration at `path`, or the defaults; raise `ConfigError` (file and key)."""
    if path is None:
        return Config()
    config = decode(path, Config)
    if not config.policy.hold_s < config.policy.answer_s:
        raise ConfigError(
            "{path}: policy.hold_s: no yes that is held for {hold_s:g} s is in time, for "
            "policy.answer_s is {answer_s:g} s; write less",
            path=path,
            hold_s=config.policy.hold_s,
            answer_s=config.policy.answer_s,
        )
    for name, limits in config.thresholds.items():
        try:
            Thresholds(limits.clear_below, limits.block_at)
        except ValueError as error:
            raise ConfigError(
                "{path}: thresholds.{name}: {error}", path=path, name=name, error=error
            ) from error
    return config


def read_kit(config: Config, path: Path | None) -> board.Board:
    """Return the configured board with the configured pins and channels checked."""
    kit = board.read_board(config.board)
    changes = {
        part: pin for part, pin in msgspec.structs.asdict(config.pins).items() if pin is not None
    }
    if changes:
        kit = msgspec.structs.replace(kit, pins=msgspec.structs.replace(kit.pins, **changes))
        board.check_pins(kit.pins, path or Path("pins"))
    if config.policy.ask and kit.pins.shutter_sense is None:
        raise ConfigError(
            "{path}: policy.ask: the button of the board {board} has no second pole, and only that "
            "feels a press while the permissive line is low; fit one and name it as "
            "pins.shutter_sense, or set ask = false",
            path=path,
            board=kit.name,
        )
    channels = kit.channels.all
    unknown = sorted(set(config.thresholds) - set(channels))
    if unknown:
        raise ConfigError(
            "{path}: thresholds.{name}: the board {board} has no such channel; it has {channels}",
            path=path,
            name=unknown[0],
            board=kit.name,
            channels=listed(channels),
        )
    return _with_looks(kit, config, path)


def _with_looks(kit: board.Board, config: Config, path: Path | None) -> board.Board:
    """Return the board with the kit's own live channels and rate.

    Raises `ConfigError` where fewer channels would look live than the board's, or at a rate that is
    higher than the board's or too low for the gate.
    """
    asked, own = config.looks, kit.channels.live
    if unknown := [name for name in asked.live if name not in kit.channels.all]:
        raise ConfigError(
            "{path}: looks.live: the board {board} has no channel {name}; it has {channels}",
            path=path,
            board=kit.name,
            name=unknown[0],
            channels=listed(kit.channels.all),
        )
    missing = [name for name in own if name not in asked.live]
    if asked.live and missing:
        raise ConfigError(
            "{path}: looks.live: {missing} looks live on the board {board}, and a "
            "kit may only add channels; write it there, too, or leave the key empty",
            path=path,
            missing=listed(missing),
            board=kit.name,
        )
    if asked.fps > kit.camera.fps:
        raise ConfigError(
            "{path}: looks.fps: {fps:g} is more than the {board_fps:g} frames a "
            "second of the board {board}, and a kit may only lower it; write less, "
            "or 0",
            path=path,
            fps=asked.fps,
            board_fps=kit.camera.fps,
            board=kit.name,
        )
    slowest = config.gate.slowest_fps
    if 0 < asked.fps < slowest:
        raise ConfigError(
            "{path}: looks.fps: with {fps:g} frames a second a gate of max_age_ms "
            "= {age_ms} and clear_frames = {frames} hardly opens; write "
            "{slowest:.3g} or more, or 0",
            path=path,
            fps=asked.fps,
            age_ms=config.gate.max_age_ms,
            frames=config.gate.clear_frames,
            slowest=slowest,
        )
    live = list(dict.fromkeys((*own, *asked.live)))
    return msgspec.structs.replace(
        kit,
        camera=msgspec.structs.replace(kit.camera, fps=asked.fps or kit.camera.fps),
        channels=msgspec.structs.replace(kit.channels, live=live),
    )


def album_folder(config: Config) -> Path:
    """Return the album's folder, with ~ and variables expanded."""
    if config.album.folder:
        return path_of(config.album.folder, "album.folder").absolute()
    return Path.home() / "Pictures" / "shuttergate"
