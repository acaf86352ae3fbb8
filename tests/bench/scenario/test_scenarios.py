"""The bench: what a scenario may say, what must hold, and how it is told when it did not."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from PIL import Image

import mutations
from shuttergate import feed
from shuttergate.bench.scenario import album as albums
from shuttergate.bench.scenario import always, must, page
from shuttergate.bench.scenario.hookup import Simulated
from shuttergate.bench.scenario.must import Finding, Must
from shuttergate.bench.scenario.record import AlbumPicture, Done, PressRecord, Record, Said, Told
from shuttergate.bench.scenario.report import Run, words, write_junit
from shuttergate.bench.scenario.run import read_scenario
from shuttergate.bench.scenario.script import Soak, presses, stretched
from shuttergate.bench.scenario.soak import Sample, Soaked, drifts
from shuttergate.bench.scenario.stand import Stand
from shuttergate.bench.scenario.vitals import Vitals, network_sockets, vitals, written_bytes
from shuttergate.errors import CameraError, ConfigError, PictureError
from shuttergate.frames import marks
from shuttergate.frames.scene import open_scene
from shuttergate.frames.shot import Lens, Scene
from shuttergate.frames.stage import Stage, Stagehand
from support.kits import Kit, alive
from support.looking import standing
from support.places import ROOT

LIBRARY = ROOT / "tests" / "scenarios"
LEAST = 'title = "t"\nseconds = 5\nmust = [{ what = "photos", count = 1 }]\n'


def record(**more: Any) -> Record:
    """A run of 5 s: the line high from 1 to 3 s, CLOSED for nudity from 3 s on."""
    found = Record(
        levels=[(0.0, False), (1.0, True), (3.0, False)],
        said=[Said(0.5, False, "waiting"), Said(1.0, True, "clear"), Said(3.0, False, "nudity")],
        told=[Told(2.1, "photo", {"name": "a.jpg", "ms": 80.0})],
        presses=[
            PressRecord(2.0, "taken", "", "a.jpg", 80.0, felt_s=2.01, outcomes=1),
            PressRecord(4.0, "refused", "nudity", outcomes=1),
        ],
        pictures=[AlbumPicture("a.jpg", "clear", 1.98)],
        ended_s=5.0,
        starts=1,
        oldest_ms=40.0,
        stopped=True,
        gate_wrote_bytes=4096,
        gate_sockets=[],
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


HELD: list[tuple[Any, bool, str]] = [
    (must.LineLevel("high", 1.0, 3.0), True, ""),
    (must.LineLevel("low", 0.0, 2.0), False, "HIGH from 1.000 to 2.000 s"),
    (
        must.LineLevel("high", 0.0, 5.0),
        False,
        "low from 0.000 to 1.000 s; low from 3.000 to 5.000 s",
    ),
    (must.Falls(2.9, 150), True, ""),
    (must.Falls(2.9, 50), False, "it fell after 100 ms"),
    (must.Falls(0.5, 5000), False, "it was low already"),
    (must.Rises(0.0, 1500, 900), True, ""),
    (must.Rises(0.5, 1500, 900), False, "it rose after 500 ms"),
    (must.Rises(3.5, 1500), False, "it never rose"),
    (must.Says(2.0, "open"), True, ""),
    (must.Says(3.5, "nudity"), True, ""),
    (must.Says(3.5, "stale"), False, "CLOSED (nudity)"),
    (must.Says(3.5, "nudity", ["camera"]), False, "CLOSED (nudity)"),
    (must.Says(0.1, "open"), False, "nothing was said yet"),
    (must.OnePress("taken", 1, within_ms=100, scene="clear"), True, ""),
    (must.OnePress("taken", 1, within_ms=50), False, "the press at 2.000 s took 80 ms"),
    (must.OnePress("taken", 1, scene="card"), False, "the press at 2.000 s shows clear"),
    (must.OnePress("refused", 2, "nudity"), True, ""),
    (must.OnePress("refused", 2, "stale"), False, "the press at 4.000 s was refused for nudity"),
    (must.OnePress("unfelt"), False, "the press at 2.000 s was taken, and 1 more"),
    (must.PhotoCount(1), True, ""),
    (must.PhotoCount(2), False, "1"),
    (must.PhotoCount(scene="card"), False, "1; a.jpg shows clear"),
    (must.VideoCount(0), True, ""),
    (must.Starts(1), True, ""),
    (must.Starts(2), False, "1"),
    (must.LogSays("photo", {"name": "a"}), True, ""),
    (must.LogSays("photo", {"ms": 81.0}), False, "0 times"),
    (must.LogSays("photo", times=2), False, "1 times"),
    (must.LogSays("photo", to_s=2.0), False, "0 times"),
    (must.AlbumUnchanged(0.0, 5.0), True, ""),
    (must.Refusal(), False, "it started"),
    (must.Age(50), True, ""),
    (must.Age(30), False, "the oldest was 40 ms old"),
]


@pytest.mark.parametrize(("one", "held", "was"), HELD)
def test_what_must_hold_is_told_apart_from_what_did_not(one: Must, held: bool, was: str) -> None:
    found = one.judge(record())
    assert found.held is held
    assert held or found.was == was


def test_what_changed_in_the_album_and_a_refusal_to_start_are_told() -> None:
    assert (
        must.AlbumUnchanged(0.0, 5.0).judge(record(album_changes_s=[2.1])).was
        == "it changed at 2.100 s"
    )
    refused = record(refusal="thresholds.open-nsfw: is laxer")
    assert must.Refusal("open-nsfw").judge(refused).held
    assert not must.Refusal("camera").judge(refused).held


ALWAYS: list[tuple[dict[str, Any], str]] = [
    (
        {"levels": [(0.0, False), (1.0, True), (3.0, False), (4.95, True)]},
        "1: the line is low when the kit has ended",
    ),
    (
        {"levels": [(0.0, False), (1.0, True), (4.0, False)]},
        "1: the line is never high while the gate says CLOSED",
    ),
    (
        {"levels": [(0.0, False), (0.999, True), (3.0, False)]},
        "1: the line is never high while the gate says CLOSED",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.98, "says GPSInfo")]},
        "3: every file in the album is whole, and says nothing but the picture",
    ),
    ({"pictures": []}, "3: the album holds what the log tells of, and nothing else"),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.98), AlbumPicture("b.mp4", None, None)]},
        "3: the album holds what the log tells of, and nothing else",
    ),
    (
        {"presses": []},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"presses": [PressRecord(2.0, "taken", "", "a.jpg", 80.0, felt_s=2.01, outcomes=2)]},
        "1: a press comes to one thing: a photo or a refusal",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 2.1)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", 1.9)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    (
        {"pictures": [AlbumPicture("a.jpg", "clear", None)]},
        "2: each photo is of its press, by the clock in the picture",
    ),
    ({"gate_wrote_bytes": 1 << 20}, "3: the gate process writes no picture to any file"),
    ({"gate_sockets": ["socket 7"]}, "4: the gate process has no socket but to its own kit"),
    (
        {"told": [Told(2.1, "photo", {"name": "a.jpg", "pixels": "0" * 3000})]},
        "4: the log tells no name of a computer or a person, and holds no picture",
    ),
    (
        {"told": [Told(2.1, "photo", {"name": "a.jpg", "path": f"{Path.home()}/x"})]},
        "4: the log tells no name of a computer or a person, and holds no picture",
    ),
]


def test_what_could_not_be_looked_at_is_not_held() -> None:
    unseen = record(gate_wrote_bytes=None, gate_sockets=None)
    found = always.findings(unseen, 1 / 30)
    assert len(found) == len(always.findings(record(), 1 / 30)) - 2
    run = a_run()
    run.record.gate_sockets = None
    assert "not looked at: the gate process's sockets and writes" in words(run)


def test_pulses_while_the_gate_says_closed_are_found() -> None:
    pulses = [(0.0, False)]
    for step in range(10):
        pulses += [(5.0 + 0.5 * step, True), (5.0 + 0.5 * step + 0.06, False)]
    said = [Said(0.5, False, "nudity")]
    one = never_high(record(levels=pulses, said=said, ended_s=12.0, presses=[]))
    assert not one.held and one.was == "it was HIGH from 5.000 to 5.060 s"


def word(at_s: float, opened_s: float | None = None, line: bool | None = None) -> feed.Status:
    """The gate's word of a moment; without ``line`` that is as it should be."""
    status = standing(opened_s is not None).status
    assert status is not None
    line = opened_s is not None if line is None else line
    return msgspec.structs.replace(status, at_s=at_s, opened_s=opened_s, line=line)


