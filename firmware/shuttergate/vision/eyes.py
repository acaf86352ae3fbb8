"""The channels a board looks with: the live ones, and those of the second look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from shuttergate.errors import ConfigError, PackError, Phrase, RuleError, listed
from shuttergate.legible import CUTS
from shuttergate.system.paths import share
from shuttergate.verdict import Look, Reason, Rule, Thresholds
from shuttergate.vision import coral
from shuttergate.vision.accelerator import Accelerator, AcceleratorState, Job, StandIn
from shuttergate.vision.channel import Channel, refuse_namesakes
from shuttergate.vision.embedder import Runs
from shuttergate.vision.head import Head
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.rule import Letters, read_rule
from shuttergate.vision.secondlook import SecondLook

NOTHING_TAUGHT: Mapping[str, Sequence[Head]] = MappingProxyType({})


class Engine(Protocol):
    """What the models run on; see `board.AcceleratorPart`."""

    @property
    def driver(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def library(self) -> str: ...
    @property
    def options(self) -> dict[str, str]: ...
    @property
    def fallback(self) -> str: ...


class Views(Protocol):
    """How finely is looked; see `board.ViewsPart`."""

    @property
    def photo(self) -> Sequence[int]: ...
    @property
    def video(self) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Eyes:
    """``lores_shape`` is (height, width, 3), the same for every channel."""

    live: tuple[Channel, ...]
    look: tuple[Channel, ...]
    second_look: SecondLook
    lores_shape: tuple[int, int, int]
    accelerator: Accelerator | None = None
    may_stand_in: bool = False
    video: tuple[Channel, ...] = ()  # what a video or a page needs besides the live ones
    film_look: SecondLook | None = None  # at each frame of a video
    letters: Letters = field(default_factory=Letters)

    @property
    def stands_in(self) -> bool:
        """Whether the CPU does the accelerator's work just now."""
        away = (
            self.accelerator is not None and self.accelerator.state is not AcceleratorState.WORKING
        )
        return away and self.may_stand_in

    @property
    def runs_on(self) -> str:
        """What answers just now, in a word or two, for page and log."""
        if self.accelerator is None:
            return "cpu"
        state = self.accelerator.state
        if state is AcceleratorState.WORKING:
            return "edgetpu"
        return f"cpu: edgetpu {state}" if self.may_stand_in else f"edgetpu {state}"

    @property
    def generation(self) -> int:
        """Changes whenever something else answers than before: it is to be tested first."""
        return 0 if self.accelerator is None else self.accelerator.generation

    @property
    def teachable(self) -> Channel | None:
        """The first live channel with which can be taught, if there is one."""
        return next((one for one in self.live if one.is_teachable), None)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Every channel, once."""
        return tuple(dict.fromkeys((*self.live, *self.look, *self.video)))

    def teach(self, heads: Mapping[str, Sequence[Head]]) -> None:
        """Have these be read besides the packs' own, by the sha256 of the network they read.

        No rule that was made before knows of them. Raises `ConfigError` where two have one name,
        or one has a model's, and changes nothing then.
        """
        every = [head for channel in self.channels for head in channel.heads[:1]]
        self._refuse_namesakes([*every, *(head for found in heads.values() for head in found)])
        for channel in self.channels:
            channel.teach(heads.get(channel.sha256, ()))

    def rule(self, which: Look, own: Mapping[str, Thresholds]) -> Rule:
        """Return the rule over this look's heads, by their own lines or stricter ones in `own`.

        Raises `ConfigError` for laxer ones: a setting must not be able to switch the gate off.
        """
        return self._rule(self.live if which is Look.LIVE else self.look, which, own)

    def film_rule(self, own: Mapping[str, Thresholds]) -> Rule:
        """Return the rule for what `film_look` says of a frame of a video; as `rule`."""
        look = self.film_look or self.second_look
        return self._rule(look.channels, Look.SECOND, own)

    def lead_rule(self, own: Mapping[str, Thresholds]) -> Rule:
        """Return as much of `page_rule` as the live channels can say."""
        return self._rule(self.live, Look.SECOND, own)

    def page_rule(self, own: Mapping[str, Thresholds]) -> Rule:
        """Return the rule for a page's picture, which live and video channels saw; as `rule`.

        It leaves the gate as a photo does, so its lines are the second look's.
        """
        return self._rule((*self.live, *self.video), Look.SECOND, own)

    def _rule(
        self, channels: Sequence[Channel], which: Look, own: Mapping[str, Thresholds]
    ) -> Rule:
        heads = [head for channel in channels for head in channel.heads]
        self._refuse_namesakes(heads)
        limits = {}
        for head in heads:
            usual = self.letters.lines.get(head.name, head.limits)
            chosen = own.get(head.name, usual)
            refuse_laxer(head.name, chosen, usual)
            # A setting says where it blocks, not why.
            limits[head.name] = replace(chosen, blocks_with=head.limits.blocks_with)
        return self.letters.rule(which, limits)

    def _refuse_namesakes(self, heads: Sequence[Head]) -> None:
        """As `channel.refuse_namesakes`; nor may a taught rule speak for a model of the letters.

        Also for one that does not look here: in its name it could open what another closes alone.
        """
        refuse_namesakes(heads)
        taught = {head.name for head in heads if head.limits.blocks_with is Reason.TAUGHT}
        if models := sorted(taught & set(self.letters.lines)):
            raise ConfigError(
                "a taught rule is called {names}, as a model of the nudity rule is; give it "
                "another name",
                names=listed(models),
            )


def refuse_laxer(name: str, own: Thresholds, packs: Thresholds) -> None:
    """Raise `ConfigError` naming the key, if `own` lets a picture pass that `packs` would not."""
    for key in ("clear_below", "block_at"):
        mine, theirs = getattr(own, key), getattr(packs, key)
        if mine > theirs:
            raise ConfigError(
                "thresholds.{name}.{key}: {mine} is laxer than the nudity rule's "
                "{theirs}; a kit may only be stricter: use {theirs} or less, or "
                "take it out",
                name=name,
                key=key,
                mine=mine,
                theirs=theirs,
            )


def open_eyes(
    live: Sequence[str],
    look: Sequence[str],
    engine: Engine,
    answer_limit_s: float = 1.0,
    on_state: Callable[[AcceleratorState, Phrase | str], None] = lambda state, cause: None,
    video: Sequence[str] = (),
    views: Views | None = None,
    rotation: int = 0,
    on_step: Callable[[str], None] = lambda doing: None,
    taught: Mapping[str, Sequence[Head]] = NOTHING_TAUGHT,
) -> Eyes:
    """Open the named packs, verified; raise `PackError` naming the pack and the mend.

    A frame of a video is looked at by ``look`` and ``video``, at ``views``; ``rotation``: degrees
    clockwise that bring a frame's main picture upright. An accelerator that is away is no error
    here: it is looked for again and again, and ``on_state`` is told. ``answer_limit_s``: how long
    it may take for one picture. ``on_step`` is told which model comes next. ``taught``: further
    heads by the sha256 of the model that they read; raises `RuleError` where that does not look.
    """
    packs = {
        name: read_pack(share("models") / name) for name in dict.fromkeys((*live, *look, *video))
    }
    models = {pack.manifest.sha256: name for name, pack in packs.items()}
    if len(models) < len(packs):
        same = next(name for name in packs if name not in models.values())
        other = models[packs[same].manifest.sha256]
        raise PackError(
            "model packs {same} and {other} hold one model; take one off the board",
            same=same,
            other=other,
        )
    refuse_strangers(taught, [packs[name] for name in live or look])
    sizes = {name: pack.lores_size for name, pack in packs.items()}
    if len(set(sizes.values())) != 1:
        raise PackError(
            "model packs want pictures of different sizes: {sizes}; use one size", sizes=sizes
        )
    accelerator = _accelerator(list(packs.values()), engine, answer_limit_s, on_state)
    may_stand_in = engine.fallback == "cpu"

    def model(pack: Pack) -> Runs:
        if accelerator is None or pack.manifest.edgetpu is None:
            return pack.model(pack.content(), engine.threads)
        if not may_stand_in:
            return accelerator
        return StandIn(accelerator, pack.model(pack.content(), engine.threads))

    def channel(name: str, pack: Pack) -> Channel:
        on_step(f"model {name}")
        return Channel(pack, model(pack), taught.get(pack.manifest.sha256, ()))

    # One interpreter a pack, for both looks: what the self-test tests is what judges the press, and
    # neither memory nor an accelerator has to hold a model twice. They take turns, view by view.
    channels = {name: channel(name, pack) for name, pack in packs.items()}
    looking = tuple(channels[name] for name in look)
    filming = tuple(channels[name] for name in dict.fromkeys((*look, *video)))
    width, height = next(iter(sizes.values()))
    return Eyes(
        tuple(channels[name] for name in live),
        looking,
        SecondLook(looking, (width, height), views.photo if views else CUTS, rotation),
        (height, width, 3),
        accelerator,
        may_stand_in,
        tuple(one for one in filming if one.name not in live),
        SecondLook(filming, (width, height), views.video if views else (), rotation),
        read_rule(share("models") / "rule.toml", packs.values()),
    )


def refuse_strangers(taught: Mapping[str, Sequence[Head]], packs: Sequence[Pack]) -> None:
    """Raise `RuleError` for heads whose embedding none of the packs gives to every frame."""
    for sha256, heads in taught.items():
        if sha256 not in {pack.manifest.sha256 for pack in packs}:
            raise RuleError(
                "the rule {name} was taught with another model ({sha256}…) than looks here "
                "({names}); teach it anew on this kit",
                name=heads[0].name,
                sha256=sha256[:16],
                names=listed(pack.name for pack in packs),
            )


def _accelerator(
    packs: Sequence[Pack],
    engine: Engine,
    answer_limit_s: float,
    on_state: Callable[[AcceleratorState, Phrase | str], None],
) -> Accelerator | None:
    if engine.driver != "edgetpu":
        return None
    fitting = [pack for pack in packs if pack.manifest.edgetpu is not None]
    if len(fitting) != 1:
        raise ConfigError(
            "accelerator.driver: an Edge TPU runs one model, and {number} of the "
            "board's packs bring one compiled for it; name one in channels, or set "
            'driver = "cpu"',
            number=len(fitting),
        )
    job = Job(engine.library, engine.options, fitting[0].compiled(), answer_limit_s)
    return Accelerator(job, fitting[0].compare_ports, on_state, coral.words)
