"""A model on the accelerator, whose library lives in a process of its own.

A vendor's library can hang, and can end its process. The gate outlives both: a call here ends by
an answer or by an `AcceleratorError` within its time limit, and the process is started anew.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from shuttergate.errors import AcceleratorError, Phrase, cause_of, phrase
from shuttergate.system import spawn
from shuttergate.system.pipes import Pipes, pipes
from shuttergate.vision import libedgetpu, wire
from shuttergate.vision.runtime import Model, Port, dequantised

START_LIMIT_S = 20.0
"""From starting the process to its word that the model is loaded: a Pi imports for seconds."""

BACK_OFF_FIRST_S = 0.5
BACK_OFF_CAP_S = 5.0
STABLE_S = 10.0


class AcceleratorState(StrEnum):
    """What is known of the accelerator; every change is told."""

    STARTING = "starting"
    WORKING = "working"
    ABSENT = "absent"  # its library would not take it: not plugged in, held by another, no library
    UNFIT = "unfit"  # its library was built for another runtime: it is not let near a model
    FAILED = "failed"  # it gave an error instead of an answer
    HUNG = "hung"  # it gave nothing within the time limit
    DIED = "died"  # its process ended


STATES = {
    AcceleratorState.STARTING: phrase("starting"),
    AcceleratorState.WORKING: phrase("working"),
    AcceleratorState.ABSENT: phrase("absent"),
    AcceleratorState.UNFIT: phrase("unfit"),
    AcceleratorState.FAILED: phrase("failed"),
    AcceleratorState.HUNG: phrase("hung"),
    AcceleratorState.DIED: phrase("died"),
}
"""For people, within an error."""

_WHEREVER = (AcceleratorState.STARTING, AcceleratorState.WORKING, AcceleratorState.UNFIT)
"""Where it stands on the bus says nothing about these."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the process is to load; longer than ``answer_limit_s`` for one picture is a hang."""

    library: str
    options: dict[str, str]
    content: bytes
    answer_limit_s: float


