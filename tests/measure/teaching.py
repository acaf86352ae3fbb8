"""`make bench-teaching`: how long a class waits for a running demo.

From a press to its receipt, from "in force" to a dead line, and on /ledger for an example that is
taken out of a rule in force, and for a picture that is looked for.

A page of no browser teaches the cardboard star, puts the rule in force and takes it back, again
and again. The line's fall is heard as pages hear it, so what is measured is an upper bound.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from shuttergate.policy.examples import LEAST_YES

EXAMPLES = 5
SETTLED_S = 30.0


class Page:
    """What a page of the kit hears, and may ask for."""

    def __init__(self, url: str, socket: ClientConnection) -> None:
        self._url, self._socket = url, socket
        self.told: dict[str, Any] = {}
        self.until(lambda: "token" in self.told and self.told.get("kit"))

    def until(self, true: Callable[[], Any], timeout_s: float = SETTLED_S) -> None:
        """Hear news until it is true; raise TimeoutError."""
        end_s = time.monotonic() + timeout_s
        while not true():
            text = self._socket.recv(max(0.0, end_s - time.monotonic()))
            if isinstance(text, str):
                self.told |= json.loads(text)

    def wait(self, seconds: float) -> None:
        """Hear news for so long: a page that takes none is told of nothing for seconds after."""
        end_s = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            self.until(lambda: time.monotonic() >= end_s, seconds)

    @property
    def status(self) -> dict[str, Any]:
        """The gate as it stands."""
        found: dict[str, Any] = (self.told.get("standing") or {}).get("status") or {}
        return found

    def ask(self, path: str, body: object) -> None:
        """POST it, as the page does; raise OSError where it is refused."""
        headers = {"x-shuttergate-token": self.told["token"], "origin": self._url}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(self._url + path, content, headers)
        urllib.request.urlopen(asked, timeout=20).read()

    def seconds(self, path: str, body: object) -> float:
        """Return how long the answer took."""
        began_s = time.monotonic()
        self.ask(path, body)
        return time.monotonic() - began_s

    def teach(self, prop: str, yes: bool) -> list[float]:
        """Bring what stands before the camera as examples; return what each took, in seconds."""
        self.ask("/bring", {"prop": prop})
        self.wait(2.0)
        took = []
        for _ in range(EXAMPLES):
            took.append(self.seconds("/teach/example", {"yes": yes}))
            self.wait(0.7)  # the hand moves on
        return took


@contextlib.contextmanager
def demo() -> Iterator[Page]:
    """Run a demo, and look at it."""
    with tempfile.TemporaryDirectory() as album:
        kit = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "demo", "--port", "0", "--album", album],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        try:
            assert kit.stdout is not None
            for line in kit.stdout:
                said = json.loads(line)
                if said["event"] == "page":
                    url = said["addresses"][0].rstrip("/")
                    live = f"ws{url[4:]}/live"
                    with connect(live, origin=Origin(url), ping_interval=None) as socket:
                        yield Page(url, socket)
                    break
        finally:
            kit.terminate()
            kit.communicate()


def falls(page: Page, rounds: int) -> list[float]:
    """Return how long it took from "in force" to a line that is low, in seconds, each round."""
    took = []
    for _ in track(range(rounds), "in force and back", transient=True):
        page.until(lambda: page.status.get("open"))
        began_s = time.monotonic()
        page.ask("/teach/enforce", {"on": True})
        page.until(lambda: page.status.get("line") is False)
        took.append(time.monotonic() - began_s)
        page.until(lambda: page.status.get("reason") == "taught")
        page.ask("/teach/enforce", {"on": False})
    return took


def withdrawals(page: Page) -> list[float]:
    """Return how long each of six examples took that were taken out of a rule in force."""
    page.ask("/teach/enforce", {"on": True})
    (lesson,) = page.told["teaching"]["lessons"]
    words = [one["word"] for one in lesson["examples"]]
    gone = [*words[: EXAMPLES - LEAST_YES], *words[1 - EXAMPLES :]]
    return [page.seconds("/teach/withdraw", {"name": "star", "word": one}) for one in gone]


def searches(page: Page, rounds: int) -> list[float]:
    """Return how long each search by a picture took, once the process that opens it runs."""
    file = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(file, "JPEG")
    page.ask("/ledger/picture", file.getvalue())
    return [page.seconds("/ledger/picture", file.getvalue()) for _ in range(rounds)]


def main() -> None:
    """Print medians and 99th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with demo() as page:
        page.until(lambda: page.status.get("open"))
        page.ask("/teach/begin", {"name": "star"})
        receipts = page.teach("star", True) + page.teach("nobody", False)
        page.ask("/bring", {"prop": "star"})
        page.wait(2.0)
        lines = falls(page, rounds)
        out = withdrawals(page)
        looked = searches(page, rounds)
    table = Table("", "median", "p99", "n")
    for what, found in (
        ("from a press to its receipt, ms", receipts),
        ("from 'in force' to a line that is low, ms", lines),
        ("an example taken out of a rule in force, ms", out),
        ("a picture of 12 megapixels looked for, ms", looked),
    ):
        found_ms = 1000 * np.asarray(found)
        middle, late = np.median(found_ms), np.quantile(found_ms, 0.99)
        table.add_row(what, f"{middle:.0f}", f"{late:.0f}", str(len(found)))
    Console().print(table)


if __name__ == "__main__":
    main()
