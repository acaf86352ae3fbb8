"""The socket between gate and supervisor, where one of the two talks nonsense."""

from __future__ import annotations

import pytest

from shuttergate import feed


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00",
        b"{}",
        b'{"event":"status"}',
        b'{"x":' + b"[" * 2000,
        b'{"event":"stderr","process":"\xff"}',
    ],
)
def test_a_gate_that_talks_nonsense_does_not_take_the_supervisor_along(packet: bytes) -> None:
    ours, theirs = feed.pair()
    with ours, theirs:
        leash = feed.Leash(theirs)
        ours.send(packet)
        heard = leash.receive()
        assert isinstance(heard, feed.Nonsense)
        assert len(heard.error) <= 200
        feed.Link(ours).send(feed.AlbumReady())
        assert leash.receive() == feed.AlbumReady()
