"""The demo's summary of what is broken."""

from __future__ import annotations

from shuttergate import feed
from shuttergate.commands.breakdown import Breakdown
from shuttergate.errors import phrase
from shuttergate.verdict import Fault, Reason

GONE = "webcam /dev/video0: no such file; plug it in"


def test_what_is_broken_at_the_end_is_named_with_its_mend() -> None:
    breakdown = Breakdown()
    breakdown.hear([feed.FaultBegan(Fault.CAMERA, GONE, phrase("{it}", it=GONE))])
    assert list(breakdown.rows([Fault.CAMERA, Fault.STOPPING], {})) == [
        ("broken", f"the camera gives no pictures ({GONE})")
    ]
    assert list(breakdown.rows([], {})) == [], "it was mended meanwhile"


def test_what_nobody_explained_is_named_all_the_same() -> None:
    rows = list(Breakdown().rows([Fault.ALBUM, Fault.MODEL], {}))
    assert [label for label, _said in rows] == ["broken", ""]
    assert rows[0][1] == "the album cannot keep a photo"


def test_a_busy_computer_is_named_where_it_cost_a_press() -> None:
    breakdown = Breakdown()
    late = feed.GateChanged("CLOSED", Reason.STALE, [], {})
    breakdown.hear([late, late])
    ((label, said),) = breakdown.rows([], {Reason.CLOSED: 1})
    assert label == "late" and said.startswith("2 times the shutter died because a verdict")
    assert list(breakdown.rows([], {Reason.NUDITY: 1})) == [], "another reason is no sign of it"
    assert list(Breakdown().rows([], {Reason.CLOSED: 1})) == []
