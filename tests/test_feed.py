"""The socket between gate and supervisor, where one of the two talks nonsense."""

from __future__ import annotations

import pytest

from shuttergate import feed


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00",
        b"{}",
        b'{"type":"status"}',
        b'{"x":' + b"[" * 2000,
        b'{"type":"log","event":"\xff"}',
    ],
)
def test_a_gate_that_talks_nonsense_does_not_take_the_supervisor_along(packet: bytes) -> None:
    ours, theirs = feed.pair()
    with ours, theirs:
        leash = feed.Leash(theirs)
        ours.send(packet)
        heard = leash.receive()
        assert isinstance(heard, feed.Log) and heard.event == "gate talks nonsense"
        assert len(heard.fields["error"]) <= 200
        feed.Link(ours).log("well")
        assert leash.receive() == feed.Log("well")
