"""Who else records calls to models: how to tell their spans, and which metrics they record, by scope name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_DURATION = metrics.OPERATION_DURATION.name
_TOKENS = metrics.TOKEN_USAGE.name
_FIRST_CHUNK = metrics.TIME_TO_FIRST_CHUNK.name


class Producer(NamedTuple):
    """What another instrumentation records of a call beside its span.

    Attributes:
        metrics: Names of ours that it records too.
        event: It records `gen_ai.client.inference.operation.details` where content is asked for.
    """

    metrics: frozenset[str] = frozenset()
    event: bool = False


NOBODY = Producer()
"""Records nothing but a span: code written by hand, OpenInference, Langfuse, the anthropic client itself."""
UTIL_GENAI = Producer(frozenset({_DURATION, _TOKENS, _FIRST_CHUNK}), event=True)
"""Everything built on opentelemetry-util-genai."""
_COUNTS = Producer(frozenset({_DURATION, _TOKENS}))

# Scope name, or the beginning of one where it ends with a dot; the first match holds. Read in the packages' sources.
PRODUCERS: tuple[tuple[str, Producer], ...] = (
    ("opentelemetry.instrumentation.genai.", UTIL_GENAI),
    ("opentelemetry.util.genai.", UTIL_GENAI),
    ("opentelemetry.instrumentation.google_genai", UTIL_GENAI),
    ("opentelemetry.instrumentation.openai_v2", _COUNTS),
    # Traceloop: opentelemetry.instrumentation.openai.v1, .anthropic, .mistralai, .ollama, ...
    ("opentelemetry.instrumentation.", _COUNTS),
    ("openlit", _COUNTS),
    ("openlit.", _COUNTS),
    ("pydantic-ai", Producer(frozenset({_TOKENS, _FIRST_CHUNK}))),
)

NOT_CURRENT = frozenset(
    {
        "openinference.instrumentation.anthropic",  # of `messages.stream`: current before the request alone
        "openinference.instrumentation.langchain",
        "opentelemetry.instrumentation.anthropic",
        "opentelemetry.instrumentation.langchain",
    }
)
"""Scopes whose spans are open but not current at the request, so that `calls.beside` has to look for them."""

AROUND = frozenset({"pydantic-ai"})
"""Scopes whose spans of a call may have one of a client that traces itself inside: both record the call."""

UNSOUND = frozenset({"opentelemetry.instrumentation.anthropic"})
"""Scopes whose spans never end where a stream is closed early, and count some output twice: a span of ours stands."""

CONTEXT_KEY = "opentelemetry.genai.client.inference.context"
"""Where opentelemetry-util-genai keeps the call in hand in the context; the only trace of it on an unsampled call."""

_INFERENCE = frozenset({"chat", "generate_content", "text_completion"})
_EMBEDDINGS = frozenset({"embeddings"})
# Attributes that say what a span is, in the dialects of those who do not write `gen_ai.operation.name`.
_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    (attr.OPERATION, _INFERENCE, _EMBEDDINGS),
    ("openinference.span.kind", frozenset({"LLM"}), frozenset({"EMBEDDING"})),
    ("llm.request.type", frozenset({"chat", "completion"}), frozenset({"embedding"})),
    ("langfuse.observation.type", frozenset({"generation"}), frozenset({"embedding"})),
    ("mlflow.spanType", frozenset({'"LLM"', '"CHAT_MODEL"'}), frozenset({'"EMBEDDING"'})),
    ("lmnr.span.type", frozenset({"LLM"}), frozenset()),
    ("langsmith.span.kind", frozenset({"llm"}), frozenset({"embedding"})),
)
# A span that says none of these but names a model was written by hand around one call.
_HAND_WRITTEN = (attr.REQUEST_MODEL, "gen_ai.system", attr.PROVIDER, "llm.model", "llm.model_name", "llm.provider")
_NOT_A_CALL = ("traceloop.span.kind", attr.AGENT_NAME, attr.TOOL_NAME, attr.STEP_TYPE, attr.WAIT_REASON)

_MODELS = (attr.REQUEST_MODEL, "llm.model_name", "llm.request.model", "llm.model")


def together(one: Producer, other: Producer) -> Producer:
    """Return what two instrumentations of the same call record between them."""
    return Producer(one.metrics | other.metrics, one.event or other.event)


def producer_of(scope: str | None) -> Producer:
    """Return what the instrumentation of a scope name records."""
    if scope is None:
        return NOBODY
    for name, producer in PRODUCERS:
        if scope == name or (name.endswith(".") and scope.startswith(name)):
            return producer
    return NOBODY


def is_span_of(operation: str, attributes: Mapping[str, object]) -> bool:
    """Say whether a span with these attributes was opened for a call like this.

    Args:
        operation: `gen_ai.operation.name` of the call.
        attributes: The span's attributes at the moment of the request.
    """
    for name, inference, embeddings in _KINDS:
        kind = attributes.get(name)
        if kind is not None:
            return kind in (embeddings if operation in _EMBEDDINGS else inference)
    if any(name in attributes for name in _NOT_A_CALL):
        return False
    return any(name in attributes for name in _HAND_WRITTEN)


def names_another_model(model: str | None, attributes: Mapping[str, object]) -> bool:
    """Say whether a span with these attributes is about another model than the one asked for; unknown is no other."""
    named = next((said for name in _MODELS if isinstance(said := attributes.get(name), str)), None)
    return model is not None and named is not None and named.rpartition("/")[2] != model.rpartition("/")[2]