def test_a_change_of_level_that_was_lost_is_made_up_for_by_the_next_word() -> None:
    one = Simulated(cast(Any, None))
    assert one.levels([word(4.0, 3.9), word(4.1, 3.9)]) == [(4.0, True)]
    assert one.levels([feed.Level(True, 3.9)]) == []
    assert one.levels([feed.Level(False, 5.0)]) == [(5.0, False)]


def test_a_word_from_before_a_change_of_level_undoes_it_not() -> None:
    """It tells of the line as it was, and is heard after the meter's own word of the change."""
    one = Simulated(cast(Any, None))
    assert one.levels([feed.Level(True, 4.0), word(3.99), word(4.01, 3.999)]) == [(4.0, True)]
    assert one.levels([feed.Level(False, 5.0), word(4.999, line=True)]) == [(5.0, False)]


def never_high(found: Record) -> Finding:
    must = "1: the line is never high while the gate says CLOSED"
    (one,) = [one for one in always.findings(found, 1 / 30) if one.must == must]
    return one


def heard(tmp_path: Path, *news: feed.News) -> Record:
    """What a stand records of this, all heard at once, and 5 s late."""
    stand = Stand(read_scenario(LIBRARY / "1-fail-closed" / "card.toml"), tmp_path)
    stand.kit = cast(Any, SimpleNamespace(start_s=0.5, starts=1))
    stand.hookup = Simulated(stand.kit)
    found = stand.begin()
    found.began_s -= 5.0

    def late(one: feed.News) -> feed.News:
        times = {name: getattr(one, name, None) for name in ("at_s", "opened_s")}
        given = {name: at_s + found.began_s for name, at_s in times.items() if at_s is not None}
        return msgspec.structs.replace(one, **given)

    stand._take([late(one) for one in news])
    found.ended_s = 5.0
    return found


def test_an_opening_that_is_told_of_late_was_told_of(tmp_path: Path) -> None:
    """A busy machine: the line rises at 1 s, and 101 ms and more go by before a word is heard."""
    rise, fall = feed.Level(True, 1.0), feed.Level(False, 1.101)
    on_time = [word(0.5), rise, word(1.0, 0.999), fall, word(1.102)]
    found = heard(tmp_path, *on_time)
    assert [round(one.at_s, 3) for one in found.said] == [0.5, 1.0, 1.102]
    assert never_high(found).held
    late = [word(0.5), rise, fall, word(1.102), word(1.1, 0.999)]
    assert [one.is_open for one in heard(tmp_path, *late).said] == [False, True, False]
    assert never_high(heard(tmp_path, *late)).held


def test_an_opening_that_nobody_tells_of_is_found_however_late_words_are(tmp_path: Path) -> None:
    pulse = [word(0.5), feed.Level(True, 1.0), feed.Level(False, 1.101), word(1.102)]
    one = never_high(heard(tmp_path, *pulse))
    assert not one.held and one.was == "it was HIGH from 1.000 to 1.101 s"
    early = [word(0.5), feed.Level(True, 1.0), word(1.102, 1.101)]
    one = never_high(heard(tmp_path, *early))
    assert not one.held and one.was == "it was HIGH from 1.000 to 1.101 s"
    long = [word(0.5, 0.4), feed.Level(True, 0.41), word(1.0, line=True), feed.Level(False, 1.101)]
    one = never_high(heard(tmp_path, *long))
    assert not one.held and one.was == "it was HIGH from 1.025 to 1.101 s"


def test_nothing_said_is_no_crash() -> None:
    assert always.findings(Record(), 1 / 30)


def jpeg(**more: Any) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0131] = more.pop("software", "shuttergate")
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif, **more)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (jpeg(), ""),
        (jpeg(software="shuttergate of kit-7"), "says it was made by 'shuttergate of kit-7'"),
        (jpeg(comment=b"by Jane Doe"), "says more: comment"),
        (jpeg() + jpeg(), "goes on after the picture"),
        (jpeg()[:-200], "is no whole JPEG"),
        (b"", "is no whole JPEG"),
    ],
)
def test_a_photo_says_nothing_but_the_picture(tmp_path: Path, content: bytes, trouble: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    (found,) = albums.empty(tmp_path, ["clear"], 0.0)
    assert found.trouble.startswith(trouble) and bool(found.trouble) == bool(trouble)


@pytest.mark.parametrize(
    ("family", "protocol", "reaches_out"),
    [
        (socket.AF_INET, 0, True),
        (socket.AF_INET6, 0, True),
        (socket.AF_NETLINK, 0, True),  # routes
        (socket.AF_NETLINK, 15, False),  # what was plugged in
        (socket.AF_UNIX, 0, False),
    ],
)
def test_only_sockets_that_reach_out_are_held_against_a_process(
    family: int, protocol: int, reaches_out: bool
) -> None:
    before = set(network_sockets(os.getpid()) or ())
    try:
        one = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError as error:
        pytest.skip(f"this machine makes no such socket: {error}")
    with one:
        if family == socket.AF_NETLINK:
            one.bind((0, 0))  # the kernel lists no other
        inode = os.fstat(one.fileno()).st_ino
        found = set(network_sockets(os.getpid()) or ()) - before
    assert found == ({f"socket {inode}"} if reaches_out else set())


def test_what_a_process_writes_is_counted_and_what_it_sends_is_not(tmp_path: Path) -> None:
    if (before := written_bytes(os.getpid())) is None:
        pytest.skip("this kernel does not count what a process writes")
    near, far = socket.socketpair()
    with near, far, (tmp_path / "file").open("wb", buffering=0) as file:
        near.send(bytes(50_000))
        file.write(bytes(20_000))
    wrote = (written_bytes(os.getpid()) or 0) - before
    assert 20_000 <= wrote < 30_000


def test_every_run_is_asked_for_the_four_promises() -> None:
    found = always.findings(record(), 1 / 30)
    assert [one.must for one in found if not one.held] == []
    assert {one.must[0] for one in found} == set("1234")


def test_a_process_that_nobody_waited_for_has_ended() -> None:
    """In a container without an init an orphan stays such a zombie for ever."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert Path(f"/proc/{process.pid}/status").exists()
        assert not alive(process.pid)
        with pytest.raises(ProcessLookupError, match="has ended"):
            vitals(process.pid)
        assert network_sockets(process.pid) is None
        kit = Kit.__new__(Kit)
        kit.process = cast("subprocess.Popen[bytes]", SimpleNamespace(pid=os.getpid()))
        assert process.pid not in kit.children().values()
    finally:
        process.wait()


@pytest.mark.parametrize(("changed", "broken"), ALWAYS)
def test_a_promise_that_is_broken_is_found(changed: dict[str, Any], broken: str) -> None:
    if "path" in str(changed) and str(Path.home()) == "/":
        pytest.skip("this user's home folder is the root: its name tells nothing")
    found = always.findings(record(**changed), 1 / 30)
    assert [one.must for one in found if not one.held] == [broken]


@pytest.mark.parametrize(("host", "held"), [("kit-7", False), ("shuttergate", True)])
def test_a_computer_may_be_called_what_the_log_says_anyhow(
    monkeypatch: pytest.MonkeyPatch, host: str, held: bool
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    told = Told(2.0, "album fault", {"error": f"/var/lib/{host}/album is full"})
    *_, last = always.findings(record(told=[told]), 1 / 30)
    assert last.held == held


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            "press = [{ at_s = 1500 }]",
            r"press\[0\]: lasts until 1500\.2 s, but the script",
        ),
        ('fault = [{ what = "disk full", at_s = 40 }]', r"fault\[0\]\.at_s: 40 s, but the script"),
        ('show = [{ at_s = 5, scene = "card" }]', r"show\[0\]\.at_s: 5 s, but the script ends"),
        ("press = [{ at_s = 1, hold_s = 1 }, { at_s = 2 }]", "at 2 s: the button is still held"),
        ('fault = [{ what = "page flooded", at_s = 1 }]', "needs page = true"),
        ('[scenes]\ngreen = "gren.png"', r"scenes\.green: 'gren\.png' is not there"),
        ('[scenes]\ncard = "one.toml"', r"scenes\.card: is a scene of the bench's own"),
        ('show = [{ at_s = 1, scene = "garden" }]', r"show\[0\]\.scene: there is no 'garden'"),
        ('fault = [{ what = "gremlins", at_s = 1 }]', r"fault\[0\]\.what: there is no 'gremlins'"),
        ('fault = [{ what = "disk full", at_s = 2, until_s = 1 }]', "until_s: must come after"),
        (
            'fault = [{ what = "disk full", at_s = 2, until_s = 50 }]',
            r"fault\[0\]\.until_s: 50 s, but the script ends at 5 s",
        ),
        (
            'fault = [{ what = "disk read-only", at_s = 1 }, { what = "disk removed", at_s = 2 }]',
            "'disk removed' at 2 s: 'disk read-only' lasts until the end; let the one end",
        ),
        ('[kit.scene]\npath = "here"', r"kit\.scene\.path: is the bench's own in every scenario"),
        ('[kit.album]\nfolder = "here"', r"kit\.album\.folder: is the bench's own"),
        ("pres = []", "pres: there is no such key"),
        ("[kit.gate]\nclear_frames = 0", r"kit\.gate\.clear_frames"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_by_its_key(
    tmp_path: Path, more: str, says: str
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(LEAST + more)
    with pytest.raises(ConfigError, match=says):
        read_scenario(path)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ('what = "line", level = "low", from_s = 2, to_s = 9', "to_s: the script ends at 5 s"),
        ('what = "line", level = "low", from_s = 2, to_s = 1', "to_s: must come after from_s"),
        ('what = "press", outcome = "taken"', "the script has 0 presses"),
        ('what = "photos"', "name a count, a least number, a scene"),
        (
            'what = "miracles"',
            r"must\[0\]\.what: invalid value .*; choose from line, falls",
        ),
        ('what = "line", level = "on", from_s = 0, to_s = 1', "'on'; choose from high, low"),
        ('what = "log", event = "fotos"', "event: there is no 'fotos'; choose from photo"),
        ('what = "says", at_s = 1, reason = "opened"', "choose from open, nudity, doubt"),
        ('what = "photos", scene = "gren"', "scene: there is no 'gren'; name its file in"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_refused(
    tmp_path: Path, wanted: str, says: str
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(f'title = "t"\nseconds = 5\nmust = [{{ {wanted} }}]\n')
    with pytest.raises(ConfigError, match=says):
        read_scenario(path)


def test_a_slow_machine_gets_more_of_every_time_and_of_nothing_else() -> None:
    one = read_scenario(LIBRARY / "1-fail-closed" / "card.toml")
    twice = stretched(one, 2.0)
    assert (twice.seconds, twice.show[1].at_s, twice.press[0].hold_s) == (12, 6.0, 0.4)
    assert (twice.kit.gate.max_age_ms, twice.kit.gate.clear_frames) == (500, 5)
    assert one.must[1] == must.Falls(2.0, 150)
    assert twice.must[1] == must.Falls(4.0, 300)
    assert msgspec.structs.replace(twice.must[7]) == one.must[7]


def test_a_repeated_press_comes_as_often_as_it_says() -> None:
    one = read_scenario(LIBRARY / "2-judged-frame" / "clock.toml")
    at_s = [at for at, _press in presses(one)]
    assert len(at_s) == 10 and at_s[1] - at_s[0] == pytest.approx(0.633)


def test_the_clock_in_a_picture_survives_jpeg_and_a_picture_without_one_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    for scene, time_ms in [(0, 0), (15, marks.WRAP_MS - 1), (3, 123_456_789)]:
        luma = noise.copy()
        marks.stamp(luma, scene, time_ms)
        file = io.BytesIO()
        Image.fromarray(luma).save(file, "JPEG", quality=60)
        with Image.open(file) as photo:
            assert marks.read(np.asarray(photo)) == (scene, time_ms)
    for plain in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        with pytest.raises(PictureError, match="damaged, or there are none"):
            marks.read(plain)
    with pytest.raises(PictureError, match="no room"):
        marks.read(noise[:20, :20])


def test_a_stage_shows_what_it_is_told_for_as_many_exposures(tmp_path: Path) -> None:
    for name, colour in (("clear", (30, 60, 160)), ("card", (200, 200, 200))):
        Image.new("RGB", (640, 480), colour).save(tmp_path / f"{name}.png")
    file = tmp_path / "stage.toml"
    file.write_text('[scenes]\nclear = "clear.png"\ncard = "card.png"\n')
    lens = Lens((640, 480), (224, 224))

    def open_one(path: Path) -> Scene:
        return open_scene(path, lens, 1.0, pytest.fail)

    hand = Stagehand()
    stage = Stage(file, open_one, hand)

    def shown() -> int:
        return marks.read(stage.at(0.0).main[:480])[0]

    assert [shown() for _ in range(2)] == [0, 0]
    hand.show("card", 2)
    assert [shown() for _ in range(4)] == [1, 1, 0, 0]
    hand.show("card", 0)
    hand.show("clear", 1)
    assert [shown() for _ in range(3)] == [0, 1, 1]
    hand.show("garden", 0)
    with pytest.raises(CameraError, match="has no scene 'garden'; it has clear, card"):
        stage.at(0.0)
    stage.close()
    file.write_text("scenes = 3")
    with pytest.raises(CameraError, match=r"stage\.toml"):
        Stage(file, open_one, hand)


def a_run(**more: Any) -> Run:
    scenario = read_scenario(LIBRARY / "1-fail-closed" / "card.toml")
    found = record(done=[Done(2.9, "shows card")], **more)
    wanted = [must.Falls(2.9, 50), must.PhotoCount(1)]
    return Run("promise/card", scenario, found, [one.judge(found) for one in wanted], "", 6.1)


def test_a_failure_is_told_with_what_happened_around_it() -> None:
    lines = words(a_run()).splitlines()
    assert lines[0].startswith("FAILED  promise/card: The test card")
    assert "(1 of 2 held, 6.1 s)" in lines[0]
    assert lines[1:] == [
        "    must: the line falls within 50 ms after 2.9 s",
        "    was:  it fell after 100 ms",
        "        2.900 s  bench: shows card",
        "        3.000 s  gate says CLOSED (nudity)",
        "        3.000 s  line low",
    ]
    assert "is this machine busy?" in words(a_run(overdue_ms=500.0))


def test_junit_names_every_requirement_and_why_one_failed(tmp_path: Path) -> None:
    skipped = a_run()
    skipped.record.skipped, skipped.findings = "needs \x07 root", []
    trouble = a_run()
    trouble.trouble = "the kit gave no verdict"
    write_junit([a_run(), skipped, trouble], tmp_path / "out.xml")
    suites = ElementTree.parse(tmp_path / "out.xml").getroot().findall("testsuite")
    counts = [[one.get(name) for name in ("tests", "failures", "skipped")] for one in suites]
    assert counts == [["2", "1", "0"], ["1", "0", "1"], ["3", "2", "0"]]
    failure = suites[0].find("testcase/failure")
    assert failure is not None and failure.get("message") == "it fell after 100 ms"
    assert "bench: shows card" in (failure.text or "")


def test_the_page_shows_each_run_and_needs_nothing_else() -> None:
    skipped = a_run()
    skipped.name, skipped.record.skipped, skipped.findings = "other", "needs root", []
    text = page.render([a_run(), skipped], "On the bench")
    assert text.count("<svg") == 1
    assert "0 of 2 scenarios held, 1 not run" in text and "Not run: needs root" in text
    assert "must: the line falls within 50 ms after 2.9 s" in text
    assert "1. Fail closed" in text and "2. The saved frame" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text) and "<script" not in text


def test_the_page_of_a_soak_shows_what_grew() -> None:
    soaked = Soaked(rounds=2, samples=samples([160.0] * 20), seconds=400.0)
    soaked.drifts = drifts(soaked.samples, Soak())
    text = page.render([], "An hour", soaked)
    assert text.count("<svg") == 1
    assert "2 of 2 rounds held, in 6.7 min" in text
    assert "gate: threads grows by no more than 0" in text


def samples(memory_mb: Sequence[float], verdict_ms: float = 8.0) -> list[Sample]:
    return [
        Sample(20.0 * number, {"gate": Vitals(one, 30, 9)}, {"verdict": verdict_ms})
        for number, one in enumerate(memory_mb)
    ]


def test_a_soak_finds_a_leak_and_a_drift_and_no_settling() -> None:
    settling = [100.0, 120, 140, 150, 155, 158]
    steady = drifts(samples([*settling, *[160.0] * 20]), Soak())
    assert [one.held for one in steady] == [True] * 4
    leak = drifts(samples([*settling, *(160.0 + step for step in range(20))]), Soak())
    assert [one.must for one in leak if not one.held] == ["gate: memory mb grows by no more than 8"]
    assert leak[0].was == "162 at first, 177 at last"
    slower = samples([160.0] * 16) + samples([160.0] * 16, 13.0)
    (late,) = [one for one in drifts(slower, Soak()) if not one.held]
    assert late.must == "verdict time grows by no more than 1.5 x"
    assert drifts(samples(settling), Soak()) == []


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shuttergate", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


IN_EVERY_TEST = [
    "1-fail-closed/card",
    "1-fail-closed/lax-thresholds",
    "3-never-leaves/second-look",
    "3-never-leaves/closed-meanwhile",
    "4-nobody-watched/console-killed",
]
"""The others take two minutes: `make bench-scenarios`."""


def test_the_kit_holds_what_the_library_asks_for(tmp_path: Path) -> None:
    junit = tmp_path / "out.xml"
    paths = [LIBRARY / f"{name}.toml" for name in IN_EVERY_TEST]
    done = bench(*paths, "--jobs", 2, "--slow", 1.5, "--junit", junit)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"{len(paths)} of {len(paths)} scenarios held"
    assert len(ElementTree.parse(junit).getroot().findall("testsuite")) == len(paths)


def test_a_soak_plays_the_script_again_on_the_same_kit(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    lines = ["seconds = 1.5", "press = [{ at_s = 0.8 }]", 'must = [{ what = "photos", count = 1 }]']
    path.write_text("\n".join(['title = "t"', *lines]))
    done = bench(path, "--repeat", 2)
    assert done.returncode == 0, done.stdout
    assert [line[:18] for line in done.stdout.splitlines()[:2]] == [
        f"held    one round {number}"[:18] for number in (1, 2)
    ]
    assert "2 presses, 2 photos, 0 faults" in done.stdout
    assert "1 starts of the gate process" in done.stdout


def test_a_kit_that_does_not_start_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    path = tmp_path / "one.toml"
    lines = [
        *('title = "t"', "seconds = 2", 'scenes = { no = "no.png" }'),
        *('show = [{ at_s = 0, scene = "no" }]', "press = [{ at_s = 1 }]"),
        'must = [{ what = "photos", count = 0 }, { what = "press", outcome = "unfelt" }]',
    ]
    path.write_text("\n".join(lines))
    report = tmp_path / "out.html"
    done = bench(path, "--report", report)
    assert done.returncode == 1, done.stdout
    assert "the kit did not start: " in done.stdout and "it was never made" in done.stdout
    assert "the kit did not start: " in report.read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--board", "pi5-coral-usb"], "has real pins: name the bench's own with --wires"),
        (["--board", "pi5"], "no board is called 'pi5'"),
        (["--junit", "/nowhere/out.xml"], "its folder is not there"),
        (["latency"], "latency: stands alone"),
        (["--wires", "wires.toml", "--jobs", "2"], "--jobs: there is one set of wires"),
        (["--repeat", "2", "--junit", "out.xml"], "--junit: for scenarios that are played once"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_before_anything_is_played(
    options: list[str], says: str
) -> None:
    done = bench(LIBRARY / "1-fail-closed" / "card.toml", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr and "Traceback" not in done.stderr


def test_what_cannot_be_run_here_has_shown_nothing() -> None:
    done = bench(LIBRARY / "1-fail-closed" / "line-held.toml")
    assert done.returncode == 1
    assert "not run: line held: simulated pins are nobody else's" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 of 1 scenarios held, 1 not run"


def test_what_does_not_hold_is_status_1_and_a_bad_script_is_2(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(LEAST.replace("seconds = 5", "seconds = 1"))
    done = bench(path)
    assert done.returncode == 1, done.stdout
    assert "must: photos in the album: 1\n    was:  0\n" in done.stdout
    path.write_text("")
    done = bench(path)
    assert done.returncode == 2
    assert f"shuttergate: {path}: " in done.stderr


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_scenario_of_the_library_reads_and_says_its_promise(path: Path) -> None:
    one = read_scenario(path)
    assert one.promise == int(path.parent.name[0])
    assert one.title[0].isupper() and len(one.title) <= 90


@pytest.mark.parametrize("one", mutations.MUTATIONS, ids=lambda one: one.what)
def test_every_deliberate_break_still_finds_its_place(one: mutations.Mutation) -> None:
    assert mutations.wrong(one) == ""


def test_each_promise_has_breaks_that_its_scenarios_catch() -> None:
    assert {one.promise for one in mutations.MUTATIONS} == {1, 2, 3, 4}
    assert len(mutations.MUTATIONS) >= 10
