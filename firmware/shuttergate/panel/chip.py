"""The kernel's gpiochip through gpiozero and lgpio, and who holds one of its lines."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

from shuttergate.errors import PanelError, Phrase, phrase
from shuttergate.system.holders import holders
from shuttergate.system.library_words import error_words, pin_words

# struct gpio_v2_line_info in linux/gpio.h: name, consumer, offset, num_attrs, flags, attrs, padding
_LINE_INFO = struct.Struct("=32s32sIIQ160s16s")
_GET_LINE_INFO = 0xC100B405  # GPIO_V2_GET_LINEINFO_IOCTL: _IOWR(0xB4, 0x05, the struct above)
_USED = 1  # GPIO_V2_LINE_FLAG_USED


def open_chip() -> Any:
    """Return gpiozero's factory for lgpio; raise `PanelError` where there are no pins to reach.

    lgpio and nothing else: gpiozero's own choice would try four more libraries one after another,
    with a warning each, and end on one that goes round the kernel.
    """
    try:
        factory = import_lgpio()
    except ImportError as error:
        raise PanelError(
            '[gpio] driver = "lgpio" cannot be used: {error}; on a Raspberry Pi '
            'run sudo systemd/install.sh; elsewhere choose board = "simulated"',
            error=error_words(error),
        ) from error
    try:
        return factory()
    except Exception as error:  # lgpio's errors share no class with gpiozero's
        raise PanelError.of(_why_no_chip(error)) from error


@functools.cache
def fifo_folder() -> Path:
    """Return a new folder, which `import_lgpio` uses and removes; raises `PanelError`."""
    # Not tempfile's own search: it writes a file to find out, which the gate process may not do.
    base = os.environ.get("RUNTIME_DIRECTORY") or os.environ.get("TMPDIR") or "/tmp"
    try:
        return Path(tempfile.mkdtemp(prefix="shuttergate-", dir=base))
    except OSError as error:
        raise PanelError(
            "{base}: lgpio needs a folder here: {error}; make it writable",
            base=base,
            error=error_words(error),
        ) from error


def leave_folder() -> None:
    """Remove that folder, where there is one."""
    if fifo_folder.cache_info().currsize:
        folder = fifo_folder()
        fifo_folder.cache_clear()
        with contextlib.suppress(OSError):
            for left in folder.iterdir():
                left.unlink()
            folder.rmdir()


def import_lgpio() -> Any:
    """Import lgpio in a folder that is gone afterwards, and return gpiozero's factory for it.

    At import it makes a FIFO in the working folder, by the same name in every process: two of them
    in one folder would take each other's edges.
    """
    folder = fifo_folder()
    back = os.open(".", os.O_PATH | os.O_DIRECTORY)  # which may be one that it may not read
    wanted = os.environ.pop("LG_WD", None)  # would move the FIFO, but not where Python looks for it
    try:
        os.chdir(folder)
        try:
            from gpiozero.pins.lgpio import LGPIOFactory
        finally:
            os.fchdir(back)
        return LGPIOFactory
    except OSError as error:
        raise PanelError(
            "{folder}: lgpio cannot use it: {error}; make it writable",
            folder=folder,
            error=error_words(error),
        ) from error
    finally:
        os.close(back)
        if wanted is not None:
            os.environ["LG_WD"] = wanted
        leave_folder()


def _why_no_chip(error: Exception) -> Phrase:
    chips = sorted(Path("/dev").glob("gpiochip*"))
    if not chips:
        return phrase(
            "no /dev/gpiochip* is here ({cause}); run on a Raspberry Pi, or choose a board without "
            'pins (board = "simulated")',
            cause=pin_words(error),
        )
    denied = [str(path) for path in chips if not os.access(path, os.R_OK | os.W_OK)]
    if denied:
        return phrase(
            "{chips}: no permission; add the user to the group gpio and log in again",
            chips=", ".join(denied),
        )
    return phrase(
        "{chip} cannot be used: {cause}; run on a Raspberry Pi, or choose a board without pins "
        '(board = "simulated")',
        chip=chips[0],
        cause=pin_words(error),
    )


def why_no_line(chip: int, part: str, pin: int, error: Exception) -> Phrase:
    """Return why line `pin` could not be had for `part`, naming who holds it where that is so."""
    with contextlib.suppress(OSError):
        consumer = line_consumer(Path(f"/dev/gpiochip{chip}"), pin)
        if consumer is not None:
            found = ", ".join(holders(lambda link: _holds(link, chip, pin)))
            return phrase(
                "pins.{part}: BCM {pin} is held by {held}, as {consumer!r}; end that, or choose "
                "another pin",
                part=part,
                pin=pin,
                held=found or phrase("another program"),
                consumer=consumer,
            )
    return phrase(
        "pins.{part}: BCM {pin} cannot be used: {cause}; choose another pin",
        part=part,
        pin=pin,
        cause=pin_words(error),
    )


def line_consumer(chip: Path, offset: int) -> str | None:
    """Return the label under which a line is in use, or None where nobody uses it."""
    asked = bytearray(_LINE_INFO.pack(b"", b"", offset, 0, 0, b"", b""))
    descriptor = os.open(chip, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _GET_LINE_INFO, asked)
    finally:
        os.close(descriptor)
    _, consumer, _, _, flags, _, _ = _LINE_INFO.unpack(asked)
    if not flags & _USED:
        return None
    return str(consumer.rstrip(b"\0").decode(errors="replace"))


def _holds(link: Path, chip: int, offset: int) -> bool:
    if "gpio" not in str(link.readlink()):  # anon_inode:gpio-line and its older kin
        return False
    info = (link.parents[1] / "fdinfo" / link.name).read_text()
    words = [line.split() for line in info.splitlines()]
    return ["gpio-chip:", f"gpiochip{chip}"] in words and ["gpio-line:", str(offset)] in words
