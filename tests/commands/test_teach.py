"""`teach`, `rule` and `check --rule`: an object of one's own, from pictures to a verdict."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from shuttergate.commands import teach
from shuttergate.policy.rule_file import read
from support import needs
from support.places import CORAL, ROOT
from support.taught import pictures
from test_cli import asked


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of a star and without, and the rule that comes of them."""
    folder = tmp_path_factory.mktemp("lesson")
    pictures(folder / "yes", 5, 1, star=True)
    pictures(folder / "no", 5, 2, star=False)
    done = taught(folder)
    assert done.returncode == 0, done.stderr
    return folder


def taught(folder: Path, *more: object, name: str = "star", out: str = "star.rule"):  # type: ignore[no-untyped-def]
    given = ["--yes", folder / "yes", "--no", folder / "no", "--out", folder / out]
    return asked("teach", name, *given, *more)


def verdicts(*arguments: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in asked("check", "--json", *arguments).stdout.splitlines()]


def test_a_taught_object_is_blocked_and_little_else(lesson: Path, tmp_path: Path) -> None:
    stars = pictures(tmp_path / "stars", 10, 3, star=True)
    others = pictures(tmp_path / "others", 10, 4, star=False)
    for mode in ([], ["--live"]):
        found = verdicts("--rule", lesson / "star.rule", *mode, *stars, *others)
        assert [one["rules"] for one in found[:10]].count(["star"]) >= 8
        assert [one["rules"] for one in found[10:]].count([]) >= 9
        for one in found:
            assert one["reason"] == ("taught" if one["rules"] else "clear")
            assert (one["verdict"] == "BLOCKED") == bool(one["rules"])
            assert (one["score"] >= 0.5) == bool(one["rules"])  # type: ignore[operator]


def test_nudity_figures_stay_to_the_digit(
    lesson: Path, clear_scene: Path, blocked_scene: Path
) -> None:
    files = [clear_scene, blocked_scene, lesson / "no" / "0.png"]
    for mode in ([], ["--live"]):
        without = verdicts(*mode, *files)
        beside = verdicts(*mode, "--rule", lesson / "star.rule", *files)
        for one, other in zip(without, beside, strict=True):
            assert other.pop("rules") == [] and "rules" not in one
            del other["scores"]["star"]  # type: ignore[attr-defined]
            assert {**other, "ms": 0} == {**one, "ms": 0}


def test_people_are_told_which_rule_it_was(lesson: Path) -> None:
    done = asked("check", "--rule", lesson / "star.rule", lesson / "yes" / "0.png")
    assert done.returncode == 1
    assert done.stdout.startswith("BLOCKED") and "(taught: star)" in done.stdout


