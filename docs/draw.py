"""Draws way-of-a-frame.en.svg and way-of-a-frame.ja.svg: from the camera to the album."""

from __future__ import annotations

from html import escape
from pathlib import Path

WIDTH, HEIGHT, PITCH = 1204, 602, 20  # PITCH: from one baseline to the next

# Every text by its name; "/" begins a new line, "=" makes a line a title, "+" green, "-" red.
WORDS = {
    "en": """
title: The way of a frame
desc: Two channels score the camera's frame, and the scores become a verdict. Five clear frames in \
a row, the newest no older than 250 ms, and no fault open the gate; only then does the permissive \
line, a real wire, give the shutter button current. A press takes a clear frame that waits in \
memory; after a second look it is encoded and goes through a hatch to the publisher process, which \
writes it into the album. A frame that is not clear is wiped.
gate room: gate process: no files, no network, no dumps
publisher room: publisher/process:/writes, never/sees a camera
supervisor: supervisor process: starts, watches and restarts both; it sees no picture
camera: camera
frame: frame/lores + main:/one exposure
channel: two channels/consent-clean/open-nsfw
verdict: verdict/+CLEAR/or/-BLOCKED/(also in doubt)
gate: gate (interlock)/open only while/5 clear frames in a row,/\
the newest ≤ 250 ms old,/no fault
permissive: permissive line/(a real wire)
closed: gate closed:/no current
button: shutter/=button
press: press
clear: +CLEAR
blocked: -BLOCKED
shelf: in memory/the newest CLEAR/frames wait
shelf emptied: -gate closed
shelf full: -or too old
wiped: wiped/zeros in/memory
look: second look/the whole: both,/its parts:/consent-clean
encode: encode
hatch: hatch/(socketpair)
publish: publish
whole: whole, or/not at all
album: album
""",
    "ja": """
title: 1枚のフレームがたどる道
desc: カメラのフレームに2つのモデルがスコアを付け、そこから判定が決まります。\
問題なしが5フレーム続き、最新のものが250ミリ秒以内で、故障もないときだけゲートが開き、\
許可線という実際の配線を通って、シャッターボタンに電流が流れます。\
押すと、メモリ内で待つ問題なしのフレームを再確認し、JPEG に符号化して、\
受け渡し口から保存プロセスに渡し、アルバムに保存します。\
問題なしと言えないフレームは消去します。
gate room: 判定プロセス：ファイルに書かない・通信しない・ダンプを残さない
publisher room: 保存プロセス：/書き込むだけで、/カメラの映像は/見ない
supervisor: 見張りプロセス：両方を起動して見守り、止まれば起動し直す。画像は見ない
camera: カメラ
frame: フレーム/判定用＋保存用/同じ1回の露光
channel: 2つのモデル/consent-clean/open-nsfw
verdict: 判定/+問題なし/または/-遮断/迷ったら遮断
gate: ゲート（インターロック）/そろっている間だけ開く/問題なしが5フレーム連続/\
最新のものが250 ms以内/故障なし
permissive: 許可線/（実際の配線）
closed: ゲートが閉じれば/電流なし
button: シャッター/=ボタン
press: 押す
clear: +問題なし
blocked: -遮断
shelf: メモリ内で待機/問題なしだった/最新のフレーム
shelf emptied: -ゲートが閉じた
shelf full: -古くなった
wiped: 消去/メモリ上で/ゼロで上書き
look: 再確認/全体は両方で、/部分は/consent-clean で
encode: 符号化
hatch: 受け渡し口/(socketpair)
publish: 保存
whole: 途中までの/写真は残さない
album: アルバム
""",
}
STYLE = """
text { font: 16px system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; fill: #24313f }
.middle { text-anchor: middle } .end { text-anchor: end }
.title { font-weight: 600; font-size: 17px } .name { font-weight: 600; fill: #3d566e }
.clear { font-weight: 600; fill: #17733b } .blocked { font-weight: 600; fill: #b3261e }
.copper { font-weight: 600; fill: #964a10 }
rect { stroke: #3d566e; stroke-width: 1.5; fill: #fff } .part { stroke: #c8691c; fill: #fff1e0 }
.bin { stroke: #b3261e; fill: #fdecea } .hatch { stroke: #24313f; stroke-width: 3 }
.gate { stroke: #7c90a5; fill: #e6eff8 } .publisher { stroke: #7fa08a; fill: #e7f3ea }
.card { stroke: #d5d9de; fill: #fbfaf7 }
path { fill: none; stroke-width: 2; stroke-linejoin: round }
.watch { stroke: #8b96a1; stroke-dasharray: 3 4; fill: #f0f1f3 }
.go { stroke: #24313f; marker-end: url(#go) }
.wipe { stroke: #b3261e; stroke-dasharray: 6 5; marker-end: url(#wipe) }
.wire { stroke: #c8691c; stroke-width: 7 } .shine { stroke: #ffc78a }
circle { stroke: #c8691c; stroke-width: 4; fill: #fff }
"""
TIP = (
    '<marker id="{}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="12" markerHeight="12" '
    'orient="auto" markerUnits="userSpaceOnUse">'
    '<path d="M0 0L10 5L0 10z" style="fill:{}"/></marker>'
)


