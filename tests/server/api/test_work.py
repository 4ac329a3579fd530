"""Tools, agents, errors, quality and time as they are asked for over HTTP: parameters to answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from msgspec.structs import replace

from records import T0, batch, call, span, trace_id
from spanglass.errors import NotFound, QueryError
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.endpoints.agents import AGENTS
from spanglass.server.api.endpoints.error import ERROR
from spanglass.server.api.endpoints.errors import ERRORS
from spanglass.server.api.endpoints.quality import QUALITY
from spanglass.server.api.endpoints.time_spent import TIME_SPENT
from spanglass.server.api.endpoints.tools import TOOLS
from spanglass.server.api.parameters import Asked
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.record import Facts, Score, Status, Work
from spanglass.server.store.duckdb import DuckDBStore

RANGE = f"from={T0 // 10**9}&to={T0 // 10**9 + 100}"
GROUP = "0123456789abcdef"
OURS = (AGENTS, ERROR, ERRORS, QUALITY, TIME_SPENT, TOOLS)
EVIL = ("'; DROP TABLE spans; --", "%00", "\u0000", "$start_ns", "/*{filters}*/", "\\", "\ud7ff", "x" * 512)


@pytest.fixture(scope="module")
def store() -> Iterator[DuckDBStore]:
    """Return a store with an agent's run that failed, and a score of its call."""
    made = DuckDBStore(None)
    failed = Facts(Work.TOOL, tool_name="sql", agent_name="planner", error_message="no table", error_group=GROUP)
    score = Score(T0 + 5, trace_id(1), f"{2:016x}", None, "thumbs", 1.0, None, None, "user", span().span.resource)
    spans = (
        span(1, 1, facts=Facts(Work.AGENT, agent_name="planner")),
        call(1, 2, 1),
        span(1, 3, 1, at=2, facts=failed, status=Status.ERROR),
    )
    made.write([replace(batch(*spans), scores=(score,))])
    yield made
    made.close()


def ask(store: DuckDBStore, endpoint: Endpoint, query: str = RANGE, part: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return the answer as a program reads it."""
    asked = Asked(dict(parse_qsl(query)), endpoint.parameters)
    return msgspec.json.decode(msgspec.json.encode(endpoint.ask(store, asked, part)))


def test_each_is_listed_once() -> None:
    """The table of endpoints has them all."""
    assert [ENDPOINTS.count(endpoint) for endpoint in OURS] == [1] * len(OURS)


def test_each_answers(store: DuckDBStore) -> None:
    """What is stored is told by each of the questions."""
    assert ask(store, AGENTS)["agents"][0]["agent"] == "planner"
    assert ask(store, TOOLS)["tools"][0]["last_failure"]["message"] == "no table"
    assert ask(store, ERRORS)["groups"][0]["group"] == GROUP
    assert ask(store, ERROR, part=GROUP)["messages"] == [{"name": "no table", "count": 1}]
    assert ask(store, QUALITY)["scores"]["feedback"] == {"up": 1, "down": 0, "other": 0, "share_up": 1}
    assert ask(store, TIME_SPENT)["slowest"][0]["trace_id"] == trace_id(1)


def test_their_own_parameters_are_read(store: DuckDBStore) -> None:
    """A tool alone comes over time, errors in another order, and pages have the size that is asked for."""
    assert len(ask(store, TOOLS, f"{RANGE}&tool=sql&step=50")["buckets"]) >= 2
    assert ask(store, TOOLS, f"{RANGE}&tool=none")["tools"] == []
    assert len(ask(store, ERRORS, f"{RANGE}&sort=recent&limit=1")["groups"]) == 1
    assert ask(store, QUALITY, f"{RANGE}&step=50")["step"] == 50


@pytest.mark.parametrize(
    ("endpoint", "query", "says"),
    [
        (ERRORS, "sort=worst", "use frequent or recent"),
        (ERRORS, "limit=0", "use a whole number from 1 to 100"),
        (ERRORS, "cursor=x", "not one this server gave"),
        (TOOLS, "cursor=____________________________________________", "range is empty|this server gave|ranking"),
        (TOOLS, f"{RANGE}&step=0", "use a whole number from 1"),
        (QUALITY, "from=90d&step=1", "more than 500 steps"),
        (AGENTS, "status=sad", "use ok or error"),
        (TIME_SPENT, "from=1h&to=2h", "range is empty"),
        (QUALITY, "sort=recent", "no parameter"),
    ],
)
def test_what_cannot_be_asked_is_told(store: DuckDBStore, endpoint: Endpoint, query: str, says: str) -> None:
    """A wrong parameter is the asker's to change, and the message says what is right."""
    with pytest.raises(QueryError, match=says):
        ask(store, endpoint, query)


@pytest.mark.parametrize("endpoint", [one for one in OURS if one is not ERROR], ids=lambda one: one.path)
@pytest.mark.parametrize("value", EVIL, ids=range(len(EVIL)))
def test_hostile_values_are_values(store: DuckDBStore, endpoint: Endpoint, value: str) -> None:
    """Whatever stands in a filter, it is compared and finds nothing; or the question is refused."""
    for parameter in endpoint.parameters:
        given = {"from": str(T0 // 10**9), "to": str(T0 // 10**9 + 100), parameter.name: value}
        try:
            answer = endpoint.ask(store, Asked(given, endpoint.parameters), "")
        except QueryError:
            continue
        assert b"planner" not in msgspec.json.encode(answer)


@pytest.mark.parametrize("group", [*EVIL, "", "0", "A" * 16, "0" * 17])
def test_hostile_groups_are_told(store: DuckDBStore, group: str) -> None:
    """A path's part that is no group, or one that is not there, is said to be so."""
    with pytest.raises((QueryError, NotFound)):
        ask(store, ERROR, part=group)
