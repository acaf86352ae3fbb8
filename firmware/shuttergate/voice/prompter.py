"""The kit's end of the voice: tells its process which word to say, and never waits for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from types import TracebackType

import msgspec

from shuttergate import feed
from shuttergate.clock import since_boot_s
from shuttergate.companion import Companion
from shuttergate.config import VoiceSettings
from shuttergate.voice.herald import Herald
from shuttergate.voice.process import VoiceStart, beside, byte_of
from shuttergate.voice.spoken import Tongue

MAX_PACKET_BYTES = 4096

_mute = msgspec.json.Decoder(feed.VoiceMute)


class Prompter:
    """Use as a context manager, beside a supervisor that starts its `companions`: none if off."""

    def __init__(self, settings: VoiceSettings, clock: Callable[[], float] = since_boot_s) -> None:
        self._clock = clock
        self._herald = Herald()
        self._ours, self._theirs = feed.pair()
        self._ours.setblocking(False)
        self.companions: list[Companion] = []
        if settings.language != "off":
            start = VoiceStart(Tongue(settings.language), settings.device)
            self.companions = [beside(self._theirs.fileno(), start)]

    def __enter__(self) -> Prompter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ours.close()
        self._theirs.close()

    def attend(self, status: feed.Status | None, news: Iterable[feed.News]) -> list[feed.News]:
        """Have said what is due, and return what the voice itself tells.

        ``status``: None while the gate process is not heard. A process that hangs, or is not there,
        leaves words lying until there is no room for more: they are let go.
        """
        if not self.companions:
            return []
        word = self._herald.hears(status, news, self._clock())
        if word is not None:
            with contextlib.suppress(OSError):
                self._ours.send(byte_of(word))
        told: list[feed.News] = []
        with contextlib.suppress(OSError, ValueError, RecursionError):
            while packet := self._ours.recv(MAX_PACKET_BYTES):
                told.append(_mute.decode(packet))
        return told
