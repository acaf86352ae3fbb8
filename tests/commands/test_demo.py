"""The demo on a terminal: what a person sees, also on odd terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shuttergate.columns import columns as room
from shuttergate.commands.demo import KEY_S, PRESS_S, Fingers
from shuttergate.print import qr
from support.kits import slow_kit, wait_until
from support.screen import dark_modules, without_colours


class Terminal:
    """The demo in a pseudo-terminal of a given size."""

    def __init__(self, columns: int, *arguments: object, **env: str) -> None:
        self.ours, theirs = pty.openpty()
        self.widen(columns)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shuttergate", "demo", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "LANGUAGE": "en", "LANG": "C.UTF-8", "NO_COLOR": "1", **env},
        )
        os.close(theirs)
        os.set_blocking(self.ours, False)
        self.text = ""

    def widen(self, columns: int) -> None:
        """Make it so wide."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self) -> str:
        """Return all that was written until now."""
        try:
            while chunk := os.read(self.ours, 65536):
                self.text += chunk.decode(errors="replace")
        except OSError:
            pass
        return self.text

    def shows(self, words: str, timeout_s: float = 15.0) -> bool:
        return wait_until(lambda: words in self.read(), timeout_s)

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_any_width_of_terminal_will_do(terminals: list[Terminal], tmp_path: Path) -> None:
    one = Terminal(0, *slow_kit(tmp_path), "--album", tmp_path)
    terminals.append(one)
    assert one.shows("the shutter button is live")
    for width in (0, 1, 20, 60, 200):
        one.widen(width)
        for _ in range(3):  # the first may have been under way
            before = one.read().count("\r\x1b[K")
            assert wait_until(lambda: one.read().count("\r\x1b[K") > before)  # noqa: B023
    one.type(b"q")
    assert wait_until(lambda: one.read() is not None and one.process.poll() == 0, 15)


def test_the_keys_are_named_the_space_bar_takes_a_photo_and_q_quits(
    terminals: list[Terminal], tmp_path: Path
) -> None:
    album = tmp_path / "album"
    terminal = Terminal(80, *slow_kit(tmp_path), "--album", album)
    terminals.append(terminal)
    assert terminal.shows("the shutter button is live")
    assert terminal.shows("[space] press  [q] quit  ● OPEN  ", 3)
    time.sleep(0.5)  # only a button that was let go is live
    terminal.type(b" ")
    assert terminal.shows("ms after the press")
    terminal.type(b"q")
    assert wait_until(lambda: terminal.read() != "" and terminal.process.poll() == 0, 10)
    assert "presses     1 taken, 0 refused" in terminal.read()
    assert terminal.read().count("  space bar: the shutter (held down: video); q: quit") == 1
    assert len(list(album.iterdir())) == 1


def test_who_was_stopped_with_ctrl_z_has_its_keys_again(
    terminals: list[Terminal], tmp_path: Path
) -> None:
    terminal = Terminal(80, *slow_kit(tmp_path), "--album", tmp_path)
    terminals.append(terminal)
    assert terminal.shows("the shutter button is live")

    def lines_are_edited() -> bool:
        return bool(termios.tcgetattr(terminal.ours)[3] & termios.ICANON)

    assert not lines_are_edited()
    os.kill(terminal.process.pid, signal.SIGSTOP)
    settings = termios.tcgetattr(terminal.ours)
    settings[3] |= termios.ICANON | termios.ECHO  # as a shell sets its own
    termios.tcsetattr(terminal.ours, termios.TCSANOW, settings)
    os.kill(terminal.process.pid, signal.SIGCONT)
    assert wait_until(lambda: not lines_are_edited(), 5)
    terminal.type(b"q")
    assert wait_until(lambda: terminal.read() != "" and terminal.process.poll() == 0, 15)
    assert lines_are_edited()


@pytest.mark.parametrize(
    ("language", "keys", "may"),
    [
        ("en", "  c: the code for other devices once more", "Whoever joins may look."),
        ("ja", "  c で、ほかの端末用のコードをもう一度表示", "画面を見ることだけができます。"),
    ],
)
def test_with_lan_it_shows_address_and_code_and_shows_them_again(
    terminals: list[Terminal], tmp_path: Path, language: str, keys: str, may: str
) -> None:
    """Whose code is a link with both; by default others may look, and no more."""
    arguments = ["--lan", "--port", "0", *slow_kit(tmp_path), "--album", tmp_path]
    terminal = Terminal(80, *arguments, LANGUAGE=language)
    terminals.append(terminal)
    assert terminal.shows(keys)
    (address,) = re.findall(r"  (http://(?!127)[\d.]+:\d+/)", terminal.read())
    (digits,) = re.findall(r"  (\d{4} \d{4})\r\n", terminal.read())
    rows = qr.modules(f"{address}pair#{digits.replace(' ', '')}")
    assert dark_modules(terminal.read())[:-1] == rows
    block = without_colours(terminal.read()).partition("http://127")[0].replace("\r\x1b[K", "")
    assert max(map(room, block.splitlines())) < 80
    assert may.replace(" ", "") in re.sub(r"[\s▀▄█]", "", block)
    terminal.text = ""
    terminal.type(b"c")
    assert terminal.shows(digits) and wait_until(
        lambda: dark_modules(terminal.read())[:-1] == rows, 5
    )


