"""A whole kit whose Edge TPU misbehaves: the line falls in time, and the log says why."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bank import Bank, Copper
from inside_help import note, photos, wait_line
from kit import MAX_AGE_MS, settings

from support import needs
from support.kits import Kit
from support.places import ROOT

EDGETPU = ROOT / "tests" / "edgetpu"
CORAL = ROOT.parent / "shared" / "data" / "coral"
TWIN = "mobilenet_v1_1.0_224_quant_embedding_extractor"
PACK = "consent-clean-coral"
BY_MODE = {"error": "failed", "hang": "hung", "abort": "died"}

pytestmark = needs.both(needs.program("cc"), needs.shared("data/coral")).mark


def test_every_misbehaviour_lowers_the_line_in_time_and_is_named(
    kit: Callable[..., Kit],
    copper: Copper,
    bank: Bank,
    clear_scene: Path,
    album: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library, mode = tmp_path / "libstandin.so", tmp_path / "mode"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, EDGETPU / "standin.c"], check=True)
    weights = tmp_path / "share" / "shuttergate" / "models" / PACK
    weights.mkdir(parents=True)
    for name in (f"{TWIN}.tflite", f"{TWIN}_edgetpu.tflite"):
        shutil.copy(CORAL / name, weights)
    twin = [sys.executable, str(EDGETPU / "twin.py"), str(CORAL / f"{TWIN}.tflite")]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("STANDIN_EDGETPU", str(mode))
    monkeypatch.setenv("STANDIN_TWIN", "exec " + shlex.join(twin))
    config = settings(tmp_path, clear_scene, album)
    board = (tmp_path / "board.toml").read_text()
    board = board.replace('driver = "cpu"', f'driver = "edgetpu"\nlibrary = "{library}"')
    board = board.replace('live = ["consent-clean", "open-nsfw"]', f'live = ["{PACK}"]')
    (tmp_path / "board.toml").write_text(board)

    mode.write_text("absent")
    one = kit("run", "--config", config)
    assert "no Edge TPU was found" in one.wait_for("accelerator", 40, state="absent")["cause"]
    until_s = time.monotonic() + 2.0
    while time.monotonic() < until_s:
        assert not bank.line()
    took_s = {}
    for misbehaves, named in BY_MODE.items():
        mode.write_text("ok")
        one.wait_for("accelerator", 60, state="working")
        assert wait_line(bank, True, 60), misbehaves
        time.sleep(1.0)
        mode.write_text(misbehaves)
        began_s = time.monotonic()
        assert wait_line(bank, False, 10.0)
        took_s[misbehaves] = time.monotonic() - began_s
        assert one.wait_for("accelerator", 20, state=named)["cause"]
        note(f"Edge TPU {misbehaves} to line low", [took_s[misbehaves]])
        copper.press()
        assert not bank.line()
    # The newest CLEAR frame may have been exposed just before; the warden looks every 10 ms.
    assert max(took_s.values()) <= MAX_AGE_MS / 1000 + 0.1, took_s
    assert one.stop() == 0
    assert photos(album) == 0
