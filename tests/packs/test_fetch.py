"""Weights that others publish: fetched or brought, and never believed before their sha256."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib import request, response
from urllib.error import URLError

import pytest
from click.testing import Result
from typer.testing import CliRunner

from shuttergate import cli
from shuttergate.commands import model as cli_model
from shuttergate.commands import weights as cli_weights
from shuttergate.errors import PackError
from shuttergate.packs import fetch as model_files
from shuttergate.system.paths import share
from shuttergate.vision import pack as packs
from shuttergate.vision.pack import Pack, read_pack
from support import needs
from support.places import CORAL

CONTENT = bytes(range(256)) * 700
NAME = "open-nsfw.tflite"
SITE = "https://files.example"
REAL_OPENER = model_files._opener


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The kit's and the user's own place, both in the test's folder."""
    found = [tmp_path / "kit", tmp_path / "own"]
    for module in (packs, model_files):
        monkeypatch.setattr(
            module, "weights", lambda pack, name: [place / pack / name for place in found]
        )
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return found


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: list[Path]) -> Path:
    """A folder of packs: open-nsfw, whose model is CONTENT and published by others."""
    folder = tmp_path / "models"
    shutil.copytree(share("models") / "open-nsfw", folder / "open-nsfw")
    (folder / "open-nsfw" / NAME).unlink()
    path = folder / "open-nsfw" / "model.toml"
    text = path.read_text()
    old = read_pack(folder / "open-nsfw").manifest.sha256
    text = text.replace(old, hashlib.sha256(CONTENT).hexdigest())
    path.write_text(
        f'{text}\n[published."{NAME}"]\nsource = "{SITE}/good"\nsize = {len(CONTENT)}\n'
    )
    for module in (cli_model, cli_weights):
        monkeypatch.setattr(module, "share", lambda _: folder)
    return folder


def published(models: Path, source: str = f"{SITE}/good") -> Pack:
    path = models / "open-nsfw" / "model.toml"
    path.write_text(path.read_text().replace(f"{SITE}/good", source))
    return read_pack(models / "open-nsfw")


class Publisher(BaseHTTPRequestHandler):
    """What a publisher's server may do."""

    def do_GET(self) -> None:
        body = {"/other": CONTENT[::-1], "/long": CONTENT + b"more"}.get(self.path, CONTENT)
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/long":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1000] if self.path == "/short" else body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve on loopback what SITE is asked for; returns what was asked.

    The only way around "https only" is here, in the tests: they have no certificate.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    # Whoever hangs up early is meant to: not a word of it.
    monkeypatch.setattr(server, "handle_error", lambda *_: None)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    asked: list[str] = []

    class Loopback:
        def open(self, url: str, timeout: float) -> Any:
            asked.append(url)
            there = url.replace(SITE, f"http://127.0.0.1:{server.server_port}")
            return request.build_opener(request.ProxyHandler({})).open(there, timeout=timeout)

    monkeypatch.setattr(model_files, "_opener", Loopback)
    yield asked
    server.shutdown()
    server.server_close()


def lying(places: list[Path]) -> list[Path]:
    return [path for place in places for path in place.rglob("*") if path.is_file()]


def fetch(pack: Pack) -> Path:
    return model_files.fetch(pack, NAME, lambda _: None)


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["model", *map(str, words)])


def test_what_is_fetched_is_whole_and_readable_by_the_kit(
    models: Path, places: list[Path], site: list[str]
) -> None:
    pack, came = published(models), list[int]()
    assert pack.missing() == [NAME]
    umask = os.umask(0o077)
    try:
        path = model_files.fetch(pack, NAME, came.append)
    finally:
        os.umask(umask)
    assert path == places[1] / "open-nsfw" / NAME
    assert pack.content() == CONTENT and not pack.missing()
    assert sum(came) == len(CONTENT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    assert lying(places) == [path]


def test_root_fetches_for_the_whole_kit(
    models: Path, places: list[Path], site: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert fetch(published(models)) == places[0] / "open-nsfw" / NAME


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("other", "has sha256 .* it was not kept"),
        ("short", "only 1000 bytes came"),
        ("long", "more bytes came"),
        ("gone", "cannot be fetched .*404.*check the network, or carry a copy"),
    ],
)
def test_what_is_not_the_file_is_not_kept(
    models: Path, places: list[Path], site: list[str], way: str, cause: str
) -> None:
    with pytest.raises(PackError, match=cause) as caught:
        fetch(published(models, f"{SITE}/{way}"))
    assert "model add FILE" in str(caught.value)
    assert lying(places) == []


