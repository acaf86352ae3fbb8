"""What the kit can reach from within its sandbox, tried there, and the same without it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bank import Bank
from service import UNIT, Journal, children, main_pid, run, show, systemctl
from workbench import Note

UNITS = Path("/run/systemd/system")
PYTHON = "/opt/shuttergate/venv/bin/python -IB /bench/inside/probe.py"
EXPOSURE = {UNIT: 10, "shuttergate-console.service": 15}
"""Most of what systemd-analyze security may find, in tenths."""


def sandboxed() -> str:
    """Return the real unit with another program in it, which ends by itself."""
    text = Path(f"/etc/systemd/system/{UNIT}").read_text()
    text = re.sub(r"(?m)^(ExecStopPost|WatchdogSec|Restart|NotifyAccess)=.*\n", "", text)
    text = re.sub(r"(?m)^ExecStart=.*", f"ExecStart={PYTHON}", text)
    text = text.replace("Type=notify", "Type=oneshot")
    return text.replace("/run/shuttergate\n", "/run/probe\n").replace(
        "RuntimeDirectory=shuttergate\n", "RuntimeDirectory=probe\n"
    )


FREE = f"""
[Service]
Type=oneshot
ExecStart={PYTHON}
User=shuttergate
Group=shuttergate
SupplementaryGroups=video gpio plugdev
RuntimeDirectory=free
WorkingDirectory=/run/free
LimitCORE=infinity
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Prepare what is open to every user but for the sandbox; try it from within and without."""
    for folder in ("/srv/open", "/opt/open", "/var/lib/open", "/run/open"):
        Path(folder).mkdir(exist_ok=True)
        Path(folder).chmod(0o777)
    for name in ("loop-control", "loop0", "udmabuf", "kmsg"):
        Path("/dev", name).chmod(0o666)
    Path("/tmp/of-the-bench").touch()
    found = {}
    for name, text in (("probe", sandboxed()), ("free", FREE)):
        (UNITS / f"{name}.service").write_text(text)
        systemctl("daemon-reload")
        journal = Journal()
        systemctl("start", f"{name}.service")
        (said,) = [line for line in journal.lines(f"{name}.service") if line.startswith("{")]
        found[name] = json.loads(said)
        (UNITS / f"{name}.service").unlink()
    systemctl("daemon-reload")
    for folder in ("/srv/open", "/opt/open", "/var/lib/open", "/run/open"):
        Path(folder).rmdir()
    return found


def test_the_sandbox_refuses(answers: dict[str, Any], note: Note) -> None:
    """the unit's sandbox refuses what it should, and nothing else refuses it"""
    inside, outside = answers["probe"]["must_not"], answers["free"]["must_not"]
    print(json.dumps(inside, indent=1))
    assert not [name for name, error in inside.items() if not error], "could do it"
    # Without this, a thing that is simply not on this machine would look refused.
    assert not {name: error for name, error in outside.items() if error}
    assert answers["probe"]["net"] != answers["free"]["net"]
    note(f"{len(inside)}: {', '.join(inside)}; a network of its own")


def test_the_sandbox_allows(answers: dict[str, Any], note: Note) -> None:
    """the unit's sandbox allows what the kit needs"""
    found = answers["probe"]["must"]
    assert not {name: error for name, error in found.items() if error}
    note(f"{len(found)}: {', '.join(found)}")


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
    for unit in EXPOSURE:
        done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert show("LoadError") == ""
    assert show("NeedDaemonReload") == "no"


def test_exposure_of_the_loaded_units(note: Note) -> None:
    """systemd-analyze security of the loaded units: kit at most 1.0, page at most 1.5"""
    figures = []
    for unit, tenths in EXPOSURE.items():
        done = run("systemd-analyze", "security", f"--threshold={tenths}", "--no-pager", unit)
        (figure,) = re.findall(rf"exposure level for {unit}: ([\d.]+)", done.stdout)
        assert done.returncode == 0 and float(figure) * 10 <= tenths, done.stdout
        figures.append(f"{unit} {figure}")
    note(", ".join(figures))
