"""Grafana in front of a real server: exports in, Jaeger's API and Prometheus' text out, with a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from exports import export, span_message
from exposition_reader import read, value
from records import T0
from served import config, running
from spanglass.server.app import Addresses
from spanglass.server.config import Ages

GRAFANA = httpx.BasicAuth("grafana", "right")
CALL: dict[str, str | float] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}
TRACE = f"{7:032x}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Run a server that holds one call of a service with a slash in its name, sent twice, and once more cut anew."""
    folder: Path = tmp_path_factory.mktemp("data")
    with running(config(folder, api_key="right", keep=Ages(traces=None))) as addresses:
        message = span_message(7, trace=7, attributes=CALL)
        bodies = [export([message], "team/shop"), export([message], "team/shop")]
        bodies.append(export([message, span_message(8, trace=7)], "team/shop"))
        for body in bodies:
            taken = httpx.post(
                f"{addresses.otlp_http}/v1/traces",
                content=body.SerializeToString(),
                headers={"content-type": "application/x-protobuf", "authorization": "Bearer right"},
            )
            assert taken.status_code == 200
        yield addresses


def asked(server: Addresses, path: str, **query: str) -> httpx.Response:
    """Return what the data source with the URL `.../jaeger` is answered."""
    return httpx.get(f"{server.ui}/jaeger{path}", params=query, auth=GRAFANA)


def test_grafana_lists_searches_and_opens(server: Addresses) -> None:
    """Its health check and menus, its search with times in microseconds and tags as JSON, and its trace view."""
    services = asked(server, "/api/services").json()["data"]
    operations = asked(server, "/api/services/team%2Fshop/operations").json()["data"]
    found = asked(
        server,
        "/api/traces",
        service="team/shop",
        operation="span 7",
        tags=json.dumps({"gen_ai.request.model": "gpt-4o-mini"}),
        minDuration="500ms",
        start=str(T0 // 1_000),
        end=str(T0 // 1_000 + 3_600_000_000),
        limit="20",
    ).json()["data"]
    opened = asked(server, f"/api/traces/{TRACE}", start=str(T0 // 1_000), end="9").json()["data"]

    assert "team/shop" in services
    assert operations == ["span 7", "span 8"]
    assert [trace["traceID"] for trace in (*found, *opened)] == [TRACE] * 2
    tags = {tag["key"]: tag["value"] for tag in opened[0]["spans"][0]["tags"]}
    assert (tags["spanglass.cost.state"], tags["spanglass.cost.amount"]) == ("computed", "0.00021")


def test_prometheus_scrapes(server: Addresses) -> None:
    """The text is one that Prometheus takes; the call counts once, however often it was sent."""
    response = httpx.get(f"{server.ui}/metrics", headers={"authorization": "Bearer right"})

    assert read(response.text)
    assert value(response.text, "spanglass_spans_calls_total", service_name="team/shop") == 1
    assert value(response.text, "spanglass_spans_cost_total", spanglass_cost_state="computed") == 0.00021


def test_without_the_key_nothing_is_told(server: Addresses) -> None:
    """Neither traces nor figures."""
    for path in ("/jaeger/api/services", "/jaeger/api/v3/services", "/metrics"):
        refused = httpx.get(f"{server.ui}{path}")
        assert (refused.status_code, "shop" in refused.text) == (401, False)


def test_a_large_answer_is_compressed_while_it_is_made(server: Addresses) -> None:
    """A client that takes gzip gets it, in pieces, and the whole document."""
    spans = [span_message(number, trace=9, attributes={"text": "x" * 200}) for number in range(1, 3_001)]
    httpx.post(
        f"{server.otlp_http}/v1/traces",
        content=export(spans, "large").SerializeToString(),
        headers={"content-type": "application/x-protobuf", "authorization": "Bearer right"},
    )

    response = asked(server, f"/api/traces/{9:032x}")

    assert (response.headers["content-encoding"], response.headers["transfer-encoding"]) == ("gzip", "chunked")
    assert len(response.json()["data"][0]["spans"]) == 3_000
