"""The publisher process: what came through the hatch, marked and signed, into the album.

The one place that knows both rooms: `capture`, which keeps, and `credentials`, which signs.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from shuttergate.capture.album import Album, Draft, nobodys_to_write
from shuttergate.capture.finish import Lacks
from shuttergate.capture.publisher import PublisherSettings, serve
from shuttergate.claims import Claims
from shuttergate.credentials import authority, marks
from shuttergate.credentials.signer import ROOM, FileSigner
from shuttergate.errors import CredentialError
from shuttergate.system import confine, spawn
from shuttergate.system.landlock import Right


class Finisher:
    """Marks and signs, as the settings say.

    A class file that cannot be used is tried again and again: it may be mended. Meanwhile nothing
    is kept where a credential is ``required``, and elsewhere each photo says what it lacks.
    """

    def __init__(self, settings: PublisherSettings) -> None:
        self._settings = settings
        self._class_file = Path(os.fsdecode(settings.class_file)) if settings.class_file else None
        self._signer: FileSigner | None = None
        self._lacks: CredentialError | None = None

    def check(self) -> None:
        """Look for the class file where it could not be used; see `Finish`."""
        if self._class_file is None or self._signer is not None:
            return
        try:
            self._signer = FileSigner(authority.read(self._class_file))
            self._lacks = None
        except CredentialError as error:
            self._lacks = error
            if self._settings.required:
                raise

    def photo(self, photo: bytes, claims: Claims) -> tuple[bytes, Lacks]:
        """See `Finish`."""
        if self._settings.marks:
            photo = marks.marked(photo, claims.camera)
        try:
            signer = self._due()
            return (signer.photo(photo, claims) if signer else photo), None
        except CredentialError as error:
            return photo, self._without(error)

    def lead(self, claims: Claims) -> bytes:
        """See `Finish`."""
        room = ROOM if self._class_file is not None else b""
        return room + (marks.box(claims.camera) if self._settings.marks else b"")

    def video(self, draft: Draft, claims: Claims) -> tuple[bytes, Lacks]:
        """See `Finish`."""
        try:
            signer = self._due()
            return (signer.video(draft, claims) if signer else b""), None
        except CredentialError as error:
            return b"", self._without(error)

    def _due(self) -> FileSigner | None:
        """Return what signs; None where nothing does, and raise where it ought to and cannot."""
        if self._class_file is not None and self._signer is None:
            self.check()
            if self._lacks is not None:
                raise self._lacks
        return self._signer

    def _without(self, error: CredentialError) -> Lacks:
        if self._settings.required:
            raise error
        return error.phrase


def main(argv: list[str] | None = None) -> None:
    """Run the publisher on an inherited socket, its settings as JSON on stdin."""
    # Writing files is its work, and all that it ever holds was cleared.
    keeps = spawn.Liberties(files=True, freed_memory=True)
    sock = spawn.begin("shuttergate-publisher", argv, keeps)
    settings = msgspec.json.decode(spawn.settings(), type=PublisherSettings)
    album = Path(os.fsdecode(settings.album))
    known = spawn.identity(album)

    def is_same() -> bool:
        return spawn.identity(album) in (None, known)

    nobodys_to_write(album)
    confine.enter_room({album: Right.MAKE_FILE | Right.WRITE | Right.REMOVE})
    confine.only_whole_files()
    # The gate gone: whatever was not yet whole has no name and vanishes with us.
    with contextlib.suppress(ConnectionError):
        serve(sock, Album(album), is_same=is_same, finish=Finisher(settings))


if __name__ == "__main__":
    main()
