"""`shuttergate doctor`: every part of a kit is ok, a warning or a fault, with the mend."""

from __future__ import annotations

import functools
import math
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from shuttergate import examination, rulebook
from shuttergate.board import Board
from shuttergate.capture.album import Album
from shuttergate.commands import upkeep
from shuttergate.config import Config, album_folder, class_file
from shuttergate.credentials import authority
from shuttergate.credentials.signer import FileSigner
from shuttergate.errors import CredentialError, Phrase, ShuttergateError, SoundError, phrase
from shuttergate.examination import Examined, Finding, Health, examined
from shuttergate.lane import POOL_FRAMES
from shuttergate.parent.supervisor import make_album
from shuttergate.system import confine, landlock, swap
from shuttergate.system.library_words import error_words
from shuttergate.system.paths import share
from shuttergate.vision import libedgetpu
from shuttergate.vision.channel import Channel, refuse_namesakes
from shuttergate.vision.eyes import refuse_laxer, refuse_strangers
from shuttergate.vision.pack import read_pack
from shuttergate.vision.rule import read_rule
from shuttergate.vision.selftest import SelfTest
from shuttergate.voice import alsa
from shuttergate.voice.spoken import Spoken, Tongue, read_sound

LOW_DISK_BYTES = 200_000_000
LORES_BYTES = 3 * 224 * 224
"""Of what the models see of a frame."""


def examine(config: Config, board: Board) -> Iterator[Finding]:
    """Yield one finding a part, or more, and the camera's times where it gives frames."""
    unfit = _unfit(board)
    parts = set(examination.PARTS) - ({"accelerator"} if unfit else set())
    yield from examination.hardware(config, board, parts)
    yield from filter(None, (unfit,))
    if not board.gpio.is_simulated:
        yield let_go(Path("/sys/module"))
    for name in board.channels.all:
        yield from _guarded(f"model {name}", functools.partial(_model, name))
    yield from _guarded("nudity rule", lambda: _rule(board.channels.all, config))
    yield from _taught(config, board)
    yield from _guarded("disk", lambda: _disk(config))
    if (class_of_kit := class_file(config)) is not None:
        yield _credentials(class_of_kit, config.credentials.required)
    yield from _guarded("walls", _walls)
    if config.voice.language != "off":
        yield from _guarded("sound", lambda: sound(config))
    yield _memory(board)
    yield from _kept_up("power", upkeep.power)
    yield from _kept_up("storage", upkeep.storage)
    yield from _kept_up("clock", lambda: upkeep.clock(is_set=upkeep.set_by_network()))
    yield from _kept_up("service", _service)


def _guarded(part: str, look: Callable[[], Examined]) -> Iterator[Examined]:
    try:
        yield look()
    except ShuttergateError as error:
        yield Examined.failed(part, error.phrase)


def _kept_up(part: str, look: Callable[[], Examined | None]) -> Iterator[Examined]:
    """What the system's own files and programs tell may be missing, or in another form."""
    try:
        yield from filter(None, (look(),))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        seen = phrase("cannot be read: {error}", error=error_words(error))
        yield examined(part, Health.WARNING, seen, phrase("look at it by hand"))


def _unfit(board: Board) -> Examined | None:
    """Say what is wrong with the accelerator's library before anything has to load it."""
    engine = board.accelerator
    cause = libedgetpu.unfit_package(engine.library) if engine.driver == "edgetpu" else None
    if cause is None:
        return None
    health = Health.WARNING if engine.fallback == "cpu" else Health.FAULT
    return examined("accelerator", health, cause, libedgetpu.MEND)


def let_go(modules: Path) -> Examined:
    """Whether the kernel lets go of the line of a process that was killed; it may keep it driven.

    ``modules``: /sys/module. The parameter came to Raspberry Pi kernels in May 2024.
    """
    part, found = "gpio after a crash", sorted(modules.glob("pinctrl_*/parameters/persist_gpio_*"))
    kept = [file.parts[-3] for file in found if file.read_text().strip() != "N"]
    if kept:
        return examined(
            part,
            Health.FAULT,
            phrase("{module} keeps a line driven whose process died", module=kept[0]),
            phrase("restart the Pi, once systemd/install.sh has set persist_gpio_outputs=n"),
        )
    if not found:
        return examined(
            part,
            Health.WARNING,
            phrase("this kernel does not say whether it keeps a line driven whose process died"),
            phrase(
                "on a Raspberry Pi: sudo apt full-upgrade; elsewhere kill it and measure the line"
            ),
        )
    seen = phrase("the kernel lets go of the line of a process that dies")
    return examined(part, Health.OK, seen)


def _model(name: str) -> Examined:
    pack = read_pack(share("models") / name)
    test = SelfTest([Channel(pack, pack.model(pack.content()))])
    test.ask_all()
    seen = phrase(
        "sha256 {sha256}…, {n} known answers right",
        sha256=pack.manifest.sha256[:12],
        n=test.questions,
    )
    return examined(f"model {name}", Health.OK, seen)


def _rule(names: Collection[str], config: Config) -> Examined:
    packs = [read_pack(share("models") / name) for name in names]
    letters = read_rule(share("models") / "rule.toml", packs)
    own = config.limits()
    for name in names:
        refuse_laxer(name, own.get(name, letters.lines[name]), letters.lines[name])
    seen = phrase(
        "sha256 {sha256}…, chosen for these models, known answers right",
        sha256=letters.sha256[:12],
    )
    return examined("nudity rule", Health.OK, seen)


