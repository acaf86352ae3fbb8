"""The libraries of the extra `credentials`, and how they are kept from any network.

c2pa-python makes and reads manifests; cryptography makes keys and certificates, which Python's own
library cannot.
"""

from __future__ import annotations

import importlib
from typing import Any

from shuttergate.errors import CredentialError
from shuttergate.system import extras

SETTINGS: dict[str, Any] = {
    "version": 1,
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": True,
        "verify_after_sign": False,
    },
    "core": {"allowed_network_hosts": []},
    "builder": {"thumbnail": {"enabled": False}, "intent": {"create": "digitalCapture"}},
}
"""No thumbnail: it would be a second picture. No time authority, no revocation, no manifest from
elsewhere: a kit has no network, and whoever verifies tells nobody what."""


def load(name: str = "c2pa") -> Any:
    """Return a module of the extra; raise `CredentialError` with the mend where it is missing."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise CredentialError(
            "credentials need {package}: {mend}",
            package="c2pa-python",
            mend=extras.mend("credentials", "c2pa-python>=0.38,!=0.38.2"),
        ) from error
