"""Has the page judge each picture, as a visitor would; prints its answers, a line each."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

from websockets.sync.client import connect

ADDRESS = sys.argv[1]

# This machine is slow, and it is the page's own limits that count.
PATIENT = {"open_timeout": 60, "ping_interval": None}

with connect(ADDRESS.replace("http", "ws") + "/live", origin=ADDRESS, **PATIENT) as page:
    token = json.loads(page.recv())["token"]
    for name in sys.argv[2:]:
        headers = {"X-Shuttergate-Token": token, "Origin": ADDRESS}
        request = urllib.request.Request(f"{ADDRESS}/judge", Path(name).read_bytes(), headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            print(answer.read().decode(), flush=True)
