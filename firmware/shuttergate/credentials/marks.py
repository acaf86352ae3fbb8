"""Marks that anybody's programs read: not for training, and taken by a camera.

XMP, as the IPTC's guidance of March 2026 has it: `plus:DataMining` and the digital source type. The
same bytes in every photo and every video of every kit; nothing signs them.
"""

from __future__ import annotations

import struct

from shuttergate.errors import MisfitError

DATA_MINING = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
DIGITAL_CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"

XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 plus:DataMining="{DATA_MINING}"
 Iptc4xmpExt:DigitalSourceType="{DIGITAL_CAPTURE}"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>""".encode()

_APP1 = b"http://ns.adobe.com/xap/1.0/\0" + XMP
SEGMENT = b"\xff\xe1" + struct.pack(">H", len(_APP1) + 2) + _APP1
"""In a JPEG: an application segment, beside the one of EXIF."""

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
BOX = struct.pack(">I4s", 8 + len(_XMP_UUID) + len(XMP), b"uuid") + _XMP_UUID + XMP
"""In an MP4: a box of its own, beside those of the film."""


def marked(photo: bytes | bytearray) -> bytes:
    """Return a JPEG with the marks behind its EXIF block; raises `MisfitError`: it is none."""
    place = 2
    view = memoryview(photo)
    if not photo.startswith(b"\xff\xd8"):
        raise MisfitError("a photo to be marked is no JPEG")
    while photo.startswith((b"\xff\xe0", b"\xff\xe1"), place):
        place += 2 + int.from_bytes(view[place + 2 : place + 4])
    return b"".join((view[:place], SEGMENT, view[place:]))
