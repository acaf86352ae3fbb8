"""A HEIC picture, as phones make: HEVC in ISO/IEC 23008-12's boxes, written here from a picture.

Nothing that is at hand writes one without code under the GPL in the kit's own dependencies: tests
have PyAV, whose x265 encodes the tiles, and the boxes are few.
"""

from __future__ import annotations

import struct
from fractions import Fraction

import av
from PIL import Image

TILE = 64
"""A phone's picture is a grid of tiles, which a decoder puts together; a phone's are of 512."""


def heic(image: Image.Image, quarters: int = 0, exif: bytes = b"", brand: bytes = b"heic") -> bytes:
    """Return a HEIC of `image`, whose sides are multiples of `TILE`, as a grid of tiles.

    ``quarters``: how often a viewer is to turn it by 90 degrees, counterclockwise (`irot`);
    ``exif``: TIFF bytes, for an item of their own; ``brand``: the major one.
    """
    columns, rows = image.width // TILE, image.height // TILE
    boxes = [(x * TILE, y * TILE) for y in range(rows) for x in range(columns)]
    tiles = [_hevc(image.crop((x, y, x + TILE, y + TILE))) for x, y in boxes]
    grid = len(tiles) + 1
    contents = [content for _, content in tiles]
    contents.append(struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, image.width, image.height))
    kinds = [b"hvc1"] * len(tiles) + [b"grid"]
    references = _box(b"dimg", struct.pack(f">HH{len(tiles)}H", grid, len(tiles), *range(1, grid)))
    if exif:
        contents.append(struct.pack(">I", 0) + exif)
        kinds.append(b"Exif")
        references += _box(b"cdsc", struct.pack(">HHH", grid + 1, 1, grid))
    properties = [
        tiles[0][0],  # one encoder, one way: the same for all
        _full(b"ispe", struct.pack(">II", TILE, TILE)),
        _full(b"ispe", struct.pack(">II", *image.size)),
        _box(b"irot", bytes([quarters])),
    ]
    own = [[1, 2]] * len(tiles) + [[3, 4]]
    associations = b"".join(
        struct.pack(">HB", item, len(used)) + bytes(0x80 | one for one in used)
        for item, used in enumerate(own, 1)
    )
    infos = b"".join(
        _full(b"infe", struct.pack(">HH4sx", item, 0, kind), 2, item < grid)
        for item, kind in enumerate(kinds, 1)
    )
    head = _box(b"ftyp", brand + bytes(4) + b"mif1heic")

    def meta(offset: int) -> bytes:
        places = b""
        for item, content in enumerate(contents, 1):
            places += struct.pack(">HHHII", item, 0, 1, offset, len(content))
            offset += len(content)
        return _full(
            b"meta",
            _full(b"hdlr", struct.pack(">4x4s12xx", b"pict"))
            + _full(b"pitm", struct.pack(">H", grid))
            + _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(contents)) + places)
            + _full(b"iinf", struct.pack(">H", len(kinds)) + infos)
            + _full(b"iref", references)
            + _box(
                b"iprp",
                _box(b"ipco", b"".join(properties))
                + _full(b"ipma", struct.pack(">I", len(own)) + associations),
            ),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + _box(b"mdat", b"".join(contents))


def _hevc(image: Image.Image) -> tuple[bytes, bytes]:
    """Return a picture's box `hvcC` (ISO/IEC 14496-15, 8.3.3.1), and its HEVC, each unit sized."""
    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = image.width, image.height, "yuv420p"
    encoder.time_base = Fraction(1)
    encoder.options = {"x265-params": "log-level=none:crf=8:info=0"}
    packets = [*encoder.encode(av.VideoFrame.from_image(image)), *encoder.encode()]
    stream = b"".join(map(bytes, packets)).replace(b"\0\0\0\1", b"\0\0\1")
    units = stream.split(b"\0\0\1")[1:]
    heads = {unit[0] >> 1: unit for unit in units if unit[0] >> 1 in (32, 33, 34)}  # VPS, SPS, PPS
    profile = heads[33].replace(b"\0\0\3", b"\0\0")[3:15]
    # 4:2:0 of 8 bits; sizes of four bytes.
    decoder = b"\1" + profile + bytes.fromhex("f000 fc fd f8 f8 0000 0f 03")
    for kind, unit in heads.items():
        decoder += struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit
    slices = [unit for unit in units if unit[0] >> 1 < 32]
    return _box(b"hvcC", decoder), b"".join(struct.pack(">I", len(one)) + one for one in slices)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, bytes([version]) + flags.to_bytes(3) + content)
