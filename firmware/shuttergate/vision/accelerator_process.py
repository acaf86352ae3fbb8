"""The process of the accelerator's library: it loads one model and answers picture by picture.

It is a child of the gate process and as confined as that; an error ends it, since no such library
is known to be whole after one. It ends with the gate.
"""

from __future__ import annotations

import numpy as np

from shuttergate.errors import ShuttergateError, UnfitError
from shuttergate.system import spawn
from shuttergate.system.framing import Stream, fill
from shuttergate.vision import libedgetpu, wire
from shuttergate.vision.runtime import Model, Port, load_delegate

NO_PORT = Port((0,), "uint8", 1.0, 0)


def serve(link: Stream) -> None:
    """Load what is asked for and answer until the other side is gone or the library fails."""
    job, content = wire.receive_job(link)
    try:
        libedgetpu.refuse_unfit(job.library)
        model = Model(content, delegate=load_delegate(job.library, job.options))
    except ShuttergateError as error:
        unfit = isinstance(error, UnfitError)
        wire.send_hello(link, wire.Hello(NO_PORT, NO_PORT, 0, str(error), unfit, error.phrase))
        return
    size = int(np.prod(model.output.shape)) * np.dtype(model.output.dtype).itemsize
    wire.send_hello(link, wire.Hello(model.input, model.output, size))
    picture = bytearray(int(np.prod(model.input.shape)) * np.dtype(model.input.dtype).itemsize)
    pixels = np.frombuffer(picture, model.input.dtype)
    try:
        while fill(link, picture):
            raw = model.raw(pixels)
            picture[:] = bytes(len(picture))
            wire.send_answer(link, raw.tobytes())
    except (RuntimeError, ValueError) as error:
        wire.send_failure(link, libedgetpu.explained(error, job.library))


def main(argv: list[str] | None = None) -> None:
    """Answer on two inherited pipes."""
    # A vendor's library may start programs of its own: whatever it starts is in this room, too.
    keeps = spawn.Liberties(news=True, devices=spawn.ACCELERATORS, programs=True)
    with spawn.begin_on_pipes("shuttergate-accelerator", argv, keeps) as link:
        try:
            serve(link)
        except ConnectionError:
            return


if __name__ == "__main__":
    main()
