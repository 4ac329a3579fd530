"""One span in a list, as search and the live tail show it."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.server.query.figures import Spend, Tokens, count, seconds, spend, text, tokens
from spanglass.server.store.protocol import Row

COLUMNS: Final = ", ".join(
    (
        *("trace_id", "span_id", "parent_span_id", "name", "work", "start_ns", "end_ns"),
        *("status", "error_type", "error_message"),
        *("service", "environment", "user_id", "session_id", "feature", "agent_name", "tool_name"),
        *("operation", "provider", "request_model", "response_model", "first_token_ns"),
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
        *("cost_state", "cost_amount", "cost_input", "cost_output", "cost_source", "cost_price_id", "cost_table"),
    )
)
"""What `span_row` reads."""
_SECOND: Final = 1_000_000_000


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One span in a list.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_span_id: 16 hex digits; None for a root.
        name: Its name.
        service: Its service.
        environment: Its deployment environment.
        work: llm, tool, agent, retrieval, db, queue, http, waiting or other.
        start: Unix seconds.
        duration: Seconds.
        status: error or ok.
        error_type: The type of its error.
        error_message: The first line of its error.
        user_id: The user.
        session_id: The session.
        feature: The feature.
        agent_name: The agent.
        tool_name: The tool.
        operation: chat, embeddings, ...; set where the span is one call to a model.
        provider: Who was asked.
        model: The model that answered, else the one asked for.
        first_token: Seconds from the request to the first content.
        tokens: Of the call.
        cost: Of the call; None where there is none or it used nothing.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    service: str | None
    environment: str | None
    work: str
    start: float
    duration: float
    status: str
    error_type: str | None
    error_message: str | None
    user_id: str | None
    session_id: str | None
    feature: str | None
    agent_name: str | None
    tool_name: str | None
    operation: str | None
    provider: str | None
    model: str | None
    first_token: float | None
    tokens: Tokens
    cost: Spend | None


def span_row(row: Row) -> SpanRow:
    """Return a row of COLUMNS as it is shown."""
    start_ns = count(row["start_ns"])
    return SpanRow(
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        parent_span_id=text(row["parent_span_id"]),
        name=str(row["name"]),
        service=text(row["service"]),
        environment=text(row["environment"]),
        work=str(row["work"]),
        start=start_ns / _SECOND,
        duration=(count(row["end_ns"]) - start_ns) / _SECOND,
        status="error" if row["status"] == "error" else "ok",
        error_type=text(row["error_type"]),
        error_message=text(row["error_message"]),
        user_id=text(row["user_id"]),
        session_id=text(row["session_id"]),
        feature=text(row["feature"]),
        agent_name=text(row["agent_name"]),
        tool_name=text(row["tool_name"]),
        operation=text(row["operation"]),
        provider=text(row["provider"]),
        model=text(row["response_model"]) or text(row["request_model"]),
        first_token=seconds(row["first_token_ns"]),
        tokens=tokens(row, prefix="", suffix="_tokens"),
        cost=spend(row),
    )
