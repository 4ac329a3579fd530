"""The spans of Anthropic's own client (version 2 and later): current names, and a few of its own."""

from __future__ import annotations

from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect

DIALECT: Final = Dialect(
    "Anthropic client",
    scopes=("com.anthropic.sdk.",),
    names={"anthropic.message.stop_reason": attr.FINISH_REASONS, "anthropic.session.id": attr.SESSION_ID},
)
