"""A stream on two pipes: what a pair of sockets would do."""

from __future__ import annotations

import os
import threading

import pytest

from shuttergate.system.framing import fill
from shuttergate.system.pipes import Pipes, pipes

LARGE = bytes(range(256)) * 20_000  # more than a pipe holds


@pytest.mark.parametrize("limit_s", [None, 10.0])
def test_what_is_sent_comes_whole_each_way(limit_s: float | None) -> None:
    ours, theirs = pipes()
    with ours, theirs:
        for one, other in ((ours, theirs), (theirs, ours)):
            one.settimeout(limit_s)
            other.settimeout(limit_s)
            sender = threading.Thread(target=one.sendall, args=(LARGE,))
            sender.start()
            came = bytearray(len(LARGE))
            assert fill(other, came)
            sender.join()
            assert came == LARGE


def test_patience_ends() -> None:
    ours, theirs = pipes()
    # Who waits all the same is not left waiting.
    end = threading.Timer(20.0, theirs.close)
    end.start()
    with ours, theirs:
        ours.settimeout(0.01)
        with pytest.raises(TimeoutError):
            ours.recv_into(bytearray(1))
        with pytest.raises(TimeoutError):
            ours.sendall(LARGE)
        end.cancel()
    end.join()


def test_whoever_is_gone_is_an_end_and_an_error() -> None:
    ours, theirs = pipes()
    with ours:
        theirs.close()
        theirs.close()
        assert not fill(ours, bytearray(1))
        with pytest.raises(ConnectionError):
            ours.sendall(b"x")


def test_a_child_gets_its_descriptors_by_their_numbers() -> None:
    ours, theirs = pipes()
    with ours, theirs, Pipes(*map(os.dup, theirs.descriptors)) as child:
        ours.sendall(b"x")
        came = bytearray(1)
        assert fill(child, came) and came == b"x"


def test_whoever_closed_it_in_another_thread_reads_no_other_file_of_its_number() -> None:
    ours, theirs = pipes()
    with theirs:
        theirs.sendall(b"x")
        numbers = ours.descriptors
        ours.close()
        others = [os.open(os.devnull, os.O_RDWR) for _ in numbers]
        assert {*others} == {*numbers}
        for use in (lambda: ours.recv_into(bytearray(1)), lambda: ours.sendall(b"x")):
            with pytest.raises(ConnectionError):
                use()
        ours.close()
        for other in others:
            os.close(other)  # still there: a second close is none of these
