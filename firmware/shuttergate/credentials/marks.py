"""Marks that anybody's programs read: not for training, and taken by a camera, if by a real one.

XMP, as the IPTC's guidance of March 2026 has it: `plus:DataMining` and the digital source type. The
same bytes in every photo and every video of every kit with a real camera, and of every kit with a
simulated one; nothing signs them.
"""

from __future__ import annotations

import functools
import struct

from shuttergate.claims import Camera
from shuttergate.errors import MisfitError

DATA_MINING = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCES: dict[Camera, str] = {"real": "digitalCapture", "simulated": "virtualRecording"}
"""The IPTC's names for what a camera took, and for a recording of what no camera saw."""

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 plus:DataMining="{data_mining}"
 Iptc4xmpExt:DigitalSourceType="{source}"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@functools.cache
def xmp(camera: Camera) -> bytes:
    """Return what the marks are, however they are packed."""
    return _XMP.format(data_mining=DATA_MINING, source=SOURCE + SOURCES[camera]).encode()


@functools.cache
def segment(camera: Camera) -> bytes:
    """Return the marks for a JPEG: an application segment, beside the one of EXIF."""
    content = b"http://ns.adobe.com/xap/1.0/\0" + xmp(camera)
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


@functools.cache
def box(camera: Camera) -> bytes:
    """Return the marks for an MP4: a box of its own, beside those of the film."""
    content = _XMP_UUID + xmp(camera)
    return struct.pack(">I4s", 8 + len(content), b"uuid") + content


def marked(photo: bytes | bytearray, camera: Camera) -> bytes:
    """Return a JPEG with the marks behind its EXIF block; raises `MisfitError`: it is none."""
    place = 2
    view = memoryview(photo)
    if not photo.startswith(b"\xff\xd8"):
        raise MisfitError("a photo to be marked is no JPEG")
    while photo.startswith((b"\xff\xe0", b"\xff\xe1"), place):
        place += 2 + int.from_bytes(view[place + 2 : place + 4])
    return b"".join((view[:place], segment(camera), view[place:]))
