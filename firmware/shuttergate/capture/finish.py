"""What photos and videos are given on their way into the album, before they have a name.

The publisher knows where it goes; what it is, others know: see `publisher_process`.
"""

from __future__ import annotations

from typing import Protocol

from shuttergate.capture.album import Draft
from shuttergate.claims import Claims
from shuttergate.errors import Phrase

Lacks = Phrase | None
"""Why something has no credential that ought to have one."""


class Finish(Protocol):
    """Each may raise `CredentialError`: without a credential nothing is to be kept."""

    def check(self) -> None:
        """Say whether the next photo could be finished."""

    def photo(self, photo: bytes, claims: Claims) -> tuple[bytes, Lacks]:
        """Return a JPEG as it is to be kept, and what it lacks."""

    def lead(self, claims: Claims) -> bytes:
        """Return what a video is to have behind its first box."""

    def video(self, draft: Draft, claims: Claims) -> tuple[bytes, Lacks]:
        """Return what comes over its lead's first bytes once it is whole, and what it lacks."""


class AsItIs:
    """Adds nothing."""

    def check(self) -> None:
        """Nothing can go wrong."""

    def photo(self, photo: bytes, claims: Claims) -> tuple[bytes, Lacks]:
        """As it is."""
        return photo, None

    def lead(self, claims: Claims) -> bytes:
        """Nothing."""
        return b""

    def video(self, draft: Draft, claims: Claims) -> tuple[bytes, Lacks]:
        """As it is."""
        return b"", None
