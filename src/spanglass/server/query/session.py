"""What was said in this session: its turns in order, each with question and answer, timings and cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Final

import msgspec

from spanglass.errors import NotFound, QueryError
from spanglass.semconv.attributes import TURN_NAME
from spanglass.server.normalise.dialect import Content
from spanglass.server.query.figures import Money, Tokens, count, money, tokens, whole
from spanglass.server.query.said import said
from spanglass.server.query.sessions import SessionRow, session_rows, spans_of
from spanglass.server.query.statement import in_list, statement
from spanglass.server.query.steps import demand_range
from spanglass.server.record import Value
from spanglass.server.store.protocol import Parameter, Row, Store

MAX_LIMIT: Final = 100
MOST_TURNS: Final = 100_000
SHORT: Final = 1_000
"""Characters shown of what was said."""
_SECOND: Final = 1_000_000_000
_LAST_CALLS: Final = 3
"""Calls of a turn in which the answer is looked for, the last first: one that asks for a tool says nothing."""
_PAGE_BYTES: Final = 8 * 1024 * 1024
_MOST_SPANS: Final = 20_000
_COLUMNS: Final = (
    *("trace_key", "trace_id", "span_id", "parent_span_id", "name", "start_ns"),
    *("end_ns", "status", "operation", "resend_count", "first_token_ns"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("cost_state", "cost_amount", "CASE WHEN sg_holds(attributes, $mark) THEN 1 ELSE 0 END AS marked"),
)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: a trace or, where a trace holds several marked turns, one of them.

    Attributes:
        trace_id: 32 hex digits.
        span_id: The span that stands for it: the one that marks it, else the root, else the earliest.
        name: Of that span.
        start: Unix seconds.
        duration: Seconds.
        gap: Seconds from the end of the turn before to its start, below 0 where they overlap; None for the first.
        first_token: Seconds from its start to the first content of any of its calls.
        status: error where that span failed; else ok.
        errors: Spans with status error.
        calls: Model calls (attempts less retries).
        retries: Retried attempts.
        tokens: Summed over model calls.
        cost: Summed over model calls.
        question: The last thing the user said, at most 1,000 characters; None where content is not recorded.
        answer: The last thing the model said; likewise.
    """

    trace_id: str
    span_id: str
    name: str
    start: float
    duration: float
    gap: float | None
    first_token: float | None
    status: str
    errors: int
    calls: int
    retries: int
    tokens: Tokens
    cost: Money
    question: str | None
    answer: str | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        session: Its sums; those of the list of sessions.
        turns: A page of its turns, oldest first.
        next_offset: Where the next page begins; None on the last.
    """

    session: SessionRow
    turns: tuple[Turn, ...]
    next_offset: int | None


def session(store: Store, session_id: str, *, start_ns: int, end_ns: int, offset: int = 0, limit: int = 50) -> Session:
    """Return a session with a page of its turns, as far as they lie in a range.

    Args:
        store: Where to look.
        session_id: As sent.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        offset: Turns to skip, oldest first.
        limit: Most turns in the answer, 1 to 100.

    Raises:
        NotFound: No span in the range names it.
        QueryError: The range or limit is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    demand_range(start_ns, end_ns)
    if not 1 <= limit <= MAX_LIMIT or not 0 <= offset <= MOST_TURNS:
        raise QueryError(f"The limit is {limit} and the offset {offset}; use 1 to {MAX_LIMIT}, and 0 to {MOST_TURNS}.")
    which = spans_of(store, range(start_ns, end_ns), [session_id])
    if which is None:
        raise NotFound(
            f"There is no session {session_id[:200]!r} in this range; choose a longer one, or see the list of sessions."
        )
    before = 1 if offset else 0  # the turn before the page, for the gap
    bounds: Mapping[str, Parameter] = {
        "session_id": session_id,
        "mark": f'"{TURN_NAME}"',
        "limit": before + limit + 1,
        "skip": offset - before,
    }
    sql = statement(
        "session_turns", sums=statement("sums"), spans=statement("session_spans", columns=", ".join(_COLUMNS))
    )
    found = store.select(sql, {**which, **bounds})
    shown = found[before : before + limit]
    spoken = _spoken(store, shown)
    return Session(
        session=session_rows(store, which)[session_id],
        turns=tuple(
            _turn(row, found[place - 1] if place else None, spoken[place - before])
            for place, row in enumerate(found[: before + limit])
            if place >= before
        ),
        next_offset=offset + limit if len(found) > before + limit else None,
    )


