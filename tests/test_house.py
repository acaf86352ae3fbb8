"""The house keeps its rules: who may import whom, one name for one class, a test for each module.

Every import counts, wherever in a file it stands: one within a function is knowledge all the same.
"""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from support.places import ROOT

PACKAGE = "shuttergate"
FIRMWARE = ROOT / "firmware" / PACKAGE
TESTS = ROOT / "tests"

STRANGERS = {"frames", "vision", "panel", "capture", "policy", "credentials"}
"""Rooms that do not know one another."""

KNOW_SEVERAL = {
    *("appliance", "gate_process", "lane", "presses", "warden", "cameras", "switches"),
    "examination_process",  # looks at each, for the doctor
    "publisher_process",  # keeps what came through the hatch, marked and signed
    "rulebook",  # makes heads of taught rules, and examples of pictures
    "stills",  # judges picture files, for commands and the page
}
"""The flat modules that bring them together."""

LEVELS = [
    "__init__ errors lang columns clock verdict gate question interlock frame legible claims",
    "feed words",
    "system",
    "board config props",  # contracts that are read from files
    "frames vision panel capture policy credentials packs print",
    "faults injection tally lateness viewfinder prooftest judging lane presses warden",
    "gate_room rulebook pupil",
    "appliance cameras switches gate_process publisher_process",
    "examination examination_process",  # the hardware, looked at as the gate process would
    "release stills",
    "companion",  # a contract that offers what the viewfinder shows
    "parent voice",
    "console bench commands",
    "cli __main__",
]
"""From the ground up; a room or flat module imports from its own line and from those above it."""

ENTRIES = {"cli", "__main__"}
OURS = {"tests", "measure", "support"}
"""What is in no wheel."""

KNOWN: set[str] = set()
"""What still breaks a rule. It may only shrink: what was mended has to leave it."""

Imports = dict[str, set[str]]


def modules(root: Path) -> dict[str, ast.Module]:
    """Return the parsed modules under `root` by their dotted names within the package."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts)] = ast.parse(path.read_text(), str(path))
    return found


def imports(trees: dict[str, ast.Module]) -> Imports:
    """Return by module what it imports: ours by names as `modules` has them, others as written."""

    def named(base: str, name: str) -> str:
        full = f"{base}.{name}" if base else name
        for one in (full, f"{full}.__init__"):
            if one in trees:
                return one
        return f"{base}.__init__" if base else "__init__"

    def of(module: str, node: ast.AST) -> Iterable[str]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top, _, rest = alias.name.partition(".")
                yield named("", rest or "__init__") if top == PACKAGE else alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = [PACKAGE, *module.split(".")][: -node.level]
                base = ".".join([*above, *filter(None, [base])])
            top, _, rest = base.partition(".")
            if top != PACKAGE:
                yield base
                return
            for alias in node.names:
                yield rest if rest in trees else named(rest, alias.name)

    return {
        module: {name for node in ast.walk(tree) for name in of(module, node)}
        for module, tree in trees.items()
    }


def inside(known: Imports) -> Imports:
    """Return `known` without what is not the package's."""
    return {module: {name for name in names if name in known} for module, names in known.items()}


def room(module: str) -> str:
    """Return the room that `module` stands in; a flat module is its own."""
    return module.partition(".")[0]


def the_gate_knows_the_verdict_only(known: Imports) -> Iterable[str]:
    for name in inside(known).get("gate", set()) - {"verdict"}:
        yield f"gate imports {name}, and may import verdict only"


def strangers_do_not_meet(known: Imports) -> Iterable[str]:
    for module, names in inside(known).items():
        for name in names:
            if {room(module), room(name)} <= STRANGERS and room(module) != room(name):
                yield f"{module} imports {name}, of a room that it must not know"


def few_know_several_rooms(known: Imports) -> Iterable[str]:
    for module, names in inside(known).items():
        rooms = sorted({room(name) for name in names} & STRANGERS)
        if "." not in module and len(rooms) > 1 and module not in KNOW_SEVERAL | ENTRIES:
            yield f"{module} knows several rooms: {', '.join(rooms)}"


