"""The kit's pins and models on QEMU's Raspberry Pi 3B and 4B, and what held: `make bench-pi`.

Debian 13's arm64 kernel with its own device trees drives the pins (pinctrl-bcm2835), lgpio opens
them for the kit's panel, and QEMU's qtest reads and presses them from outside. Each board starts
twice: the kernel lets go of a dead process's lines, or keeps them (persist_gpio_outputs).
QEMU's Pis have no pulls, no edges, no camera and no USB; an input keeps the level that it had.

Exit status: 0 all held, 1 something did not, 77 the bench cannot run here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench_pi.debian import need
from bench_pi.machine import Machine, Silent, entered, image, kernel, pack, seen, tools
from bench_pi.pins import Pins
from bench_pi.root import INSIDE, checkout, python_root
from bench_pi.rows import NO_BENCH, Row, sum_up, tell
from bench_vm.kernel import ROOT, NoBench
from shuttergate.board import read_board
from shuttergate.system.paths import share, weights
from shuttergate.vision.pack import read_pack
from support.places import CORAL

WAIT_S = 300.0
"""An emulated processor is slow, and its computer may be busy."""

PINS = read_board("pi-cpu").pins
SIGN = 26
"""Turned over to let go on what waits inside; no board of ours uses it."""


@dataclass(frozen=True)
class Board:
    """A machine of QEMU's. ``registers``: where the processor sees its peripherals."""

    name: str
    part: str
    tree: str
    registers: int
    revision: str


BOARDS = {
    "raspi3b": Board("Cortex-A53", "0xd03", "bcm2837-rpi-3-b.dtb", 0x3F000000, "a02082"),
    "raspi4b": Board("Cortex-A72", "0xd08", "bcm2711-rpi-4-b.dtb", 0xFE000000, "c03115"),
}


