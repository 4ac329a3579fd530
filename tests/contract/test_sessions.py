"""Sessions and their turns, the same on every engine."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, computed, resource, span, span_id, trace_id
from spanglass.call import Usage
from spanglass.errors import NotFound, QueryError
from spanglass.semconv.attributes import TURN_NAME
from spanglass.server.query.figures import Money, Tokens
from spanglass.server.query.filters import Filters
from spanglass.server.query.session import SHORT, Session, session
from spanglass.server.query.sessions import SessionRow, sessions
from spanglass.server.record import Attributes, Status, StoredSpan
from spanglass.server.store.protocol import Store

END = T0 + 10_000 * SECOND
SLASHES = "a/b c?d=#%é"


def said(question: str, answer: str | None = None) -> Attributes:
    """Return the messages of a call as the conventions say them; without an answer it asked for a tool."""
    parts: dict[str, Any] = {"type": "text", "content": answer} if answer else {"type": "tool_call", "name": "look_up"}
    asked = [{"role": "user", "parts": [{"type": "text", "content": text}]} for text in ("Before", question)]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(
            [*asked, {"role": "assistant", "parts": [{"type": "text", "content": "Hm"}]}]
        ),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [parts]}]),
    }


def of(session_id: str | None, stored: StoredSpan, **facts: str) -> StoredSpan:
    """Return a span of a session."""
    return StoredSpan(stored.span, replace(stored.facts, session_id=session_id, **facts), stored.cost)


def talk() -> list[StoredSpan]:
    """Return a session of three traces, the calls of the first without its name, and two sessions beside it."""
    usage = Usage(input_tokens=10, output_tokens=2)
    return [
        of("s1", span(1, 1, at=10, lasts=5, name="POST /chat"), user_id="ann", feature="help"),
        call(1, 2, 1, at=11, lasts=1, cost=computed("0.01"), usage=usage, attributes=said("Hello?")),
        call(1, 3, 1, at=13, lasts=2, cost=computed("0.02"), first_token=0.5, attributes=said("Hello?", "Hi, Ann")),
        of("s1", call(2, 4, at=20, lasts=2, status=Status.ERROR, cost=None, sender=resource("edge", "staging"))),
        of("s1", call(3, 5, at=30, lasts=4, model="new", attributes=said("And now?", "x" * 2 * SHORT))),
        of("s2", span(4, 6, at=25, lasts=1, name="GET /"), user_id="bob"),
        of(SLASHES, span(5, 7, at=5, lasts=1, name="other"), user_id="ann"),
        span(6, 8, at=40, name="nobody's"),
    ]


@pytest.fixture
def full(store: Store) -> Store:
    """Return a store that holds the talk."""
    store.write([batch(*talk())])
    return store


def listed(store: Store, **narrowed: str) -> list[str]:
    """Return the ids of the sessions of the whole time."""
    return [row.session_id for row in sessions(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed)).sessions]


def opened(store: Store, session_id: str, **more: int) -> Session:
    """Return a session of the whole time."""
    return session(store, session_id, start_ns=T0, end_ns=END, **more)


def test_sessions_are_summed_over_their_traces(full: Store) -> None:
    """A session counts all spans of its traces, those that do not name it, too."""
    first = sessions(full, start_ns=T0, end_ns=END).sessions[0]

    assert first == SessionRow(
        session_id="s1",
        user_id="ann",
        environment="production",
        start=T0 / SECOND + 10,
        end=T0 / SECOND + 34,
        duration=24.0,
        turns=3,
        calls=4,
        retries=0,
        errors=1,
        status="error",
        tokens=Tokens(input=10, output=2),
        cost=Money(amount=Decimal("0.03"), computed=Decimal("0.03"), calls=3, unpriced=1),
        services=("edge", "shop"),
        features=("help",),
        models=("gpt", "new"),
    )


def test_the_newest_activity_comes_first(full: Store) -> None:
    """Sessions come in the order of the last span that names them."""
    assert listed(full) == ["s1", "s2", SLASHES]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"user_id": "ann"}, ["s1", SLASHES]),
        ({"model": "gpt"}, ["s1"]),
        ({"environment": "staging"}, ["s1"]),
        ({"session_id": "s2"}, ["s2"]),
        ({"status": "error"}, ["s1"]),
        ({"status": "ok"}, ["s2", SLASHES]),
        ({"user_id": "ann", "service": "edge"}, []),
        ({"q": "user:ann -feature:help"}, [SLASHES]),
        ({"text": "hello?"}, ["s1"]),
        ({"user_id": "nobody"}, []),
    ],
)
def test_sessions_are_narrowed_by_their_traces(full: Store, narrowed: dict[str, str], expected: list[str]) -> None:
    """A filter holds of some span of a trace of the session, be it one that does not name the session."""
    assert listed(full, **narrowed) == expected


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_of_sessions_follow_each_other(store: Store, limit: int) -> None:
    """Page by page every session comes once, the newest first, also where many were active at the same moment."""
    store.write([batch(*(of(f"s{number:02}", span(number, number, at=number // 5)) for number in range(1, 21)))])
    shown, cursor = list[str](), None
    while True:
        page = sessions(store, start_ns=T0, end_ns=END, cursor=cursor, limit=limit)
        shown += [row.session_id for row in page.sessions]
        if (cursor := page.next_cursor) is None:
            break
        store.write([batch(of("late", span(99, 99, at=9_000 + len(shown))), tag=str(len(shown)))])

    assert shown == sorted((f"s{number:02}" for number in range(1, 21)), key=lambda one: (-(int(one[1:]) // 5), one))


def test_turns_come_in_order_with_what_was_said(full: Store) -> None:
    """A turn is a trace, with the last question and the last answer that was no call of a tool, and the gap before."""
    answer = opened(full, "s1")

    assert [(turn.trace_id, turn.name, turn.status, turn.calls) for turn in answer.turns] == [
        (trace_id(1), "POST /chat", "ok", 2),
        (trace_id(2), "chat gpt", "error", 1),
        (trace_id(3), "chat new", "ok", 1),
    ]
    assert [(turn.start - T0 / SECOND, turn.duration, turn.gap) for turn in answer.turns] == [
        (10.0, 5.0, None),
        (20.0, 2.0, 5.0),
        (30.0, 4.0, 8.0),
    ]
    assert [turn.first_token for turn in answer.turns] == [3.5, None, None]
    assert [turn.question for turn in answer.turns] == ["Hello?", None, "And now?"]
    assert [turn.answer for turn in answer.turns] == ["Hi, Ann", None, "x" * (SHORT - 1) + "…"]
    assert (answer.turns[0].cost.amount, answer.turns[0].tokens) == (Decimal("0.03"), Tokens(input=10, output=2))
    assert (answer.session.session_id, answer.session.turns, answer.next_offset) == ("s1", 3, None)


def test_a_page_of_turns_knows_the_turn_before(full: Store) -> None:
    """Pages of turns have the same gaps and texts as the whole."""
    whole = opened(full, "s1").turns

    pages = [opened(full, "s1", offset=offset, limit=1) for offset in range(3)]

    assert tuple(turn for page in pages for turn in page.turns) == whole
    assert [page.next_offset for page in pages] == [1, 2, None]
    assert opened(full, "s1", offset=3).turns == ()


def test_marked_turns_of_one_connection_stand_apart(store: Store) -> None:
    """Where a trace holds several spans that mark a turn, each with what follows it is one."""
    mark: Attributes = {TURN_NAME: "chat"}
    store.write(
        [
            batch(
                of("s1", span(1, 1, at=0, lasts=3_000, name="WebSocket")),
                of("s1", span(1, 2, 1, at=10, lasts=5, name="turn chat", attributes=mark)),
                of("s1", call(1, 3, 2, at=11, cost=computed("0.01"), attributes=said("One?", "First"))),
                of("s1", span(1, 4, 1, at=20, lasts=4, name="turn chat", attributes=mark, status=Status.ERROR)),
                of("s1", call(1, 5, 4, at=21, cost=computed("0.02"), attributes=said("Two?", "Second"))),
            )
        ]
    )
    turns = opened(store, "s1").turns

    assert [(turn.span_id, turn.start - T0 / SECOND, turn.duration, turn.status) for turn in turns] == [
        (span_id(2), 10.0, 5.0, "ok"),
        (span_id(4), 20.0, 4.0, "error"),
    ]
    assert [(turn.question, turn.answer, turn.cost.amount, turn.gap) for turn in turns] == [
        ("One?", "First", Decimal("0.01"), None),
        ("Two?", "Second", Decimal("0.02"), 5.0),
    ]


def test_a_trace_of_two_sessions_is_parted(store: Store) -> None:
    """Spans that name a session are of that one alone, and none is counted for two."""
    store.write(
        [
            batch(
                of("s1", span(1, 1)), of("s2", call(1, 2, 1, cost=computed("0.5"))), call(1, 3, 1, cost=computed("0.1"))
            )
        ]
    )
    rows = {row.session_id: row for row in sessions(store, start_ns=T0, end_ns=END).sessions}

    assert [rows[one].calls for one in ("s1", "s2")] == [0, 2]
    assert rows["s2"].cost.amount == Decimal("0.6")


def test_what_was_said_may_be_read_from_the_root(store: Store) -> None:
    """Without content in its calls a turn says what the span at its head was given and gave."""
    store.write(
        [
            batch(
                of(
                    "s1",
                    span(
                        1,
                        1,
                        lasts=3,
                        attributes={
                            "input.value": "Where?",
                            "output.value": "Here.",
                            "openinference.span.kind": "CHAIN",
                        },
                    ),
                ),
                of("s1", call(1, 2, 1)),
            )
        ]
    )
    (turn,) = opened(store, "s1").turns

    assert (turn.question, turn.answer) == ("Where?", "Here.")


@pytest.mark.parametrize("session_id", [SLASHES, "s2"])
def test_a_session_has_any_characters(full: Store, session_id: str) -> None:
    """Whatever its name, a session is found by it."""
    assert opened(full, session_id).session.session_id == session_id


def test_what_is_not_there_is_said(full: Store) -> None:
    """A session that is not in the range is not found, and a wrong range, page or cursor is the asker's error."""
    with pytest.raises(NotFound, match="There is no session 's3' in this range"):
        opened(full, "s3")
    with pytest.raises(NotFound):
        session(full, "s1", start_ns=T0 + 100 * SECOND, end_ns=END)
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}):
        with pytest.raises(QueryError):
            opened(full, "s1", **wrong)
    with pytest.raises(QueryError):
        session(full, "s1", start_ns=END, end_ns=END)
    asked: list[dict[str, Any]] = [{"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"start_ns": END}]
    for narrowed in asked:
        with pytest.raises(QueryError):
            sessions(full, **{"start_ns": T0, "end_ns": END, **narrowed})
