"""The demo's summary of what is broken."""

from __future__ import annotations

from shuttergate import feed
from shuttergate.commands.trouble import Trouble
from shuttergate.errors import phrase
from shuttergate.verdict import Fault, Reason

GONE = "webcam /dev/video0: no such file; plug it in"


def test_what_is_broken_at_the_end_is_named_with_its_mend() -> None:
    trouble = Trouble()
    trouble.hear([feed.FaultBegan(Fault.CAMERA, GONE, phrase("{it}", it=GONE))])
    assert list(trouble.rows([Fault.CAMERA, Fault.STOPPING], {})) == [
        ("broken", f"the camera gives no pictures ({GONE})")
    ]
    assert list(trouble.rows([], {})) == [], "it was mended meanwhile"


def test_what_nobody_explained_is_named_all_the_same() -> None:
    rows = list(Trouble().rows([Fault.ALBUM, Fault.MODEL], {}))
    assert [label for label, _said in rows] == ["broken", ""]
    assert rows[0][1] == "the album cannot keep a photo"


def test_a_busy_computer_is_named_where_it_cost_a_press() -> None:
    trouble = Trouble()
    late = feed.GateChanged("CLOSED", Reason.STALE, [], {})
    trouble.hear([late, late])
    ((label, said),) = trouble.rows([], {Reason.CLOSED: 1})
    assert label == "late" and said.startswith("2 times the shutter died because a verdict")
    assert list(trouble.rows([], {Reason.NUDITY: 1})) == [], "another reason is no sign of it"
    assert list(Trouble().rows([], {Reason.CLOSED: 1})) == []