def arrows_run_down(known: Imports) -> Iterable[str]:
    level = {name: number for number, line in enumerate(LEVELS) for name in line.split()}
    for module, names in inside(known).items():
        if room(module) not in level:
            yield f"{module} stands on no level"
            continue
        for name in names:
            if level.get(room(name), 0) > level[room(module)]:
                yield f"{module} imports {name}, which stands above it"


def no_circles(known: Imports) -> Iterable[str]:
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for module, names in inside(known).items():
        rooms[room(module)] |= {room(name) for name in names} - {room(module)}
    rings = set()
    for graph in (inside(known), rooms):
        reached = {name: reach(graph, {name}) for name in graph}
        for name, ends in reached.items():
            if name in ends:
                rings.add(", ".join(sorted(one for one in ends if name in reached[one])))
    for ring in rings:
        yield f"a circle of {ring}"


def reach(graph: Imports, starts: set[str]) -> set[str]:
    """Return all that is imported from `starts`, directly or not."""
    reached: set[str] = set()
    ahead = [name for start in starts for name in graph.get(start, ())]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += graph.get(name, ())
    return reached


def nothing_of_the_tests_is_imported(known: Imports) -> Iterable[str]:
    for module, names in known.items():
        for name in names:
            if room(name) in OURS:
                yield f"{module} imports {name}, which is in no wheel"


RULES: list[Callable[[Imports], Iterable[str]]] = [
    the_gate_knows_the_verdict_only,
    strangers_do_not_meet,
    few_know_several_rooms,
    arrows_run_down,
    no_circles,
    nothing_of_the_tests_is_imported,
]


def unused(trees: dict[str, ast.Module], texts: Iterable[str]) -> Iterable[str]:
    """Yield each module that no command leads to: no import, and no name that is run with ``-m``.

    ``texts``: what else starts processes, such as units of systemd.
    """
    known = inside(imports(trees))
    for module, tree in trees.items():  # a name that is run leads where an import would
        said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        known[module] |= {name for name in known if f"{PACKAGE}.{name}" in said}
    run = {name for name in known if any(f"-m {PACKAGE}.{name}" in text for text in texts)}
    used = reach(known, ENTRIES | run) | ENTRIES | run
    for module in known:
        if module not in used and not module.endswith("__init__"):
            yield f"{module} is in the wheel, and no command leads to it"


def twins(trees: dict[str, ast.Module]) -> Iterable[str]:
    """Yield each name that two public classes have."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module)
    for name, where in homes.items():
        if len(where) > 1:
            yield f"{name} is a class of {' and of '.join(where)}"


def untested(trees: dict[str, ast.Module], tests: Path, tested_by: dict[str, str]) -> Iterable[str]:
    """Yield what is wrong with the tests' places: `tested_by` names another's file for a module."""
    for module, tree in trees.items():
        path = Path(*module.split("."))
        own = path.with_name(f"test_{path.name}.py")
        line = tested_by.get(path.as_posix())
        if (tests / own).is_file():
            if line is not None:
                yield f"{path}: has {own}; its line is superfluous"
        elif line is None and not (path.name == "__init__" and is_empty(tree)):
            yield f"{path}: has no {own}, and no line that says which file tests it"
    for module, line in tested_by.items():
        if module.replace("/", ".") not in trees:
            yield f"{module}: there is no such module; its line is superfluous"
        if not (tests / line).is_file():
            yield f"{module}: there is no {line}"


def is_empty(tree: ast.Module) -> bool:
    """Whether a module holds no more than its docstring and constants."""
    return all(isinstance(node, ast.Expr | ast.Assign) for node in tree.body)


def error_classes(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names of the errors that the package raises on purpose."""
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    found = {"ShuttergateError"}
    while True:
        more = {
            node.name
            for node in nodes
            if isinstance(node, ast.ClassDef)
            and any(isinstance(base, ast.Name) and base.id in found for base in node.bases)
        }
        if more <= found:
            return found
        found |= more


