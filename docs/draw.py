"""Draws way-of-a-frame.en.svg and way-of-a-frame.ja.svg: from the camera to the album."""

from __future__ import annotations

from html import escape
from pathlib import Path

Line = tuple[str, ...]  # English, Japanese and, where it has one, a class of its own

LANGUAGES = ("en", "ja")
WIDTH, HEIGHT, PITCH = 1204, 602, 20  # PITCH: from one baseline to the next

TITLE = ("The way of a frame", "1枚のフレームがたどる道")
DESCRIPTION = (
    "The channel open-nsfw scores the camera's frame, and the score becomes a verdict. Five clear "
    "frames in a row, the newest no older than 250 ms, and no fault open the gate; only then does "
    "the permissive line, a real wire, give the shutter button current. A press takes a clear "
    "frame that waits in memory; after a second look it is encoded and goes through a hatch to "
    "the publisher process, which writes it into the album. A frame that is not clear is wiped.",
    "カメラのフレームを open-nsfw が採点し、判定します。問題なしが5フレーム続き、最新のものが"
    "250ミリ秒以内で、故障もないときだけ門が開き、許可線という実際の配線を通ってシャッターボタンに"
    "電流が流れます。押すと、メモリ内で待つ問題なしのフレームを再確認し、JPEGにして、受け渡し口から"
    "発行プロセスに渡し、アルバムに保存します。問題なしと言えないフレームは消去します。",
)
SUPERVISOR = (
    "supervisor process: starts, watches and restarts both; it sees no picture",
    "監視プロセス：両方を起動して見守り、止まれば起動し直す。画像は見ない",
)
GATE_ROOM = (
    "gate process: no files, no network, no dumps",
    "門プロセス：ファイルに書かない・通信しない・ダンプを残さない",
)
PUBLISHER_ROOM = (
    ("publisher", "発行プロセス："),
    ("process: writes,", "書き込むだけで、"),
    ("never sees", "カメラの映像は"),
    ("a camera", "見ない"),
)
FRAME = (("lores + main:", "判定用＋保存用"), ("one exposure", "同じ1回の露光"))
CHANNEL = (("open-nsfw", "open-nsfw"), ("score 0 to 1", "スコア 0〜1"))
VERDICT = (
    ("CLEAR", "問題なし", "clear"),
    ("or", "または"),
    ("BLOCKED", "不可", "blocked"),
    ("(also in doubt)", "迷ったら不可"),
)
GATE = (
    ("open only while", "そろっている間だけ開く"),
    ("5 clear frames in a row,", "問題なしが5フレーム連続"),
    ("the newest ≤ 250 ms old,", "最新のものが250 ms以内"),
    ("no fault", "故障なし"),
)
PERMISSIVE = (
    ("permissive line", "許可線"),
    ("(a real wire)", "（実際の配線）"),
    ("gate closed:", "門が閉じれば"),
    ("no current", "電流なし"),
)
SHELF = (("the newest CLEAR", "最新の問題なしの"), ("frames wait", "フレーム"))
LOOK = (
    ("24 views of", "原寸の画像を"),
    ("the full-size", "24通りの見方で"),
    ("picture", "もう一度判定"),
)
WIPED = (("zeros in", "メモリ上で"), ("memory", "ゼロで上書き"))
STYLE = """
text { font: 16px system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; fill: #24313f }
.middle { text-anchor: middle } .end { text-anchor: end }
.title { font-weight: 600; font-size: 18px } .name { font-weight: 600; fill: #3d566e }
.clear { fill: #17733b; font-weight: 600 } .blocked { fill: #b3261e; font-weight: 600 }
.copper { fill: #964a10; font-weight: 600 } .bin { fill: #b3261e }
rect { stroke-width: 1.5 } rect.box { fill: #fff; stroke: #3d566e }
rect.part { fill: #fff1e0; stroke: #c8691c } rect.bin { fill: #fdecea; stroke: #b3261e }
rect.gate { fill: #e6eff8; stroke: #7c90a5 } rect.publisher { fill: #e7f3ea; stroke: #7fa08a }
rect.hatch { fill: #fff; stroke: #24313f; stroke-width: 3 }
path { fill: none; stroke-width: 2; stroke-linejoin: round }
.watch { fill: #f0f1f3; stroke: #8b96a1; stroke-dasharray: 3 4 }
.go { stroke: #24313f; marker-end: url(#go) }
.wipe { stroke: #b3261e; stroke-dasharray: 6 5; marker-end: url(#wipe) }
.wire { stroke: #c8691c; stroke-width: 7 } .shine { stroke: #ffc78a; stroke-width: 2 }
circle { fill: #fff; stroke: #c8691c; stroke-width: 4 }
"""
TIP = (
    '<marker id="{}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="12" markerHeight="12" '
    'orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0L10 5L0 10z" style="fill:{}"/></marker>'
)


