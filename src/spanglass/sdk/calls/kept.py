"""Usage that was read for a span of somebody else's, until that ends; says what was written over it, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import Span
from opentelemetry.util.types import AttributeValue

from spanglass.sdk.calls.newest import Newest

_USAGE = "gen_ai.usage."


class Kept:
    """What the provider's answer said, by span.

    Who wraps a call by hand writes the client's figures on the span once more, after us. They need not mean the same:
    Anthropic's `input_tokens` leaves cached input out, where the attribute of that name holds it.
    """

    def __init__(self) -> None:
        self._usage: Newest[tuple[int, int], dict[str, AttributeValue]] = Newest()  # by trace and span id

    def __bool__(self) -> bool:
        """Say whether anything is kept."""
        return bool(self._usage)

    def keep(self, span: Span, attributes: Mapping[str, AttributeValue]) -> None:
        """Keep what was written on a span."""
        known = span.get_span_context()
        usage = {name: value for name, value in attributes.items() if name.startswith(_USAGE)}
        self._usage.put((known.trace_id, known.span_id), usage)

    def written_over(self, span: SDKSpan) -> dict[str, AttributeValue]:
        """Return what a span that ends should say and does not."""
        kept = self._usage.pop((span.context.trace_id, span.context.span_id), None)
        if kept is None:
            return {}
        present = span.attributes or {}
        return {name: value for name, value in kept.items() if present.get(name) != value}
