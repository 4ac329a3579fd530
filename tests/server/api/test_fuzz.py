"""The API against its own OpenAPI document: whatever is asked, the answer is as it says, and no fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import records
from records import SECOND, T0
from served import config, running
from spanglass.call import Usage
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api import openapi
from spanglass.server.api.application import application
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.questions import Questions
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.app import Addresses
from spanglass.server.counters import Counters
from spanglass.server.record import Batch, Status
from spanglass.server.store.duckdb import DuckDBStore

DOCUMENT: Final[Mapping[str, Any]] = openapi.document()
MOMENTS: Final = st.sampled_from(
    [
        "now",
        "1h",
        "0",
        "0s",
        "-1",
        "1e400",
        "nan",
        "inf",
        str(T0 // SECOND),
        "99999999999",
        "9223372036",
        "31d",
        "1000y",
    ]
)
NASTY: Final = st.sampled_from(
    [
        "",
        "\0",
        "'",
        '"; DROP TABLE spans; --',
        "%",
        "_",
        "\\",
        "*",
        "a:b",
        "-",
        "(",
        "\U0001d54f",
        "\ud7ff",
        "x" * 600,
        "null",
        "[]",
    ]
)
TEXTS: Final = st.one_of(NASTY, st.text(st.characters(codec="utf-8"), max_size=40), st.just("shop"))
NUMBERS: Final = st.one_of(st.integers().map(str), st.integers(0, 3000).map(str), NASTY)
STATUSES: Final = {200, 400, 404, 503}
BODIES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["user", "session", "trace", "start", "end", "apply", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


def odd_batches() -> Iterator[Batch]:
    """Yield what senders with odd clocks, names and counts send."""
    for number, at in enumerate((0.0, -T0 / SECOND, 7e9, 1.0), 1):
        yield records.batch(
            records.call(
                number, 1, at=at, usage=Usage(2**62, 1), cost=records.computed("12345678901234567890.5"), user="\0"
            ),
            records.span(number, 2, 1, at=at, lasts=-1.0, name="", status=Status.ERROR),
            logs=(replace(records.log(at=at, trace=number), body="\ud7ff" * 100),),
            points=(records.point(at=at, value=2**62),),
        )


class Fuzzed:
    """An API in process over a store of odd data, and one event loop to ask it in."""

    def __init__(self) -> None:
        self.store = DuckDBStore(None)
        self.store.write(list(odd_batches()))
        self._questions = Questions(self.store)
        app = application(self._questions, Access("127.0.0.1"), counters=Counters(), allowance=Allowance(1000))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost:4400", timeout=60)
        self._runner = asyncio.Runner()

    def get(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        """Ask."""
        return self._runner.run(self._client.get(path, params=parameters))

    def close(self) -> None:
        """Let everything go."""
        self._runner.run(self._client.aclose())
        self._runner.close()
        self._questions.close()
        self.store.close()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    opened = Fuzzed()
    yield opened
    opened.close()


def values_of(parameter: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return values of a parameter, right and wrong."""
    schema = parameter["schema"]
    if "enum" in schema:
        return st.one_of(st.sampled_from([str(one) for one in schema["enum"]]), NASTY)
    if parameter["name"] in {"from", "to"}:
        return st.one_of(MOMENTS, NASTY)
    return NUMBERS if schema["type"] == "integer" else TEXTS


def asked_of(endpoint: Endpoint) -> st.SearchStrategy[dict[str, str]]:
    """Return query strings of an endpoint; half of its range holds the data."""
    (operation,) = DOCUMENT["paths"][endpoint.path.replace(":path", "")].values()
    known = {one["name"]: values_of(one) for one in operation["parameters"] if one["in"] == "query"}
    ranged = {"from": st.just("0"), "to": st.just(str(T0 // SECOND + 1000))} if "from" in known else {}
    usual = st.fixed_dictionaries({}, optional=known)
    return st.one_of(
        usual,
        st.builds(dict[str, str], usual).flatmap(
            lambda some: st.fixed_dictionaries({**{name: st.just(value) for name, value in some.items()}, **ranged})
        ),
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_any_question_is_answered_as_the_document_says(fuzzed: Fuzzed, endpoint: Endpoint) -> None:
    """No parameters bring about a fault of ours, and what is answered reads as the type the document is made from."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked_of(endpoint), st.one_of(TEXTS, st.just(records.trace_id(1))))
    def ask(parameters: dict[str, str], part: str) -> None:
        name = endpoint.path.partition("{")[2].rstrip("}")
        path = endpoint.path.replace(f"{{{name}}}", quote(part, safe="")) if name else endpoint.path
        if name and not part:
            return
        response = fuzzed.get(path, parameters)
        assert response.status_code in STATUSES, (path, parameters, response.status_code, response.text[:300])
        if response.status_code == 200:
            msgspec.json.decode(response.content, type=endpoint.answer)
        else:
            assert response.json()["error"]["message"], response.text

    ask()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with running(config(tmp_path_factory.mktemp("data"))) as addresses:
        yield addresses


@pytest.mark.parametrize("path", [path for path, ways in DOCUMENT["paths"].items() if "post" in ways])
def test_any_body_of_an_action_is_accepted_or_refused(server: Addresses, path: str) -> None:
    """What is posted begins a job or is refused with words, whatever JSON or bytes it is."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(BODIES.map(msgspec.json.encode), st.binary(max_size=50)))
    def post(body: bytes) -> None:
        response = httpx.post(server.ui + path, content=body, headers={"content-type": "application/json"}, timeout=60)
        assert response.status_code in {202, 400, 409, 503}, (body, response.status_code, response.text[:300])

    post()
