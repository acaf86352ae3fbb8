"""Whoever watches the page for the bench, before a page that talks as the console does."""

from __future__ import annotations

import io
import threading
import time

from PIL import Image
from websockets.sync.server import ServerConnection, serve

from shuttergate.bench.scenario.onlooker import Onlooker
from shuttergate.clock import since_boot_s


def test_it_keeps_when_a_picture_came_and_how_tall_it_was_and_comes_back() -> None:
    jpeg = io.BytesIO()
    Image.new("RGB", (40, 30)).save(jpeg, "JPEG")

    def show(page: ServerConnection) -> None:
        assert page.request is not None
        assert page.request.path == "/live" and page.request.headers["Origin"] == url.rstrip("/")
        for told in ("{}", b"M\x01\x01abc", b"P" + jpeg.getvalue()):
            page.send(told)  # and hangs up

    with serve(show, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.socket.getsockname()[1]}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        since_s = since_boot_s()
        with Onlooker(url) as onlooker:
            while len(seen := onlooker.seen(since_s)) < 2:
                time.sleep(0.01)
        server.shutdown()
        thread.join()
    assert [height for _, height in seen[:2]] == [30, 30]
    assert 0 < seen[0][0] < seen[1][0]
    assert onlooker.seen(since_boot_s()) == []