def untold(trees: dict[str, ast.Module], makers: Iterable[str]) -> Iterable[str]:
    """Yield each message that nobody can be told in another language.

    ``makers``: what is given a template and its blanks. Of a template that is put together first
    the catalogue knows nothing, and of one with a blank left open nobody hears but who meets it.
    """
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if (
                node.func.id not in makers or module == "errors"
            ):  # these hand on what they were given
                continue
            where = f"{module}:{node.lineno}: {node.func.id}"
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                yield f"{where}: its words are no template that stands there"
                continue
            named = {name for _, name, _, _ in string.Formatter().parse(first.value) if name}
            given = {one.arg for one in node.keywords}
            if None not in given and named != given:
                yield f"{where}: {named ^ given}: blanks and what fills them are not the same"


@pytest.fixture(scope="module")
def house() -> dict[str, ast.Module]:
    return modules(FIRMWARE)


def test_the_imports_keep_the_rules(house: dict[str, ast.Module]) -> None:
    known = imports(house)
    assert {broken for rule in RULES for broken in rule(known)} == KNOWN


def test_every_name_of_the_table_stands_once() -> None:
    names = " ".join(LEVELS).split()
    assert len(names) == len(set(names))
    assert set(names) >= STRANGERS | KNOW_SEVERAL | ENTRIES


def test_a_command_leads_to_every_module(house: dict[str, ast.Module]) -> None:
    units = [path.read_text() for path in (ROOT / "systemd").glob("*.service")]
    assert list(unused(house, units)) == []


def test_no_two_public_classes_have_one_name(house: dict[str, ast.Module]) -> None:
    assert list(twins(house)) == []


def test_every_module_has_its_test_or_a_line_that_names_it(house: dict[str, ast.Module]) -> None:
    tested_by = tomllib.loads((TESTS / "tested_by.toml").read_text())
    assert list(untested(house, TESTS, tested_by)) == []


