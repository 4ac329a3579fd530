"""What must be known to end a wait elsewhere, as text that can be stored or sent; starts no spans."""

from __future__ import annotations

import base64
import contextvars
import json
from typing import NamedTuple

from opentelemetry.context import Context

from spanglass.sdk.propagation.message import extract, inject

_LONGEST = 8192
_LONGEST_NAME = 256


class Ticket(NamedTuple):
    """A wait that was requested.

    Attributes:
        name: What is to be decided.
        reason: What kind of wait it is.
        began_ns: When it was requested, nanoseconds since the epoch.
        headers: The context of the request, as `inject` writes it.
    """

    name: str
    reason: str
    began_ns: int
    headers: dict[str, str]

    @classmethod
    def issued(cls, name: str, reason: str, began_ns: int) -> Ticket:
        """Return a ticket of the current context."""
        return cls(name[:_LONGEST_NAME], reason[:_LONGEST_NAME], began_ns, inject())

    @classmethod
    def read(cls, token: object) -> Ticket | None:
        """Read what `write` wrote; None for anything else, for tokens pass through many hands."""
        if not isinstance(token, str) or len(token) > _LONGEST:
            return None
        try:
            name, reason, began_ns, headers = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
        except (ValueError, TypeError, RecursionError):
            return None
        known = isinstance(name, str) and isinstance(reason, str) and type(began_ns) is int and began_ns >= 0
        return cls(name, reason, began_ns, headers) if known and isinstance(headers, dict) else None

    def write(self) -> str:
        """Write it as ASCII that is safe in a URL."""
        return base64.urlsafe_b64encode(json.dumps(self, separators=(",", ":")).encode()).decode("ascii")

    def context(self) -> Context:
        """Return the context of the request."""
        # In an empty context: what is around the decision is not around the request.
        return contextvars.Context().run(lambda: extract(self.headers).context)
