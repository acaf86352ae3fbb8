"""install.sh on a tree like a Raspberry Pi's: what it writes, keeps and takes out again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest

from shuttergate.config import Config
from support import needs
from support.places import ROOT

CMDLINE = b"console=tty1 root=PARTUUID=1a2b-02 rootfstype=ext4 fsck.repair=yes rootwait\n"
CONFIG_TXT = (
    b"# For more options see the documentation\ndtparam=audio=on\n\n[cm5]\ndtoverlay=dwc2\n\n"
)
OURS = (
    "pinctrl_bcm2835.persist_gpio_outputs=n",
    "pinctrl_rp1.persist_gpio_outputs=n",
    "cgroup_enable=memory",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the installer reads, small and not written to by anybody else."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "systemd", folder / "systemd")
    examples = ("shuttergate.example.toml", "shuttergate.example.ja.toml")
    for name in ("README.md", "LICENSE", "NOTICE", *examples):
        shutil.copy(ROOT / name, folder / name)
    for name in ("firmware/shuttergate/cli.py", "models/pack/model.toml", "docs/install.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    (folder / "firmware" / "shuttergate" / "__pycache__").mkdir()
    (folder / "firmware" / "shuttergate" / "__pycache__" / "cli.pyc").write_bytes(b"rubbish")
    (folder / "requirements").mkdir()
    for name in ("run.txt", "video.txt", "heif.txt", "credentials.txt"):
        shutil.copy(ROOT / "requirements" / name, folder / "requirements" / name)
    board = folder / "device" / "simulated" / "board.toml"
    board.parent.mkdir(parents=True)
    shutil.copy(ROOT / "device" / "simulated" / "board.toml", board)
    real = folder / "device" / "pi-of-the-test" / "board.toml"
    real.parent.mkdir()
    text = board.read_text().replace('"mock"', '"lgpio"').replace('"cpu"', '"edgetpu"')
    real.write_text(text.replace('driver = "simulated"', 'driver = "picamera2"'))
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files of a Raspberry Pi that the installer touches, as they come."""
    root = tmp_path / "root"
    boot = root / "boot" / "firmware"
    boot.mkdir(parents=True)
    (boot / "cmdline.txt").write_bytes(CMDLINE)
    (boot / "config.txt").write_bytes(CONFIG_TXT)
    for folder in ("etc/systemd/system", "usr/local/bin", "opt", "var/lib"):
        (root / folder).mkdir(parents=True)
    return root