def test_every_error_can_be_told_in_another_language(house: dict[str, ast.Module]) -> None:
    makers = {"phrase", *error_classes(house)}
    (mapping,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    assert set(mapping["keywords"]) == makers
    assert list(untold(house, makers)) == []


SOUND = {
    "__init__": "__version__ = '1'",
    "verdict": "class Verdict: ...",
    "gate": "from shuttergate.verdict import Verdict",
    "system/__init__": "'''Rooms have one.'''",
    "system/paths": "from .. import errors",
    "errors": "class One(Exception): ...",
    "frames/webcam": "from shuttergate.system import paths",
    "vision/eyes": "from shuttergate import verdict, __version__",
    "tally": "import shuttergate.frames.webcam",
    "warden": "import shuttergate.frames.webcam",
    "appliance": "import shuttergate.vision.eyes\nfrom shuttergate.frames.webcam import WebCam",
    "gate_process": "from shuttergate import appliance, gate, tally, warden",
    "parent/supervisor": "COMMAND = ['-m', 'shuttergate.gate_process']",
    "cli": "from shuttergate.parent.supervisor import Supervisor",
}
"""A small house that keeps every rule."""


def built(tmp_path: Path, changed: dict[str, str]) -> dict[str, ast.Module]:
    """Return the small house with `changed` in it: a file's text, or what is added to one."""
    for name in SOUND | changed:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{SOUND.get(name, '')}\n{changed.get(name, '')}")
    return modules(tmp_path)


@pytest.mark.parametrize(
    ("rule", "name", "text", "said"),
    [
        (RULES[0], "gate", "from shuttergate import errors", "gate imports errors, and may "),
        (RULES[0], "gate", "def f():\n import shuttergate.errors", "gate imports errors, and may "),
        (RULES[1], "vision/eyes", "from ..frames import webcam", "vision.eyes imports frames.webc"),
        (RULES[1], "frames/webcam", "import shuttergate.vision.eyes", "frames.webcam imports visi"),
        (RULES[2], "tally", "from shuttergate.vision import eyes", "tally knows several rooms: "),
        (RULES[3], "errors", "from .system.paths import share", "errors imports system.paths, whi"),
        (RULES[3], "vision/eyes", "from shuttergate import warden", "vision.eyes imports warden, "),
        (RULES[3], "stray", "", "stray stands on no level"),
        (RULES[4], "system/paths", "def f():\n from . import paths", "a circle of system.paths"),
        (RULES[4], "verdict", "import shuttergate.gate", "a circle of gate, verdict"),
        (RULES[5], "cli", "from measure import speed", "cli imports measure, which is in no wheel"),
        (RULES[5], "cli", "import tests.measure.speed", "cli imports tests.measure.speed, which "),
    ],
)
def test_a_rule_that_is_broken_is_seen(
    tmp_path: Path, rule: Callable[[Imports], Iterable[str]], name: str, text: str, said: str
) -> None:
    (broken,) = rule(imports(built(tmp_path, {name: text})))
    assert broken.startswith(said)


def test_rooms_that_go_round_are_seen(tmp_path: Path) -> None:
    # No module of theirs does: a imports b's first, and b's second a's second.
    texts = {"packs/one": "import shuttergate.print.one", "print/two": "import shuttergate.packs.t"}
    known = imports(built(tmp_path, {**texts, "packs/t": "", "print/one": ""}))
    assert list(no_circles(known)) == ["a circle of packs, print"]


def test_a_sound_house_is_not_spoken_ill_of(tmp_path: Path) -> None:
    trees = built(tmp_path, {})
    assert [broken for rule in RULES for broken in rule(imports(trees))] == []
    assert [*unused(trees, []), *twins(trees)] == []


def test_a_module_that_nothing_leads_to_is_seen(tmp_path: Path) -> None:
    trees = built(tmp_path, {"release": "", "capture/spare": "class Spare: ..."})
    (said,) = unused(trees, ["ExecStart=python -m shuttergate.release --now"])
    assert said.startswith("capture.spare is in the wheel")


def test_a_class_with_a_name_that_is_taken_is_seen(tmp_path: Path) -> None:
    trees = built(tmp_path, {"board": "class Verdict: ...\nclass _One: ..."})
    assert list(twins(trees)) == ["Verdict is a class of board and of verdict"]


def test_a_module_without_a_test_and_a_line_too_many_are_seen(tmp_path: Path) -> None:
    trees, tests = modules(tmp_path / "none"), tmp_path / "tests"
    trees = {"__init__": ast.parse("'''A room.'''"), "a.b": ast.parse(""), "c": ast.parse("")}
    (tests / "a").mkdir(parents=True)
    (tests / "a" / "test_b.py").touch()
    assert list(untested(trees, tests, {"c": "a/test_b.py"})) == []
    for lines, said in (
        ({}, r"c: has no test_c\.py, and no line"),
        ({"c": "a/test_b.py", "a/b": "a/test_b.py"}, r"a/b: has a/test_b\.py; its line"),
        ({"c": "a/test_b.py", "gone": "a/test_b.py"}, "gone: there is no such module"),
        ({"c": "a/test_gone.py"}, r"c: there is no a/test_gone\.py"),
    ):
        (wrong,) = untested(trees, tests, lines)
        assert re.match(said, wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise One(f'{path}: gone')", "its words are no template"),
        ("raise One('gone: ' + path)", "its words are no template"),
        ("raise One('{path}: gone'.format(path=path))", "its words are no template"),
        ("raise One(why)", "its words are no template"),
        ("raise One()", "its words are no template"),
        ("raise One('{path}: gone')", "{'path'}: blanks"),
        ("raise One('gone', path=path)", "{'path'}: blanks"),
        ("def why():\n return phrase(f'{path}: gone')", "its words are no template"),
    ],
)
def test_a_message_that_cannot_be_told_is_seen(tmp_path: Path, text: str, said: str) -> None:
    errors = "class ShuttergateError(Exception): ...\nclass One(ShuttergateError, OSError): ..."
    sound = "raise One('{path}: gone; name another', path=path) from error\nraise One.of(error)"
    trees = built(tmp_path, {"errors": errors, "tally": sound, "warden": text})
    makers = {"phrase", *error_classes(trees)}
    (found,) = untold(trees, makers)
    assert found.startswith("warden:") and said in found
