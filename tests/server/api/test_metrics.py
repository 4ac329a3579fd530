"""`/metrics` as Prometheus reads it: the calls in stored spans, and who spent most today."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exposition_reader import read, value
from parts import ROOT
from records import T0, batch, call, computed, resource
from spanglass.call import Usage
from spanglass.errors import QueryError
from spanglass.semconv.metrics import METRICS, SPANS_CALLS, SPANS_USER_COST, Metric
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api.application import application
from spanglass.server.api.call_metrics import call_metrics
from spanglass.server.api.exposition import Sample, family, prometheus_name
from spanglass.server.api.metrics import Metrics
from spanglass.server.api.questions import Questions
from spanglass.server.call_counts import MOST_SERIES, CallCounts
from spanglass.server.counters import Counters
from spanglass.server.record import Batch, Status, StoredSpan
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Parameter, Row

DURATION = "spanglass_spans_duration_seconds"


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    """Return an empty store."""
    opened = DuckDBStore(None)
    yield opened
    opened.close()


class Server:
    """A server whose metrics are read; what is written to its store is counted as the pipeline does."""

    def __init__(self, store: DuckDBStore, *, named_users: int = 2) -> None:
        self._store = store
        self.counters = Counters()
        questions, allowance = Questions(store), Allowance(1000)
        metrics = Metrics(questions, self.counters, allowance, named_users=named_users)
        self._app = application(
            questions, Access("127.0.0.1"), counters=self.counters, allowance=allowance, more=[metrics.route]
        )

    def write(self, *batches: Batch) -> None:
        """Commit batches and count."""
        self.counters.calls.count(self._store.write(batches).kept)

    def scrape(self) -> str:
        """Return the exposition."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4400") as client:
                return await client.get("/metrics")

        response = asyncio.run(send())
        assert response.status_code == 200
        return response.text


def today(stored: StoredSpan) -> StoredSpan:
    """Return a span as if it had started at the last midnight or later, and no later than now."""
    now_ns = time.time_ns()
    return replace(stored, span=replace(stored.span, start_ns=now_ns, end_ns=now_ns + 1))


def test_calls_are_counted_by_what_they_are(store: DuckDBStore) -> None:
    """Every figure of the issue is there, by service, environment, provider, model, operation and feature."""
    server = Server(store)
    usage = Usage(100, 20, cache_read_tokens=60)
    server.write(
        batch(
            call(1, 1, status=Status.ERROR, cost=None),
            call(1, 2, resend=1, usage=usage, first_token=0.4, lasts=2, cost=computed("0.02")),
            call(2, 3, model="new", sender=resource("db")),
        )
    )

    text = server.scrape()
    asked = {
        "service_name": "shop",
        "deployment_environment_name": "production",
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "openai",
        "gen_ai_request_model": "gpt",
    }
    for name, labels, number in (
        ("spanglass_spans_calls_total", asked, 1),
        ("spanglass_spans_calls_total", {"service_name": "db"}, 1),
        ("spanglass_spans_errors_total", asked, 0),
        ("spanglass_spans_failed_total", asked, 1),
        ("spanglass_spans_retries_total", asked, 1),
        ("spanglass_spans_tokens_total", {**asked, "gen_ai_token_type": "input"}, 100),
        ("spanglass_spans_tokens_total", {"gen_ai_token_type": "output"}, 20),
        ("spanglass_spans_cache_read_tokens_total", asked, 60),
        ("spanglass_spans_cost_total", {"spanglass_cost_state": "computed"}, 0.02),
        ("spanglass_spans_unpriced_total", {"gen_ai_request_model": "new"}, 1),
    ):
        assert value(text, name, **labels) == number, name
    assert value(text, DURATION, "_count", **asked) == 2
    assert value(text, DURATION, "_sum", **asked) == 3.0
    assert value(text, "spanglass_spans_time_to_first_token_seconds", "_bucket", le="0.4") == 1


def test_spans_sent_again_are_counted_once(store: DuckDBStore) -> None:
    """Neither a batch that is sent again nor spans that a collector cut anew add anything."""
    server = Server(store)
    spans = [call(1, number, at=number) for number in range(4)]
    server.write(batch(*spans[:3]))
    server.write(batch(*spans[:3]), batch(*spans[2:]), batch(*spans[1:], tag="again"))

    assert value(server.scrape(), "spanglass_spans_calls_total") == 4


def test_no_name_is_one_that_an_sdk_sends() -> None:
    """A Prometheus that reads the SDK's metrics too would count every call twice by accident."""
    counts = CallCounts()
    counts.count([call(first_token=0.1, cost=computed("1"))])
    names = set(read("\n".join(call_metrics(counts.taken())) + "\n"))

    assert names
    assert all(name.startswith("spanglass_spans_") for name in names)
    assert not names & {prometheus_name(row) for row in METRICS if not row.name.startswith("spanglass.spans.")}


def test_labels_are_those_of_the_table(store: DuckDBStore) -> None:
    """A label that the table does not list never appears."""
    server = Server(store)
    server.write(batch(today(call(first_token=0.1, cost=computed("1"), user="ann")), call(1, 2, status=Status.ERROR)))
    allowed = {prometheus_name(row): {label.replace(".", "_") for label in row.labels} | {"le"} for row in METRICS}

    for name, found in read(server.scrape()).items():
        used = {label for _, labels in found.samples for label, _ in labels}
        assert used <= allowed[name], name


