"""What answers of interfaces without streams share: they are one document; what it says, the interface reads."""

from __future__ import annotations

from spanglass.wire.codec import Seen
from spanglass.wire.document import parse


class UnstreamedAnswer:
    """Keeps the document of an answer; the half of `codec.Answer` that is the same for all."""

    length = 0

    def __init__(self) -> None:
        self.complete = False
        self._document: dict[str, object] = {}

    def event(self, name: str, data: bytes) -> Seen:  # noqa: ARG002 - the seam has streams, these interfaces none
        """Take an event no server sends: a chunk that says nothing."""
        return Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:
        """Take what cannot be: an interface without content has nothing to skim."""

    def document(self, data: bytes) -> None:
        """Take a body."""
        document = parse(data)
        if document is not None:
            self._document = document
            self.complete = True
