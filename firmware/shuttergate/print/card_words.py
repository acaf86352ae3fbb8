"""What the test card says, line by line.

Every line is broken by hand, at the phrase: no line begins with a mark that may not begin one, and
the sheet comes out the same for ever. The Japanese is written by itself, not after the English.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One column. In the body "#" begins a heading, a bullet an item, a space its next line."""

    title: str
    subtitle: str
    body: str  # an empty line is half a line high
    warning: str


A4_JAPANESE = Words(
    title="テストカード",
    subtitle="ゲートがきちんと閉じるかを確かめるためのカードです",
    body="""\
#このカードについて
2つのモデルがどちらも撮影を止めるように、計算で
作った抽象模様です。人の姿は描かれておらず、
誰のことも表していません。
撮影が止まるのは機械が判断に迷ったからで、
誰かを疑ったり責めたりするものではありません。

#使い方
・模様の一辺が、カメラの画面の横幅の 40 % 以上に
 なるまで近づけます。
・曲げずに平らに持ち、むらのない光を当てます。
・つやのない紙を使い、光の反射を避けます。
・カラー、倍率 100 % で印刷し、色を鮮やかにする
 補正は切っておきます。""",
    warning="""\
このカードを見せてもゲートが閉じないキットは、
正常に動いていません。使用しないでください。""",
)
A4_ENGLISH = Words(
    title="Test card",
    subtitle="To check that the gate really closes",
    body="""\
#About this card
The square is an abstract pattern, computed so that
both models of the kit refuse it. It shows no person,
and it says nothing about anyone.
A refusal is a machine’s doubt,
never an accusation.

#How to use it
•Bring it close: the side of the square should fill
 at least 40 % of the width of the camera’s picture.
•Hold it flat, in even light.
•Use matt paper: no gloss, no reflections.
•Print it in colour, at 100 % scale, with “vivid” and
 any other enhancement switched off.""",
    warning="""\
A kit that does not close its gate for this card
is not working and must not be used.""",
)
A6_JAPANESE = Words(
    title="テストカード",
    subtitle="",
    body="""\
2つのモデルがどちらも撮影を
止めるように計算した模様です。
人の姿は描かれていません。撮影が
止まるのは機械が迷ったからで、
人を責めるものではありません。

・画面の横幅の 40 % 以上に写します。
・平らに持ち、むらなく照らします。
・つやのない紙に、カラー、倍率
 100 %、色補正なしで印刷します。""",
    warning="""\
これでゲートが閉じないキットは、
故障です。使わないでください。""",
)
A6_ENGLISH = Words(
    title="Test card",
    subtitle="",
    body="""\
An abstract pattern, computed so that
both models refuse it. It shows no
person, and says nothing of anyone.
A refusal is a machine’s doubt, never
an accusation.

•Fill at least 40 % of the frame width.
•Hold it flat, in even light.
•Print on matt paper, in colour, at
 100 % scale, without enhancement.""",
    warning="""\
A kit whose gate stays open for this
card is not working: do not use it.""",
)