class Drawing:
    """One language's picture, put together piece by piece."""

    def __init__(self, language: int) -> None:
        self._language = language
        self._pieces: list[str] = []

    def say(self, x: int, y: int, line: Line, look: str) -> None:
        """A line of text with its baseline at `y`."""
        words = escape(line[self._language], quote=False)
        self._pieces.append(f'<text x="{x}" y="{y}" class="{look}">{words}</text>')

    def path(self, kind: str, d: str) -> None:
        """An arrow of the software ("go"), a way to the bin ("wipe"), or a "wire"."""
        self._pieces.append(f'<path class="{kind}" d="{d}"/>')
        if kind == "wire":
            self.path("shine", d)

    def box(self, kind: str, x: int, y: int, width: int, height: int, *lines: Line) -> None:
        """A box with its title and lines in the middle."""
        size = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        self._pieces.append(f'<rect class="{kind}" {size} rx="8"/>')
        top = y + (height - PITCH * len(lines)) // 2 + 15
        for number, line in enumerate(lines):
            look = line[2] if len(line) > 2 else "" if number else "title"
            self.say(x + width // 2, top + number * PITCH, line, f"{look} middle".strip())

    def pin(self, x: int, y: int) -> None:
        """Where a wire meets the computer."""
        self._pieces.append(f'<circle cx="{x}" cy="{y}" r="6"/>')

    def svg(self) -> str:
        """Return the whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'lang="{LANGUAGES[self._language]}" aria-labelledby="title desc">\n'
            f'<title id="title">{TITLE[self._language]}</title>\n'
            f'<desc id="desc">{DESCRIPTION[self._language]}</desc>\n<style>{STYLE}</style>\n'
            f"<defs>{TIP.format('go', '#24313f')}{TIP.format('wipe', '#b3261e')}</defs>\n"
            f'<rect x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="18" '
            'fill="#fbfaf7" stroke="#d5d9de"/>\n'
        )
        return head + "\n".join(self._pieces) + "\n</svg>\n"


def rooms(at: Drawing) -> None:
    """The three processes."""
    outline = "M144 22H888a14 14 0 0 1 14 14V270a14 14 0 0 0 14 14H1064a14 14 0 0 1 14 14V566"
    at.path("watch", f"{outline}a14 14 0 0 1-14 14H144a14 14 0 0 1-14-14V36a14 14 0 0 1 14-14z")
    at.say(150, 565, SUPERVISOR, "name")
    at.box("gate", 146, 38, 740, 500)
    at.say(160, 66, GATE_ROOM, "name")
    at.box("publisher", 914, 300, 150, 238)
    for number, line in enumerate(PUBLISHER_ROOM):
        at.say(926, 324 + number * PITCH, line, "name")


def live(at: Drawing) -> None:
    """Every frame: from the camera to the button's current."""
    at.box("part", 22, 135, 90, 80, ("camera", "カメラ"))
    at.box("box", 160, 125, 132, 100, ("frame", "フレーム"), *FRAME)
    at.box("box", 322, 125, 130, 100, ("channel", "チャンネル"), *CHANNEL)
    at.box("box", 482, 115, 134, 120, ("verdict", "判定"), *VERDICT)
    at.box("box", 646, 105, 222, 140, ("gate (interlock)", "門（インターロック）"), *GATE)
    at.box("part", 1056, 120, 126, 110, ("shutter", "シャッター"), ("button", "ボタン", "title"))
    for x, end in ((112, 158), (292, 320), (452, 480), (616, 644)):
        at.path("go", f"M{x} 175H{end}")
    at.path("wire", "M868 175H1056")
    at.pin(886, 175)
    for y, line in zip((134, 154, 206, 226), PERMISSIVE, strict=True):
        at.say(978, y, line, "copper middle")


def press(at: Drawing) -> None:
    """A press: from the frames in memory to the album; and what is wiped on the way."""
    at.path("wire", "M1119 230V262H886")
    at.path("go", "M886 262H611V420")
    at.pin(886, 262)
    at.say(622, 310, ("press", "押す"), "copper")
    at.box("bin", 160, 374, 130, 100, ("wiped", "消去", "title blocked"), *WIPED)
    at.box("box", 412, 366, 178, 116, ("in memory", "メモリ内で待機"), *SHELF)
    at.box("box", 632, 366, 140, 116, ("second look", "再確認"), *LOOK)
    at.box("box", 796, 384, 80, 80, ("encode", "JPEG化"))
    at.box("hatch", 882, 404, 36, 40)
    at.box("box", 928, 396, 122, 56, ("publish", "保存"))
    at.box("part", 1098, 384, 86, 80, ("album", "アルバム"))
    for x, end in ((590, 630), (772, 794), (876, 926), (1050, 1096)):
        at.path("go", f"M{x} 424H{end}")
    at.path("go", "M564 235V364")
    at.say(554, 310, VERDICT[0], "clear end")
    at.path("wipe", "M500 235V280H225V372")
    at.say(360, 272, VERDICT[2], "blocked middle")
    at.path("wipe", "M412 424H292")
    at.say(352, 414, ("gate closed", "門が閉じた"), "blocked middle")
    at.say(352, 446, ("or too old", "古くなった"), "blocked middle")
    at.path("wipe", "M702 482V514H225V476")
    at.say(460, 506, VERDICT[2], "blocked middle")
    at.say(878, 490, ("hatch", "受け渡し口"), "name end")
    at.say(878, 510, ("(socketpair)",) * 2, "end")


def main() -> None:
    """Write both files next to this one."""
    for number, language in enumerate(LANGUAGES):
        at = Drawing(number)
        for part in (rooms, live, press):
            part(at)
        file = Path(__file__).with_name(f"way-of-a-frame.{language}.svg")
        file.write_text(at.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
