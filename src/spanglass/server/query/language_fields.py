"""The fields of the filter language: one table of what a query may name, which the docs and errors read, too."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What a field holds, and so how it may be compared."""

    TEXT = "text"
    LIST = "list of texts"
    COUNT = "whole number"
    SECONDS = "time, such as 2s, 500ms or 1m"
    MONEY = "US dollars"
    FLAG = "true or false"


class Field(NamedTuple):
    """One row of the table.

    Attributes:
        name: In a query.
        kind: How it is compared.
        columns: SQL of what it is; a test holds where it holds of one of them.
        help: What it is.
        words: Values it can have; none where any text is right.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    help: str
    words: tuple[str, ...] = ()


_WORK: Final = ("llm", "tool", "agent", "retrieval", "db", "queue", "http", "waiting", "other")
_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATES: Final = ("reported", "computed", "estimated", "unpriced")
_FIELDS: Final = (
    Field("service", Kind.TEXT, ("service",), "the service"),
    Field("environment", Kind.TEXT, ("environment",), "the deployment environment"),
    Field("name", Kind.TEXT, ("name",), "the span's name"),
    Field("work", Kind.TEXT, ("work",), "what its time is spent on", _WORK),
    Field("kind", Kind.TEXT, ("kind",), "its kind", _KINDS),
    Field("status", Kind.TEXT, ("status",), "how it ended; what did not fail is ok", ("ok", "error")),
    Field("error.type", Kind.TEXT, ("error_type",), "the type of its error"),
    Field("error.message", Kind.TEXT, ("error_message",), "the first line of its error"),
    Field("error.group", Kind.TEXT, ("error_group",), "the group of its error"),
    Field("duration", Kind.SECONDS, ("(end_ns - start_ns)",), "from its start to its end"),
    Field("user", Kind.TEXT, ("user_id",), "the user"),
    Field("session", Kind.TEXT, ("session_id",), "the session or conversation"),
    Field("feature", Kind.TEXT, ("feature",), "the feature of the application"),
    Field("tag", Kind.LIST, ("tags",), "a tag"),
    Field("prompt", Kind.TEXT, ("prompt_name",), "the prompt template"),
    Field("prompt.version", Kind.TEXT, ("prompt_version",), "its version"),
    Field("agent", Kind.TEXT, ("agent_name",), "the agent"),
    Field("tool", Kind.TEXT, ("tool_name",), "the tool"),
    Field("model", Kind.TEXT, ("response_model", "request_model"), "the model that answered or was asked for"),
    Field("provider", Kind.TEXT, ("provider",), "who was asked"),
    Field("operation", Kind.TEXT, ("operation",), "chat, embeddings, ...; of calls to a model alone"),
    Field("response", Kind.TEXT, ("response_id",), "the provider's id of the answer"),
    Field("finish", Kind.LIST, ("finish_reasons",), "why the answer ended"),
    Field("first_token", Kind.SECONDS, ("first_token_ns",), "from the request to the first content of a stream"),
    Field("first_chunk", Kind.SECONDS, ("first_chunk_ns",), "from the request to the first event of a stream"),
    Field(
        "tokens",
        Kind.COUNT,
        ("coalesce(input_tokens + output_tokens, input_tokens, output_tokens)",),
        "tokens in and out together",
    ),
    Field("tokens.input", Kind.COUNT, ("input_tokens",), "tokens in, cached ones included"),
    Field("tokens.output", Kind.COUNT, ("output_tokens",), "tokens out, reasoning included"),
    Field("tokens.cache_read", Kind.COUNT, ("cache_read_tokens",), "tokens read from the provider's cache"),
    Field("tokens.cache_write", Kind.COUNT, ("cache_write_tokens",), "tokens written to it"),
    Field("tokens.reasoning", Kind.COUNT, ("reasoning_tokens",), "tokens of reasoning"),
    Field("cost", Kind.MONEY, ("cost_amount",), "what the call cost"),
    Field("cost.state", Kind.TEXT, ("cost_state",), "how its cost is known", _STATES),
    Field("retry", Kind.COUNT, ("resend_count",), "which retry this attempt is"),
    Field("stream", Kind.FLAG, ("stream",), "the answer was streamed"),
    Field("incomplete", Kind.FLAG, ("incomplete",), "the answer ended before its end"),
    Field("root", Kind.FLAG, ("(parent_span_id IS NULL)",), "it is the root of its trace"),
    Field("scope", Kind.TEXT, ("scope_name",), "the instrumentation that recorded it"),
    Field("trace", Kind.TEXT, ("trace_id",), "the trace's id"),
    Field("span", Kind.TEXT, ("span_id",), "the span's id"),
)
FIELDS: Final = {row.name: row for row in _FIELDS}
SAID: Final = "said"
"""Names text to find in captured content."""
HAS: Final = "has"
"""Names a field or attribute that must be there."""
SPAN_ATTRIBUTE: Final = "attr."
RESOURCE_ATTRIBUTE: Final = "resource."
