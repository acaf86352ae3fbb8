"""Break the kit on purpose, one guarantee at a time: the bench must catch every one.

`make bench-mutations`. Each line below is one thing that somebody could get wrong: the promise it
breaks, what it amounts to, where, and the scenario that has to fail. The mutated kit runs from a
copy, with its own interpreter's path; nothing in the checkout is touched.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("firmware/shuttergate")
SCENARIOS = ROOT / "tests" / "scenarios"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One break: ``old`` stands in `file` exactly once, and becomes ``new``."""

    promise: int
    what: str
    file: str
    old: str
    new: str
    scenario: str


MUTATIONS = [
    Mutation(
        1,
        "a BLOCKED frame counts as a CLEAR one",
        "gate.py",
        "    if verdict.decision is not Decision.CLEAR:",
        "    if False:",
        "1-fail-closed/card",
    ),
    Mutation(
        1,
        "no hold-off after a BLOCKED frame",
        "gate.py",
        "blocked_until_s=now_s + rules.hold_off_s,",
        "blocked_until_s=now_s,",
        "1-fail-closed/one-exposure",
    ),
    Mutation(
        1,
        "an old verdict speaks for now",
        "gate.py",
        "    if not _speaks(state, now_s, rules):",
        "    if False:",
        "1-fail-closed/camera-stalled",
    ),
    Mutation(
        1,
        "a button that is held fires as the gate opens",
        "gate.py",
        "    if state.armed:\n",
        "    if True:\n",
        "1-fail-closed/held",
    ),
    Mutation(
        1,
        "a contact that bounces was let go",
        "gate.py",
        "let_go = now_s - state.up_since_s >= rules.settle_s and not state.down",
        "let_go = not state.down",
        "1-fail-closed/bounce",
    ),
    Mutation(
        1,
        "the line is raised and never lowered",
        "interlock.py",
        "        if found.has_current != self._line:",
        "        if found.has_current and not self._line:",
        "1-fail-closed/card",
    ),
    Mutation(
        1,
        "a doubt is a yes",
        "verdict.py",
        "    return limit.blocks_with if score >= limit.block_at else Reason.DOUBT",
        "    return limit.blocks_with if score >= limit.block_at else Reason.CLEAR",
        "1-fail-closed/doubt",
    ),
    Mutation(
        1,
        "a frozen camera is believed",
        "frames/inspection.py",
        "        if self._same >= FROZEN_AFTER_FRAMES:",
        "        if False:",
        "1-fail-closed/camera-lies",
    ),
    Mutation(
        1,
        "a model's wrong known answers are right",
        "vision/selftest.py",
        "            if not abs(score - due) <= answer.tolerance:",
        "            if False:",
        "1-fail-closed/model",
    ),
    Mutation(
        1,
        "nobody minds a publisher that says nothing",
        "warden.py",
        "        if silent_s > SILENCE_S:",
        "        if False:",
        "1-fail-closed/publisher",
    ),
    Mutation(
        1,
        "nobody minds the wires",
        "warden.py",
        "standing = self._wires.look(self._clock(), self._panel.read())",
        "standing: frozenset[Fault] = frozenset()",
        "1-fail-closed/contact-shorted",
    ),
    Mutation(
        1,
        "a setting may be laxer than the model pack",
        "vision/eyes.py",
        "            refuse_laxer(head.name, chosen, usual)",
        "            pass",
        "1-fail-closed/lax-thresholds",
    ),
    Mutation(
        1,
        "a taught rule is not asked of what is live",
        "vision/channel.py",
        "        self.heads = (pack.head(), *further)",
        "        self.heads = (pack.head(),)",
        "1-fail-closed/rule",
    ),
    Mutation(
        1,
        "a rule's own line is not the one it is held to",
        "policy/rule_file.py",
        "return Thresholds(self.line, self.line, Reason.TAUGHT)",
        "return Thresholds(1.0, 1.0, Reason.TAUGHT)",
        "1-fail-closed/rule",
    ),
    Mutation(
        1,
        "what a taught rule does not know is clear, whatever else is said",
        "verdict.py",
        "    return min(found, key=_rank, default=Reason.DOUBT)",
        "    taught = [one.blocks_with is Reason.TAUGHT for one in rule.limits.values()]\n"
        "    found = [one for one, ours in zip(found, taught) if ours] or found\n"
        "    return min(found, key=_rank, default=Reason.DOUBT)",
        "1-fail-closed/rule-and-card",
    ),
    Mutation(
        1,
        "a rule of a model's name hides what that model says",
        "vision/channel.py",
        "    if twice:",
        "    if False:",
        "1-fail-closed/rule-of-a-model",
    ),
    Mutation(
        1,
        "a rule of another model is loaded, and never asked",
        "vision/eyes.py",
        "        if sha256 not in {pack.manifest.sha256 for pack in packs}:",
        "        if False:",
        "1-fail-closed/rule-another-model",
    ),
    Mutation(
        1,
        "the sum of a rule's file is not looked at",
        "policy/rule_file.py",
        "    if hashlib.sha256(content[:-_SUM_BYTES]).digest() != content[-_SUM_BYTES:]:",
        "    if False:",
        "1-fail-closed/rule-swapped",
    ),
    Mutation(
        1,
        "a rule may hold what is no number",
        "policy/rule_file.py",
        "    if not np.isfinite(found).all() or np.abs(found[0]).max() > 1e6:",
        "    if False:",
        "1-fail-closed/rule-no-number",
    ),
    Mutation(
        1,
        "a rule may be of any number of examples",
        "policy/rule_file.py",
        "    if views > MAX_VIEWS:",
        "    if False:",
        "1-fail-closed/rule-ten-thousand",
    ),
    Mutation(
        1,
        "a rule may refuse everything",
        "policy/teaching.py",
        "    if share > MOST_CLOSED:",
        "    if False:",
        "1-fail-closed/rule-everything",
    ),
    Mutation(
        1,
        "of two rules of one name the second takes the first one's place",
        "rulebook.py",
        "        if rule.name in found:",
        "        if False:",
        "1-fail-closed/rule-twice",
    ),
    Mutation(
        1,
        "a kit does without a rule that it cannot read",
        "rulebook.py",
        "    return read_rules(paths(files))",
        "    try:\n        return read_rules(paths(files))\n    except RuleError:\n"
        "        return []",
        "1-fail-closed/rule-gone",
    ),
    Mutation(
        1,
        "nobody minds a signer that cannot sign",
        "publisher_process.py",
        "            if self._settings.required:\n                raise\n",
        "            pass\n",
        "1-fail-closed/no-signer",
    ),
    Mutation(
        2,
        "the pixels that are saved are not those that were judged",
        "capture/photographer.py",
        "            photo = encode(picture, when,",
        "            picture[:32] = 0\n            photo = encode(picture, when,",
        "2-judged-frame/clock",
    ),
    Mutation(
        2,
        "each frame is judged by the pixels of the one before it",
        "judging.py",
        "            found, read = looks(self._eyes.live, frame.lores)\n",
        "            before = getattr(self, '_before', frame.lores)\n"
        "            self._before = frame.lores.copy()\n"
        "            found, read = looks(self._eyes.live, before)\n",
        "2-judged-frame/card-at-the-press",
    ),
    Mutation(
        2,
        "a press takes a frame of a tenth of a second later",
        "capture/photographer.py",
        "shelf.take(opening.pressed_s,",
        "shelf.take(opening.pressed_s + 0.095,",
        "2-judged-frame/clock",
    ),
    Mutation(
        3,
        "no second look",
        "capture/photographer.py",
        "reason, scores = self._work.second_look(picture, opening.but_for)",
        "reason, scores = Reason.CLEAR, dict[str, float]()",
        "3-never-leaves/second-look",
    ),
    Mutation(
        3,
        "the second look asks its first channel alone",
        "vision/secondlook.py",
        "                for channel in self.channels:",
        "                for channel in self.channels[:1]:",
        "3-never-leaves/one-live-channel",
    ),
    Mutation(
        3,
        "the finest views are left out of the second look",
        "vision/views.py",
        "*((1,) if length > SQUEEZE else ()), *cuts)",
        "*((1,) if length > SQUEEZE else ()), *cuts[:-1])",
        "3-never-leaves/second-look",
    ),
    Mutation(
        3,
        "the camera's pictures are not turned by 180 degrees",
        "cameras.py",
        "part.hflip, part.vflip)",
        "False, False)",
        "3-never-leaves/upside-down",
    ),
    Mutation(
        3,
        "the second look sees a picture as it lies",
        "vision/secondlook.py",
        "    if rotation:",
        "    if False:",
        "3-never-leaves/on-its-side",
    ),
    Mutation(
        3,
        "a page sees as finely before the second look as after it",
        "viewfinder.py",
        "reduction(size[1], live_coverage(size))",
        "reduction(size[1], 0.12)",
        "3-never-leaves/page",
    ),
    Mutation(
        3,
        "a page's pictures go on after a second look refused",
        "viewfinder.py",
        "            self.is_doubted = True",
        "            self.is_doubted = False",
        "3-never-leaves/page",
    ),
    Mutation(
        3,
        "a photo appears before the gate's last word",
        "capture/album.py",
        'return draft.publish(taken_ms, PHOTO) if may() else ""',
        'name = draft.publish(taken_ms, PHOTO)\n            return name if may() else ""',
        "3-never-leaves/closed-meanwhile",
    ),
    Mutation(
        3,
        "a photo in work outlives the gate's closing",
        "interlock.py",
        "return self.state.is_open and self.state.opened_s == opening.opened_s",
        "return True",
        "3-never-leaves/closed-meanwhile",
    ),
    Mutation(
        3,
        "what surrounds a block stays in the video",
        "capture/gops.py",
        "if not (is_clear and goes_on):",
        "if False:",
        "3-never-leaves/video",
    ),
    Mutation(
        3,
        "no channel judges a video besides the live ones",
        "vision/eyes.py",
        "        tuple(one for one in filming if one.name not in live),",
        "        (),",
        "3-never-leaves/one-live-channel",
    ),
    Mutation(
        4,
        "a photo tells the computer's name",
        "capture/encode.py",
        'exif[_SOFTWARE] = "shuttergate"',
        'exif[_SOFTWARE] = "shuttergate"; exif[0x013C] = "a name"',
        "2-judged-frame/clock",
    ),
    Mutation(
        4,
        "the gate process has a socket to the network",
        "gate_process.py",
        '    sock = spawn.begin("shuttergate-gate", argv, gate_room.KEEPS)',
        "    keeps = spawn.Liberties(files=True, network=True); "
        'sock = spawn.begin("shuttergate-gate", argv, keeps); '
        "import socket; globals()['leak'] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "1-fail-closed/one-exposure",
    ),
    Mutation(
        1,
        "a kit that was not told to asks",
        "question.py",
        "    return terms.asks and alone",
        "    return alone",
        "1-fail-closed/asked-off",
    ),
    Mutation(
        1,
        "nudity is asked about",
        "question.py",
        "why_closed(asking.gate, now_s, terms.gate) is Reason.TAUGHT and asking.but.is_open",
        "not asking.gate.is_open",
        "1-fail-closed/asked-never-for-nudity",
    ),
    Mutation(
        1,
        "a question stands for ever",
        "question.py",
        "    return 0.0 <= now_s - since_s <= limit_s",
        "    return True",
        "1-fail-closed/asked-left-alone",
    ),
    Mutation(
        1,
        "the press that asks is the yes",
        "question.py",
        "question=Question(now_s, asking.but.opened_s))",
        "held_since_s=now_s, question=Question(now_s, asking.but.opened_s))",
        "1-fail-closed/asked-tied-down",
    ),
    Mutation(
        1,
        "half of the hold is a yes",
        "question.py",
        ">= terms.hold_s:",
        ">= terms.hold_s / 2:",
        "1-fail-closed/asked-held-too-short",
    ),
    Mutation(
        1,
        "a yes is heard, and nothing comes of it",
        "question.py",
        "return asking, Press(True, Reason.CLEAR), True",
        "return asking, press, False",
        "1-fail-closed/asked-held",
    ),
    Mutation(
        1,
        "a question outlasts nudity",
        "question.py",
        "        return asking.rule, verdict\n",
        "        return asking.rule, replace(verdict, decision=Decision.CLEAR)\n",
        "1-fail-closed/asked-card",
    ),
    Mutation(
        1,
        "a question outlasts a fault",
        "question.py",
        "    but = gate.faulted(asking.but, fault, now_s, terms.gate)",
        "    but = asking.but",
        "1-fail-closed/asked-fault",
    ),
    Mutation(
        3,
        "a yes takes the whole second look aside",
        "capture/photographer.py",
        "            if reason is not Reason.CLEAR:\n",
        "            if reason is not Reason.CLEAR and not opening.but_for:\n",
        "3-never-leaves/asked-second-look",
    ),
]


