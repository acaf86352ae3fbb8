"""Files of a pack that others publish: fetched over https, or brought on a stick.

Either way the sha256 in model.toml decides, before a file appears under its name. Only `fetch`
uses the network, and only a person or the installer calls it, never the running kit.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from urllib import request
from urllib.error import HTTPError, URLError

from shuttergate.errors import PackError, Phrase, cause_of, phrase
from shuttergate.system.paths import tilde, weights
from shuttergate.vision.pack import Pack

TIMEOUT_S = 30.0  # without a byte
_CHUNK = 1 << 16

Progress = Callable[[int], None]
"""Told how many more bytes have come."""


def fetch(pack: Pack, name: str, progress: Progress) -> Path:
    """Fetch one published file of `pack`; return where it lies now.

    Raises `PackError` where it does not come whole, or is not the file that model.toml means; then
    nothing has changed.
    """
    claimed = pack.manifest.published[name]
    if not claimed.source.startswith("https://"):
        raise PackError(
            "{name}: {source} is no https address; mend model.toml, or carry a copy of it on a "
            "stick: `shuttergate model add FILE`",
            name=name,
            source=claimed.source,
        )
    parts, size = list[bytes](), 0
    try:
        with _opener().open(claimed.source, timeout=TIMEOUT_S) as answer:
            # One byte more than is due is enough to know that it is too long; then this ends.
            while part := answer.read(min(_CHUNK, claimed.size + 1 - size)):
                parts.append(part)
                size += len(part)
                progress(len(part))
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is an open answer, too
        cause = error.reason if type(error) is URLError else error
        raise PackError(
            "{name} cannot be fetched from {source}: {cause}; check the network, or carry a copy "
            "of it on a stick: `shuttergate model add FILE`",
            name=name,
            source=claimed.source,
            cause=cause,
        ) from error
    if size != claimed.size:
        came = phrase("more") if size > claimed.size else phrase("only {size}", size=size)
        raise PackError(
            "{name}: {came} bytes came from {source}, where model.toml says {size}; try again, "
            "or carry a copy of it on a stick: `shuttergate model add FILE`",
            name=name,
            came=came,
            source=claimed.source,
            size=claimed.size,
        )
    content = b"".join(parts)
    digest = hashlib.sha256(content).hexdigest()
    if digest != pack.published()[name]:
        raise PackError(
            "{name}: what {source} gives has sha256 {digest}… where model.toml "
            "says {due}…: it was not kept. It may have been replaced there; carry a copy of it "
            "on a stick: `shuttergate model add FILE`",
            name=name,
            source=claimed.source,
            digest=digest[:16],
            due=pack.published()[name][:16],
        )
    return _place(pack, name, content)


def _opener() -> request.OpenerDirector:
    """https and nothing else: a redirect to http, or to a file, finds nobody to open it."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def add(file: Path, packs: Iterable[Pack]) -> list[tuple[str, Path]]:
    """Take a copy of `file` for every pack that means these bytes; its own name does not matter.

    Returns the packs' names and where it lies now. Raises `PackError` for a file that no pack
    means, or that cannot be read.
    """
    wanted = [(pack, name, sha256) for pack in packs for name, sha256 in pack.published().items()]
    sizes = {pack.manifest.published[name].size for pack, name, _ in wanted}
    try:
        # Other sizes are not even read: a stick may hold anything.
        content = file.read_bytes() if file.stat().st_size in sizes else b""
    except OSError as error:
        raise PackError(
            "{file}: {cause}; name a readable file", file=file, cause=cause_of(error)
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    found = [(pack, name) for pack, name, sha256 in wanted if sha256 == digest]
    if not found:
        names: Phrase | None = None
        for pack, name, sha256 in wanted:
            one = phrase(
                "{file} of {pack}, {sha256}…", file=name, pack=pack.name, sha256=sha256[:16]
            )
            names = phrase("{one}; {more}", one=names, more=one) if names else one
        raise PackError(
            "{file}: by its sha256 this is no file that a pack takes from others; "
            "they take {names}",
            file=file,
            names=names or phrase("none"),
        )
    return [(pack.name, _place(pack, name, content)) for pack, name in found]


def _place(pack: Pack, name: str, content: bytes) -> Path:
    """Write the file whole or not at all: root for the whole kit, anybody else for themselves."""
    path = weights(pack.name, name)[0 if os.geteuid() == 0 else 1]
    partial = None
    umask = os.umask(0o022)  # the kit's own user must be able to read what root fetched
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".partial-", dir=path.parent)
        with open(handle, "wb") as file:  # noqa: PTH123
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(partial).replace(path)
        partial = None
    except OSError as error:
        raise PackError(
            "{path} cannot be written: {cause}; make room, or make the folder writable",
            path=tilde(path),
            cause=cause_of(error),
        ) from error
    finally:
        os.umask(umask)
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
    return path
