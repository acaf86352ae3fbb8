"""The command line as a contract: words, JSON, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from shuttergate.cli import app
from support.places import ROOT


def asked(*arguments: object) -> subprocess.CompletedProcess[str]:
    """As `shuttergate`, in this process: an interpreter and its imports take half a second."""
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"})
    done = runner.invoke(app, list(map(str, arguments)), prog_name="shuttergate")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception  # a traceback, had it been a process
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def shuttergate(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shuttergate", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", "LANGUAGE": "", "LANG": "C.UTF-8", **env},
    )


def test_check_all_clear_is_0(clear_scene: Path) -> None:
    done = shuttergate("check", clear_scene)
    assert done.returncode == 0
    assert done.stdout.startswith("CLEAR")


def test_check_any_blocked_is_1(clear_scene: Path, blocked_scene: Path) -> None:
    done = shuttergate("check", clear_scene, blocked_scene)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["CLEAR", "BLOCKED"]


def test_check_any_unreadable_is_2_and_the_rest_is_still_judged(
    clear_scene: Path, blocked_scene: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    done = asked("check", "--json", tmp_path / "empty.jpg", blocked_scene, clear_scene)
    assert done.returncode == 2
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["verdict"] for one in found] == ["UNREADABLE", "BLOCKED", "CLEAR"]
    assert found[0]["score"] is None


@pytest.mark.parametrize("mode", [[], ["--live"]])
def test_check_json_has_the_fields_of_the_contract(blocked_scene: Path, mode: list[str]) -> None:
    done = asked("check", "--json", *mode, blocked_scene)
    found = json.loads(done.stdout)
    assert set(found) == {"file", "verdict", "reason", "score", "scores", "ms"}
    assert found["verdict"] == "BLOCKED"
    assert found["reason"] == "nudity"
    assert found["score"] >= 0.5  # the joint score, whose line is at a half
    assert set(found["scores"]) == {"consent-clean", "open-nsfw"}


def test_a_kit_may_be_stricter_than_its_pack(tmp_path: Path) -> None:
    from shuttergate.vision.known import paint

    picture, config = tmp_path / "slope.png", tmp_path / "kit.toml"
    Image.fromarray(paint("green_slope", (224, 224))).save(picture)  # scores about 0.23
    assert asked("check", "--live", picture).returncode == 0
    config.write_text("[thresholds.open-nsfw]\nclear_below = 0.1\nblock_at = 0.8\n")
    assert asked("check", "--live", "--config", config, picture).returncode == 1


def test_check_needs_no_accelerator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clear_scene: Path, blocked_scene: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # no weights have been fetched
    config = tmp_path / "kit.toml"
    config.write_text('board = "pi4-coral-usb"\n')
    assert asked("check", "--config", config, clear_scene).returncode == 0
    assert asked("check", "--config", config, blocked_scene).returncode == 1
    live = asked("check", "--live", "--config", config, clear_scene)
    assert (live.returncode, "shuttergate model fetch" in live.stderr) == (2, True)


@pytest.mark.parametrize("limits", [(0.93, 0.95), (0.3, 1.0)])
@pytest.mark.parametrize("command", [["check", "x.jpg"], ["run"], ["demo", "--headless"]])
def test_a_kit_may_not_be_laxer_than_its_pack(
    tmp_path: Path, limits: tuple[float, float], command: list[str]
) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(f"[thresholds.open-nsfw]\nclear_below = {limits[0]}\nblock_at = {limits[1]}")
    # A kit that runs takes the signals of its process.
    said = asked if command[0] == "check" else shuttergate
    done = said(*command, "--config", config)
    assert done.returncode == 2
    assert "thresholds.open-nsfw" in done.stderr
    assert "a kit may only be stricter" in done.stderr


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
def test_every_frame_of_an_animation_is_judged(
    clear_scene: Path, blocked_scene: Path, tmp_path: Path, order: tuple[int, ...]
) -> None:
    film = tmp_path / "film.gif"
    with Image.open(clear_scene) as first, Image.open(blocked_scene) as second:
        small = [image.convert("RGB").resize((224, 224)) for image in (first, second)]
    shown = [small[index] for index in order]
    shown[0].save(film, save_all=True, append_images=shown[1:])
    assert asked("check", film).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--press", "soon"],
        ["demo", "--press", "4:"],
        ["demo", "--press", "-1"],
        ["demo", "--seconds", "0"],
        ["demo", "--nonsense"],
        ["check"],
        ["run", "--board", "pi9"],
        ["run", "--config", "nowhere.toml"],
    ],
)
def test_wrong_usage_is_2_without_a_traceback(words: list[str]) -> None:
    done = asked(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


@pytest.mark.parametrize(
    "words",
    [
        *([], ["run"], ["demo"], ["check"], ["doctor"], ["board"], ["model"], ["model", "build"]),
        *(["model", "fetch"], ["model", "add"], ["model", "fit"], ["model", "compile"]),
    ],
)
def test_help_of_everything_reads(words: list[str]) -> None:
    done = asked(*words, "--help")
    assert done.returncode == 0
    assert "Usage: shuttergate" in done.stdout


def test_doctor_finds_a_healthy_simulated_kit(tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(f'[album]\nfolder = "{tmp_path}"\n')
    done = shuttergate("doctor", "--json", "--config", config)
    found = {one["part"]: one["health"] for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert set(found) == {
        *("camera", "accelerator", "gpio", "disk", "walls", "memory", "storage"),
        *("clock", "service"),
        *("model consent-clean", "model open-nsfw", "nudity rule"),
    }
    assert found["model open-nsfw"] == "ok"


def test_doctor_names_a_fault_and_its_mend(tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    lines = ['[album]\nfolder = "/nowhere/album"', '[scene]\npath = "/nowhere/scene"']
    lines += ['[policy]\nrules = ["/nowhere/my.rule"]', ""]
    config.write_text("\n".join(lines))
    done = asked("doctor", "--json", "--config", config)
    found = {one["part"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert found["disk"]["health"] == "fault"
    assert found["disk"]["mend"] == "plug the disk in or make the folder"
    assert found["camera"]["health"] == "fault"
    assert found["camera"]["mend"] == "name a picture, a folder of pictures or a video"
    assert found["taught rule 1"]["health"] == "fault"
    assert found["taught rule 1"]["seen"] == "/nowhere/my.rule: No such file or directory"
    assert found["taught rule 1"]["mend"] == "name a taught rule that can be read"
    told = shuttergate("doctor", "--config", config, LANGUAGE="ja").stdout.splitlines()
    (at,) = [number for number, line in enumerate(told) if "教えた規則 1" in line]
    assert told[at].startswith("故障")
    assert told[at].endswith("/nowhere/my.rule：そのようなファイルやフォルダーはありません")
    assert told[at + 1].strip() == "→ 読み取れる規則のファイルを指定してください"


def test_models_can_be_listed_shown_and_verified() -> None:
    assert "open-nsfw" in asked("model", "list").stdout
    assert "BSD-2-Clause" in asked("model", "show", "open-nsfw").stdout
    assert "open-nsfw: ok" in asked("model", "verify").stdout
    done = asked("model", "verify", "gone")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no model pack is called 'gone'; there is consent-clean, " in done.stderr


def test_boards_can_be_listed_shown_and_drawn() -> None:
    assert "simulated" in asked("board", "list").stdout
    shipped = (ROOT / "device" / "simulated" / "board.toml").read_text()
    assert asked("board", "show", "simulated").stdout == shipped
    assert "ENABLE ▶ BCM 17 (11)" in asked("board", "wiring", "pi-cpu").stdout
    done = asked("board", "wiring", "webcam")
    assert (done.returncode, done.stdout) == (1, "")
    assert "button and lamps are simulated; there is nothing to solder" in done.stderr
    assert asked("board", "show", "pi9").returncode == 1


def test_a_board_of_ones_own_is_shown_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "board.toml"
    shipped = (ROOT / "device" / "simulated" / "board.toml").read_text()
    own.write_text(f"# mine\n{shipped}")
    assert asked("board", "show", own).stdout == f"# mine\n{shipped}"
    gone = asked("board", "show", tmp_path / "gone" / "board.toml")
    assert (gone.returncode, "name a readable TOML file" in gone.stderr) == (1, True)


def test_version() -> None:
    from shuttergate import __version__

    assert shuttergate("--version").stdout == f"shuttergate {__version__}\n"


def test_doctor_finds_limits_that_the_kit_would_refuse(tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(
        f'[album]\nfolder = "{tmp_path}"\n'
        "[thresholds.open-nsfw]\nclear_below = 0.93\nblock_at = 0.95"
    )
    done = asked("doctor", "--json", "--config", config)
    assert done.returncode == 1
    assert "clear_below: 0.93 is laxer than the nudity rule's 0.92" in done.stdout


def test_the_runtime_does_not_chatter(clear_scene: Path) -> None:
    assert shuttergate("check", clear_scene).stderr == ""


def test_boards_have_japanese_titles() -> None:
    assert "シミュレーション" in shuttergate("board", "list", LANGUAGE="ja").stdout


def test_errors_are_told_in_the_language_and_json_stays_english(tmp_path: Path) -> None:
    file = tmp_path / "gone.png"
    done = shuttergate("check", file, LANGUAGE="ja")
    assert done.stdout == f"読めません        {file}：そのようなファイルはありません\n"
    found = json.loads(shuttergate("check", "--json", file, LANGUAGE="ja").stdout)
    assert found["reason"] == f"{file}: there is no such file" and "said" not in found
    done = shuttergate("model", "show", "gone", LANGUAGE="ja")
    assert done.stderr.startswith("shuttergate: 'gone' というモデルパックはありません。")
    done = shuttergate("model", "show", "gone", LANGUAGE="en")
    assert done.stderr.startswith("shuttergate: no model pack is called 'gone'; there is ")


def test_a_terminal_that_lacks_letters_gets_the_rest() -> None:
    done = shuttergate("--help", LANGUAGE="ja", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "demo" in done.stdout


def test_a_demo_wants_a_board_whose_button_is_simulated() -> None:
    done = asked("demo", "--headless", "--board", "pi-cpu")
    assert (done.returncode, "shuttergate run --board pi-cpu" in done.stderr) == (2, True)


def test_a_demo_says_that_the_settings_board_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "kit.toml").write_text('board = "pi-cpu"\n')
    done = asked("demo", "--headless", "--config", tmp_path / "kit.toml", "--press", "x")
    assert f'{tmp_path}/kit.toml: board = "pi-cpu" does not count in a demo' in done.stderr
    (tmp_path / "kit.toml").write_text('board = "simulated"\n')
    done = asked("demo", "--headless", "--config", tmp_path / "kit.toml", "--press", "x")
    assert "does not count" not in done.stderr


def test_a_demo_without_its_webcam_stays_closed_and_says_so(tmp_path: Path) -> None:
    board = (ROOT / "device" / "webcam" / "board.toml").read_text()
    own = tmp_path / "board.toml"
    own.write_text(board.replace("/dev/video0", str(tmp_path / "video7")))
    done = shuttergate(
        *("demo", "--headless", "--seconds", "3", "--board", own, "--album", tmp_path),
    )
    assert done.returncode == 0
    assert "camera fault" in done.stdout
    assert not list(tmp_path.glob("*.jpg"))


def test_a_file_with_any_name_is_judged_and_named_in_what_json_can_hold(
    clear_scene: Path, tmp_path: Path
) -> None:
    names = (b"\xe9t\xe9.png", b"red\x1b[31m\n.png", "\u202egnp.png".encode())
    paths = [os.fsdecode(os.fsencode(tmp_path) + b"/" + name) for name in names]
    for path in paths:
        Path(path).write_bytes(clear_scene.read_bytes())
    told = [json.loads(line) for line in asked("check", "--json", *paths).stdout.splitlines()]
    assert [one["verdict"] for one in told] == ["CLEAR"] * 3
    said = [r"\xe9t\xe9.png", r"red\x1b[31m\n.png", r"\u202egnp.png"]
    assert [one["file"] for one in told] == [f"{tmp_path}/{name}" for name in said]
    lines = asked("check", *paths).stdout.splitlines()
    assert [line.split("/")[-1].partition("  ")[0] for line in lines] == said


def test_a_folder_whose_name_no_settings_can_hold_is_refused_in_words(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/sc\xe8ne")
    Path(folder).mkdir()
    for option in ("--scene", "--album"):
        done = asked("demo", "--headless", option, folder)
        assert done.returncode == 2
        assert done.stderr.endswith("/sc\\xe8ne: that name is no UTF-8; rename it\n")
        assert f"shuttergate: {option}: " in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["demo", "--headless", "--seconds", 2, "--press", "1,99"],
            "--press 99 comes after the end",
        ),
        (["demo", "--headless", "--seconds", 2, "--press", "2"], "--press 2 comes after the end"),
        (["demo", "--lan-at", "localhost:8080"], "--lan-at: says where --lan leads others"),
        (["demo", "--lan", "--lan-at", "http://localhost/"], "is no name with a port"),
        (["demo", "--lan", "--lan-at", "localhost:8080/x"], "is no name with a port"),
        (["card", "x.png"], "x.png: it writes a PDF; end the name in .pdf"),
    ],
)
def test_what_would_come_to_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[object], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = asked(*words)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []
