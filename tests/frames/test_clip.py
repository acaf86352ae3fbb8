"""Video files as scenes: the right picture at the right time, upright, in its colours, for ever."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shuttergate.errors import CameraError
from shuttergate.frames import clip as clip_module
from shuttergate.frames.buffers import Pool
from shuttergate.frames.clip import AHEAD_SHOTS, Clip, format_of
from shuttergate.frames.inspection import Inspector
from shuttergate.frames.scene import Pictures, open_scene
from shuttergate.frames.shot import Lens, Shot
from shuttergate.frames.simulated import SimulatedCamera
from shuttergate.system import pyav
from support import needs
from support.colours import as_rgb, centres, near, quadrants
from support.films import SIZE, av, film, grey, greys, yuv
from support.kits import wait_until
from support.places import CLIPS

NEEDS_AV = needs.module("av")

LENS = Lens((640, 480), (224, 224))


def number(shot: Shot) -> int:
    """Which picture of a clip of greys a shot shows; both of its sides show the same one."""
    found = {round((float(pixels.mean()) - 15) / 3) for pixels in (shot.main[:240], shot.lores)}
    assert len(found) == 1, found
    return found.pop()


Open = Callable[..., Clip]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open clips; they are closed with the test."""
    NEEDS_AV.or_skip()
    clips: list[Clip] = []

    def start(path: Path, lens: Lens = LENS) -> Clip:
        clips.append(Clip(path, lens))
        return clips[-1]

    yield start
    for clip in clips:
        clip.close()


@pytest.fixture
def developed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of each picture that became a shot."""
    seen: list[int] = []
    make = clip_module._Developer.shot

    def shot(self: Any, picture: Any) -> Shot:
        made = make(self, picture)
        seen.append(number(made))
        return made

    monkeypatch.setattr(clip_module._Developer, "shot", shot)
    return seen


def shows(clip: Clip, time_s: float, due: int) -> bool:
    return wait_until(lambda: number(clip.at(time_s)) == due)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.ts"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_each_picture_comes_at_its_time_and_the_film_loops(
    opened: Open, tmp_path: Path, name: str, codec: str
) -> None:
    clip = opened(greys(tmp_path / name, 12, codec=codec))
    for step in range(40):
        assert shows(clip, step / 30, step % 12), step


def test_a_webm_plays(opened: Open, tmp_path: Path) -> None:
    clip = opened(greys(tmp_path / "a.webm", 8, codec="libvpx"))
    assert all(shows(clip, step / 30, step % 8) for step in range(20))


def test_a_slower_films_pictures_stay(opened: Open, tmp_path: Path) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 10, rate=15))
    for step in range(50):
        assert shows(clip, step / 30, step // 2 % 10), step


def test_a_picture_is_never_early(opened: Open, tmp_path: Path) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 10, rate=10))
    assert shows(clip, 0.299 - 2 * clip_module.SLACK_S, 2)
    assert shows(clip, 0.3, 3)


def test_of_a_faster_film_no_more_is_converted_than_is_shown(
    opened: Open, tmp_path: Path, developed: list[int]
) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 70, rate=120))
    assert all(shows(clip, step / 30, step * 4 % 70) for step in range(34))
    print(developed)
    assert len(developed) < 34 + 4 * AHEAD_SHOTS < 34 * 4 / 2


def test_asked_late_it_skips_what_is_over(
    opened: Open, tmp_path: Path, developed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_module, "LATE_S", 60.0)
    clip = opened(greys(tmp_path / "a.mp4", 75))
    assert shows(clip, 60 / 30, 60)
    assert len(developed) <= 3 * AHEAD_SHOTS


def test_an_hour_later_the_turn_is_still_right(opened: Open, tmp_path: Path) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 20))
    assert shows(clip, 3600 + 7 / 30, (3600 * 30 + 7) % 20)


def test_on_a_computer_too_slow_late_pictures_are_shown_all_the_same(
    opened: Open, tmp_path: Path, developed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_module, "LATE_S", 0.0)  # as if each took so long
    clip = opened(greys(tmp_path / "a.mp4", 60))
    assert shows(clip, 50 / 30, 50)
    assert len(developed) >= 40


def test_without_a_camera_that_asks_it_works_no_further_ahead(
    opened: Open, tmp_path: Path, developed: list[int]
) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 30))
    assert wait_until(lambda: len(clip._ahead) == AHEAD_SHOTS)
    assert not wait_until(lambda: len(developed) > 1 + AHEAD_SHOTS, 0.3)


def test_a_single_picture_stays(opened: Open, tmp_path: Path) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 1))
    assert [number(clip.at(time_s)) for time_s in (0.0, 0.5, 100.0)] == [0, 0, 0]
    assert wait_until(lambda: not clip._worker.is_alive())


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("full", [None, False, True])
@pytest.mark.parametrize("matrix", [None, "ITU601", "ITU709", "BT2020"])
def test_colours_are_those_of_the_source(
    opened: Open, tmp_path: Path, matrix: str | None, full: bool | None, mirror: bool
) -> None:
    image = quadrants(SIZE)
    if mirror:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pictures = [yuv(np.asarray(image), matrix or "ITU601", not full)]
    path = film(tmp_path / "a.mp4", pictures, matrix=matrix, full=full)
    shot = opened(path, Lens((640, 480), (224, 224), mirror)).at(0.0)
    print(centres(as_rgb(shot.main)), centres(shot.lores))
    assert shot.main.shape == (360, 320) and shot.lores.shape == (224, 224, 3)
    assert shot.main.flags.c_contiguous and shot.lores.flags.c_contiguous
    assert near(centres(as_rgb(shot.main)), 4) and near(centres(shot.lores), 4)


@pytest.mark.parametrize(("rows", "matrix"), [(718, "ITU601"), (720, "ITU709")])
def test_unnamed_colours_go_by_the_size(
    opened: Open, tmp_path: Path, rows: int, matrix: str
) -> None:
    pictures = [yuv(np.asarray(quadrants((960, rows))), matrix)]
    shot = opened(film(tmp_path / "a.mp4", pictures)).at(0.0)
    assert near(centres(as_rgb(shot.main)), 4) and near(centres(shot.lores), 4)


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_black_and_white_are_those_of_a_jpeg(opened: Open, tmp_path: Path, level: int) -> None:
    page = np.full((240, 320, 3), level, np.uint8)
    shot = opened(film(tmp_path / "a.mp4", [yuv(page)])).at(0.0)
    for pixels in (shot.main[:240], shot.lores):
        assert np.abs(pixels.astype(int) - level).max() <= 1
    assert np.abs(shot.main[240:].astype(int) - 128).max() <= 1


@pytest.mark.parametrize(
    ("codec", "pix_fmt"),
    [("mjpeg", "yuvj420p"), ("mjpeg", "yuvj444p"), ("libx264", "yuv444p"), ("png", "rgb24")],
)
def test_other_layouts_keep_their_colours(
    opened: Open, tmp_path: Path, codec: str, pix_fmt: str
) -> None:
    rgb = np.asarray(quadrants(SIZE))
    full, subsampled = pix_fmt.startswith("yuvj"), "420" in pix_fmt
    planes = [rgb] if pix_fmt == "rgb24" else yuv(rgb, "ITU601", not full, subsampled)
    path = film(tmp_path / "a.mov", [planes], codec=codec, pix_fmt=pix_fmt, full=full or None)
    shot = opened(path).at(0.0)
    print(centres(as_rgb(shot.main)), centres(shot.lores))
    assert near(centres(as_rgb(shot.main)), 5) and near(centres(shot.lores), 5)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_a_phones_video_is_upright(
    opened: Open, tmp_path: Path, clockwise: int, mirror: bool
) -> None:
    image = quadrants((240, 320) if clockwise != 180 else SIZE)
    if mirror:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    stored = np.asarray(image.rotate(clockwise, expand=True))  # Pillow's way is counterclockwise
    path = film(tmp_path / "a.mp4", [yuv(stored)], turned=clockwise)
    shot = opened(path, Lens((640, 480), (224, 160), mirror)).at(0.0)
    assert shot.main.shape == (image.height * 3 // 2, image.width)
    assert shot.lores.shape == (160, 224, 3)
    assert near(centres(as_rgb(shot.main)), 4) and near(centres(shot.lores), 4)


@pytest.mark.parametrize(
    ("names", "aspect", "turned", "due"),
    [
        ("mp4 mkv mov avi ts", Fraction(16, 15), 0, (340, 240)),  # PAL's, 4 : 3
        ("mp4 mkv mov avi ts", Fraction(8, 9), 0, (284, 240)),
        ("mp4 mov", Fraction(16, 11), 90, (240, 464)),  # the others tell of no turn
        ("mp4 mkv mov avi ts", Fraction(1, 100), 0, (320, 240)),  # nobody shows it so
    ],
)
def test_a_video_with_other_than_square_pixels_is_as_broad_as_players_show_it(
    opened: Open, tmp_path: Path, names: str, aspect: Fraction, turned: int, due: tuple[int, int]
) -> None:
    for name in names.split():
        path = greys(tmp_path / f"a.{name}", 2, turned=turned, aspect=aspect)
        assert opened(path).at(0.0).main.shape == (due[1] * 3 // 2, due[0])


@pytest.mark.parametrize(
    ("given", "turned", "due"),
    [
        ((640, 480), 0, (640, 480)),
        ((1280, 720), 0, (640, 360)),
        ((1280, 720), 90, (270, 480)),
        ((322, 242), 0, (322, 242)),
        ((90, 60), 0, (90, 60)),
    ],
)
def test_main_is_even_and_within_its_limit(
    opened: Open, tmp_path: Path, given: tuple[int, int], turned: int, due: tuple[int, int]
) -> None:
    clip = opened(greys(tmp_path / "a.mp4", 1, given, turned=turned))
    assert clip.at(0.0).main.shape == (due[1] * 3 // 2, due[0])


def test_lores_shows_all_that_main_shows(opened: Open, tmp_path: Path) -> None:
    image = Image.new("RGB", (640, 480), "white")
    for place in ((0, 0), (628, 0), (0, 468), (628, 468)):
        image.paste("black", (*place, place[0] + 12, place[1] + 12))
    shot = opened(film(tmp_path / "a.mp4", [yuv(np.asarray(image))])).at(0.0)
    for row in (1, -2):
        for column in (1, -2):
            assert shot.lores[row, column].max() < 30 and shot.main[:480][row, column] < 30
    assert shot.lores[112, 112].min() > 250


@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.ts"])
def test_a_film_that_was_cut_loops_at_the_cut(opened: Open, tmp_path: Path, name: str) -> None:
    path = greys(tmp_path / name, 30, codec="mpeg4")
    os.truncate(path, path.stat().st_size // 2)
    clip = opened(path)
    seen = [0]
    for step in range(1, 60):
        time_s = step / 30
        assert wait_until(lambda at=time_s, last=seen[-1]: number(clip.at(at)) != last)
        seen.append(number(clip.at(time_s)))
    print(seen)
    length = seen.index(0, 1)
    assert 5 < length < 28
    assert seen == [step % length for step in range(60)]


def test_a_film_damaged_in_the_middle_loops_at_the_damage(opened: Open, tmp_path: Path) -> None:
    path = greys(tmp_path / "a.avi", 20, codec="png", pix_fmt="rgb24")
    data = bytearray(path.read_bytes())
    starts = [at for at in range(len(data)) if data.startswith(b"\x89PNG", at)]
    data[starts[12] : starts[12] + 60] = b"\xff" * 60
    path.write_bytes(data)
    clip = opened(path)
    for step in range(40):
        assert shows(clip, step / 30, step % 12), step


def test_damage_that_the_decoder_hides_does_not_stop_it(opened: Open, tmp_path: Path) -> None:
    path = greys(tmp_path / "a.mkv", 40)
    data = bytearray(path.read_bytes())
    start = len(data) * 2 // 3
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    clip = opened(path)
    assert shows(clip, 0.1, 3)
    steps = itertools.count(4)
    for due in (12, 4, 12, 4):  # what is shown in between is the decoder's guess

        def comes(level: int = grey(due)) -> bool:
            return abs(float(clip.at(next(steps) / 30).lores.mean()) - level) < 1.5

        assert wait_until(comes), due


def test_a_film_that_is_lost_meanwhile_is_told(opened: Open, tmp_path: Path) -> None:
    path = greys(tmp_path / "a.mp4", 10)
    clip = opened(path)
    path.write_bytes(b"")

    times_s = itertools.count(0.1, 0.1)

    def told() -> bool:
        try:
            clip.at(next(times_s))
        except CameraError as error:
            return "a.mp4: cannot be read as a video" in str(error)
        return False

    assert wait_until(told)


def silence(path: Path) -> Path:
    """A file with sound only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        for count in range(20):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            sound.sample_rate, sound.pts = 48000, 1024 * count
            for packet in stream.encode(sound):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@NEEDS_AV.mark
def test_a_file_with_sound_only_is_refused(tmp_path: Path) -> None:
    path = silence(tmp_path / "a.mp4")
    with pytest.raises(CameraError, match=r"a\.mp4: has no video stream; name a file that has$"):
        open_scene(path, LENS, 1.0, pytest.fail)


@pytest.mark.parametrize(
    "content",
    [
        b"not a film",
        b"",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n",
        b"\xff\xfb\x90\x44" * 200,
    ],
    ids=["text", "empty", "concat", "playlist", "mp3"],
)
def test_what_is_neither_is_told_and_no_decoder_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    monkeypatch.setattr(clip_module, "_load", lambda name: pytest.fail("it looked for PyAV"))
    told = r"a\.mp4: neither a picture nor a video known here; save it as JPEG, PNG or MP4$"
    with pytest.raises(CameraError, match=told):
        open_scene(path, LENS, 1.0, pytest.fail)


@NEEDS_AV.mark
@pytest.mark.parametrize(
    ("name", "kept"), [("a.mp4", 200), ("a.mkv", 60), ("a.avi", 100), ("a.ts", 600)]
)
def test_what_is_damaged_at_once_is_refused(tmp_path: Path, name: str, kept: int) -> None:
    path = greys(tmp_path / name, 10)
    data = path.read_bytes()
    path.write_bytes(data[:kept] + bytes(len(data) - kept))
    threads = threading.active_count()
    with pytest.raises(CameraError, match=r"a\.\w+: (cannot be read as a video \(.+\)|has no vi)"):
        open_scene(path, LENS, 1.0, pytest.fail)
    assert threading.active_count() == threads


@NEEDS_AV.mark
def test_a_picture_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_module, "MAX_PIXELS", 1_000_000)
    path = greys(tmp_path / "a.mp4", 1, (1280, 960))
    with pytest.raises(CameraError, match=r"1280 x 960 is over 1 megapixels; reduce it$"):
        Clip(path, LENS)


@NEEDS_AV.mark
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = greys(tmp_path / "a.mp4", 1)

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CameraError, match=r"a\.mp4: Permission denied; name another$"):
        Clip(path, LENS)


@NEEDS_AV.mark
def test_nothing_in_a_file_can_have_another_opened(tmp_path: Path) -> None:
    path, asked = greys(tmp_path / "a.mp4", 2), []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(av, name)

        def open(self, file: Any, **how: Any) -> Any:
            asked.append((file.name, how["format"], how["options"]))
            with pytest.raises(PermissionError):
                how["io_open"]("file:/etc/passwd", 1, {})
            return av.open(file, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_module, "_load", lambda name: Watched())
        Clip(path, LENS).close()
    assert asked[0] == (str(path), "mp4", {"protocol_whitelist": "none"})


def test_without_pyav_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom")
    monkeypatch.setattr(pyav.importlib, "import_module", missing)
    told = r"a\.mp4: PyAV is not installed; run make video( in .+)?$"
    with pytest.raises(CameraError, match=told):
        open_scene(path, LENS, 1.0, pytest.fail)


@pytest.mark.parametrize("formed", ["ftyp", "mdat"])
def test_formats_are_told_by_their_first_bytes(formed: str) -> None:
    assert format_of(b"\0\0\0\x18" + formed.encode() + b"isom") == "mp4"
    stamped = b"".join(b"\0\0\0\0G" + bytes(187) for _ in range(4))
    assert format_of(stamped[:580]) == format_of((b"G" + bytes(187)) * 4) == "mpegts"
    assert format_of(b"RIFF\0\0\0\0WAVE") is None


def kernel_counts() -> tuple[int, int]:
    threads, files = (list(Path("/proc/self", kind).iterdir()) for kind in ("task", "fd"))
    return len(threads), len(files)


@NEEDS_AV.mark
def test_close_ends_the_thread_and_lets_go_of_the_file(tmp_path: Path) -> None:
    path = greys(tmp_path / "a.mp4", 30)
    before = kernel_counts()
    clip = Clip(path, LENS)
    assert shows(clip, 1.5, 15)
    assert any(thread.name == "scene" for thread in threading.enumerate())
    clip.close()
    clip.close()
    assert not clip._worker.is_alive()
    assert wait_until(lambda: kernel_counts() == before)


def test_a_scene_is_what_its_file_is(opened: Open, tmp_path: Path) -> None:
    picture = tmp_path / "a.mp4"
    Image.new("RGB", (64, 48), "red").save(picture, format="PNG")
    film_path = greys(tmp_path / "clip.jpg", 3, container_format="mp4")
    for path, kind in ((tmp_path, Pictures), (picture, Pictures), (film_path, Clip)):
        scene = open_scene(path, LENS, 1.0, lambda cause: None)
        scene.close()
        assert type(scene) is kind
    with pytest.raises(CameraError, match=r"name a picture, a folder of pictures or a video$"):
        open_scene(tmp_path / "gone", LENS, 1.0, pytest.fail)


def test_the_simulated_camera_films_it(opened: Open, tmp_path: Path) -> None:
    scene, inspector = opened(greys(tmp_path / "a.mp4", 40)), Inspector((224, 224, 3), (640, 480))
    camera = SimulatedCamera(scene, 30, Pool(3, 640 * 480 * 3 // 2, 224 * 224 * 3))
    seen = set()

    def frames() -> bool:
        frame = camera.next(1.0)
        inspector.inspect(frame)
        seen.add(number(Shot(frame.main, frame.lores)))
        frame.release()
        return len(seen) > 10

    assert wait_until(frames, 20.0)


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "vtest.avi"])
def test_a_real_film_plays(opened: Open, name: str) -> None:
    needs.shared(f"data/video/{name}").or_skip()
    clip = opened(CLIPS / name)
    shots = [clip.at(0.0)]
    for step in range(1, 31):
        assert wait_until(lambda at=step: clip.at(at / 10) is not shots[-1])
        shots.append(clip.at(step / 10))
    assert {shot.lores.shape for shot in shots} == {(224, 224, 3)}
    assert all(int(shot.main.max()) - int(shot.main.min()) > 100 for shot in shots)
    assert len({shot.lores.tobytes() for shot in shots}) > 10
