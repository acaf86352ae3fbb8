"""Which tests go one after the other, and which wherever there is room: for pytest-xdist.

Each worker takes a lane and then file after file. In the first two lanes run whole kits, which must
keep time: two of them side by side leave each other enough of two cores. The rest computes, with
lower priority, on whatever they leave idle, and then on all of them.
"""

from __future__ import annotations

LANES = {
    "kits": [
        *("whole/test_pages.py", "whole/test_stage.py", "whole/test_video_kit.py"),
        *("whole/test_join.py", "whole/test_ledger_page.py", "whole/test_lesson_page.py"),
        "whole/test_asked.py",
        *("whole/test_kit.py", "whole/test_demands.py"),
        *("bench/scenario/test_stand.py", "test_viewfinder.py", "parent/test_notify.py"),
    ],
    # The kernels first: what they leave comes long before the end of the other lane.
    "kernels and rigs": [
        *("bench_vm/test_bench_vm.py", "test_appliance.py", "test_injection.py"),
        *("bench/scenario/test_run.py", "bench/scenario/test_soak.py", "commands/test_demo.py"),
        "whole/test_strace.py",
        *("vision/test_accelerator.py", "capture/test_recorder.py", "panel/test_panel.py"),
    ],
}

# What computes longest comes first, so that no core waits for it at the end.
LONG = [
    *("models/test_two_channels.py", "models/test_open_nsfw.py", "models/test_testcard.py"),
    *(
        "test_question_model.py",
        "test_gate_model.py",
        "console/test_judge.py",
        "systemd/test_install.py",
    ),
    *("console/test_server.py", "parent/test_status_server.py", "print/test_card.py"),
    *("console/test_ledgers.py", "vision/test_runtime.py", "test_lesson_two.py"),
]

PICTURES = {"models/test_two_channels.py", "models/test_open_nsfw.py"}
"""They ask the same of the same pictures, and share the answers."""

PATIENT_NICE = 10
"""For what only computes: it gives way, and yet gets through on a machine that does much else."""

_PLACES = {
    file: (number, place, lane)
    for number, (lane, files) in enumerate(LANES.items())
    for place, file in enumerate(files)
}


def lane(file: str) -> str:
    """Return the lane of a test file, named relative to ``tests/``; most have one of their own."""
    if file in _PLACES:
        return _PLACES[file][2]
    return "the shared pictures" if file in PICTURES else file


def place(file: str) -> tuple[int, int]:
    """Return where the file stands in the order of all."""
    if file in _PLACES:
        return _PLACES[file][:2]
    return len(LANES), LONG.index(file) if file in LONG else len(LONG)


def is_quick(file: str) -> bool:
    """Whether `make test-quick` has the file: it neither keeps time nor computes for long."""
    return file not in _PLACES and file not in LONG


def keeps_time(file: str) -> bool:
    """Whether the tests of the file measure time, or break where they are held up."""
    return file in _PLACES
