"""The image of docs/container.md, built and tried as a speaker would: `make container`.

Needs podman or docker. Builds the image, has the doctor look at it from inside, starts it with the
page on a port of this computer alone, and is a browser there: nothing without the code, then
a press, and its photo. At the end nothing of it runs any more; the image stays.

``--made``: on a Debian of mmdebstrap's (root), where no registry of images is reached; pip then
finds packages in there as it does here.

Exit status: 0 all held, 1 something did not, 77 this cannot run here.
"""

from __future__ import annotations

import argparse
import json
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Origin

import fresh

ROOT = Path(__file__).parents[1]
ENGINES = ("podman", "docker")
IMAGE, MADE = "shuttergate", "localhost/shuttergate-debian"
PORT = 8080
PATIENCE_S = 60.0
CANNOT = 77


class Cannot(Exception):
    """This cannot run here: says why."""


def told(*command: str | Path) -> str:
    """Return what a command says; its failure is this one's."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def debian(engine: str) -> list[str]:
    """Make a Debian to build on, and return what the build is told of it."""
    if shutil.which("mmdebstrap") is None:
        raise Cannot("there is no mmdebstrap")
    try:
        archive = fresh.base("trixie", ("apt",))
    except fresh.NoDebian as reason:
        raise Cannot(str(reason)) from reason
    told(engine, "import", archive, MADE)
    return ["--build-arg", f"DEBIAN={MADE}"]


def pips(folder: Path) -> list[str]:
    """Return what the build has to be lent for pip to find there what it finds here."""
    settings = fresh.pip_settings()
    lines = ["[global]"]
    for name, value in settings.items():
        if name not in ("PIP_CONSTRAINT", "PIP_CERT"):
            lines.append(f"{name.removeprefix('PIP_').lower().replace('_', '-')} = {value}")
    lent = {one: one for one in fresh.places(settings) if one != settings.get("PIP_CERT")}
    if certificates := settings.get("PIP_CERT"):  # where Debian's own package puts its own
        lent[certificates] = "/pip.crt"
        lines.append("cert = /pip.crt")
    own = folder / "pip.conf"
    own.write_text("\n".join(lines) + "\n")
    lent[str(own)] = "/etc/pip.conf"
    return [f"--volume={here}:{there}:ro" for here, there in lent.items()]


def build(engine: str, made: bool) -> float:
    """Build the image; return how many seconds that took."""
    with tempfile.TemporaryDirectory() as folder:
        more = debian(engine) if made else []
        if made and engine == "podman":
            more += ["--pull=never", "--isolation=chroot", *pips(Path(folder))]
        began_s = time.monotonic()
        command = [engine, "build", "--file", ROOT / "Containerfile", "--tag", IMAGE, *more, ROOT]
        subprocess.run(command, check=True)
        return time.monotonic() - began_s


class Box:
    """A container that runs the demo; what it says is read as it comes."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._began_s = time.monotonic()
        self.name = f"shuttergate-{time.monotonic_ns()}"
        self._process = subprocess.Popen(
            [engine, "run", "--rm", "--name", self.name, f"--publish=127.0.0.1::{PORT}", IMAGE],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.SimpleQueue[str]()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    @property
    def age_s(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._began_s

    def wait_for(self, event: str) -> dict[str, str]:
        """Return the next event of this name in its log."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            line = self._lines.get(timeout=max(0.0, until_s - time.monotonic()))
            found: dict[str, str] = json.loads(line)
            if found["event"] == event:
                return found

    def address(self) -> str:
        """Return where its page is on this computer."""
        port = told(self._engine, "port", self.name, f"{PORT}/tcp").rpartition(":")[2]
        return f"http://localhost:{port}"

    def ask(self, *command: str) -> str:
        """Return what a command says inside."""
        return told(self._engine, "exec", self.name, *command)

    def stop(self) -> int:
        """Have it end, and return its exit status."""
        told(self._engine, "stop", "--time=15", self.name)
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """Leave nothing running, whatever came before."""
        subprocess.run([self._engine, "rm", "--force", self.name], check=False, capture_output=True)
        self._process.wait(PATIENCE_S)


@contextmanager
def started(engine: str) -> Iterator[Box]:
    """Give a box for as long as the block lasts."""
    box = Box(engine)
    try:
        yield box
    finally:
        box.close()


class Browser:
    """Asks a page as a browser does; keeps its cookie."""

    def __init__(self, page: str) -> None:
        self.page = page
        self._headers = {"Origin": page}

    def ask(self, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        """Return the status and the content of an answer."""
        data = body.encode() if body is not None else None
        asked = urllib.request.Request(self.page + path, data, self._headers | headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                if cookie := answer.headers["Set-Cookie"]:
                    self._headers["Cookie"] = cookie.partition(";")[0]
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def comes_through(self) -> bool:
        """Whether the page answers at all by now."""
        try:
            return self.ask("/pair")[0] == 200
        except OSError:
            return False

    def token(self) -> str:
        """Return what a page must know that asks for something."""
        where = f"ws{self.page.removeprefix('http')}/live"
        cookie = {"Cookie": self._headers["Cookie"]}
        with connect(where, origin=Origin(self.page), additional_headers=cookie) as live:
            while True:
                news = live.recv(10)
                if isinstance(news, str) and "token" in (whole := json.loads(news)):
                    return str(whole["token"])

    def press(self, known: str) -> int:
        """Press, let go, and return the status of the answer."""
        statuses = []
        for down in (True, False):
            wish = json.dumps({"type": "finger", "down": down})
            statuses.append(self.ask("/press", wish, **{"X-Shuttergate-Token": known})[0])
            time.sleep(0.2)
        return max(statuses)


def visit(engine: str) -> Iterator[tuple[str, bool]]:
    """Yield what was tried at a running kit, and whether it held."""
    with started(engine) as box:
        invite = box.wait_for("pairing code")
        browser = Browser(box.address())
        while not browser.comes_through() and box.age_s < PATIENCE_S:
            time.sleep(0.05)
        yield f"page {box.age_s:.1f} s after the start", browser.comes_through()
        named = f"http://localhost:{PORT}/"
        yield "the log names the page as the laptop does", invite["addresses"][0] == named
        yield "without the code no press", browser.press("") == 401
        yield "a foreign name is refused", browser.ask("/pair", Host="evil.example")[0] == 403
        wrong = f"{(int(invite['code']) + 1) % 10**8:08d}"
        yield "a wrong code is refused", browser.ask("/pair", wrong)[0] == 403
        time.sleep(1.5)  # whoever gave a wrong one waits
        yield "the code is taken", browser.ask("/pair", invite["code"])[0] == 204
        known = browser.token()
        for _ in range(20):  # until the gate is open, and the card is away
            pressed_s = time.monotonic()
            allowed = browser.press(known) == 204
            photos = box.ask("ls", "/album").split()
            if photos or not allowed:
                break
            time.sleep(1.0)
        yield f"a press, and its photo within {time.monotonic() - pressed_s:.1f} s", bool(photos)
        status, photo = browser.ask(f"/photo/{photos[0]}") if photos else (0, b"")
        yield "the photo is on the page", status == 200 and photo.startswith(b"\xff\xd8")
        yield "nobody is root", box.ask("id", "-u") == "1000"
        first = box.ask("cat", "/proc/1/comm")
        yield f"process 1 is {first}", first == "tini"
        yield "it ends when it is told to", box.stop() in (0, 143)


def look(engine: str) -> Iterator[tuple[str, bool]]:
    """Yield what was seen of the image, and whether it is as it should be."""
    size = int(told(engine, "image", "inspect", "--format={{.Size}}", IMAGE))
    user = told(engine, "image", "inspect", "--format={{.Config.User}}", IMAGE)
    yield f"image of {size / 1e6:.0f} MB, for the user {user}", user not in ("", "root", "0")
    once = [engine, "run", "--rm"]
    seen = ["/", "-xdev", "-type", "f", "-perm", "/6000"]
    lenders = told(*once, "--user=0", "--entrypoint=find", IMAGE, *seen)
    yield "no program lends its owner's rights", not lenders
    done = subprocess.run([*once, IMAGE, "doctor"], check=False, capture_output=True, text=True)
    print(done.stdout)
    walls = re.search(r"^(ok|warning) +walls +(.+)", done.stdout, re.MULTILINE)
    yield f"walls: {walls[2] if walls else 'none'}", done.returncode == 0 and bool(walls)


def main() -> int:
    """Build, look and try."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--with", dest="engine", choices=ENGINES, help="default: the first found")
    parser.add_argument("--made", action="store_true", help="on a Debian of mmdebstrap's")
    options = parser.parse_args()
    here = [one for one in ENGINES if shutil.which(one)]
    held = True
    try:
        engine = options.engine or next(iter(here), None)
        if engine not in here:
            raise Cannot(f"there is no {engine or ' or '.join(ENGINES)}")
        print(f"built by {told(engine, '--version')} in {build(engine, options.made):.0f} s")
        for tried in (look, visit):
            for what, is_so in tried(engine):
                print(f"{'held' if is_so else 'FAILED':<8}{what}", flush=True)
                held &= is_so
    except Cannot as reason:
        print(f"no image was tried: {reason}")
        return CANNOT
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
