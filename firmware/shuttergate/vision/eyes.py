"""The channels a board looks with: the live ones, and those of the second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shuttergate.errors import ConfigError, PackError
from shuttergate.share import share
from shuttergate.verdict import Look, Thresholds
from shuttergate.vision.channel import Channel
from shuttergate.vision.pack import Pack, read_pack
from shuttergate.vision.secondlook import SecondLook

Limits = dict[str, Thresholds]


class Engine(Protocol):
    """How many threads each interpreter has."""

    @property
    def live_threads(self) -> int: ...
    @property
    def look_threads(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Eyes:
    """``lores_shape`` is (height, width, 3), the same for every channel."""

    live: tuple[Channel, ...]
    look: tuple[Channel, ...]
    second_look: SecondLook
    lores_shape: tuple[int, int, int]

    def limits(self, which: Look, own: Mapping[str, Thresholds]) -> Limits:
        """Return every channel's thresholds for this look: the pack's, or stricter ones in `own`.

        Raises `ConfigError` for laxer ones: a setting must not be able to switch the gate off.
        """
        channels = self.live if which is Look.LIVE else self.look
        return {
            channel.name: stricter(channel.name, own.get(channel.name), channel.limits)[which]
            for channel in channels
        }


def stricter(
    name: str, own: Thresholds | None, packs: Mapping[Look, Thresholds]
) -> Mapping[Look, Thresholds]:
    """Return the pack's thresholds for each look, lowered to `own` where that is lower.

    Raises `ConfigError` naming the key, if `own` lowers neither look's: a kit that asks for what it
    cannot have is told.
    """
    if own is None:
        return packs
    for key in ("clear_below", "block_at"):
        mine, theirs = getattr(own, key), max(getattr(limits, key) for limits in packs.values())
        if mine > theirs:
            raise ConfigError(
                f"thresholds.{name}.{key}: {mine} is laxer than the model pack's {theirs}; "
                f"a kit may only be stricter: use {theirs} or less, or take it out"
            )
    return {
        look: Thresholds(
            min(own.clear_below, limits.clear_below), min(own.block_at, limits.block_at)
        )
        for look, limits in packs.items()
    }


def open_eyes(live: Sequence[str], look: Sequence[str], engine: Engine) -> Eyes:
    """Open the named packs, verified; raise `PackError` naming the pack and the mend."""
    packs = {name: read_pack(share("models") / name) for name in dict.fromkeys((*live, *look))}
    sizes = {name: pack.lores_size for name, pack in packs.items()}
    if len(set(sizes.values())) != 1:
        raise PackError(f"model packs want pictures of different sizes: {sizes}; use one size")
    contents = {name: pack.content() for name, pack in packs.items()}

    def channels(names: Sequence[str], threads: int) -> tuple[Channel, ...]:
        return tuple(_channel(packs[name], contents[name], threads) for name in names)

    # Each has interpreters of its own: the live look goes on while the second is at work.
    looking = channels(look, engine.look_threads)
    width, height = next(iter(sizes.values()))
    return Eyes(
        channels(live, engine.live_threads),
        looking,
        SecondLook(looking, (width, height)),
        (height, width, 3),
    )


def _channel(pack: Pack, content: bytes, threads: int) -> Channel:
    return Channel(pack, pack.model(content, threads))
