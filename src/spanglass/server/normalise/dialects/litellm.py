"""LiteLLM: `gen_ai.cost.*` and `llm.*` of its first integration, `litellm.*` of its second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.normalise.reading import as_flag
from spanglass.server.record import Attributes, Span, Value

_TYPE: Final = "llm.request.type"
_CACHE_HIT: Final = "litellm.cache_hit"
_SCOPE: Final = "litellm"


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    """The first integration gives the name of the function that was called: `acompletion`, `aembedding`."""
    kind = span.attributes.get(_TYPE)
    if not isinstance(kind, str) or not (span.scope.name or "").startswith(_SCOPE):
        return {}
    if kind.endswith("embedding"):
        return {attr.OPERATION: "embeddings"}
    if kind.endswith("text_completion"):
        return {attr.OPERATION: "text_completion"}
    return {attr.OPERATION: "chat"} if kind.endswith(("completion", "responses")) else {}


def _correct(span: Span, _: Attributes) -> Mapping[str, Value]:
    """An answer from its cache cost nothing, whatever the usage of the answer once was."""
    if as_flag(span.attributes.get(_CACHE_HIT)) is True:
        return {attr.COST_AMOUNT: 0, attr.COST_SOURCE: "provider"}
    return {}


DIALECT: Final = Dialect(
    "LiteLLM",
    scopes=(_SCOPE,),
    names={
        "litellm.cost.total": attr.COST_AMOUNT,
        "gen_ai.cost.total_cost": attr.COST_AMOUNT,
        "llm.is_streaming": attr.REQUEST_STREAM,
        "litellm.end_user.id": attr.USER_ID,
        "llm.user": attr.USER_ID,
        "metadata.user_api_key_end_user_id": attr.USER_ID,
    },
    marks=frozenset({_CACHE_HIT, _TYPE}),
    infer=_infer,
    correct=_correct,
)
