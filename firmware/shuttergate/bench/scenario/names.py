"""The names of a script for people: in English as the script has them, in Japanese with a meaning.

Whoever mends a script looks for its names, so Japanese words keep them, in brackets: each template
has a name for its blank, and the catalogue says what that means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shuttergate.errors import Phrase, phrase
from shuttergate.injection import FaultSwitch
from shuttergate.verdict import Fault, Reason

SCENES: Mapping[str, Phrase] = {
    "clear": phrase("{clear}", clear="clear"),
    "card": phrase("{card}", card="card"),
    "far card": phrase("{far_card}", far_card="far card"),
    "dark": phrase("{dark}", dark="dark"),
    "room": phrase("{room}", room="room"),
    "violet": phrase("{violet}", violet="violet"),
    "violet, camera upside down": phrase(
        "{violet_upside_down}", violet_upside_down="violet, camera upside down"
    ),
    "violet, camera on its side": phrase(
        "{violet_on_its_side}", violet_on_its_side="violet, camera on its side"
    ),
}
"""Those that need no file."""

REASONS: Mapping[str, Phrase] = {
    "open": phrase("{is_open}", is_open="open"),
    Reason.CLEAR: phrase("{is_clear}", is_clear=Reason.CLEAR),
    Reason.NUDITY: phrase("{nudity}", nudity=Reason.NUDITY),
    Reason.TAUGHT: phrase("{taught}", taught=Reason.TAUGHT),
    Reason.DOUBT: phrase("{doubt}", doubt=Reason.DOUBT),
    Reason.SECOND_LOOK: phrase("{second_look}", second_look=Reason.SECOND_LOOK),
    Reason.WAITING: phrase("{waiting}", waiting=Reason.WAITING),
    Reason.STALE: phrase("{stale}", stale=Reason.STALE),
    Reason.FAULT: phrase("{fault_of_a_part}", fault_of_a_part=Reason.FAULT),
    Reason.HELD: phrase("{is_held}", is_held=Reason.HELD),
    Reason.BUSY: phrase("{busy}", busy=Reason.BUSY),
    Reason.NO_FRAME: phrase("{no_frame}", no_frame=Reason.NO_FRAME),
    Reason.CLOSED: phrase("{closed}", closed=Reason.CLOSED),
    Reason.SLOW: phrase("{slow}", slow=Reason.SLOW),
    Reason.NO_PHOTO: phrase("{no_photo}", no_photo=Reason.NO_PHOTO),
}

FAULTS: Mapping[str, Phrase] = {
    Fault.STARTING: phrase("{starting}", starting=Fault.STARTING),
    Fault.STOPPING: phrase("{stopping}", stopping=Fault.STOPPING),
    Fault.CAMERA: phrase("{camera}", camera=Fault.CAMERA),
    Fault.MODEL: phrase("{model}", model=Fault.MODEL),
    Fault.ACCELERATOR: phrase("{accelerator}", accelerator=Fault.ACCELERATOR),
    Fault.SELF_TEST: phrase("{self_test}", self_test=Fault.SELF_TEST),
    Fault.SECOND_LOOK_SELF_TEST: phrase(
        "{second_look_self_test}", second_look_self_test=Fault.SECOND_LOOK_SELF_TEST
    ),
    Fault.PUBLISHER: phrase("{publisher}", publisher=Fault.PUBLISHER),
    Fault.ALBUM: phrase("{album}", album=Fault.ALBUM),
    Fault.PERMISSIVE: phrase("{permissive}", permissive=Fault.PERMISSIVE),
    Fault.CONTACT: phrase("{contact}", contact=Fault.CONTACT),
    Fault.POLES: phrase("{poles}", poles=Fault.POLES),
}

BREAKS: Mapping[str, Phrase] = {
    FaultSwitch.CAMERA_STALLED: phrase("{camera_stalled}", camera_stalled="camera stalled"),
    FaultSwitch.CAMERA_FROZEN: phrase("{camera_frozen}", camera_frozen="camera frozen"),
    FaultSwitch.CAMERA_REPEATING: phrase("{camera_repeating}", camera_repeating="camera repeating"),
    FaultSwitch.CAMERA_MISSHAPEN: phrase("{camera_misshapen}", camera_misshapen="camera misshapen"),
    FaultSwitch.ACCELERATOR_UNPLUGGED: phrase("{unplugged}", unplugged="accelerator unplugged"),
    FaultSwitch.ACCELERATOR_FAILING: phrase("{failing}", failing="accelerator failing"),
    FaultSwitch.ACCELERATOR_HANGING: phrase("{hanging}", hanging="accelerator hanging"),
    FaultSwitch.ACCELERATOR_ABORTING: phrase("{aborting}", aborting="accelerator aborting"),
    FaultSwitch.ACCELERATOR_SLOW: phrase("{slow_answers}", slow_answers="accelerator slow"),
    FaultSwitch.MODEL_CORRUPTED: phrase("{model_corrupted}", model_corrupted="model corrupted"),
    FaultSwitch.MODEL_SWAPPED: phrase("{model_swapped}", model_swapped="model swapped"),
    FaultSwitch.LINE_SHORTED: phrase("{line_shorted}", line_shorted="line shorted"),
    FaultSwitch.CONTACT_SHORTED: phrase("{contact_shorted}", contact_shorted="contact shorted"),
    FaultSwitch.BUTTON_WELDED: phrase("{button_welded}", button_welded="button welded"),
    FaultSwitch.SENSE_CUT: phrase("{second_pole_cut}", second_pole_cut="second pole cut"),
    FaultSwitch.DISK_FULL: phrase("{disk_full}", disk_full="disk full"),
    "line held": phrase("{line_held}", line_held="line held"),
    "gate killed": phrase("{gate_killed}", gate_killed="gate killed"),
    "publisher killed": phrase("{publisher_killed}", publisher_killed="publisher killed"),
    "console killed": phrase("{console_killed}", console_killed="console killed"),
    "gate paused": phrase("{gate_paused}", gate_paused="gate paused"),
    "publisher paused": phrase("{publisher_paused}", publisher_paused="publisher paused"),
    "disk removed": phrase("{disk_removed}", disk_removed="disk removed"),
    "disk read-only": phrase("{disk_read_only}", disk_read_only="disk read-only"),
    "memory exhausted": phrase("{memory_exhausted}", memory_exhausted="memory exhausted"),
    "clock set forward": phrase("{set_forward}", set_forward="clock set forward"),
    "clock set back": phrase("{set_back}", set_back="clock set back"),
    "page flooded": phrase("{page_flooded}", page_flooded="page flooded"),
}

PROCESSES: Mapping[str, Phrase] = {
    "gate": phrase("{gate_process}", gate_process="gate"),
    "publisher": phrase("{publisher_process}", publisher_process="publisher"),
    "console": phrase("{console_process}", console_process="console"),
    "bench": phrase("{the_bench}", the_bench="bench"),
}


def named(names: Mapping[str, Phrase], name: str | None) -> Phrase | str:
    """Return a name of one of these kinds for people; one that is the script's own stays."""
    return names.get(name or "", name or "")


def broken(faults: Sequence[str]) -> Phrase | str:
    """Return faults for people, one after the other."""
    said: Phrase | str = ""
    for fault in faults:
        one = named(FAULTS, fault)
        said = phrase("{one}, {more}", one=said, more=one) if said else one
    return said


def closed_for(reason: str, faults: Sequence[str]) -> Phrase | str:
    """Return why the gate is closed: the reason, and what is broken."""
    why = named(REASONS, reason)
    return phrase("{why}: {faults}", why=why, faults=broken(faults)) if faults else why
