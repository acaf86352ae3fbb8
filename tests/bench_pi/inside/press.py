"""Press the shutter on the kit's own page until there is a photo, and print what came of it."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image
from websockets.sync.client import connect

PAGE = "http://127.0.0.1:8080"
ALBUM = Path("/var/lib/shuttergate/album")
PATIENCE_S = 240.0
HOLD_S, BETWEEN_S = 2.0, 8.0


def token() -> str:
    """Return what a page must know that asks for something."""
    with connect("ws" + PAGE.removeprefix("http") + "/live", origin=PAGE, open_timeout=60) as live:
        while True:
            news = live.recv(60)
            if isinstance(news, str) and "token" in (whole := json.loads(news)):
                return str(whole["token"])


def finger(down: bool, known: str) -> None:
    """Press or let go."""
    headers = {"Origin": PAGE, "X-Shuttergate-Token": known}
    wish = json.dumps({"type": "finger", "down": down}).encode()
    asked = urllib.request.Request(f"{PAGE}/press", wish, headers)
    urllib.request.urlopen(asked, timeout=60).close()


def outcome() -> str:
    """Return "photo", why the last press was refused, or "nothing", by album and log."""
    for photo in ALBUM.rglob("*.jpg"):
        with Image.open(photo) as picture:
            picture.load()
        return "photo"
    with urllib.request.urlopen(f"{PAGE}/log.jsonl", timeout=60) as log:
        told = [json.loads(line) for line in log]
    reasons = [one["reason"] for one in told if one["event"] == "press refused"]
    return f"refused, {reasons[-1]}" if reasons else "nothing"


def main() -> None:
    latest_s, known, came = time.monotonic() + PATIENCE_S, "", "nothing"
    while came != "photo" and time.monotonic() < latest_s:
        try:
            known = known or token()
            for down in (True, False):
                finger(down, known)
                time.sleep(HOLD_S if down else BETWEEN_S)
            came = outcome()
        except (OSError, TimeoutError) as error:  # the page is still on its way
            print(error, file=sys.stderr, flush=True)
            time.sleep(BETWEEN_S)
    print(came)


main()