def test_users_that_spent_most_today_are_named(store: DuckDBStore) -> None:
    """As many as the setting says, by what their calls of today are known to cost."""
    server = Server(store)
    spent = {"ann": "0.5", "bob": "2", "cid": "1"}
    calls = [today(call(n, n, user=user, cost=computed(spent[user]))) for n, user in enumerate(spent, 1)]
    server.write(batch(*calls, today(call(9, 9, user="dan")), call(8, 8, user="old", cost=computed("9"))))

    gauge = read(server.scrape())["spanglass_spans_user_cost"]

    assert {dict(labels)["user_id"]: number for (_, labels), number in gauge.samples.items()} == {"bob": 2, "cid": 1}


def test_nobody_is_named_where_the_setting_says_so(store: DuckDBStore) -> None:
    """User ids are personal data."""
    server = Server(store, named_users=0)
    server.write(batch(today(call(user="ann", cost=computed("1")))))

    assert "user" not in server.scrape()


def test_users_are_asked_for_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus asks often; a question that fails leaves the other figures and waits as long."""
    clock = [1_000.0]
    monkeypatch.setattr("spanglass.server.api.metrics.time.monotonic", lambda: clock[0])
    store = Asked(None)
    server = Server(store)
    server.write(batch(today(call(user="ann", cost=computed("1")))))

    server.scrape()
    asked = store.questions
    server.scrape()
    assert asked > 0
    assert store.questions == asked
    clock[0] += 61
    store.failing = True
    assert "user_id" not in server.scrape()
    clock[0] += 61
    store.failing = False
    assert 'user_id="ann"' in server.scrape()
    store.close()


class Asked(DuckDBStore):
    """A store that counts what it is asked, and fails when it is told to."""

    questions = 0
    failing = False

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Answer, or fail."""
        self.questions += 1
        if self.failing:
            raise QueryError("A query took too long.")
        return super().select(sql, parameters)


TEXT = st.text(st.characters(), max_size=12)
"""Lone surrogates among them."""


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=8))
def test_whatever_names_come_the_text_is_read(names: list[tuple[str, str, str]]) -> None:
    """Quotation marks, line ends, backslashes and worse stay inside their labels."""
    counts = CallCounts()
    spans = []
    for service, model, error in names:
        told = call(model=model, sender=resource(service), status=Status.ERROR)
        spans.append(replace(told, facts=replace(told.facts, error_type=error)))
    counts.count(spans)
    lines = list(call_metrics(counts.taken()))

    if spans:
        found = read("\n".join(lines).encode("utf-8", "replace").decode() + "\n")
        assert sum(found["spanglass_spans_calls_total"].samples.values()) == len(spans)
        assert sum(found["spanglass_spans_failed_total"].samples.values()) == len(spans)


def test_label_values_come_back(store: DuckDBStore) -> None:
    """What Prometheus reads is what was sent."""
    odd = 'a "quoted\\path"\nof {two} lines, é'
    server = Server(store)
    server.write(batch(call(model=odd)))

    assert value(server.scrape(), "spanglass_spans_calls_total", gen_ai_request_model=odd) == 1


def test_numbers_are_exact() -> None:
    """Whole numbers have all their digits, and money is not rounded on the way out."""
    counts = CallCounts()
    counts.count([call(usage=Usage(10**15 + 1, 1), cost=computed("0.000000000123456789"))])
    text = "\n".join(call_metrics(counts.taken()))

    assert "1000000000000001\n" in text
    assert " 0.000000000123456789" in text


def test_the_most_there_can_be_is_bearable() -> None:
    """With every series in use the text is a few MB, made in well under a scrape's timeout."""
    counts = CallCounts()
    for number in range(MOST_SERIES * 2):
        counts.count([call(model=f"{number}-" + "m" * 60, first_token=0.1, cost=computed("1"))])
    began = time.process_time()
    text = "\n".join(call_metrics(counts.taken())) + "\n"

    assert time.process_time() - began < 1
    assert len(text) < 8 * 1024 * 1024
    assert len(read(text)["spanglass_spans_calls_total"].samples) == MOST_SERIES + 1


@pytest.mark.parametrize("metric", [SPANS_CALLS, SPANS_USER_COST], ids=lambda metric: str(metric.name))
def test_a_metric_without_samples_is_not_there(metric: Metric) -> None:
    """Not even its help: a metric that is announced and missing alarms linters."""
    assert list(family(metric, [])) == []
    assert len(list(family(metric, [Sample("", {}, 1)]))) == 3


def test_the_day_begins_at_midnight_utc(monkeypatch: pytest.MonkeyPatch, store: DuckDBStore) -> None:
    """What was spent the moment before is of yesterday; the first moment of a day has an answer."""
    midnight = T0 - T0 % (86_400 * 10**9)
    before, at = call(1, 1, user="ann", cost=computed("1")), call(2, 2, user="bob", cost=computed("1"))
    server = Server(store)
    server.write(
        batch(
            replace(before, span=replace(before.span, start_ns=midnight - 1, end_ns=midnight)),
            replace(at, span=replace(at.span, start_ns=midnight, end_ns=midnight)),
        )
    )
    monkeypatch.setattr("spanglass.server.api.metrics.time.time_ns", lambda: midnight)

    text = server.scrape()

    assert ('user_id="ann"' in text, 'user_id="bob"' in text) == (False, True)


def test_the_queries_of_the_page_are_over_metrics_there_are() -> None:
    """Every name on docs/grafana.md is in the table, and every metric of spans is on the page."""
    page = (ROOT / "docs" / "grafana.md").read_text()
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"spanglass_s(?:pans|erver)_\w+", page)}
    known = {prometheus_name(row) for row in METRICS}
    of_spans = {prometheus_name(row) for row in METRICS if row.name.startswith("spanglass.spans.")}

    assert named <= known
    assert of_spans - named <= {"spanglass_spans_cache_write_tokens_total", "spanglass_spans_reasoning_tokens_total"}
