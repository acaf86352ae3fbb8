"""Print what every pack whose files are here answers to its known pictures, to six digits."""

from __future__ import annotations

import json

from shuttergate.errors import PackError
from shuttergate.system.paths import share
from shuttergate.vision.channel import Channel
from shuttergate.vision.known import paint
from shuttergate.vision.pack import read_pack
from shuttergate.vision.selftest import SelfTest


def main() -> None:
    for manifest in sorted(share("models").glob("*/model.toml")):
        pack = read_pack(manifest.parent)
        try:
            content = pack.content()
        except PackError:  # others publish it, and it was not brought here
            row = {"pack": pack.name, "picture": "its file is not here", "scores": []}
            print(json.dumps(row | {"tolerance": 0}))
            continue
        channel = Channel(pack, pack.model(content))
        for answer in channel.known_answers:
            picture = paint(answer.picture, channel.lores_size)
            told = [channel.score(picture)]
            if channel.close is not None:
                told.append(channel.close(channel.embedder.with_map(picture)[1]))
            tolerance = answer.tolerance if pack.manifest.edgetpu else 0
            row = {"pack": pack.name, "picture": answer.picture, "tolerance": tolerance}
            print(json.dumps(row | {"scores": [f"{score:.6f}" for score in told]}))
        SelfTest([channel]).ask_all()


main()
