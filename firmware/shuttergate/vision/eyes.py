"""The channels a board looks with: the live ones, and those of the second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shuttergate.errors import ConfigError, PackError
from shuttergate.share import share
from shuttergate.verdict import Look, Thresholds
from shuttergate.vision.channel import Channel
from shuttergate.vision.pack import read_pack
from shuttergate.vision.secondlook import SecondLook

Limits = dict[str, Thresholds]


class Engine(Protocol):
    """How many threads each interpreter has."""

    @property
    def threads(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Eyes:
    """``lores_shape`` is (height, width, 3), the same for every channel."""

    live: tuple[Channel, ...]
    look: tuple[Channel, ...]
    second_look: SecondLook
    lores_shape: tuple[int, int, int]

    def limits(self, which: Look, own: Mapping[str, Thresholds]) -> Limits:
        """Return the thresholds of this look's channels: the pack's, or stricter ones in `own`.

        Raises `ConfigError` for laxer ones: a setting must not be able to switch the gate off.
        """
        channels = self.live if which is Look.LIVE else self.look
        limits = {channel.name: own.get(channel.name, channel.limits) for channel in channels}
        for channel in channels:
            refuse_laxer(channel.name, limits[channel.name], channel.limits)
        return limits


def refuse_laxer(name: str, own: Thresholds, packs: Thresholds) -> None:
    """Raise `ConfigError` naming the key, if `own` lets a picture pass that `packs` would not."""
    for key in ("clear_below", "block_at"):
        mine, theirs = getattr(own, key), getattr(packs, key)
        if mine > theirs:
            raise ConfigError(
                f"thresholds.{name}.{key}: {mine} is laxer than the model pack's {theirs}; "
                f"a kit may only be stricter: use {theirs} or less, or take it out"
            )


def open_eyes(live: Sequence[str], look: Sequence[str], engine: Engine) -> Eyes:
    """Open the named packs, verified; raise `PackError` naming the pack and the mend."""
    packs = {name: read_pack(share("models") / name) for name in dict.fromkeys((*live, *look))}
    sizes = {name: pack.lores_size for name, pack in packs.items()}
    if len(set(sizes.values())) != 1:
        raise PackError(f"model packs want pictures of different sizes: {sizes}; use one size")
    # One interpreter a pack, for both looks: what the self-test tests is what judges the press, and
    # neither memory nor an accelerator has to hold a model twice. They take turns, view by view.
    channels = {
        name: Channel(pack, pack.model(pack.content(), engine.threads))
        for name, pack in packs.items()
    }
    looking = tuple(channels[name] for name in look)
    width, height = next(iter(sizes.values()))
    return Eyes(
        tuple(channels[name] for name in live),
        looking,
        SecondLook(looking, (width, height)),
        (height, width, 3),
    )