OUTLINE = (
    "M144,22H888a14,14,0,0,1,14,14V270a14,14,0,0,0,14,14H1064a14,14,0,0,1,14,14V566"
    "a14,14,0,0,1,-14,14H144a14,14,0,0,1,-14,-14V36a14,14,0,0,1,14,-14z"
)
PATHS = {  # arrows of the software, ways to the bin, real wires
    "go": "M112,175H158 M292,175H320 M452,175H480 M616,175H644 M564,235V364 M886,262H611V420 "
    "M590,424H630 M772,424H794 M876,424H926 M1050,424H1096",
    "wipe": "M500,235V280H225V372 M412,424H292 M702,482V514H225V476",
    "wire": "M868,175H1056 M1119,230V262H886",
    "shine": "M868,175H1056 M1119,230V262H886",
}
PINS = ((886, 175), (886, 262))  # where a wire meets the computer
ROOMS = (
    ("gate", 146, 38, 740, 500),
    ("publisher", 914, 300, 150, 238),
    ("hatch", 882, 404, 36, 40),
)
BOXES = (
    ("part", 22, 135, 90, 80, "camera"),
    ("box", 160, 125, 132, 100, "frame"),
    ("box", 322, 125, 130, 100, "channel"),
    ("box", 482, 115, 134, 120, "verdict"),
    ("box", 646, 105, 222, 140, "gate"),
    ("part", 1056, 120, 126, 110, "button"),
    ("bin", 160, 374, 130, 100, "wiped"),
    ("box", 412, 366, 178, 116, "shelf"),
    ("box", 632, 366, 140, 116, "look"),
    ("box", 796, 384, 80, 80, "encode"),
    ("box", 928, 396, 122, 56, "publish"),
    ("part", 1098, 384, 86, 80, "album"),
)
LABELS = (
    (160, 66, "name", "gate room"),
    (926, 324, "name", "publisher room"),
    (150, 565, "name", "supervisor"),
    (978, 134, "copper middle", "permissive"),
    (978, 206, "copper middle", "closed"),
    (622, 310, "copper", "press"),
    (554, 310, "end", "clear"),
    (360, 272, "middle", "blocked"),
    (460, 506, "middle", "blocked"),
    (352, 414, "middle", "shelf emptied"),
    (352, 446, "middle", "shelf full"),
    (878, 490, "end", "hatch"),
    (989, 484, "middle", "whole"),
)
MARKS = {"=": "title", "+": "clear", "-": "blocked"}


def rectangle(look: str, x: int, y: int, width: int, height: int) -> str:
    """A box, or a room."""
    return f'<rect class="{look}" x="{x}" y="{y}" width="{width}" height="{height}" rx="9"/>'


def lines(x: int, y: int, look: str, words: str) -> list[str]:
    """Lines of text, the first with its baseline at `y`."""
    found = []
    for number, line in enumerate(words.split("/")):
        own = f"{look} {MARKS.get(line[0], '')}".strip()
        text = escape(line.lstrip("=+-"), quote=False)
        found.append(f'<text class="{own}" x="{x}" y="{y + number * PITCH}">{text}</text>')
    return found


def draw(language: str) -> str:
    """Return the whole drawing as SVG."""
    words = dict(line.split(": ", 1) for line in WORDS[language].strip().splitlines())
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'lang="{language}" aria-labelledby="title desc">',
        f'<title id="title">{words["title"]}</title>',
        f'<desc id="desc">{words["desc"]}</desc>',
        f"<style>{STYLE}</style>",
        f"<defs>{TIP.format('go', '#24313f')}{TIP.format('wipe', '#b3261e')}</defs>",
        rectangle("card", 1, 1, WIDTH - 2, HEIGHT - 2),
        f'<path class="watch" d="{OUTLINE}"/>',
        *(rectangle(*room) for room in ROOMS),
    ]
    for look, x, y, width, height, name in BOXES:
        top = y + (height - PITCH * len(words[name].split("/"))) // 2 + 15
        pieces.append(rectangle(look, x, y, width, height))
        pieces += lines(x + width // 2, top, "middle", f"={words[name]}")
    for look, paths in PATHS.items():
        pieces += [f'<path class="{look}" d="{path}"/>' for path in paths.split()]
    pieces += [f'<circle cx="{x}" cy="{y}" r="6"/>' for x, y in PINS]
    for x, y, look, name in LABELS:
        pieces += lines(x, y, look, words[name])
    return "\n".join([*pieces, "</svg>\n"])


if __name__ == "__main__":
    for language in WORDS:
        file = Path(__file__).with_name(f"way-of-a-frame.{language}.svg")
        file.write_text(draw(language), encoding="utf-8")
