"""Search and sessions as programs ask for them: over the application, with odd and hostile requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

import records
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api.application import application
from spanglass.server.api.questions import Questions
from spanglass.server.counters import Counters
from spanglass.server.record import Facts
from spanglass.server.store.duckdb import DuckDBStore

ODD = 'a/b//c ?d=#%25é"\\'
RANGE = {"from": f"{records.T0 / 1e9 - 10:.0f}", "to": f"{records.T0 / 1e9 + 100:.0f}"}


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    opened = DuckDBStore(None)
    opened.write([records.batch(records.span(1, 1, name="hi", facts=Facts(session_id=ODD)))])
    yield opened
    opened.close()


def get(store: DuckDBStore, path: str, **query: str) -> httpx.Response:
    """Send one request to the application."""

    async def send() -> httpx.Response:
        questions = Questions(store)
        app = application(questions, Access("127.0.0.1"), counters=Counters(), allowance=Allowance(1000))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4400") as client:
            response = await client.get(path, params=query or None)
        questions.close()
        return response

    return asyncio.run(send())


def test_a_session_is_found_whatever_its_name(store: DuckDBStore) -> None:
    """Percent-encoded, an id with slashes and all the rest reaches its session."""
    listed = get(store, "/api/v1/sessions", **RANGE).json()["sessions"]
    opened = get(store, f"/api/v1/sessions/{quote(listed[0]['session_id'], safe='')}")

    assert listed[0]["session_id"] == ODD
    assert (opened.status_code, [turn["name"] for turn in opened.json()["turns"]]) == (200, ["hi"])
    assert opened.json()["session"] == listed[0]


@pytest.mark.parametrize("path", ["/api/v1/sessions/", "/api/v1/sessions/none", f"/api/v1/sessions/{'x' * 5_000}"])
def test_a_session_that_is_not_there(store: DuckDBStore, path: str) -> None:
    """It is 404, with a short message."""
    response = get(store, path)

    assert response.status_code == 404
    assert len(response.text) < 500


@pytest.mark.parametrize("path", ["search", "traces", "sessions", "overview", "attributes"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name:h*", 200),
        ("", 200),
        ("\x00", 200),
        ('name:"\x00\\u0000"', 200),
        ("name:*a*b*c*d", 200),
        ("\ufffd😀" * 100, 200),
        ('attr."x":1', 400),
        ('"attr.\' OR 1=1 --":1', 200),
        ("x.y>1e999", 400),
        ("x.y>" + "9" * 39, 200),
        ("duration>" + "9" * 30 + "d", 400),
        ("cost>" + "9" * 30, 400),
        ("tokens<-5", 200),
        ("(" * 500, 400),
        ("a OR " * 399 + "b", 400),
        ("name:" + "x" * 1_990, 200),
        ("x" * 2_001, 400),
    ],
)
def test_any_query_is_answered(store: DuckDBStore, path: str, query: str, status: int) -> None:
    """What can be read is answered and what cannot is refused with a message, never a fault."""
    response = get(store, f"/api/v1/{path}", q=query, **RANGE)

    assert response.status_code == status, response.text[:300]
