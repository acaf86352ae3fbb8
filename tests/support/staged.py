"""A whole kit with its page whose camera looks at what the test orders."""

from __future__ import annotations

import queue
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import msgspec
from PIL import Image

from shuttergate.companion import Role
from shuttergate.config import AlbumSettings, Config, SceneSettings, read_kit
from shuttergate.console import process
from shuttergate.console.server import listen
from shuttergate.parent.status_server import StatusServer
from shuttergate.parent.supervisor import Supervisor
from support.kits import slow_board


class Staged:
    """A kit and its page in processes of their own, and their parent in a thread of this one.

    ``scenes``: by name; the first is shown at the start, another once `show` orders it.
    """

    def __init__(self, folder: Path, scenes: dict[str, Image.Image], config: Config) -> None:
        self.folder = folder
        self.pictures = {name: folder / f"{name}.png" for name in scenes}
        for name, path in self.pictures.items():
            scenes[name].save(path)
        stage = folder / "stage.toml"
        lines = [f'{name} = "{path}"' for name, path in self.pictures.items()]
        stage.write_text("\n".join(["[scenes]", *lines, ""]))
        self.album = folder / "album"
        self._orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ours, self._theirs = socket.socketpair()
        with ExitStack() as stack:
            stack.callback(self._ours.close)
            stack.callback(self._theirs.close)
            config = msgspec.structs.replace(
                config,
                board=str(slow_board(folder)),
                scene=SceneSettings(path=str(stage)),
                album=AlbumSettings(folder=str(self.album)),
            )
            listener = stack.enter_context(listen(0, lan=False))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            path = folder / "console.sock"
            board = read_kit(config, None)
            self._server = stack.enter_context(
                StatusServer({Role.PAGE: path}, config, board, self.album)
            )
            console = process.beside(listener.fileno(), config, path)
            self.kit = Supervisor(config, self.album, [console])
            stack.enter_context(self.kit)
            self._stack = stack.pop_all()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            news = self.kit.poll(0.1, self._theirs, *self._server.sources)
            self._server.attend(self.kit, news)
            while not self._orders.empty():
                self._theirs.recv(1)
                if (scene := self._orders.get()) is None:
                    return
                self.kit.show(scene)

    def _order(self, scene: str | None) -> None:
        self._orders.put(scene)
        self._ours.send(b"!")

    def show(self, scene: str) -> None:
        """Have the camera look at `scene` from its next exposure on."""
        self._order(scene)

    def close(self) -> None:
        """End the kit."""
        self._order(None)
        self._thread.join()
        self._stack.close()
