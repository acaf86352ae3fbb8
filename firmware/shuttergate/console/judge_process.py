"""The process that opens a file from outside: confined first, then one file at a time.

It is the console's child and ends with it. A picture that makes a decoder hang or crash ends this
process and nothing else.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from PIL import AvifImagePlugin, Image
from PIL import WebPImagePlugin as WebPImagePlugin  # else Pillow loads every format to find it

from shuttergate.board import AcceleratorPart
from shuttergate.config import Config, KitStart, class_file, read_kit
from shuttergate.console.judge import (
    MAX_PICTURE_BYTES,
    Answer,
    Errand,
    JudgedPicture,
    Judgement,
    JudgeReady,
    JudgeRefused,
    PrintedPicture,
    UnreadablePicture,
    VerifiedFile,
)
from shuttergate.credentials import authority, library
from shuttergate.credentials.verify import CredentialState, KnownClass, Verified, verify
from shuttergate.errors import (
    AnimationError,
    ConfigError,
    CredentialError,
    DecoderError,
    PictureError,
    ScoreError,
    ShuttergateError,
    TooLargeError,
    phrase,
)
from shuttergate.frames import heif
from shuttergate.frames.pictures import lores_of, pictures_in
from shuttergate.packs.looks import fingerprint
from shuttergate.rulebook import (
    PICTURE_LIMIT,
    cleared_views,
    head_of,
    heads,
    put,
    settings_rules,
    taught_of,
)
from shuttergate.stills import LOOK_LIMIT, looking
from shuttergate.system import confine, spawn
from shuttergate.system.framing import MAX_MESSAGE_BYTES, exactly, framed
from shuttergate.verdict import Look, Reason, Rule, judge
from shuttergate.vision.eyes import Eyes, open_eyes

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF")
"""What browsers show, and phones make; every other decoder of Pillow's stays shut."""

MAX_PIXELS = 48_000_000

PICTURE_MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space for one picture, beyond the 220 MB of the loaded models. Measured: 330 MB for 12
megapixels in any format; for 48, 460 MB as JPEG, AVIF or opaque PNG, 750 MB as WebP, 920 MB as PNG
with alpha. WebP and AVIF with alpha and 48 megapixels take more, and are too large."""

PICTURE_CPU_S = 10.0
"""Time of the processor for one picture; after that the kernel ends this process. On a desktop 12
megapixels take 0.2 to 0.7 seconds, 48 up to 3."""

NICENESS = 10
"""The gate goes first. At 19, on two processors with four more busy programs, it was often not
ready within the 20 s for which its page waits: six tests failed for that."""


@dataclass(slots=True)
class _Sitting:
    """One look at all the pictures of one file."""

    look: Callable[[Image.Image], Mapping[str, float]]
    rule: Rule
    highest: dict[str, float] = field(default_factory=dict)
    failed: bool = False
    spent_s: float = 0.0

    def see(self, image: Image.Image) -> None:
        """Look at one picture more."""
        began_s = time.perf_counter()
        try:
            for name, score in self.look(image).items():
                self.highest[name] = max(self.highest.get(name, 0.0), score)
        except ScoreError:
            self.failed = True
        self.spent_s += time.perf_counter() - began_s

    def judgement(self) -> Judgement:
        """Return what comes of it; a model that failed on any picture is a doubt."""
        scores = {} if self.failed else self.highest
        reason = judge(scores, self.rule)
        return Judgement(
            verdict="CLEAR" if reason is Reason.CLEAR else "BLOCKED",
            reason=reason,
            scores={name: round(score, 4) for name, score in scores.items()},
            ms=round(self.spent_s * 1000, 1),
        )


def judged(
    picture: bytes | bytearray, eyes: Eyes, rules: Mapping[Look, Rule]
) -> JudgedPicture | UnreadablePicture:
    """Judge a picture file's bytes, as both looks do; an animation by all of its pictures."""
    size = (0, 0)
    try:
        sittings = {which: _Sitting(looking(eyes, which), rules[which]) for which in Look}
        file = io.BytesIO(picture)
        for image in pictures_in(file, "the picture", LOOK_LIMIT, FORMATS, MAX_PIXELS):
            size = image.size
            for sitting in sittings.values():
                sitting.see(image)
    except (PictureError, MemoryError) as error:
        return _unreadable(error)
    live, look = (sittings[which].judgement() for which in (Look.LIVE, Look.SECOND))
    return JudgedPicture(size[0], size[1], live, look)


def printed(picture: bytes | bytearray, eyes: Eyes) -> PrintedPicture | UnreadablePicture:
    """Return by what a picture file's bytes would be found again; of an animation the first."""
    file = io.BytesIO(picture)
    try:
        looks = fingerprint(file, FORMATS, MAX_PIXELS)
        file.seek(0)
        image = next(pictures_in(file, "the picture", PICTURE_LIMIT, FORMATS, MAX_PIXELS))
    except (PictureError, MemoryError, StopIteration) as error:
        return _unreadable(error)
    if looks.dhash is None:  # it can be read reduced, and there was no memory for the whole
        return UnreadablePicture("too large")
    return PrintedPicture(looks.dhash, looks.plain, _views(image, eyes))


