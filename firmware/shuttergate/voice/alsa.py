"""A loudspeaker, by ALSA: the sound system of the kernel, as libasound speaks to it.

libasound2 is part of every Raspberry Pi OS and Debian desktop (LGPL-2.1, loaded at run time).
pyalsaaudio has no wheels: each kit would need a compiler. Ten functions by ctypes need none. No
program is started, as aplay would be: a confined process cannot. The device is opened itself
("plughw"), past servers and mixers, which a confined process does not reach.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import re
import time
from pathlib import Path

from shuttergate.errors import Phrase, SoundError, cause_of, phrase
from shuttergate.voice.spoken import Sound

LIBRARY = "libasound.so.2"
DEVICES = ("/dev/snd/controlC*", "/dev/snd/pcmC*p")
"""What a loudspeaker needs opened; of the sound devices no microphone."""

OVERTIME_S = 2.0
"""A device that takes so much longer than the sound is stuck."""

LATENCY_US = 200_000

# See pcm.h of alsa-lib.
_PLAYBACK, _NONBLOCK, _S16_LE, _INTERLEAVED, _RUNNING, _DRAINING = 0, 1, 2, 3, 3, 5
_WAIT_MS = 100
_FRAME_BYTES = 2
_LINE = re.compile(r"^(\d+)-(\d+):.*: playback ")


@functools.cache
def library() -> ctypes.CDLL:
    """Load libasound; raise `SoundError` where it is not there."""
    try:
        alsa = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise SoundError(
            "{library} is not here; sudo apt install libasound2", library=LIBRARY
        ) from error
    handle, words, number, count = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint
    for name, kinds in {
        "open": [ctypes.POINTER(handle), words, number, number],
        "set_params": [handle, number, number, count, count, number, count],
        "writei": [handle, words, ctypes.c_ulong],
        "recover": [handle, number, number],
        "wait": [handle, number],
        **{one: [handle] for one in ("drain", "state", "drop", "close")},
    }.items():
        getattr(alsa, f"snd_pcm_{name}").argtypes = kinds
    alsa.snd_pcm_writei.restype = ctypes.c_long
    alsa.snd_lib_error_set_handler.argtypes = [handle]
    # It would write on stderr; a function that does nothing with what it is told says nothing.
    alsa.snd_lib_error_set_handler(ctypes.cast(ctypes.CDLL(None).getpid, handle))
    return alsa


def loudspeakers(listing: Path = Path("/proc/asound/pcm")) -> list[str]:
    """Return ALSA's names for the devices that play, as the kernel counts them."""
    try:
        lines = listing.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = [match for match in map(_LINE.match, (f"{line} " for line in lines)) if match]
    return [f"plughw:{int(match[1])},{int(match[2])}" for match in found]


def play(sound: Sound, device: str = "") -> None:
    """Play it to its end on `device`, or on the first that takes it; raise `SoundError`."""
    with _opened(device, sound.rate_hz) as pcm:
        pcm.play(sound)


def probe(device: str, rate_hz: int) -> str:
    """Return which device would play, and play nothing; raise `SoundError`."""
    with _opened(device, rate_hz) as pcm:
        return pcm.name


def _opened(device: str, rate_hz: int) -> _Pcm:
    names = [device] if device else loudspeakers()
    causes: list[tuple[str, Phrase]] = []
    for name in names:
        try:
            return _Pcm(name, rate_hz)
        except _PcmError as error:
            causes.append((name, error.cause))
    if not causes:
        raise SoundError(
            "this computer has no sound device; plug a loudspeaker in, or set voice.language to off"
        )
    name, cause = causes[0]
    raise SoundError(
        "{device}: no sound can be played there ({cause}); set voice.device to one of `aplay -L`",
        device=name,
        cause=cause,
    )


class _PcmError(Exception):
    def __init__(self, code: int) -> None:
        self.cause = _cause(-code)
        super().__init__(self.cause)


class _Pcm:
    """An open device that takes mono samples of 16 bits."""

    def __init__(self, name: str, rate_hz: int) -> None:
        self.name = name
        self._alsa = library()
        self._handle = ctypes.c_void_p()
        self._done(
            self._alsa.snd_pcm_open(
                ctypes.byref(self._handle), os.fsencode(name), _PLAYBACK, _NONBLOCK
            )
        )
        try:
            self._done(
                self._alsa.snd_pcm_set_params(
                    self._handle, _S16_LE, _INTERLEAVED, 1, rate_hz, 1, LATENCY_US
                )
            )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> _Pcm:
        return self

    def __exit__(self, *rest: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it go, at once."""
        self._alsa.snd_pcm_drop(self._handle)
        self._alsa.snd_pcm_close(self._handle)

    def play(self, sound: Sound) -> None:
        """Play to the end; raise `SoundError` where the device stops taking samples."""
        until_s = time.monotonic() + sound.seconds + OVERTIME_S
        rest = sound.samples
        while rest:
            taken = self._alsa.snd_pcm_writei(self._handle, rest, len(rest) // _FRAME_BYTES)
            if taken > 0:
                rest = rest[taken * _FRAME_BYTES :]
            elif taken in (0, -errno.EAGAIN):
                self._wait(until_s)
            elif self._alsa.snd_pcm_recover(self._handle, taken, 1) < 0:
                raise self._failed(_cause(-taken))
        self._alsa.snd_pcm_drain(self._handle)  # which also starts what is shorter than the buffer
        while self._alsa.snd_pcm_state(self._handle) in (_RUNNING, _DRAINING):
            self._wait(until_s)

    def _wait(self, until_s: float) -> None:
        if time.monotonic() > until_s:
            raise self._failed(phrase("it takes no more"))
        self._alsa.snd_pcm_wait(self._handle, _WAIT_MS)
        time.sleep(0.01)  # a device that is always ready, and takes nothing, costs no processor

    def _done(self, answer: int) -> None:
        if answer < 0:
            raise _PcmError(answer)

    def _failed(self, cause: Phrase) -> SoundError:
        return SoundError(
            "{device}: the sound stopped ({cause}); look at the loudspeaker's plug",
            device=self.name,
            cause=cause,
        )


def _cause(code: int) -> Phrase:
    return cause_of(OSError(code, os.strerror(code)))
