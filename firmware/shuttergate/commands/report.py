"""`shuttergate doctor --report`: one file about a kit that can be sent to the project.

No serial number, no name of a computer or a person, no picture, no path that its owner chose: what
could tell them is taken out of every text, whatever wrote it there.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import socket
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from shuttergate.board import Board
from shuttergate.commands import doctor, measure
from shuttergate.commands.budget import AgeBudget, budget
from shuttergate.commands.measure import Advice, ChannelTimes
from shuttergate.config import Config, LookSettings, album_folder, read_kit
from shuttergate.errors import ShuttergateError
from shuttergate.examination import CameraTimes, Examined, Health

PACKAGES = (
    *("shuttergate", "ai-edge-litert", "tflite-runtime", "numpy", "pillow", "av"),
    *("gpiozero", "lgpio", "picamera2", "libcamera", "simplejpeg"),
)
TAKEN_OUT = "(left out)"
USUAL_ALBUM = Path("/var/lib/shuttergate/album")
SERIAL_NUMBERS = (
    *("proc/device-tree/serial-number", "etc/machine-id"),
    *("sys/class/net/*/address", "sys/bus/usb/devices/*/serial"),
)


class Report(msgspec.Struct, frozen=True):
    """What `write` writes, as JSON."""

    machine: dict[str, str]
    packages: dict[str, str]
    board: Board
    findings: Sequence[Examined]
    camera: CameraTimes | None
    channels: Sequence[ChannelTimes]
    budget: AgeBudget | None
    advice: Advice | None


def machine(root: Path = Path("/")) -> dict[str, str]:
    """Return what computer and system this is; nothing that is different on another of its kind."""
    model = root / "proc/device-tree/model"
    system = root / "etc/os-release"
    names = dict(
        line.split("=", 1)
        for line in (system.read_text().splitlines() if system.exists() else [])
        if "=" in line
    )
    return {
        "model": model.read_text().strip("\0\n") if model.exists() else platform.machine(),
        "system": names.get("PRETTY_NAME", platform.system()).strip('"'),
        "kernel": os.uname().release,
        "processors": str(os.cpu_count()),
        "python": platform.python_version(),
    }


def packages() -> dict[str, str]:
    """Return the releases of the packages that matter, of those that are here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def secrets(root: Path = Path("/")) -> list[str]:
    """Return what must not stand in a report: names and serial numbers of this computer."""
    found = [socket.gethostname(), Path.home().name, str(Path.home())]
    found += [os.environ.get(name, "") for name in ("SUDO_USER", "LOGNAME", "USER")]
    found += [folder.name for folder in root.glob("home/*")]  # under sudo, home is root's
    for pattern in SERIAL_NUMBERS:
        found += [file.read_text().strip("\0\n") for file in root.glob(pattern) if file.is_file()]
    # Longest first: a name may be a part of a path. What is short or usual would spoil words.
    usual = {"root", "user", "pi", "localhost", "raspberrypi", "shuttergate", "00:00:00:00:00:00"}
    return sorted({one for one in found if len(one) > 2 and one not in usual}, key=len)[::-1]


def without(text: str, taken_out: Collection[str]) -> str:
    """Return `text` with none of these words in it."""
    for one in taken_out:
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", TAKEN_OUT, text)
    return text


def sendable(found: Report, config: Config, taken_out: Collection[str]) -> Report:
    """Return the report without what its owner named: paths, a board's title, and ``taken_out``."""
    device, album = found.board.camera.device, album_folder(config)
    is_numbered = re.fullmatch(r"/dev/video\d+", device) is not None
    paths = [one for one in (config.board, "" if is_numbered else device) if "/" in one]
    paths += [] if album == USUAL_ALBUM else [str(album)]

    def cleaned(text: str) -> str:
        for path in paths:  # and what follows: the name of a file in that folder may be anything
            start, cut, _ = text.partition(path)
            text = start + TAKEN_OUT if cut else text
        return without(text, taken_out)

    def finding(one: Examined) -> Examined:
        is_scene = one.part == "camera" and found.board.camera.is_simulated and config.scene.path
        is_theirs = is_scene or one.part.startswith("taught rule")  # a class named it, and its file
        seen = TAKEN_OUT if is_theirs else cleaned(one.seen)
        return msgspec.structs.replace(one.english, seen=seen, mend=cleaned(one.mend))

    camera = found.board.camera
    if not is_numbered:
        camera = msgspec.structs.replace(camera, device=TAKEN_OUT)
    named = msgspec.structs.replace(found.board, camera=camera, title={})
    return msgspec.structs.replace(
        found,
        machine={key: without(value, taken_out) for key, value in found.machine.items()},
        board=named,
        findings=[finding(one) for one in found.findings],
    )


def collect(config: Config, board: Board) -> Report:
    """Examine the kit and time its models; what cannot be timed is a finding, too."""
    found = list(doctor.examine(config, board))
    findings = [one for one in found if isinstance(one, Examined)]
    camera = next((one for one in found if isinstance(one, CameraTimes)), None)
    channels, advice, age = list[ChannelTimes](), None, None
    try:
        # By the board's own rate and channels, as `--measure` has it.
        own = read_kit(msgspec.structs.replace(config, looks=LookSettings()), None)
        took, away = measure.measure(board)
        channels = measure.times(took, away, board.channels.all)
        if not away:
            advice = measure.advise(took, own, config.gate.slowest_fps)
        if camera is not None and not set(board.channels.live) & set(away):
            models_ms = measure.together_s(took, board.channels.live) * 1000
            age = budget(camera, models_ms, config.gate.max_age_ms)
    except ShuttergateError as error:
        findings.append(Examined("models' times", Health.FAULT, str(error)))
    return Report(machine(), packages(), board, findings, camera, channels, age, advice)


def write(path: Path, found: Report) -> None:
    """Write what `sendable` returned; raises OSError where the file cannot be written."""
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    path.write_text(text + "\n", encoding="utf-8")