def _views(image: Image.Image, eyes: Eyes) -> list[bytes]:
    channel = eyes.teachable
    if channel is None:
        return []
    try:
        found = cleared_views(lores_of(image, channel.lores_size), eyes, channel)
    except ScoreError:
        return []
    # The whole and its mirror image: by these it is found, and more would be too long a message.
    return [] if found is None else [one.tobytes() for one in found[:2].astype("<f4")]


def verified(content: bytes | bytearray, config: Config) -> VerifiedFile:
    """Return what a photo's or video's bytes state of themselves, by the kit's own class.

    The class's certificate is read from the file beside that with the key, which is not opened.
    """
    try:
        library.load()
        own = class_file(config)
        known = [_known(own)] if own is not None else []
    except (ConfigError, CredentialError) as error:
        return VerifiedFile(missing=error.phrase)
    told = VerifiedFile(verify(content, known), known[0].name if known else "")
    if len(msgspec.json.encode(told)) > MAX_MESSAGE_BYTES:
        cause = phrase("it states more than is shown here")
        return VerifiedFile(Verified(CredentialState.UNREADABLE, cause), told.known)
    return told


def _known(own: Path) -> KnownClass:
    public = authority.public_file(own)
    try:
        return KnownClass(*authority.read_certificate(public))
    except CredentialError as error:
        cause = error.phrase.blanks.get("cause")
        if cause is None:  # it is not of the file
            raise
        # Its name alone: this goes to any paired phone, and a path names homes and people.
        raise CredentialError(
            "{file}: {cause}; copy it beside the class file anew", file=public.name, cause=cause
        ) from error


def _unreadable(error: Exception) -> UnreadablePicture:
    match error:
        case TooLargeError() | MemoryError():
            return UnreadablePicture("too large")
        case AnimationError():
            return UnreadablePicture("animation")
        case DecoderError():
            return UnreadablePicture("no decoder")
    return UnreadablePicture("not a picture")


def serve(link: socket.socket, answers: Mapping[int, Callable[[bytearray], Answer]]) -> None:
    """Answer file by file until the other side is gone; ``answers``: by errand."""
    while (head := exactly(link, 5)) is not None:
        size, errand = int.from_bytes(head[:4]), head[4]
        if size > MAX_PICTURE_BYTES or errand not in answers:
            return
        picture = exactly(link, size)
        if picture is None:
            return
        # By default the signal ends the process, in whatever library it is just then.
        signal.setitimer(signal.ITIMER_PROF, PICTURE_CPU_S)
        answer = answers[errand](picture)
        signal.setitimer(signal.ITIMER_PROF, 0)
        picture[:] = bytes(size)
        del picture
        link.sendall(framed(msgspec.json.encode(answer)))


def answering(
    config: Config, eyes: Eyes, rules: Mapping[Look, Rule]
) -> dict[int, Callable[[bytearray], Answer]]:
    """Return what `serve` answers to each errand."""
    return {
        Errand.JUDGE: lambda picture: judged(picture, eyes, rules),
        Errand.PRINT: lambda picture: printed(picture, eyes),
        Errand.VERIFY: lambda content: verified(content, config),
    }


def _open(begun: KitStart) -> tuple[Eyes, dict[Look, Rule]]:
    config = begun.config
    kit = read_kit(config, None)
    # On the CPU: the accelerator is the running kit's.
    engine = AcceleratorPart(driver="cpu")
    taught = heads(settings_rules(config.policy.rules))
    eyes = open_eyes(kit.channels.live, kit.channels.look, engine, views=kit.views, taught=taught)
    pushed = {one.name: (one.embedder, head_of(one, eyes.live)) for one in begun.taught}
    put(eyes, taught_of(eyes) | pushed)
    return eyes, {which: eyes.rule(which, config.limits()) for which in Look}


def _go_first() -> None:
    """Where memory or time is short, let this process go without before the gate does."""
    with contextlib.suppress(OSError):
        # Not as one writes a file: its parent has lost the right to make any.
        place = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(place, b"1000")
        finally:
            os.close(place)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.nice(0)))


def _bound_memory() -> None:
    with contextlib.suppress(ImportError):
        heif.load()  # its libraries are no part of a picture
    confine.bound_memory(PICTURE_MEMORY_BYTES)
    # Pillow's own brake, too: it sees what a header claims before some decoders take memory for it.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each would have a heap of its own


def main(argv: list[str] | None = None) -> None:
    """Judge on an inherited link, the configuration as JSON on stdin."""
    _go_first()  # while its files under /proc are still its own
    with spawn.begin("shuttergate-judge", argv) as link, contextlib.suppress(ConnectionError):
        try:
            begun = msgspec.json.decode(spawn.settings(), type=KitStart)
            eyes, rules = _open(begun)
        except ShuttergateError as error:
            link.sendall(framed(msgspec.json.encode(JudgeRefused(str(error)))))
            return
        _bound_memory()
        link.sendall(framed(msgspec.json.encode(JudgeReady())))
        serve(link, answering(begun.config, eyes, rules))


if __name__ == "__main__":
    main()