def test_without_a_terminal_address_and_code_are_log_lines(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shuttergate", "demo", "--lan", "--port", "0"]
    done = subprocess.run(
        [*command, "--seconds", "1", *slow_kit(tmp_path), "--album", tmp_path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    said = {line["event"]: line for line in map(json.loads, done.stdout.splitlines())}
    _own, *others = said["page"]["addresses"]
    assert others == said["pairing code"]["addresses"] != []
    assert re.fullmatch(r"\d{8}", said["pairing code"]["code"])
    assert b"\x1b" not in done.stdout


def test_the_summary_names_what_is_broken(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shuttergate", "demo", "--headless", "--seconds", "1"]
    done = subprocess.run(
        [*command, *slow_kit(tmp_path), "--album", "/proc/x"],
        capture_output=True,
        text=True,
        check=True,
    )
    broken = next(line for line in done.stderr.splitlines() if line.startswith("broken"))
    assert "/proc/x is missing; plug the disk in or make the folder" in broken


def test_lan_is_for_a_page() -> None:
    command = [sys.executable, "-m", "shuttergate", "demo", "--headless", "--lan"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "with --headless there is none" in done.stderr


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", r"\[space\] press  \[q\] quit  ● OPEN    {scores}  photos 0"),
        ("ja", r"\[スペース\] 撮影  \[q\] 終了  ● 開  {scores}  写真 0"),
    ],
)
def test_a_line_of_80_columns_has_room_for_the_scores(
    terminals: list[Terminal], tmp_path: Path, language: str, said: str
) -> None:
    terminal = Terminal(80, *slow_kit(tmp_path), "--album", tmp_path, LANGUAGE=language)
    terminals.append(terminal)
    wanted = said.replace("{scores}", r"consent-clean 0\.\d\d open-nsfw 0\.\d\d")

    def lines() -> list[str]:
        return terminal.read().split("\r\x1b[K")

    assert wait_until(lambda: any(re.match(wanted, line) for line in lines()), 15), lines()[-1]
    assert max(room(line) for line in lines() if line.startswith("[")) < 80


def test_without_a_keyboard_no_keys_are_named(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = Terminal(80, "--headless", "--seconds", 1, "--album", tmp_path)
    terminals.append(terminal)
    assert wait_until(lambda: terminal.read() is not None and terminal.process.poll() == 0, 15)
    assert "fps" in terminal.text
    assert "quit" not in terminal.text


def test_the_camera_is_named_in_japanese(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = Terminal(80, "--seconds", 1, "--album", tmp_path, LANGUAGE="ja")
    terminals.append(terminal)
    assert terminal.shows("シミュレーションのカメラ（内蔵の部屋）")
    assert terminal.shows("  スペースキーでシャッター（押し続けると動画）、q で終了", 3)


def test_a_frozen_gate_is_not_shown_open(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = Terminal(100, "--album", tmp_path)
    terminals.append(terminal)
    assert terminal.shows("the shutter button is live")
    children = Path(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children")
    for child in children.read_text().split():
        if "gate_process" in Path(f"/proc/{child}/cmdline").read_text():
            os.kill(int(child), signal.SIGSTOP)
    assert terminal.shows("no word from the gate process", 1.5)
    assert terminal.shows("it is ended and starts again", 5)
    terminal.text = ""
    assert terminal.shows("the shutter button is live")


def test_a_key_that_repeats_is_one_press() -> None:
    fingers = Fingers([])
    moves: list[bool] = []
    for step in range(200):
        now_s = step * 0.03
        if now_s < 3 and (step == 0 or step > 16):  # a key's first repeat comes after half a second
            fingers.key(now_s)
        moves += fingers.due(now_s)
    assert moves == [True, False]


def test_two_taps_are_two_presses() -> None:
    fingers = Fingers([])
    fingers.key(0.0)
    assert list(fingers.due(KEY_S)) == [True, False]
    fingers.key(1.0)
    assert list(fingers.due(1.0 + KEY_S)) == [True, False]


def test_scripted_presses_come_in_order() -> None:
    fingers = Fingers([(2.0, PRESS_S), (1.0, PRESS_S)])
    assert list(fingers.due(1.0)) == [True]
    assert list(fingers.due(1.0 + PRESS_S)) == [False]
    assert fingers.wait_s(1.5, 10.0) == 0.5
