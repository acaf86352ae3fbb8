"""Draws docs/way-of-a-frame.en.svg and .ja.svg: from the camera to the album, room by room."""

from __future__ import annotations

from html import escape
from pathlib import Path

Both = tuple[str, str]  # English, Japanese
LANGUAGES = ("en", "ja")
WIDTH, HEIGHT = 1200, 620
LINE = 20  # from one baseline to the next

TITLE = ("The way of a frame", "フレームがたどる道")
DESCRIPTION = (
    "The camera's frame goes to the channel open-nsfw, whose score becomes a verdict. Five clear "
    "frames in a row, none older than 250 ms, and no fault open the gate; only then does the "
    "permissive line, a wire, give the shutter button current. A press takes the newest clear "
    "frame from memory; after a second look it is encoded and goes through a hatch to the "
    "publisher process, which writes it into the album. A frame that is not clear is wiped.",
    "カメラのフレームを open-nsfw が採点し、判定します。問題なしが5フレーム続き、最新のものが"
    "250ミリ秒以内で、故障もないときだけ門が開き、許可線という電線を通ってシャッターボタンに電流が"
    "流れます。押すと、メモリで待つ最新の問題なしのフレームを再確認し、JPEGにして、受け渡し口から"
    "発行プロセスへ渡し、アルバムに保存します。問題なしでないフレームは消去します。",
)
STYLE = """
text { font: 16px system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; fill: #24313f }
.title { font-weight: 600; font-size: 18px } .room { font-weight: 600; fill: #40566b }
.clear { fill: #17733b; font-weight: 600 } .blocked { fill: #b3261e; font-weight: 600 }
.copper { fill: #9a4b12; font-weight: 600 } .quiet { fill: #55636f }
.left { text-anchor: start } .middle { text-anchor: middle }
.box { fill: #fff; stroke: #40566b; stroke-width: 1.5 }
.part { fill: #fff3e6; stroke: #b45f1d; stroke-width: 2 }
.bin { fill: #fdecea; stroke: #b3261e; stroke-width: 1.5 }
.go, .wipe, .wire { fill: none; stroke-linejoin: round }
.go { stroke: #24313f; stroke-width: 2; marker-end: url(#dark) }
.wipe { stroke: #b3261e; stroke-width: 2; stroke-dasharray: 6 5; marker-end: url(#red) }
.wire { stroke: #c8691c; stroke-width: 6 } .pin { fill: #fff; stroke: #c8691c; stroke-width: 4 }
"""


class Drawing:
    """One language's picture, put together piece by piece."""

    def __init__(self, language: int) -> None:
        self._language = language
        self._pieces: list[str] = []

    def shape(self, markup: str) -> None:
        """Lay a piece of SVG on top."""
        self._pieces.append(markup)

    def room(self, x: int, y: int, width: int, height: int, fill: str, *lines: Both) -> None:
        """A process: what is outside it reaches it only where an arrow does."""
        self.rectangle(x, y, width, height, 14, f'fill="{fill}" stroke="#6c8197" stroke-width="2"')
        for number, line in enumerate(lines):
            self.say(x + 14, y + 26 + number * LINE, line, "room left")

    def rectangle(self, x: int, y: int, width: int, height: int, round_: int, look: str) -> None:
        """A rectangle with round corners."""
        size = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{round_}"'
        self.shape(f"<rect {size} {look}/>")

    def box(
        self, x: int, y: int, width: int, height: int, kind: str, *lines: Both | tuple[Both, str]
    ) -> None:
        """A box with its title and lines in the middle; a line may come with a class of its own."""
        self.rectangle(x, y, width, height, 8, f'class="{kind}"')
        top = y + (height - LINE * len(lines)) // 2 + 15
        for number, line in enumerate(lines):
            text, look = line if isinstance(line[0], tuple) else (line, "")
            look = look or ("" if number else "title")
            self.say(x + width // 2, top + number * LINE, text, f"{look} middle")  # type: ignore[arg-type]

    def say(self, x: int, y: int, text: Both, look: str) -> None:
        """A line of text with its baseline at `y`."""
        words = escape(text[self._language], quote=False)
        self.shape(f'<text x="{x}" y="{y}" class="{look.strip()}">{words}</text>')

    def path(self, kind: str, d: str) -> None:
        """An arrow of the software ("go"), a way to the bin ("wipe"), or a real wire ("wire")."""
        self.shape(f'<path class="{kind}" d="{d}"/>')

    def pin(self, x: int, y: int) -> None:
        """Where a wire meets the computer."""
        self.shape(f'<circle class="pin" cx="{x}" cy="{y}" r="6"/>')

    def svg(self) -> str:
        """Return the whole file."""
        tips = "".join(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
            for name, colour in (("dark", "#24313f"), ("red", "#b3261e"))
        )
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'lang="{LANGUAGES[self._language]}" aria-labelledby="title desc">\n'
            f'<title id="title">{TITLE[self._language]}</title>\n'
            f'<desc id="desc">{DESCRIPTION[self._language]}</desc>\n'
            f"<style>{STYLE}</style>\n<defs>{tips}</defs>\n"
        )
        return head + "\n".join(self._pieces) + "\n</svg>\n"


def way(language: int) -> str:
    """Return the drawing as SVG."""
    at = Drawing(language)
    at.rectangle(1, 1, WIDTH - 2, HEIGHT - 2, 18, 'fill="#fbfaf7" stroke="#d5d9de"')
    rooms(at)
    live(at)
    press(at)
    return at.svg()