class Accelerator:
    """Like `Model`, for any thread, but each call may raise `AcceleratorError`.

    ``on_state(state, cause)`` is told of every change, on whatever thread noticed it. ``check`` is
    given the loaded model's ports and raises where they are not those that model.toml claims.
    ``where()`` says in words where the accelerator stands on the bus; it goes with every cause.
    """

    def __init__(
        self,
        job: Job,
        check: Callable[[Port, Port], None],
        on_state: Callable[[AcceleratorState, Phrase | str], None],
        where: Callable[[], Phrase],
    ) -> None:
        self._job = job
        self._check = check
        self._on_state = on_state
        self._where = where
        self._lock = threading.Lock()
        self._link: Pipes | None = None
        self._output: Port | None = None
        self._answer = bytearray()
        self._lost = threading.Event()
        self._closed = False
        self._settled = threading.Event()
        self.generation = 0  # changes with every change of what would answer next
        self.state = AcceleratorState.STARTING
        self.cause: Phrase | str = ""
        # One thread for life: the kernel ends the process when the thread that started it ends.
        self._keeper = threading.Thread(target=self._keep, name="accelerator", daemon=True)
        self._keeper.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the first start is over, well or badly; return whether it works."""
        self._settled.wait(timeout_s)
        return self.state is AcceleratorState.WORKING

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), dequantised; raise `AcceleratorError` for no answer."""
        with self._lock:
            if self._link is None or self._output is None:
                raise AcceleratorError(
                    "the accelerator is {state}: {cause}",
                    state=STATES[self.state],
                    cause=self.cause,
                )
            try:
                self._link.sendall(pixels.data)
                failure = wire.receive_answer(self._link, self._answer)
            except TimeoutError:
                limit_ms = self._job.answer_limit_s * 1000
                cause = phrase("no answer within {ms:.0f} ms", ms=limit_ms)
                raise self._lose(AcceleratorState.HUNG, cause) from None
            except OSError:
                cause = phrase("its process ended")
                raise self._lose(AcceleratorState.DIED, cause) from None
            if failure:
                raise self._lose(AcceleratorState.FAILED, failure)
            raw = np.frombuffer(self._answer, self._output.dtype)
            return dequantised(raw, self._output)

    def close(self) -> None:
        """End its process."""
        self._closed = True
        self._lost.set()
        self._keeper.join(2.0)

    def _lose(self, state: AcceleratorState, cause: Phrase) -> AcceleratorError:
        # The link is shut at once: an answer that comes late must not be taken for the next.
        if self._link is not None:
            self._link.close()
            self._link = None
        try:
            self._tell(state, cause)
        finally:
            self._lost.set()  # whatever comes of the telling, it is started anew
        return AcceleratorError(
            "the accelerator {state}: {cause}", state=STATES[state], cause=self.cause
        )

    def _tell(self, state: AcceleratorState, cause: Phrase | str) -> None:
        if state not in _WHEREVER:
            cause = phrase("{words} ({detail})", words=cause, detail=self._bus())
        if (state, cause) == (self.state, self.cause):
            return
        self.state, self.cause = state, cause
        self.generation += 1
        self._on_state(state, cause)

    def _bus(self) -> Phrase:
        try:
            return self._where()
        except Exception as error:  # an addition to the cause, which must not cost the recovery
            return phrase("the bus cannot be read: {error}", error=cause_of(error))

    def _keep(self) -> None:
        backoff = spawn.Backoff(BACK_OFF_FIRST_S, BACK_OFF_CAP_S, STABLE_S)
        while not self._closed:
            self._lost.clear()
            began_s = time.monotonic()
            ours, theirs = pipes()
            with theirs:
                process = spawn.start("shuttergate.vision.accelerator_process", *theirs.descriptors)
            try:
                works = self._open(ours)
                self._settled.set()
                if works:
                    self._lost.wait()
            finally:
                process.kill()
                how = process.wait()
                ours.close()
            if self.state is AcceleratorState.DIED and how < 0 and how != -signal.SIGKILL:
                name = signal.Signals(-how).name
                cause = phrase("its process ended by {signal}", signal=name)
                if not works:
                    cause = phrase(
                        "{cause} while it loaded the model; if its library is an old one, {mend}",
                        cause=cause,
                        mend=libedgetpu.MEND,
                    )
                self._tell(AcceleratorState.DIED, cause)
            wait_s = backoff.after(time.monotonic() - began_s)
            if not self._closed:
                time.sleep(wait_s)

    def _open(self, ours: Pipes) -> bool:
        """Have the process load the model; return whether it did."""
        ours.settimeout(START_LIMIT_S)
        try:
            wire.send_job(ours, self._job.library, self._job.options, self._job.content)
            hello = wire.receive_hello(ours)
        except TimeoutError:
            cause = phrase("its library loads nothing within {s:.0f} s", s=START_LIMIT_S)
            self._tell(AcceleratorState.HUNG, cause)
            return False
        except (OSError, ValueError) as error:
            cause = phrase(
                "its process ended while it loaded the model ({error})", error=cause_of(error)
            )
            self._tell(AcceleratorState.DIED, cause)
            return False
        if hello.error:
            state = AcceleratorState.UNFIT if hello.unfit else AcceleratorState.ABSENT
            self._tell(state, hello.said or hello.error)
            return False
        try:
            self._check(hello.input, hello.output)
        except ValueError as error:
            self._tell(AcceleratorState.FAILED, cause_of(error))
            return False
        with self._lock:
            self._answer = bytearray(hello.output_bytes)
            self._output = hello.output
            ours.settimeout(self._job.answer_limit_s)
            self._link = ours
            # Told before anyone can use the link: the first failure must not be overwritten by it.
            self._tell(AcceleratorState.WORKING, "")
        return True


class StandIn:
    """The accelerator, and the CPU while it is away; only where board.toml says so."""

    def __init__(self, accelerator: Accelerator, on_cpu: Model) -> None:
        self._accelerator = accelerator
        self._on_cpu = on_cpu

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the outputs, shape (n,), dequantised, of whichever answers."""
        if self._accelerator.state is AcceleratorState.WORKING:
            try:
                return self._accelerator(pixels)
            except AcceleratorError:
                pass  # it has told what is wrong with it
        return self._on_cpu(pixels)