def device_tree(machine: str, kernel: Path, tools: Path, to: Path) -> None:
    """Write the kernel's device tree of a board, as QEMU can run it.

    A Pi's firmware adds the revision, by which gpiozero knows a board. The Pi 4's display is not
    emulated, and its drivers would stop the kernel.
    """

    def run(*command: str) -> str:
        done = subprocess.run(
            entered(tools, *command), check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    name, board = seen(to), BOARDS[machine]
    shutil.copy(next(kernel.glob(f"usr/lib/linux-image-*/broadcom/{board.tree}")), to)
    run("fdtput", "-c", name, "/system")
    run("fdtput", "-t", "x", name, "/system", "linux,revision", board.revision)
    if machine == "raspi4b":
        for node in run("fdtget", "-l", name, "/soc").split():
            if node.startswith(("hvs@", "pixelvalve@", "txp@", "vec@")) or "@7ef" in node:
                run("fdtput", "-t", "s", name, f"/soc/{node}", "status", "disabled")


def published(to: Path) -> None:
    """Bring the packs' files that others publish, as far as this machine has them."""
    for manifest in share("models").glob("*/model.toml"):
        pack = read_pack(manifest.parent)
        for name in pack.published():
            places = [CORAL / name, *weights(pack.name, name)]
            for place in [one for one in places if one.is_file()][:1]:
                (to / pack.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(place, to / pack.name)


def watch(pins: Pins, keeps: bool, machine: Machine) -> Iterator[Row]:
    """Yield what is seen of a board's pins, from its start to the doctor's word.

    ``keeps``: whether the kernel keeps a dead process's lines as they were.
    """

    def look(what: str, due: str) -> Row:
        row = Row(what, due, str(pins.look(PINS.enable)))
        pins.put(SIGN, 1 - pins.look(SIGN).level)  # go on
        return row

    def press(level: int) -> None:
        for pin in (PINS.shutter, PINS.shutter_sense):
            assert pin is not None
            pins.put(pin, level)

    yield look("at boot", "input at 0")
    for end in ("SIGTERM", "SIGKILL"):
        machine.hear("open", WAIT_S)
        yield look("panel opened", "output at 0")
        machine.hear("high", WAIT_S)
        press(1)
        yield look("permissive given", "output at 1")
        felt = machine.hear("pressed", WAIT_S)["felt"]
        yield Row("both poles pressed from outside", "felt [True, True]", f"felt {felt}")
        press(0)
        machine.hear("gone", WAIT_S)
        killed = "output at 1" if keeps else "input at 1"  # which R2 pulls low
        yield look(f"after {end}", "input at 0" if end == "SIGTERM" else killed)
    machine.hear("released", WAIT_S)
    yield look("after the service's ExecStopPost", "input at 0")
    found = map(json.loads, machine.hear("doctor", WAIT_S)["found"])
    health = {row["part"]: row["health"] for row in found}
    due = "fault" if keeps else "ok"
    yield Row("the doctor: gpio after a crash", due, health["gpio after a crash"])


def answers(here: list[str], there: list[str]) -> Iterator[Row]:
    """Yield a row for each known answer: as this computer's processor gives it, and the board's.

    They must be the same to six digits, but for networks that calculate in bytes throughout: each
    processor rounds them in its own way, and the pack's tolerance is for that.
    """
    told = {(row["pack"], row["picture"]): row for row in map(json.loads, there)}
    for due in map(json.loads, here):
        name = due["pack"], due["picture"]
        got = told.get(name, {"scores": ["nothing"]})
        is_near = bool(due["tolerance"] and name in told) and all(
            abs(float(a) - float(b)) <= due["tolerance"]
            for a, b in zip(got["scores"], due["scores"], strict=True)
        )
        words = [", ".join(name), " ".join(due["scores"]), " ".join(got["scores"])]
        if is_near and words[1] != words[2]:
            words[2] += f", here {words[1]}; it may differ by {due['tolerance']}"
        yield Row(*words, is_near)


def run(machine: str, persist: str, asked: list[str], made: Path) -> list[Row]:
    """Start a board and print and return what was seen of it; ``asked``: with the models' answers.

    ``made``: the folder with the parts.
    """
    board, out = BOARDS[machine], made / f"{machine}-{persist}"
    out.mkdir()
    words = [f"earlycon=pl011,mmio32,{board.registers + 0x201000:#x}", "rdinit=/init", "quiet"]
    words += ["rootfstype=ramfs"]  # which may take more than half of the memory
    words += ["console=ttyAMA0,115200", "console=ttyAMA1,115200", "panic=1"]
    words += [f"pinctrl_bcm2835.persist_gpio_outputs={persist}", *["answers"] * bool(asked)]
    arguments = ["-M", machine, "-kernel", seen(image(kernel())), "-append", " ".join(words)]
    arguments += ["-dtb", seen(made / f"{machine}.dtb"), "-initrd", seen(made / "initrd")]
    rows: list[Row] = []
    with Machine(tools(), out, arguments, with_pins=True) as running:
        try:
            boot = running.hear("boot", WAIT_S)
            told = f"{boot['part']}, {boot['persist']}"
            rows.append(Row("the processor and the setting", f"{board.part}, {persist}", told))
            rows += watch(running.pins(board.registers + 0x200000), persist == "Y", running)
            if asked:
                rows += answers(asked, running.hear("answers", WAIT_S)["found"])
            running.hear("end", WAIT_S)
        except (Silent, OSError) as error:
            rows.append(Row("the bench", "heard to its end", str(error)))
        took_s = running.age_s
    tell(f"{machine}, {board.name}, persist_gpio_outputs={persist}", took_s, rows)
    return rows


def prepare(made: Path) -> list[str]:
    """Make what the boards start from, and return what this machine's processor answers."""
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    packs = made / "checkout" / "var/lib/shuttergate/models"
    published(packs)
    checkout(made / "checkout")
    shutil.copy(python_root(), made / "initrd")
    pack(made / "checkout", made / "initrd", tools())
    for machine in BOARDS:
        device_tree(machine, kernel(), tools(), made / f"{machine}.dtb")
    folder = made / "share" / "shuttergate"
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(packs)
    paths = {"PYTHONPATH": str(ROOT / "firmware"), "XDG_DATA_HOME": str(made / "share")}
    done = subprocess.run(
        [sys.executable, INSIDE / "answers.py"],
        env={**os.environ, **paths},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("machines", nargs="*", help=f"of {', '.join(BOARDS)} (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-pi")
    options = parser.parse_args()
    if unknown := set(options.machines) - set(BOARDS):
        parser.error(f"no machine of {', '.join(BOARDS)}: {', '.join(sorted(unknown))}")
    try:
        need("mmdebstrap", "unshare", "chroot")
        tools(), kernel(), python_root()  # from Debian, once
        began_s = time.monotonic()
        here = prepare(options.out)
    except NoBench as reason:
        print(f"the bench cannot run here: {reason}")
        return NO_BENCH
    jobs = [
        (machine, persist, here if persist == "N" else [])
        for persist in "NY"
        for machine in options.machines or BOARDS
    ]
    with ThreadPoolExecutor(max_workers=2) as two:
        rows = [row for rows in two.map(lambda job: run(*job, options.out), jobs) for row in rows]
    return sum_up(rows, time.monotonic() - began_s)


if __name__ == "__main__":
    sys.exit(main())
