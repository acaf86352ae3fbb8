"""What gate and accelerator process say to each other, on a socket pair.

To the process: a `JobHeader` and the model's bytes, once; then pictures, each as the bytes of the
model's input. Back: a `Hello`, once; then for each picture a byte 0 and the raw bytes of the
output, or a byte 1 and a message that says why there are none.
"""

from __future__ import annotations

import socket

import msgspec

from shuttergate.system.framing import (
    exactly,
    fill,
    framed,
    message,
)
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

    ``unfit``: the library can work with no accelerator here.
    """

    input: Port
    output: Port
    output_bytes: int
    error: str = ""
    unfit: bool = False


_jobs = msgspec.json.Decoder(JobHeader)
_hellos = msgspec.json.Decoder(Hello)


def send_job(sock: socket.socket, library: str, options: dict[str, str], content: bytes) -> None:
    """Send what is to be loaded; raises OSError when the process is gone."""
    sock.sendall(framed(msgspec.json.encode(JobHeader(library, options, len(content)))))
    sock.sendall(content)


def receive_job(sock: socket.socket) -> tuple[JobHeader, bytes]:
    """Return what is to be loaded; raises OSError when the gate is gone."""
    text = message(sock)
    if text is None:
        raise ConnectionError(GONE)
    job = _jobs.decode(text)
    if not 0 < job.size <= MAX_MODEL_BYTES:
        raise ValueError(f"a model of {job.size} bytes; at most {MAX_MODEL_BYTES} are loaded")
    content = exactly(sock, job.size)
    if content is None:
        raise ConnectionError(GONE)
    return job, bytes(content)


def send_hello(sock: socket.socket, hello: Hello) -> None:
    """Say what was loaded, or that nothing was."""
    sock.sendall(framed(msgspec.json.encode(hello)))


def receive_hello(sock: socket.socket) -> Hello:
    """Return what was loaded; raises OSError when the process is gone."""
    text = message(sock)
    if text is None:
        raise ConnectionError(GONE)
    return _hellos.decode(text)


def send_answer(sock: socket.socket, raw: bytes) -> None:
    """Answer one picture."""
    sock.sendall(b"\0" + raw)


def send_failure(sock: socket.socket, cause: str) -> None:
    """Say that there is no answer, and why."""
    sock.sendall(b"\1" + framed(cause.encode()[:4096]))


def receive_answer(sock: socket.socket, answer: bytearray) -> str:
    """Fill `answer` with the raw output and return "", or return why there is none."""
    head = exactly(sock, 1) or b"\0"
    if head[0] == 0 and fill(sock, answer):
        return ""
    text = message(sock) if head[0] == 1 else None
    if text is None:
        raise ConnectionError(GONE)
    return text.decode(errors="replace")
