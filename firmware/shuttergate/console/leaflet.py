"""The invitation as a terminal shows it: a QR code, and beside it what to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from shuttergate.columns import wrapped
from shuttergate.console.access import LanMay
from shuttergate.console.invitation import Invite
from shuttergate.lang import _
from shuttergate.print import qr

MARGIN, GAP = 1, 2
WORDS, FEWEST_WORDS = 39, 32
"""Columns of what stands beside the code: with it 79 in all, in a terminal of 80. No address is
longer than the fewest."""


def leaflet(invite: Invite, width: int) -> str:
    """Return its lines for a terminal of `width` columns; a code that has no room is left out."""
    alone = max(FEWEST_WORDS, min(2 * WORDS, width - MARGIN - 1))
    if not invite.addresses:
        return _joined(wrapped(_nobody(), alone))
    if not invite.for_phones:
        return _joined([*_at_hand(invite, alone)])
    rows = qr.modules(invite.link(invite.addresses[0]))
    code, size = qr.lines(rows), len(rows)
    left = width - MARGIN - size - GAP - 1
    if left >= FEWEST_WORDS:
        beside = list(_lines(invite, min(WORDS, left)))
        both = zip_longest(code, beside, fillvalue="")
        return _joined([(one or " " * size) + " " * GAP + other for one, other in both])
    return _joined([*(code if size + MARGIN < width else ()), *_lines(invite, alone)])


def _joined(lines: list[str]) -> str:
    return "\n".join((" " * MARGIN + line).rstrip() for line in lines)


def _lines(invite: Invite, width: int) -> Iterator[str]:
    yield ""
    yield from wrapped(
        _(
            "For phones in the same network: point the camera at the code, open the link, and tap "
            "Join."
        ),
        width,
    )
    yield ""
    first, *others = invite.addresses
    yield from wrapped(_("Without a camera, open"), width)
    yield f"  {first}"
    yield from wrapped(_("and type the pairing code:"), width)
    yield f"  {invite.spoken}"
    yield ""
    if others:
        yield from wrapped(_("If that leads nowhere, one of these:"), width)
        yield from (f"  {one}" for one in others)
        yield ""
    yield from wrapped(_may(invite.lan_may), width)
    yield ""
    yield from wrapped(
        _("The way is not encrypted, and browsers say so. Use a network of your own."), width
    )


def _at_hand(invite: Invite, width: int) -> Iterator[str]:
    """Yield what to do on the computer around a container: no phone gets there by its address."""
    first = invite.addresses[0]
    yield ""
    yield from wrapped(_("In a browser of this computer, open this and click Join:"), width)
    yield f"  {invite.link(first)}"
    yield from wrapped(
        _("or open {address} and type the pairing code: {code}").format(
            address=first, code=invite.spoken
        ),
        width,
    )
    yield ""


def _may(lan_may: LanMay) -> str:
    match lan_may:
        case LanMay.LOOK:
            return _("Whoever joins may look.")
        case LanMay.TEACH:
            return _("Whoever joins may look, and teach the camera an object.")
        case LanMay.PRESS:
            return _("Whoever joins may look, teach the camera an object, and press the shutter.")
        case LanMay.BREAK:
            return _(
                "Whoever joins may look, teach the camera an object, press the shutter, and break "
                "things."
            )


def _nobody() -> str:
    return _(
        "This computer is in no network by which phones could reach it. Join one: its address is "
        "shown here then."
    )