def spoken(language: str) -> dict[str, str]:
    """Return an environment of this language, which need not be installed."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": language}


def install(
    checkout: Path, *arguments: object, language: str = "en"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "systemd" / "install.sh", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=spoken(language),
    )


def installed(checkout: Path, *arguments: object, language: str = "en") -> str:
    done = install(checkout, *arguments, language=language)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snapshot(root: Path) -> dict[str, tuple[int, int, str]]:
    """Every path with its mode, its time of change, and what is in it."""
    found = {}
    for path in sorted(root.rglob("*")):
        facts = path.lstat()
        what = ""
        if path.is_symlink():
            what = str(path.readlink())
        elif path.is_file():
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(root))] = (facts.st_mode, facts.st_mtime_ns, what)
    return found


def test_dry_run_says_everything_and_changes_nothing(checkout: Path, tree: Path) -> None:
    before = snapshot(tree)
    said = installed(checkout, "--dry-run", "--board", "simulated", "--root", tree)
    assert snapshot(tree) == before
    for what in (
        "etc/systemd/system/shuttergate.service",
        "etc/systemd/system/shuttergate-console.service",
        "etc/systemd/system/shuttergate-kiosk.service",
        "etc/sysusers.d/shuttergate.conf",
        "etc/tmpfiles.d/shuttergate.conf",
        "etc/udev/rules.d/70-shuttergate.rules",
        "etc/systemd/system.conf.d/50-shuttergate-watchdog.conf",
        "etc/shuttergate/shuttergate.toml",
        "boot/firmware/cmdline.txt",
        "boot/firmware/config.txt",
        "opt/shuttergate/app",
    ):
        assert any(line.startswith("would: ") and what in line for line in said.splitlines()), (
            f"{what} is not announced in:\n{said}"
        )
    for what in ("apt-get install", "--require-hashes", "systemctl enable", "doctor"):
        assert what in said


def test_dry_run_needs_no_root_and_touches_no_system(checkout: Path) -> None:
    """On the machine of whoever runs the tests: every line that would change it says `would`."""
    done = install(checkout, "--dry-run", "--board", "simulated")
    if done.returncode != 0:
        assert "shuttergate needs 3.11 to 3.13" in done.stderr
        pytest.skip("no fitting python3 in the path")
    lines = done.stdout.splitlines()
    assert lines.pop() == "That was a dry run: nothing was changed"
    assert not [one for one in lines if not one.startswith(("would: ", "skipped", "note: "))]


@pytest.mark.parametrize("arguments", [[], ["--uninstall"]])
def test_it_says_once_that_it_is_done_and_never_after_a_dry_run(
    checkout: Path, tree: Path, arguments: list[str]
) -> None:
    whole = [*(arguments or ["--board", "simulated"]), "--root", tree]
    said = [installed(checkout, *more, *whole) for more in ([], ["--dry-run"])]
    assert [len(re.findall("^done", one, re.MULTILINE)) for one in said] == [1, 0]
    assert said[1].endswith("That was a dry run: nothing was changed\n")


def test_the_second_run_changes_nothing(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    before = snapshot(tree)
    said = installed(checkout, "--root", tree)
    assert snapshot(tree) == before
    assert "write " not in said
    assert "copy " not in said


def test_the_program_comes_without_rubbish(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    app = tree / "opt" / "shuttergate" / "app"
    assert (app / "firmware" / "shuttergate" / "cli.py").is_file()
    assert (app / "models" / "pack" / "model.toml").is_file()
    assert (app / "device" / "simulated" / "board.toml").is_file()
    assert not list(app.rglob("__pycache__"))


def test_it_is_readable_for_the_service_whatever_roots_umask(checkout: Path, tree: Path) -> None:
    (checkout / "firmware" / "shuttergate" / "cli.py").chmod(0o600)
    done = subprocess.run(
        ["bash", "-c", 'umask 077; exec "$@"', "-"]
        + [str(checkout / "systemd" / "install.sh"), "--board", "simulated", "--root", str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("etc/shuttergate", "etc/shuttergate/shuttergate.toml", "opt/shuttergate/app"):
        assert (tree / name).stat().st_mode & 0o004, name
    cli = tree / "opt" / "shuttergate" / "app" / "firmware" / "shuttergate" / "cli.py"
    assert cli.stat().st_mode & 0o777 == 0o644


def test_an_update_brings_the_program_and_keeps_configuration_and_photos(
    checkout: Path, tree: Path
) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    config = tree / "etc" / "shuttergate" / "shuttergate.toml"
    config.write_text(config.read_text() + "# mine\n")
    photo = tree / "var" / "lib" / "shuttergate" / "album" / "20261121T093000.123Z.jpg"
    photo.write_bytes(b"photo")
    kept = config.read_bytes()
    (checkout / "firmware" / "shuttergate" / "cli.py").write_text("# newer\n")
    (checkout / "models" / "pack" / "model.toml").unlink()
    installed(checkout, "--root", tree)
    app = tree / "opt" / "shuttergate" / "app"
    assert (app / "firmware" / "shuttergate" / "cli.py").read_text() == "# newer\n"
    assert not (app / "models" / "pack").exists()
    assert config.read_bytes() == kept
    assert photo.read_bytes() == b"photo"


def test_another_board_on_update_is_a_note_and_not_a_change(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    before = snapshot(tree)
    said = installed(checkout, "--board", "pi-of-the-test", "--root", tree)
    assert snapshot(tree) == before
    assert "is kept, and names another board than pi-of-the-test" in said


def test_a_board_of_ones_own_in_the_configuration_is_what_is_installed_for(
    checkout: Path, tree: Path
) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    own = tree / "etc" / "shuttergate" / "board.toml"
    text = (checkout / "device" / "pi-of-the-test" / "board.toml").read_text()
    own.write_text(text.replace('"open-nsfw"', '"pack"'))
    (checkout / "models" / "pack" / "model.toml").write_text('[published."a"]\n')
    config = tree / "etc" / "shuttergate" / "shuttergate.toml"
    config.write_text('board = "/etc/shuttergate/board.toml"\n')
    said = installed(checkout, "--root", tree)
    assert "python3-picamera2" in said
    assert "model fetch pack" in said
    assert "names another board" not in said
    assert config.read_text() == 'board = "/etc/shuttergate/board.toml"\n'
    own.unlink()
    gone = install(checkout, "--root", tree)
    assert gone.returncode == 2
    assert "or the whole path of a readable board.toml of your own" in gone.stderr


def test_the_configuration_is_whole_and_names_board_and_album(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "pi-of-the-test", "--root", tree)
    text = (tree / "etc" / "shuttergate" / "shuttergate.toml").read_text()
    config = msgspec.convert(tomllib.loads(text), Config)
    assert config.board == "pi-of-the-test"
    assert config.album.folder == "/var/lib/shuttergate/album"
    assert config.scene.path == ""
    assert config.gate == Config().gate


@pytest.mark.parametrize(
    ("board", "wanted"),
    [
        ("simulated", ["python3-venv", "libseccomp2"]),
        (
            "pi-of-the-test",
            ["python3-venv", "libseccomp2", "python3-picamera2", "python3-libcamera"]
            + ["python3-lgpio", "libedgetpu1-std"],
        ),
    ],
)
def test_a_board_brings_the_packages_it_needs(
    checkout: Path, tree: Path, board: str, wanted: list[str]
) -> None:
    said = installed(checkout, "--dry-run", "--board", board, "--root", tree)
    (line,) = [line for line in said.splitlines() if "apt-get install" in line]
    assert line.split("--no-install-recommends ")[1].split() == wanted


GOOGLES, FERANICKS = "16.0", "16.0tf2.19.1-1"
NO_LIBRARY = "libc.so.6 (libc6) => /lib/libc.so.6"
LIBRARY = "libedgetpu.so.1 (libc6) => /usr/local/lib/libedgetpu.so.1"


@pytest.mark.parametrize(
    ("installed", "offered", "loads", "brings", "said"),
    [
        ("", FERANICKS, NO_LIBRARY, True, ""),
        (FERANICKS, FERANICKS, LIBRARY, False, ""),
        ("", "", LIBRARY, False, ""),
        (GOOGLES, GOOGLES, LIBRARY, False, "libedgetpu1-std 16.0 is installed, and is built for"),
        ("16.0tf2.15.0-1", "", LIBRARY, False, "libedgetpu1-std 16.0tf2.15.0-1 is installed"),
        ("", GOOGLES, NO_LIBRARY, False, "apt's libedgetpu1-std is 16.0, built for a TensorFlow"),
        ("", "(none)", NO_LIBRARY, False, "apt has no libedgetpu1-std"),
    ],
)
def test_only_a_library_that_fits_the_runtime_is_installed(
    checkout: Path,
    tmp_path: Path,
    installed: str,
    offered: str,
    loads: str,
    brings: bool,
    said: str,
) -> None:
    """Stand-ins at the head of the path say what the system has, and what apt would bring."""
    tools = tmp_path / "bin"
    tools.mkdir()
    has = f'[ "{installed}" ] && echo "ii {installed}"'
    programs = {
        "dpkg-query": f'case "$4" in *edgetpu1-std) {has} ;; *edgetpu1-max) exit 1 ;;'
        " *) echo install ok installed ;; esac",
        # It speaks its user's language, unless it is told not to.
        "apt-cache": '[ "$LC_ALL" = C ] && word=Candidate || word=候補\n'
        f"printf 'libedgetpu1-std:\\n  %s: {offered}\\n' $word",
        "ldconfig": f"echo '{loads}'; yes 'another library' | head -5000",
    }
    for name, does in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [checkout / "systemd" / "install.sh", "--dry-run", "--board", "pi-of-the-test"],
        capture_output=True,
        text=True,
        check=False,
        env={**spoken("en"), "PATH": f"{tools}:{os.environ['PATH']}"},
    )
    if done.returncode != 0:
        assert "shuttergate needs 3.11 to 3.13" in done.stderr
        pytest.skip("no fitting python3 in the path")
    lines = done.stdout.splitlines()
    assert any("apt-get install" in one and "libedgetpu1-std" in one for one in lines) is brings
    notes = [one for one in lines if one.startswith("note: ") and "edgetpu" in one]
    assert len(notes) == bool(said)
    if said:
        assert said in notes[0]
        assert "; install a build for TensorFlow 2.16 or newer, as docs/install.md says" in notes[0]


@pytest.mark.parametrize("extra", ["video", "heif", "credentials"])
def test_what_is_asked_for_is_added_and_kept_on_update(
    checkout: Path, tree: Path, extra: str
) -> None:
    plain = installed(checkout, "--dry-run", "--board", "simulated", "--root", tree)
    asked = installed(checkout, "--dry-run", f"--{extra}", "--board", "simulated", "--root", tree)
    mark = tree / "opt" / "shuttergate" / "venv" / f".{extra}"
    mark.parent.mkdir(parents=True)
    mark.touch()
    kept = installed(checkout, "--dry-run", "--board", "simulated", "--root", tree)
    assert [said.count(f"requirements/{extra}.txt") for said in (plain, asked, kept)] == [0, 1, 1]


def test_models_that_others_publish_are_fetched(checkout: Path, tree: Path) -> None:
    pack = checkout / "models" / "consent-clean" / "model.toml"
    pack.parent.mkdir()
    for text, due in (("[output]\n", False), ('[published."a.tflite"]\n', True)):
        pack.write_text(text)
        said = installed(checkout, "--board", "pi-of-the-test", "--root", tree)
        assert ("model fetch consent-clean" in said) == due


def test_what_looks_live_is_measured_once_and_with_the_models_in_place(
    checkout: Path, tree: Path
) -> None:
    (checkout / "models" / "pack" / "model.toml").write_text('[published."a"]\n')
    board = checkout / "device" / "simulated" / "board.toml"
    board.write_text(board.read_text().replace('"open-nsfw"', '"pack"'))
    said = installed(checkout, "--board", "simulated", "--root", tree)
    config = tree / "etc" / "shuttergate" / "shuttergate.toml"
    command = f"doctor --measure --config {config} --write"
    (line,) = [line for line in said.splitlines() if command in line]
    assert said.index("model fetch") < said.index(line)
    assert said.index(line) < said.index("shuttergate doctor, as the service's user")
    assert command in installed(checkout, "--root", tree)  # it came to nothing: once more
    text = config.read_text().replace("\nlive = []", '\nlive = ["consent-clean", "pack"]')
    config.write_text(text)
    assert "--measure" not in installed(checkout, "--root", tree)
    assert config.read_text() == text


def test_a_kit_that_cannot_be_measured_is_installed_all_the_same(tmp_path: Path) -> None:
    """The function alone, with a command that finds the kit too slow: a note, and no failure."""
    text = (ROOT / "systemd" / "install.sh").read_text()
    (function,) = re.findall(r"^measured\(\) \{\n.*?^\}\n", text, flags=re.MULTILINE | re.DOTALL)
    stands_in = 'system() { return 1; }\nsay() { echo "$1"; }\n'
    script = f"set -Eeuo pipefail\nopt=/o config=$1\n{stands_in}{function}measured"
    done = subprocess.run(
        ["bash", "-c", script, "-", tmp_path / "kit.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    again = f"sudo shuttergate doctor --measure --config {tmp_path / 'kit.toml'} --write"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("note: the board's own live models and rate stay")
    assert done.stdout.endswith(f"then: {again}\n")


def test_uninstall_takes_the_published_models_with_it(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "pi-of-the-test", "--root", tree)
    kept = tree / "var" / "lib" / "shuttergate" / "models" / "pack" / "model.tflite"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"model")
    installed(checkout, "--uninstall", "--root", tree)
    assert not kept.parents[1].exists()


def test_the_kernel_lets_released_outputs_go_and_the_watchdog_is_on(
    checkout: Path, tree: Path
) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    boot = tree / "boot" / "firmware"
    cmdline = (boot / "cmdline.txt").read_bytes()
    assert cmdline == CMDLINE.rstrip() + b" " + " ".join(OURS).encode() + b"\n"
    settings = (boot / "config.txt").read_text().splitlines()
    everywhere = settings[len(settings) - settings[::-1].index("[all]") :]
    assert "dtparam=watchdog=on" in everywhere
    assert "dtparam=strict_gpiod" in everywhere
    assert (boot / "cmdline.txt.before-shuttergate").read_bytes() == CMDLINE
    assert (boot / "config.txt.before-shuttergate").read_bytes() == CONFIG_TXT


@pytest.mark.parametrize(
    "cmdline",
    [
        CMDLINE,
        CMDLINE.rstrip(),
        CMDLINE.rstrip() + b" cgroup_enable=memory quiet\n",
        CMDLINE.rstrip() + b" pinctrl_bcm2835.persist_gpio_outputs=y quiet\n",
        b"pinctrl_rp1.persist_gpio_outputs=n " + CMDLINE,
        b"cgroup_enable=memory " + CMDLINE.rstrip() + b" cgroup_enable=cpu quiet\n",
    ],
)
@pytest.mark.parametrize("config_txt", [CONFIG_TXT, CONFIG_TXT.rstrip(), b""])
def test_uninstall_undoes_the_boot_settings_to_the_byte(
    checkout: Path, tree: Path, cmdline: bytes, config_txt: bytes
) -> None:
    boot = tree / "boot" / "firmware"
    (boot / "cmdline.txt").write_bytes(cmdline)
    (boot / "config.txt").write_bytes(config_txt)
    installed(checkout, "--board", "simulated", "--root", tree)
    words = (boot / "cmdline.txt").read_text().split()
    for parameter in OURS:
        key = parameter.partition("=")[0]
        assert [word for word in words if word.startswith(f"{key}=")][-1] == parameter
    installed(checkout, "--uninstall", "--root", tree)
    assert (boot / "cmdline.txt").read_bytes() == cmdline
    assert (boot / "config.txt").read_bytes() == config_txt
    assert sorted(path.name for path in boot.iterdir()) == ["cmdline.txt", "config.txt"]


def test_uninstall_keeps_what_others_wrote_meanwhile(checkout: Path, tree: Path) -> None:
    boot = tree / "boot" / "firmware"
    installed(checkout, "--board", "simulated", "--root", tree)
    line = (boot / "cmdline.txt").read_text().rstrip()
    (boot / "cmdline.txt").write_text(line.replace("rootwait", "rootwait quiet") + " splash\n")
    with (boot / "config.txt").open("a") as file:
        file.write("dtparam=i2c_arm=on\n")
    installed(checkout, "--uninstall", "--root", tree)
    expected = CMDLINE.replace(b"rootwait", b"rootwait quiet splash")
    assert (boot / "cmdline.txt").read_bytes() == expected
    assert (boot / "config.txt").read_bytes() == CONFIG_TXT + b"dtparam=i2c_arm=on\n"


def test_uninstall_finds_its_block_where_an_editor_took_the_last_newline(
    checkout: Path, tree: Path
) -> None:
    config = tree / "boot" / "firmware" / "config.txt"
    installed(checkout, "--root", tree, "--board", "pi-of-the-test")
    config.write_bytes(config.read_bytes().removesuffix(b"\n"))
    installed(checkout, "--uninstall", "--root", tree)
    assert config.read_bytes() == CONFIG_TXT


def test_uninstall_leaves_a_block_without_an_end_to_its_owner(checkout: Path, tree: Path) -> None:
    config = tree / "boot" / "firmware" / "config.txt"
    installed(checkout, "--root", tree, "--board", "pi-of-the-test")
    cut = config.read_bytes().replace(b"# shuttergate: end\n", b"[pi4]\nover_voltage=2\n")
    config.write_bytes(cut)
    said = installed(checkout, "--uninstall", "--root", tree)
    assert "the line '# shuttergate: end' is gone: take out by hand" in said
    assert config.read_bytes() == cut
    assert config.with_name("config.txt.before-shuttergate").read_bytes() == CONFIG_TXT


def test_a_folder_may_be_called_anything(checkout: Path, tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "R&D of $HOME's"
    shutil.copytree(checkout, other, symlinks=True)
    installed(other, "--root", tree, "--board", "pi-of-the-test")
    assert (tree / "opt" / "shuttergate" / "app" / "firmware").is_dir()


def test_uninstall_leaves_only_the_album(checkout: Path, tree: Path) -> None:
    before = {path for path, (_, _, what) in snapshot(tree).items() if what}
    installed(checkout, "--board", "simulated", "--root", tree)
    (tree / "var" / "lib" / "shuttergate" / "album" / "photo.jpg").write_bytes(b"photo")
    said = installed(checkout, "--uninstall", "--root", tree)
    after = snapshot(tree)
    assert {path for path, (_, _, what) in after.items() if what} - before == {
        "var/lib/shuttergate/album/photo.jpg"
    }
    assert not {path for path in after if "shuttergate" in path} - {
        "var/lib/shuttergate",
        "var/lib/shuttergate/album",
        "var/lib/shuttergate/album/photo.jpg",
    }
    assert "the photos are still in" in said
    installed(checkout, "--uninstall", "--root", tree)  # once more is no error


def test_uninstall_keeps_a_board_of_its_owners_own(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    own = tree / "etc" / "shuttergate" / "board.toml"
    own.write_text("# mine\n")
    said = installed(checkout, "--uninstall", "--root", tree)
    assert [path.name for path in own.parent.iterdir()] == ["board.toml"]
    assert f"what you put into {own.parent} yourself is still there" in said


def test_uninstall_takes_an_empty_album_with_it(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    installed(checkout, "--uninstall", "--root", tree)
    assert not [path for path in snapshot(tree) if "shuttergate" in path]


def test_uninstall_can_be_looked_at_first(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    before = snapshot(tree)
    said = installed(checkout, "--uninstall", "--dry-run", "--root", tree)
    assert snapshot(tree) == before
    assert "would: rm -rf" in said


def test_without_a_boot_folder_nothing_is_made_up(checkout: Path, tree: Path) -> None:
    shutil.rmtree(tree / "boot")
    said = installed(checkout, "--board", "simulated", "--root", tree)
    assert "not a Raspberry Pi's boot folder" in said
    assert not (tree / "boot").exists()


def test_the_page_is_switched_on_and_the_kiosk_is_not(checkout: Path, tree: Path) -> None:
    said = installed(checkout, "--board", "simulated", "--root", tree)
    enabled = [line.split()[-1] for line in said.splitlines() if "systemctl enable" in line]
    assert enabled == ["shuttergate.service", "shuttergate-console.service"]
    assert (tree / "etc" / "systemd" / "system" / "shuttergate-kiosk.service").is_file()


def test_an_update_stops_the_kiosk_before_the_page_and_the_page_before_the_kit(
    checkout: Path, tree: Path
) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    said = installed(checkout, "--root", tree)
    stopped = [line.split()[-1] for line in said.splitlines() if "systemctl stop" in line]
    assert stopped == [f"shuttergate{name}.service" for name in ("-kiosk", "-console", "")]


def test_uninstall_takes_what_was_opened_to_the_network_with_it(checkout: Path, tree: Path) -> None:
    installed(checkout, "--board", "simulated", "--root", tree)
    units = tree / "etc" / "systemd" / "system"
    for name in ("shuttergate-console.service.d", "somebody-elses.service.d"):
        (units / name).mkdir()
        (units / name / "override.conf").write_text("[Service]\n")
    installed(checkout, "--uninstall", "--root", tree)
    assert [path.name for path in units.iterdir()] == ["somebody-elses.service.d"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bord", "simulated"], "there is no option --bord"),
        (["--board"], "--board needs a value"),
        ([], "which board? name it with --board: pi-of-the-test simulated"),
        (["--board", "nokia"], "no board is called 'nokia'; use one of: pi-of-the-test simulated"),
    ],
)
def test_a_wrong_word_is_status_2_and_says_the_right_one(
    checkout: Path, tree: Path, arguments: list[str], message: str
) -> None:
    before = snapshot(tree)
    done = install(checkout, "--root", tree, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert snapshot(tree) == before


def test_a_checkout_inside_the_installation_is_refused(checkout: Path, tree: Path) -> None:
    inside = tree / "opt" / "shuttergate" / "src"
    shutil.copytree(checkout, inside)
    done = install(inside, "--board", "simulated", "--root", tree)
    assert done.returncode == 1
    assert "move it elsewhere" in done.stderr


JAPANESE = r"[ぁ-んァ-ヶ一-龥]"


def test_in_japanese_it_says_the_same_line_by_line(checkout: Path, tree: Path) -> None:
    for asked in (["--dry-run", "--board", "pi-of-the-test"], ["--dry-run", "--uninstall"]):
        english, japanese = (
            installed(checkout, *asked, "--root", tree, language=one).splitlines()
            for one in ("en", "ja_JP:en")
        )
        assert len(english) == len(japanese)
        for line, its in zip(english, japanese, strict=True):
            assert re.search(JAPANESE, its), its
            assert set(re.findall(r"/\S+", line)) <= set(re.findall(r"/[^\s　-ヿ]+", its)), its
    english, japanese = (install(checkout, "--help", language=one).stdout for one in ("en", "ja"))
    assert set(re.findall(r"--[a-z-]+", english)) == set(re.findall(r"--[a-z-]+", japanese))
    assert "使い方: " in japanese
    assert "というオプションはありません" in install(checkout, "--x", language="ja").stderr


def test_settings_that_it_writes_are_explained_in_the_same_language(
    checkout: Path, tree: Path
) -> None:
    installed(checkout, "--board", "pi-of-the-test", "--root", tree, language="ja")
    text = (tree / "etc" / "shuttergate" / "shuttergate.toml").read_text("utf-8")
    config = msgspec.convert(tomllib.loads(text), Config)
    assert (config.board, config.album.folder) == (
        "pi-of-the-test",
        "/var/lib/shuttergate/album",
    )
    assert "# シャッターが使えるのはいつか" in text


def test_whatever_it_says_has_its_japanese() -> None:
    text = re.sub(r"^ *#.*$", "", (ROOT / "systemd" / "install.sh").read_text("utf-8"), flags=re.M)
    quoted = r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;]+)"""
    calls = re.findall(rf"\b(?:say|fail) {quoted}\s+(?:\\\n\s*)?{quoted}", text, flags=re.DOTALL)
    assert len(calls) == len(re.findall(r"\b(?:say|fail) ", text)) > 25
    assert [one for one in calls if not re.search(JAPANESE + r"|\.ja\.|\$2", one[1])] == []
    assert re.findall(r"echo [\"'][^\n$]*[a-z]{3,} [a-z]{3,}", text) == []


def test_shellcheck_finds_nothing() -> None:
    needs.program("shellcheck").or_skip()
    done = subprocess.run(
        ["shellcheck", ROOT / "systemd" / "install.sh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