def wrong(mutation: Mutation) -> str:
    """Return what is wrong with an entry of the list, or nothing."""
    text = (ROOT / PACKAGE / mutation.file).read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        return f"{mutation.file}: {mutation.old!r} stands there {text.count(mutation.old)} times"
    if not (SCENARIOS / f"{mutation.scenario}.toml").is_file():
        return f"there is no scenario {mutation.scenario}"
    return ""


@contextmanager
def copy() -> Iterator[tuple[Path, Path]]:
    """Give a copy of the package and an interpreter that runs it, and nothing else of ours.

    The kit starts its processes deaf to the environment, so the path must be the interpreter's own.
    """
    with tempfile.TemporaryDirectory(prefix="shuttergate-mutant-") as folder:
        root = Path(folder, "kit")
        shutil.copytree(
            ROOT / PACKAGE, root / PACKAGE, ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("models", "device"):
            (root / name).symlink_to(ROOT / name)
        venv.create(Path(folder, "venv"), symlinks=True, with_pip=False)
        python = Path(folder, "venv", "bin", "python")
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        site = Path(folder, "venv", "lib", version, "site-packages")
        installed = sysconfig.get_path("purelib")
        (site / "mutant.pth").write_text(f"{root / PACKAGE.parent}\n{installed}\n")
        yield root / PACKAGE, python


def caught(python: Path, scenario: str) -> tuple[bool, str]:
    """Play the scenario; return whether it did not hold, and the first requirement that did not."""
    done = subprocess.run(
        [python, "-m", "shuttergate", "bench", SCENARIOS / f"{scenario}.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{scenario}: {done.stdout}{done.stderr}")
    lines = done.stdout.splitlines()
    must = [line.partition("must:")[2].strip() for line in lines if "must:" in line]
    if done.returncode == 1 and not must:  # a kit that was broken on arrival has shown nothing
        raise SystemExit(f"{scenario}: {done.stdout}")
    return done.returncode == 1, must[0] if must else ""


def main() -> None:
    """Play each mutation's scenario whole and broken, and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="make bench-mutations", description=__doc__)
    parser.add_argument("--only", default="", help="mutations with this text in them")
    options = parser.parse_args()
    chosen = [one for one in MUTATIONS if options.only in f"{one.what} {one.file}"]
    if not chosen:
        parser.error(f"no mutation has {options.only!r} in it")
    began_s, missed = time.monotonic(), 0
    print("| promise | broken on purpose | in | scenario | caught by |\n|---|---|---|---|---|")
    with copy() as (package, python):
        whole: dict[str, bool] = {}
        for one in chosen:
            if one.scenario not in whole:
                failed, said = caught(python, one.scenario)
                if failed:
                    raise SystemExit(f"{one.scenario} does not hold as it is: {said}")
                whole[one.scenario] = True
            file = package / one.file
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(one.old, one.new), encoding="utf-8")
            failed, said = caught(python, one.scenario)
            file.write_text(text, encoding="utf-8")
            missed += not failed
            by = said if failed else "**not caught**"
            print(
                f"| {one.promise} | {one.what} | {one.file} | {one.scenario} | {by} |", flush=True
            )
    took_s = time.monotonic() - began_s
    print(f"\n{len(chosen) - missed} of {len(chosen)} caught, in {took_s:.0f} s")
    raise SystemExit(int(bool(missed)))


if __name__ == "__main__":
    main()
