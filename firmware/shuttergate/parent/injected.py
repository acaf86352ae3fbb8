"""Which fault switches are on; and the one that the parent itself turns: a disk that is full."""

from __future__ import annotations

import resource

from shuttergate import feed
from shuttergate.errors import cause_of, phrase
from shuttergate.injection import FaultSwitch


class Injected:
    """The faults of `injection.py` that are on, in the order in which they were switched on."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._news: list[feed.News] = []

    @property
    def faults(self) -> list[str]:
        """Those that are on."""
        return list(self._faults)

    @property
    def disk_is_full(self) -> bool:
        """Whether the publisher is to be refused every byte."""
        return FaultSwitch.DISK_FULL in self._faults

    def is_here(self, fault: str) -> bool:
        """Whether it is for `limit` to break, and not for the gate process."""
        return fault == FaultSwitch.DISK_FULL

    def set(self, fault: str, on: bool) -> bool:
        """Note that a switch is on or off; return whether that is new."""
        if on == (fault in self._faults):
            return False
        if on:
            self._faults.append(fault)
        else:
            self._faults.remove(fault)
        return True

    def orders(self) -> list[feed.Inject]:
        """Return what a gate process that starts anew is to be told."""
        return [feed.Inject(fault, True) for fault in self._faults if not self.is_here(fault)]

    def limit(self, publisher: int | None) -> None:
        """Have the kernel refuse process `publisher` every byte, or no longer, as the switch is."""
        fault = FaultSwitch.DISK_FULL
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)  # a child has its parent's
        try:
            if publisher is not None:
                limits = (0 if self.disk_is_full else soft, hard)
                resource.prlimit(publisher, resource.RLIMIT_FSIZE, limits)
        except ProcessLookupError:
            pass  # it has just ended; the next one gets its limit when it starts
        except OSError as error:
            self.set(fault, False)
            cause = phrase("the publisher's limit cannot be set ({cause})", cause=cause_of(error))
            self._news.append(feed.SwitchRefused(fault, str(cause), said=cause))
            return
        self._news.append(feed.Switch(fault, self.disk_is_full))

    def news(self) -> list[feed.News]:
        """Return what came of `limit` since last asked."""
        news, self._news = self._news, []
        return news