def _taught(config: Config, board: Board) -> Iterator[Examined]:
    """Say of each file of taught rules whether the gate asks it; nothing where there is none.

    A part is called by its place in the settings, and not by what its owner named it.
    """
    sound: list[Path] = []
    for number, told in enumerate(config.policy.rules, 1):
        look = functools.partial(_taught_one, number, sound, config, board)
        found = list(_guarded(f"taught rule {number}", look))
        if all(one.health is Health.OK for one in found):
            sound += rulebook.paths([told])
        yield from found


def _taught_one(number: int, sound: Sequence[Path], config: Config, board: Board) -> Examined:
    """Look at one file beside those before it that are ``sound``, as the gate process does."""
    (file,) = rulebook.paths([config.policy.rules[number - 1]])
    rule = rulebook.read_rules([*sound, file])[-1]
    heads = rulebook.heads([rule])
    packs = {name: read_pack(share("models") / name) for name in board.channels.all}
    refuse_strangers(heads, [packs[name] for name in board.channels.live])
    refuse_namesakes([*(one.head() for one in packs.values()), *heads[rule.embedder]])
    yes = sum(one.yes for one in rule.contributions)
    seen = phrase(
        "{name}, taught on {day} from {yes} examples and {no} counter-examples",
        name=rule.name,
        day=rule.created,
        yes=yes,
        no=len(rule.contributions) - yes,
    )
    return examined(f"taught rule {number}", Health.OK, seen)


def _disk(config: Config) -> Examined:
    folder = album_folder(config)
    make_album(folder, config)
    Album(folder).probe()
    free = shutil.disk_usage(folder).free
    seen = phrase("{gb:.1f} GB free for the album in {folder}", gb=free / 1e9, folder=folder)
    if free < LOW_DISK_BYTES:
        mend = phrase("make room: the gate closes when it is full")
        return examined("disk", Health.WARNING, seen, mend)
    return examined("disk", Health.OK, seen)


def _credentials(file: Path, required: bool) -> Examined:
    """Whether photos and videos can be signed: nothing of that is kept."""
    part = "credentials"
    try:
        root = authority.read(file)
        FileSigner(root)
    except CredentialError as error:
        health = Health.FAULT if required else Health.WARNING
        kept = phrase("nothing is kept") if required else phrase("photos are kept unsigned")
        return examined(part, health, kept, error.phrase)
    seen = phrase("photos and videos are signed for the class {name}", name=root.name)
    return examined(part, Health.OK, seen)


def sound(config: Config) -> Examined:
    """Whether a loudspeaker takes the voice's sounds; none is played, and none is needed to run."""
    sounds = [read_sound(Tongue(config.voice.language), word) for word in Spoken]
    try:
        name = alsa.probe(config.voice.device, sounds[0].rate_hz)
    except SoundError as error:
        failed = Examined.failed("sound", error.phrase)
        return msgspec.structs.replace(failed, health=Health.WARNING)
    return examined("sound", Health.OK, phrase("{device} takes the voice’s sounds", device=name))


def _walls() -> Examined:
    """Whether this kernel can confine the kit's processes as SECURITY.md says."""
    if lack := confine.lacking():
        mend = phrase(
            "nothing to mend under the service; in a demo by hand, a kernel with Landlock (6.12)"
        )
        return examined("walls", Health.WARNING, lack, mend)
    seen = phrase("seccomp, Landlock version {version}", version=landlock.version())
    return examined("walls", Health.OK, seen)


def _memory(board: Board) -> Examined:
    width, height = board.camera.main_size
    need = POOL_FRAMES * (width * height * 3 // 2 + LORES_BYTES)
    disk, limit = swap.disk(), _lockable()
    if disk is None or limit >= need:
        return examined("memory", Health.OK, phrase("frames cannot reach a swap disk"))
    if board.camera.is_simulated:
        seen = phrase("a simulated camera's frames may reach {disk}: swap", disk=disk)
        return examined("memory", Health.OK, seen)
    seen = phrase(
        "only {limit:.0f} MB of {need:.0f} MB of frames may be locked in memory, and {disk} is "
        "swap: the kit does not start",
        limit=limit / 1e6,
        need=need / 1e6,
        disk=disk,
    )
    return examined("memory", Health.FAULT, seen, swap.MEND)


def _lockable() -> float:
    """Return how many bytes of memory the kit may lock: as the service, where that is installed."""
    own = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if own == resource.RLIM_INFINITY:
        return math.inf
    services = _systemctl("show", "--property=LimitMEMLOCK", "--value")
    return max(own, math.inf if services == "infinity" else int(services or 0))


def _systemctl(*words: str) -> str | None:
    """Return what systemctl says of the service; None where there is no systemd."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return None
    found = subprocess.run(
        [systemctl, *words, "shuttergate.service"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return found.stdout.strip()


_STATES = (phrase("inactive"), phrase("activating"), phrase("deactivating"), phrase("failed"))
"""What systemd says of a service, for the catalogue."""


def _service() -> Examined:
    state = _systemctl("is-active")
    if state is None:
        seen = phrase("no systemd here")
        return examined("service", Health.WARNING, seen, phrase("start it by hand"))
    if state == "active":
        return examined("service", Health.OK, phrase("active"))
    seen = Phrase(state) if state else phrase("not installed")
    mend = phrase("not needed for a demo; docs/install.md installs it")
    return examined("service", Health.WARNING, seen, mend)


def python_finding() -> str:
    """Return the Python in use, for the report's head."""
    return f"Python {sys.version_info.major}.{sys.version_info.minor}, {os.uname().machine}"
