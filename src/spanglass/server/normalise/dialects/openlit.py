"""OpenLIT: the conventions, with `gen_ai.usage.cost` and names of its own for users, sessions and first tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.record import Attributes, Span, Value

_ENDPOINT: Final = "gen_ai.endpoint"


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Older versions name the method that was called, such as `openai.chat.completions`, instead of an operation."""
    endpoint = span.attributes.get(_ENDPOINT)
    if not isinstance(endpoint, str) or attr.AGENT_NAME in attributes:
        return {}
    if "embed" in endpoint:
        return {attr.OPERATION: "embeddings"}
    return {attr.OPERATION: "chat"} if "chat" in endpoint or "messages" in endpoint else {}


DIALECT: Final = Dialect(
    "OpenLIT",
    scopes=("openlit",),
    names={
        "gen_ai.usage.cost": attr.COST_AMOUNT,
        "gen_ai.usage.prompt_tokens_details.cached_tokens": attr.CACHE_READ_TOKENS,
        "gen_ai.usage.prompt_tokens_details.cache_creation_tokens": attr.CACHE_WRITE_TOKENS,
        "gen_ai.usage.completion_tokens_details.reasoning_tokens": attr.REASONING_TOKENS,
        "gen_ai.usage.completion_tokens_details.audio_tokens": attr.OUTPUT_AUDIO_TOKENS,
        "gen_ai.server.time_to_first_token": attr.TIME_TO_FIRST_CHUNK,  # seconds; Strands means milliseconds
        "gen_ai.request.is_stream": attr.REQUEST_STREAM,
        "gen_ai.user.id": attr.USER_ID,
        "gen_ai.request.user": attr.USER_ID,
        "gen_ai.session.id": attr.SESSION_ID,
        "gen_ai.agent.session_id": attr.SESSION_ID,
    },
    marks=frozenset({_ENDPOINT}),
    infer=_infer,
)
