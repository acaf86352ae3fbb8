"""What a photo or video states of itself where the kit has credentials: by what it was cleared.

Made in the gate process, which knows that; signed in another, which adds nothing but its version.
Never a score, a place, a name of a kit or a serial number. All photos of a kit say the same until
its models, rules or settings change.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one head was held to; see `verdict.Thresholds`."""

    clear_below: float
    block_at: float


class LookClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one look said, and its ``lines`` by head."""

    verdict: Literal["clear"] = "clear"
    lines: dict[str, Lines] = {}


Camera = Literal["real", "simulated"]


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rule``: the sha256 of the nudity rule's numbers; ``packs``, ``taught``: a sha256 by name.

    ``looks``: "live", and "second" where there was one. ``camera``: a simulated one takes nothing,
    it shows what it was given; whoever does not say otherwise claims no more.
    """

    rule: str = ""
    packs: dict[str, str] = {}
    taught: dict[str, str] = {}
    looks: dict[str, LookClaim] = {}
    camera: Camera = "simulated"

    def also(self, later: Claims) -> Claims:
        """Return what was so all along: of taught rules those that ``later`` has, too."""
        taught = {
            name: sum_ for name, sum_ in self.taught.items() if later.taught.get(name) == sum_
        }
        return msgspec.structs.replace(self, taught=taught)