def _turn(row: Row, earlier: Row | None, spoken: tuple[str | None, str | None]) -> Turn:
    first_ns, last_ns, content_ns = count(row["first_ns"]), count(row["last_ns"]), whole(row["first_content_ns"])
    attempts, retries = count(row["attempts"]), count(row["retries"])
    return Turn(
        trace_id=str(row["trace_id"]),
        span_id=str(row["head_id"]),
        name=str(row["head_name"]),
        start=first_ns / _SECOND,
        duration=(last_ns - first_ns) / _SECOND,
        gap=None if earlier is None else (first_ns - count(earlier["last_ns"])) / _SECOND,
        first_token=None if content_ns is None else (content_ns - first_ns) / _SECOND,
        status="error" if row["head_status"] == "error" else "ok",
        errors=count(row["errors"]),
        calls=attempts - retries,
        retries=retries,
        tokens=tokens(row),
        cost=money(row),
        question=spoken[0],
        answer=spoken[1],
    )


def _spoken(store: Store, turns: Sequence[Row]) -> list[tuple[str | None, str | None]]:
    """Return question and answer of each turn, read from its last calls, else from the span that stands for it."""
    if not turns:
        return []
    names, named = in_list(sorted({count(turn["trace_key"]) for turn in turns}), "key")
    where: dict[str, Parameter] = {
        **named,
        "first_ns": min(count(turn["first_ns"]) for turn in turns),
        "last_ns": max(count(turn["last_ns"]) for turn in turns),
    }
    heads = {**where, "heads": [str(turn["head_id"]) for turn in turns], "most": _MOST_SPANS}
    by_trace: defaultdict[str, list[Row]] = defaultdict(list)
    for row in store.select(statement("session_sizes", keys=names), heads):
        by_trace[str(row["trace_id"])].append(row)
    chosen = [_candidates(turn, by_trace[str(turn["trace_id"])]) for turn in turns]
    wanted, taken = list[str](), 0
    for row in (row for rows in zip_longest(*chosen) for row in rows if row is not None):
        taken += count(row["size"])
        if taken <= _PAGE_BYTES:
            wanted.append(str(row["span_id"]))
    texts = store.select(statement("session_said", keys=names), {**where, "span_ids": wanted}) if wanted else ()
    spoken = {_key(row): said(row) for row in texts}
    return [_question_and_answer([spoken.get(_key(row)) for row in rows]) for rows in chosen]


def _key(row: Row) -> tuple[str, str, int]:
    return str(row["trace_id"]), str(row["span_id"]), count(row["start_ns"])


def _candidates(turn: Row, rows: Sequence[Row]) -> list[Row]:
    """Return those of a trace's spans in which a turn's messages may stand, the likeliest first."""
    inside = [row for row in rows if count(turn["first_ns"]) <= count(row["start_ns"]) <= count(turn["last_ns"])]
    calls = sorted(
        (row for row in inside if row["operation"] is not None),
        key=lambda row: (row["status"] != "error", count(row["end_ns"])),
        reverse=True,
    )
    return [
        *calls[:_LAST_CALLS],
        *(row for row in inside if row["span_id"] == turn["head_id"] and row["operation"] is None),
    ]


def _question_and_answer(contents: Sequence[Content | None]) -> tuple[str | None, str | None]:
    question = answer = None
    for content in contents:
        if content is not None:
            question = question or _last(content.input_messages, "user")
            answer = answer or _last(content.output_messages, "assistant")
    return question, answer


def _last(messages: Sequence[Value], role: str) -> str | None:
    """Return the text of the last message of a role that has any."""
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == role:
            parts = message.get("parts")
            said = (
                "\n".join(_texts(parts)) if isinstance(parts, Sequence) and not isinstance(parts, str | bytes) else ""
            )
            if said.strip():
                return said if len(said) <= SHORT else f"{said[: SHORT - 1]}…"
    return None


def _texts(parts: Sequence[Value]) -> list[str]:
    texts = (part.get("content") for part in parts if isinstance(part, Mapping) and part.get("type") == "text")
    return [text for text in texts if isinstance(text, str)]