def test_what_is_too_long_is_not_read_to_its_end(
    models: Path, site: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Publisher, "do_GET", lambda self: self.wfile.write(endless()))
    came: list[int] = []
    with pytest.raises(PackError, match="more bytes came"):
        model_files.fetch(published(models), NAME, came.append)
    assert sum(came) == len(CONTENT) + 1


def endless() -> bytes:
    return b"HTTP/1.0 200 OK\r\n\r\n" + bytes(50 * len(CONTENT))


def test_a_failed_fetch_leaves_the_old_file(
    models: Path, places: list[Path], site: list[str]
) -> None:
    pack = published(models)
    path = fetch(pack)
    with pytest.raises(PackError):
        fetch(published(models, f"{SITE}/other"))
    assert path.read_bytes() == CONTENT


def test_offline_is_said_plainly(
    models: Path, places: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Offline:
        def open(self, url: str, timeout: float) -> None:
            raise URLError(OSError(-3, "Temporary failure in name resolution"))

    monkeypatch.setattr(model_files, "_opener", Offline)
    done = run("fetch")
    assert done.exit_code == 1
    assert "Temporary failure in name resolution; check the network" in done.stderr
    assert lying(places) == []


@pytest.mark.parametrize("source", ["http://files.example/x", "file:///etc/passwd", "ftp://x/y"])
def test_nothing_but_https_is_asked(models: Path, site: list[str], source: str) -> None:
    with pytest.raises(PackError, match="is no https address"):
        fetch(published(models, source))
    assert site == []
    with pytest.raises(URLError, match="unknown url type"):
        REAL_OPENER().open(source, timeout=1)


@pytest.mark.parametrize("onwards", ["http://127.0.0.1:9/x", "ftp://127.0.0.1:9/x"])
def test_a_redirect_away_from_https_is_not_followed(
    models: Path, places: list[Path], monkeypatch: pytest.MonkeyPatch, onwards: str
) -> None:
    class Redirecting(request.BaseHandler):
        handler_order = 1

        def https_open(self, asked: request.Request) -> Any:
            headers = Message()
            headers["Location"] = onwards
            answer: Any = response.addinfourl(io.BytesIO(), headers, asked.full_url, 302)
            answer.msg = "Found"
            return answer

    def opener() -> request.OpenerDirector:
        made = REAL_OPENER()
        made.add_handler(Redirecting())
        return made

    monkeypatch.setattr(model_files, "_opener", opener)
    with pytest.raises(PackError, match="unknown url type"):
        fetch(published(models))
    assert lying(places) == []


def test_the_command_fetches_what_is_missing_once(models: Path, site: list[str]) -> None:
    done = run("fetch")
    assert done.exit_code == 0 and NAME in done.stdout
    assert run("fetch", "open-nsfw").stdout == "open-nsfw: nothing to fetch, all is here\n"
    assert site == [f"{SITE}/good"]
    assert run("fetch", "gone").exit_code == 1


@pytest.mark.parametrize("first", ["unreadable", "wrong"])
def test_a_bad_copy_does_not_hide_a_good_one(
    models: Path, places: list[Path], site: list[str], first: str
) -> None:
    bad = places[0] / "open-nsfw" / NAME
    bad.parent.mkdir(parents=True)
    if first == "wrong":
        bad.write_bytes(b"another")
    else:
        bad.mkdir()
    pack = published(models)
    assert pack.missing() == [NAME]
    fetch(pack)
    assert pack.content() == CONTENT


def test_a_wrong_copy_is_refused_with_the_mend(models: Path, places: list[Path]) -> None:
    bad = places[0] / "open-nsfw" / NAME
    bad.parent.mkdir(parents=True)
    bad.write_bytes(CONTENT[::-1])
    with pytest.raises(PackError, match=r"not whole.*`shuttergate model fetch open-nsfw`"):
        published(models).content()


def test_a_file_from_a_stick_is_known_by_its_bytes(
    models: Path, places: list[Path], tmp_path: Path
) -> None:
    stick = tmp_path / "renamed.bin"
    stick.write_bytes(CONTENT)
    done = run("add", stick)
    assert done.exit_code == 0 and done.stdout.startswith("open-nsfw: ")
    assert published(models).content() == CONTENT
    assert stick.exists()


@pytest.mark.parametrize("content", [b"", b"short", CONTENT[::-1]])
def test_an_unknown_file_is_refused(
    models: Path, places: list[Path], tmp_path: Path, content: bytes
) -> None:
    stick = tmp_path / NAME
    stick.write_bytes(content)
    done = run("add", stick)
    assert done.exit_code == 1
    assert "no file that a pack takes from others; they take open-nsfw.tflite of" in done.stderr
    assert lying(places) == []


def test_a_file_that_cannot_be_read_is_said_so(models: Path, tmp_path: Path) -> None:
    done = run("add", tmp_path / "gone")
    assert done.exit_code == 1 and "No such file or directory; name a readable" in done.stderr


def test_a_place_that_cannot_be_written_is_said_so(
    models: Path, places: list[Path], site: list[str]
) -> None:
    places[1].write_bytes(b"a file where a folder is due")
    with pytest.raises(PackError, match=r"cannot be written: .*; make room, or make the folder"):
        fetch(published(models))


def test_nothing_half_written_appears(
    models: Path, places: list[Path], site: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PackError, match="No space left on device"):
        fetch(published(models))
    assert lying(places) == []


def test_packs_without_their_weights_are_no_crash(models: Path) -> None:
    assert "(weights not on this machine)" in run("list").stdout
    shown = run("show", "open-nsfw")
    assert shown.exit_code == 0 and "`shuttergate model fetch open-nsfw`" in shown.stdout
    for word in ("verify", "fit"):
        every, named = run(word), run(word, "open-nsfw")
        assert every.exit_code == 0 and "weights are not on this machine" in every.stdout
        assert named.exit_code == 1 and "`shuttergate model fetch open-nsfw`" in named.stderr


def test_fit_tells_of_every_pack(places: list[Path]) -> None:
    done = run("fit")
    assert done.exit_code == 0
    assert "open-nsfw: fits the Edge TPU, as far as the model shows" in done.stdout
    assert "parameters: 5.9 MB; the chip keeps about 8 MB" in done.stdout


def test_compile_says_what_to_do_where_there_is_no_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("compile", "consent-clean")
    assert done.exit_code == 1
    for word in (
        "edgetpu_compiler is not on this machine",
        "https://coral.ai/docs/edgetpu/compiler/",
        "edgetpu_compiler --show_operations embedding.tflite",
        'file = "embedding_edgetpu.tflite"',
    ):
        assert word in done.stderr


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("cp {compiled} $3/embedding_edgetpu.tflite", ""),
        ("cp $4 $3/embedding_edgetpu.tflite", "it is not compiled"),
        ("exit 0", "failed on embedding.tflite (status 0)"),
        ("exit 3", "failed on embedding.tflite (status 3)"),
        ("cp {compiled} $3/embedding_edgetpu.tflite; exit 4", "(status 4)"),
    ],
)
def test_compile_believes_only_a_compiled_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, said: str
) -> None:
    needs.shared("data/coral").or_skip()
    (compiled,) = CORAL.glob("mobilenet_v1*_edgetpu.tflite")
    compiler = tmp_path / "bin" / "edgetpu_compiler"
    compiler.parent.mkdir()
    # Called as: --show_operations --out_dir FOLDER FILE, so that $3 is FOLDER and $4 FILE.
    compiler.write_text(f"#!/bin/sh\n{does.format(compiled=compiled)}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:{os.environ['PATH']}")
    done = run("compile", "consent-clean", "--out", tmp_path / "out")
    assert said in done.stderr
    assert done.exit_code == int(bool(said))
    if not said:
        made = tmp_path / "out" / "embedding_edgetpu.tflite"
        assert hashlib.sha256(made.read_bytes()).hexdigest() in done.stdout