def test_two_rules_of_one_name_are_refused(lesson: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.rule"
    shutil.copy(lesson / "star.rule", other)
    given = ["--rule", lesson / "star.rule", "--rule", other, lesson / "yes" / "0.png"]
    done = asked("check", *given)
    assert done.returncode == 2 and "are both called star; load one" in done.stderr


def test_a_rule_of_a_channels_name_is_refused(lesson: Path) -> None:
    assert taught(lesson, name="open-nsfw", out="open-nsfw.rule").returncode == 0
    done = asked("check", "--rule", lesson / "open-nsfw.rule", lesson / "yes" / "0.png")
    assert done.returncode == 2 and "two heads are called open-nsfw" in done.stderr


def test_a_kits_settings_load_rules_too(lesson: Path, tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    config.write_text(f'[policy]\nrules = ["{lesson / "star.rule"}"]\n')
    (found,) = verdicts("--config", config, lesson / "yes" / "0.png")
    assert found["rules"] == ["star"]
    config.write_text('[policy]\nrules = ["gone.rule"]\n')
    done = asked("check", "--config", config, lesson / "yes" / "0.png")
    assert done.returncode == 2 and "gone.rule: No such file" in done.stderr
    config.write_text("[policy]\nrules = [" + '"a.rule", ' * 17 + "]\n")
    done = asked("check", "--config", config, lesson / "yes" / "0.png")
    assert done.returncode == 2 and "policy.rules" in done.stderr


def test_no_settings_make_a_taught_rule_laxer(lesson: Path, tmp_path: Path) -> None:
    config = tmp_path / "kit.toml"
    lines = f'[policy]\nrules = ["{lesson / "star.rule"}"]\n'
    config.write_text(lines + "[thresholds.star]\nclear_below = 1.0\nblock_at = 1.0\n")
    done = asked("check", "--config", config, lesson / "yes" / "0.png")
    assert done.returncode == 2 and "thresholds.star" in done.stderr


def test_what_one_was_taught_from_is_shown(lesson: Path) -> None:
    rule = read(lesson / "star.rule")
    done = asked("rule", "show", lesson / "star.rule")
    assert done.returncode == 0 and all(word in done.stdout for word in rule.words)
    found = json.loads(asked("rule", "show", "--json", lesson / "star.rule").stdout)
    assert (found["name"], found["model"]) == ("star", "consent-clean")
    assert found["examples"] + found["counter_examples"] == rule.words == list(found["scores"])
    names = [path.name for path in (lesson / "yes").iterdir()]
    content = (lesson / "star.rule").read_bytes()
    assert not any(name.encode() in content for name in [*names, str(lesson)])


def test_a_contribution_is_withdrawn_by_its_word(lesson: Path, tmp_path: Path) -> None:
    rule, less = read(lesson / "star.rule"), tmp_path / "less.rule"
    word = rule.words[0]
    done = asked("rule", "withdraw", lesson / "star.rule", *word.split(), "--out", less)
    assert done.returncode == 0 and f"made anew without {word}" in done.stdout
    assert " → " in done.stdout
    assert read(less).words == rule.words[1:]
    second = rule.words[1]
    found = json.loads(asked("rule", "withdraw", less, second, "--json").stdout)
    assert found["word"] == second and found["after"][second] < found["before"][second]
    assert read(less).words == rule.words[2:]  # over the old one
    again = asked("rule", "withdraw", less, word)
    assert again.returncode == 1 and "has no such contribution" in again.stderr
    last = asked("rule", "withdraw", less, rule.words[2])
    assert last.returncode == 1 and "nothing is left of the rule star" in last.stderr
    assert read(less).words == rule.words[2:]


def test_a_rule_without_counter_examples_is_said_to_know_the_room_too(
    lesson: Path, tmp_path: Path
) -> None:
    given = ["--yes", lesson / "yes", "--out", tmp_path / "alone.rule"]
    done = asked("teach", "star", *given)
    assert done.returncode == 0 and "taught without counter-examples" in done.stdout, done.stderr
    assert "taught without" not in taught(lesson, out="again.rule").stdout


def test_in_japanese_a_word_stands_before_its_english(monkeypatch: pytest.MonkeyPatch) -> None:
    assert teach._word("blue heron") == "blue heron"
    monkeypatch.setattr(teach, "LANGUAGE", "ja")
    assert teach._word("blue heron") == "青いサギ（blue heron）"


@pytest.mark.parametrize("command", ["teach", "withdraw"])
def test_a_rules_file_has_a_rules_name(command: str, lesson: Path, tmp_path: Path) -> None:
    out = tmp_path / "k.txt"
    if command == "teach":
        done = asked("teach", "star", "--yes", lesson / "yes", "--out", out)
    else:
        word = read(lesson / "star.rule").contributions[0].word
        done = asked("rule", "withdraw", lesson / "star.rule", word, "--out", out)
    assert done.returncode == 2
    assert "k.txt: it writes a rule; end the name in .rule" in done.stderr
    assert not out.exists()


def test_what_the_nudity_rule_does_not_clear_teaches_nothing(
    lesson: Path, blocked_scene: Path, tmp_path: Path
) -> None:
    for number in range(4):
        (tmp_path / "yes").mkdir(exist_ok=True)
        shutil.copy(blocked_scene, tmp_path / "yes" / f"card{number}.png")
    shutil.copytree(lesson / "no", tmp_path / "no")
    done = taught(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("does not clear it, so nothing is learned from it") == 4
    assert "star: 0 examples are too few" in done.stderr
    assert not (tmp_path / "star.rule").exists()


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"yes": 2}, 1, "2 examples are too few; bring 3 or more"),
        ({"yes": 0}, 1, "holds no picture; bring 3 or more"),
        ({"name": "a/b"}, 1, "no name for a rule"),
        ({"broken": True}, 2, "cannot be read as a picture"),
        ({"gone": True}, 1, "No such file or directory; name a folder of pictures"),
        ({"out": "gone/star.rule"}, 2, "No such file or directory; name a file that can be"),
    ],
)
def test_what_teaches_nothing_is_said(
    tmp_path: Path, given: dict[str, object], status: int, said: str
) -> None:
    pictures(tmp_path / "yes", int(str(given.get("yes", 3))), 1, star=True)
    pictures(tmp_path / "no", 3, 2, star=False)
    if "broken" in given:
        (tmp_path / "yes" / "x.png").write_bytes(b"no picture")
    if "gone" in given:
        shutil.rmtree(tmp_path / "no")
    name, out = str(given.get("name", "star")), str(given.get("out", "star.rule"))
    done = taught(tmp_path, name=name, out=out)
    assert done.returncode == status and said in done.stderr


