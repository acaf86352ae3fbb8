"""The hatch's messages: what passes, and what is refused."""

from __future__ import annotations

import socket

import msgspec
import pytest

from shuttergate.capture import hatch
from shuttergate.claims import Claims
from shuttergate.system.framing import framed


@pytest.mark.parametrize("size", [0, -1, hatch.MAX_PARCEL_BYTES + 1])
def test_a_parcel_of_a_senseless_size_is_refused(size: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        hatch.send(ours, hatch.Parcel(1, 1, size))
        ours.shutdown(socket.SHUT_WR)  # who takes it all the same is not left waiting
        with pytest.raises(ValueError, match="a parcel of"):
            hatch.receive_order(theirs)


@pytest.mark.parametrize(
    "order",
    [hatch.Parcel(1, 1_800_000_000_000, 3, Claims()), hatch.NewVideo(2, 1, Claims())],
)
def test_a_photo_and_a_video_carry_their_claims(order: hatch.Parcel | hatch.NewVideo) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        content = b"abc" if isinstance(order, hatch.Parcel) else b""
        hatch.send(ours, order, content)
        assert hatch.receive_order(theirs) == (order, content)


@pytest.mark.parametrize("claim", ["serial_number", "place", "name"])
def test_a_claim_that_nobody_knows_does_not_pass(claim: str) -> None:
    ours, theirs = socket.socketpair()
    order = msgspec.to_builtins(hatch.NewVideo(1, 1)) | {"claims": {claim: "7"}}
    with ours, theirs:
        ours.sendall(framed(msgspec.json.encode(order)))
        with pytest.raises(ValueError, match=claim):
            hatch.receive_order(theirs)
