"""What gate and accelerator process say to each other, on a stream.

To the process: a `JobHeader` and the model's bytes, once; then pictures, each as the bytes of the
model's input. Back: a `Hello`, once; then for each picture a byte 0 and the raw bytes of the
output, or a byte 1 and a message, a `Phrase`, that says why there are none.
"""

from __future__ import annotations

import msgspec

from shuttergate.errors import Phrase
from shuttergate.system.framing import Stream, exactly, fill, framed, message
from shuttergate.vision.runtime import Port

MAX_MODEL_BYTES = 64 * 1024 * 1024

GONE = "the other side is gone"


class JobHeader(msgspec.Struct, frozen=True):
    """The library to load, its options, and the size of the model that follows."""

    library: str
    options: dict[str, str]
    size: int


class Hello(msgspec.Struct, frozen=True):
    """The loaded model's ports and the bytes of one output; or why there is none.

    ``said``: that for people; ``unfit``: the library can work with no accelerator here.
    """

    input: Port
    output: Port
    output_bytes: int
    error: str = ""
    unfit: bool = False
    said: Phrase | msgspec.UnsetType = msgspec.UNSET


_jobs = msgspec.json.Decoder(JobHeader)
_causes = msgspec.json.Decoder(Phrase)
_hellos = msgspec.json.Decoder(Hello)


def send_job(stream: Stream, library: str, options: dict[str, str], content: bytes) -> None:
    """Send what is to be loaded; raises OSError when the process is gone."""
    stream.sendall(framed(msgspec.json.encode(JobHeader(library, options, len(content)))))
    stream.sendall(content)


def receive_job(stream: Stream) -> tuple[JobHeader, bytes]:
    """Return what is to be loaded; raises OSError when the gate is gone."""
    text = message(stream)
    if text is None:
        raise ConnectionError(GONE)
    job = _jobs.decode(text)
    if not 0 < job.size <= MAX_MODEL_BYTES:
        raise ValueError(f"a model of {job.size} bytes; at most {MAX_MODEL_BYTES} are loaded")
    content = exactly(stream, job.size)
    if content is None:
        raise ConnectionError(GONE)
    return job, bytes(content)


def send_hello(stream: Stream, hello: Hello) -> None:
    """Say what was loaded, or that nothing was."""
    stream.sendall(framed(msgspec.json.encode(hello)))


def receive_hello(stream: Stream) -> Hello:
    """Return what was loaded; raises OSError when the process is gone."""
    text = message(stream)
    if text is None:
        raise ConnectionError(GONE)
    return _hellos.decode(text)


def send_answer(stream: Stream, raw: bytes) -> None:
    """Answer one picture."""
    stream.sendall(b"\0" + raw)


def send_failure(stream: Stream, cause: Phrase) -> None:
    """Say that there is no answer, and why."""
    stream.sendall(b"\1" + framed(msgspec.json.encode(cause)))


def receive_answer(stream: Stream, answer: bytearray) -> Phrase | None:
    """Fill `answer` with the raw output, or return why there is none."""
    head = exactly(stream, 1) or b"\0"
    if head[0] == 0 and fill(stream, answer):
        return None
    text = message(stream) if head[0] == 1 else None
    if text is None:
        raise ConnectionError(GONE)
    try:
        return _causes.decode(text)
    except ValueError as error:
        raise ConnectionError(GONE) from error  # whoever talks nonsense is as good as gone