def test_a_board_without_a_bank_says_where_to_teach(lesson: Path) -> None:
    text = (ROOT / "device" / "simulated" / "board.toml").read_text()
    changed = re.sub(r"(?m)^live = .*$", 'live = ["open-nsfw"]', text)
    assert changed != text
    (lesson / "board.toml").write_text(changed)
    config = lesson / "kit.toml"
    config.write_text(f'board = "{lesson / "board.toml"}"\n')
    done = taught(lesson, "--config", config)
    assert done.returncode == 2
    assert "open-nsfw: no bank of harmless pictures" in done.stderr


def test_a_coral_board_teaches_on_the_cpu_and_its_rules_are_its_own(
    lesson: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.shared("data/coral").or_skip()
    models = tmp_path / "shuttergate" / "models" / "consent-clean-coral"
    models.mkdir(parents=True)
    for file in CORAL.glob("mobilenet_v1*.tflite"):
        (models / file.name).symlink_to(file)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = tmp_path / "coral.toml"
    config.write_text('board = "pi4-coral-usb"\n')
    done = taught(lesson, "--config", config, out="coral.rule")
    assert done.returncode == 0, done.stderr
    shown = json.loads(asked("rule", "show", "--json", lesson / "coral.rule").stdout)
    assert shown["model"] == "consent-clean-coral"
    stars = pictures(tmp_path / "stars", 6, 3, star=True)
    rule = ["--live", "--rule", lesson / "coral.rule"]
    found = verdicts("--config", config, *rule, *stars)
    assert [one["rules"] for one in found].count(["star"]) >= 4
    done = asked("check", *rule, *stars)
    assert done.returncode == 2 and "was taught with another model" in done.stderr


@pytest.mark.parametrize("command", [["check", "--rule"], ["rule", "show"]])
def test_a_file_that_is_no_rule_is_refused(
    lesson: Path, tmp_path: Path, command: list[str]
) -> None:
    content = (lesson / "star.rule").read_bytes()
    (tmp_path / "my.rule").write_bytes(content[:-5])
    more = [lesson / "yes" / "0.png"] if command[0] == "check" else []
    done = asked(*command, tmp_path / "my.rule", *more)
    assert done.returncode == 2 and "my.rule: its bytes are not those" in done.stderr
