"""Claude Code: spans named `claude_code.*`, with counts in short names that leave cached input out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.normalise.reading import as_count
from spanglass.server.record import Attributes, Span, Value

_INPUT: Final = "input_tokens"
_READ: Final = "cache_read_tokens"
_WRITTEN: Final = "cache_creation_tokens"
_NAMES: Final = {
    "model": attr.REQUEST_MODEL,
    "output_tokens": attr.OUTPUT_TOKENS,
    _READ: attr.CACHE_READ_TOKENS,
    _WRITTEN: attr.CACHE_WRITE_TOKENS,
    "cost_usd": attr.COST_AMOUNT,
    "tool_name": attr.TOOL_NAME,
}
"""So short that they mean this in its own spans alone."""


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    if not span.name.startswith("claude_code."):
        return {}
    sent = span.attributes
    found = {current: sent[name] for name, current in _NAMES.items() if name in sent}
    if attr.REQUEST_MODEL in found and _INPUT in sent:
        found[attr.OPERATION], found[attr.PROVIDER] = "chat", "anthropic"
        found[attr.INPUT_TOKENS] = sum(as_count(sent.get(name)) or 0 for name in (_INPUT, _READ, _WRITTEN))
    return found


DIALECT: Final = Dialect(
    "Claude Code",
    scopes=("com.anthropic.claude_code",),
    marks=frozenset({_INPUT, _READ, _WRITTEN}),
    infer=_infer,
)
