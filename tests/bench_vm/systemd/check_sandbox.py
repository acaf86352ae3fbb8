"""What kit, page and kiosk can reach from within their sandboxes, and the same without them."""

from __future__ import annotations

import fcntl
import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from bank import Bank
from probe import ELSEWHERE, NAME_SERVER, PORT
from service import (
    ALBUM,
    KIOSK,
    PAGE,
    UNIT,
    Journal,
    children,
    main_pid,
    page_hears_the_kit,
    run,
    show,
    systemctl,
    wait_until,
)
from workbench import Note

UNITS = Path("/run/systemd/system")
PYTHON = "/opt/shuttergate/venv/bin/python -IB /bench/inside/probe.py"
EXPOSURE = {UNIT: 10, PAGE: 15, KIOSK: 25}
"""Most of what systemd-analyze security may find, in tenths."""

WHOSE = {"kit": UNIT, "page": PAGE, "kiosk": KIOSK}
OPEN = [Path(folder, "open") for folder in ("/srv", "/opt", "/var/lib", "/run")]
SIOCSIFADDR = 0x8916


def sandboxed(whose: str) -> str:
    """Return the real unit with another program in it, which ends by itself."""
    text = Path(f"/etc/systemd/system/{WHOSE[whose]}").read_text().replace("\\\n", "")
    gone = (
        r"Exec\w+|WatchdogSec|Restart|NotifyAccess|Type|Wants|PartOf|Conflicts|ConditionPathExists"
    )
    text = re.sub(rf"(?m)^({gone})=.*\n", "", text)
    text = text.replace("[Service]\n", f"[Service]\nType=oneshot\nExecStart={PYTHON} {whose}\n")
    (folder,) = re.findall(r"(?m)^RuntimeDirectory=(.*)", text)
    text = text.replace(f"RuntimeDirectory={folder}\n", "RuntimeDirectory=probe\n")
    return text.replace(f"WorkingDirectory=/run/{folder}\n", "WorkingDirectory=/run/probe\n")


def free(whose: str) -> str:
    """Return a unit without a sandbox, for the same user."""
    text = Path(f"/etc/systemd/system/{WHOSE[whose]}").read_text()
    who = "\n".join(re.findall(r"(?m)^(?:User|Group)=.*", text))
    return f"""
[Service]
Type=oneshot
ExecStart={PYTHON} {whose}
{who}
SupplementaryGroups=video gpio plugdev shuttergate
RuntimeDirectory=free
WorkingDirectory=/run/free
LimitCORE=infinity
"""


@contextmanager
def two_hosts() -> Iterator[None]:
    """An address that is not this computer's own by its looks, and a name server's; both answer."""
    with ExitStack() as stack:
        request = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        address = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(ELSEWHERE))
        fcntl.ioctl(request, SIOCSIFADDR, address)
        for host in (ELSEWHERE, NAME_SERVER):
            stack.enter_context(socket.create_server((host, PORT)))
        yield


def told(unit: str, text: str) -> dict[str, Any]:
    """Start a unit of this text, and return what it says before it ends."""
    (UNITS / unit).write_text(text)
    systemctl("daemon-reload")
    journal = Journal()
    systemctl("start", unit)
    found: list[str] = []

    def came() -> bool:
        found[:] = [line for line in journal.lines(unit) if line.startswith("{")]
        return bool(found)

    assert wait_until(came, 10, 0.1), journal.lines(unit)
    (UNITS / unit).unlink()
    answer: dict[str, Any] = json.loads(found[0])
    return answer


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, dict[str, Any]]]:
    """Prepare what is open to every user but for the sandbox; try it from within and without."""
    for folder in OPEN:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    for name in ("loop-control", "loop0", "udmabuf", "kmsg"):
        Path("/dev", name).chmod(0o666)
    Path("/tmp/of-the-bench").touch()
    assert ALBUM.stat().st_mode & 0o777 == 0o700
    ALBUM.chmod(0o750)  # as if it were the group's, which the page's user is in
    try:
        assert wait_until(lambda: bool(page_hears_the_kit()), 30, 0.25)
        with two_hosts():
            yield {
                whose: {
                    "probe": told("probe.service", sandboxed(whose)),
                    "free": told("free.service", free(whose)),
                }
                for whose in WHOSE
            }
    finally:
        ALBUM.chmod(0o700)
        systemctl("daemon-reload")
        for folder in OPEN:
            folder.rmdir()


def test_the_sandbox_refuses(answers: dict[str, dict[str, Any]], note: Note) -> None:
    """each unit's sandbox refuses what it should, and nothing else refuses it"""
    words = []
    for whose, found in answers.items():
        inside, outside = found["probe"]["must_not"], found["free"]["must_not"]
        print(whose, json.dumps(inside, indent=1))
        assert not [name for name, error in inside.items() if not error], f"{whose} could do it"
        # Without this, a thing that is simply not on this machine would look refused.
        assert not {name: error for name, error in outside.items() if error}, whose
        words.append(f"{whose} {len(inside)}: {', '.join(inside)}")
    assert answers["kit"]["probe"]["net"] != answers["kit"]["free"]["net"]
    note(f"{'; '.join(words)}; the kit has a network of its own")


def test_the_sandbox_allows(answers: dict[str, dict[str, Any]], note: Note) -> None:
    """each unit's sandbox allows what it needs"""
    for whose, found in answers.items():
        refused = {name: error for name, error in found["probe"]["must"].items() if error}
        assert not refused, whose
    note(
        "; ".join(
            f"{whose}: {', '.join(found['probe']['must'])}" for whose, found in answers.items()
        )
    )


def test_each_process_of_the_kit_is_confined(kit: Bank, note: Note) -> None:
    """supervisor, gate and publisher as they run: no privileges, filtered calls, own network"""
    found = {"supervisor": main_pid(), **children()}
    assert set(found) == {"supervisor", "gate", "publisher"}
    user = run("id", "-u", "shuttergate").stdout.strip()
    filters = {}
    for name, pid in found.items():
        text = Path(f"/proc/{pid}/status").read_text()
        status = dict(re.findall(r"(?m)^(\w+):\t(.*)$", text))
        assert status["Uid"].split() == [user] * 4
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), name
        assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0, name
        assert Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/1/ns/net").readlink()
        filters[name] = int(status["Seccomp_filters"])
    for name in ("gate", "publisher"):
        assert filters[name] > filters["supervisor"], "it gave up no more than its parent"
    limits = Path(f"/proc/{found['gate']}/limits").read_text()
    assert re.search(r"Max file size +0 +0 ", limits), "the gate could write to a file"
    note(f"no capability, user {user}, the gate's file size limit is 0")


def test_systemd_understands_every_line() -> None:
    """systemd-analyze verify finds nothing in the installed units, whose programs are there"""
    for unit in (UNIT, PAGE):
        done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert show("LoadError") == ""
    assert show("NeedDaemonReload") == "no"


def test_exposure_of_the_loaded_units(note: Note) -> None:
    """systemd-analyze security of the loaded units: kit at most 1.0, page 1.5, kiosk 2.5"""
    figures = []
    for unit, tenths in EXPOSURE.items():
        done = run("systemd-analyze", "security", f"--threshold={tenths}", "--no-pager", unit)
        (figure,) = re.findall(rf"exposure level for {unit}: ([\d.]+)", done.stdout)
        assert done.returncode == 0 and float(figure) * 10 <= tenths, done.stdout
        figures.append(f"{unit} {figure}")
    note(", ".join(figures))
