"""Strands Agents and Bedrock AgentCore: the conventions, with milliseconds where they mean seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.normalise.reading import as_ns
from spanglass.server.record import Attributes, Span, Value

_FIRST_TOKEN_MS: Final = "gen_ai.server.time_to_first_token"  # noqa: S105 - a name, not a secret


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    # Not in the table of names: others mean seconds by the same name, so this holds for Strands' own spans alone.
    found_ns = as_ns(span.attributes.get(_FIRST_TOKEN_MS))
    return {} if found_ns is None else {attr.TIME_TO_FIRST_CHUNK: found_ns / 1_000_000_000_000}


def _correct(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """It names itself as the provider, which leaves the provider unknown."""
    named = attributes.get(attr.PROVIDER, span.attributes.get("gen_ai.system"))
    return {attr.PROVIDER: None} if named == "strands-agents" else {}


DIALECT: Final = Dialect(
    "Strands Agents",
    scopes=("strands.",),
    marks=frozenset({"event_loop.cycle_id", "gen_ai.agent.tools"}),
    infer=_infer,
    correct=_correct,
)
