"""What is signed: taken by a camera, not for training, and by what it was cleared.

C2PA 2.2 and CAWG 1.1, and one assertion of our own, `GATE`. The same for every photo of a kit until
its models, rules or settings change: nothing in it is of one photo but its digest.
"""

from __future__ import annotations

import functools
import json

import msgspec

from shuttergate import __version__
from shuttergate.claims import Claims

GATE = "org.shuttergate.gate"
TRAINING = "cawg.training-mining"
USES = ("ai_generative_training", "ai_inference", "ai_training", "data_mining")
GENERATOR = "shuttergate"


@functools.lru_cache(maxsize=1)
def _encoded(claims: bytes) -> str:
    gate = {"kit": __version__, **json.loads(claims)}
    training = {f"cawg.{use}": {"use": "notAllowed"} for use in USES}
    return json.dumps(
        {
            "claim_generator_info": [{"name": GENERATOR, "version": __version__}],
            "assertions": [
                {"label": TRAINING, "data": {"entries": training}},
                {"label": GATE, "data": gate},
            ],
        }
    )


def manifest(claims: Claims) -> str:
    """Return the manifest's definition as c2pa has it, but for `c2pa.created`: see `library`."""
    return _encoded(msgspec.json.encode(claims, order="sorted"))