def coral_pack(monkeypatch: pytest.MonkeyPatch) -> Pack:
    """consent-clean-coral, with its weights where the tests find them."""
    needs.shared("data/coral").or_skip()
    monkeypatch.setattr(packs, "weights", lambda pack, name: [CORAL / name])
    return read_pack(share("models") / "consent-clean-coral")


def test_the_coral_pack_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = coral_pack(monkeypatch)
    assert not pack.missing()
    assert run("verify", pack.name).stdout.startswith("consent-clean-coral: ok, sha256 f409ef4f")
    assert "compiled, 3.5 MB, sha256 right" in run("fit", pack.name).stdout


def test_the_coral_pack_needs_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = coral_pack(monkeypatch)
    assert "needs no compiler: its publisher compiled it" in run("compile", pack.name).stderr


def test_the_coral_pack_takes_its_files_from_a_stick(
    places: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.shared("data/coral").or_skip()
    pack = read_pack(share("models") / "consent-clean-coral")
    for name, claimed in pack.manifest.published.items():
        assert (CORAL / name).stat().st_size == claimed.size
        assert run("add", CORAL / name).exit_code == 0
    assert not pack.missing()


def test_no_published_weights_are_in_the_repository() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "models"],
        cwd=share("models").parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    names = {
        name
        for path in share("models").glob("*/model.toml")
        for name in read_pack(path.parent).published()
    }
    assert names
    assert not [path for path in tracked if Path(path).name in names]
