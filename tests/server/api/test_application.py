"""The API and the UI's files over a real store, called as a browser or a program would."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

import records
from spanglass.errors import StoreUnavailable
from spanglass.server.access import COOKIE, Access
from spanglass.server.allowance import Allowance
from spanglass.server.api.application import application
from spanglass.server.api.metrics import Metrics
from spanglass.server.api.pages import Pages
from spanglass.server.api.questions import Questions
from spanglass.server.counters import Counters
from spanglass.server.record import Batch, Signal, StoredSpan
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Parameter, Row, Store, Written

RANGE = f"from={records.T0 / 1e9 - 10:.0f}&to={records.T0 / 1e9 + 100:.0f}"


class Client:
    """A browser with cookies, in front of the application."""

    def __init__(self, store: Store, *, access: Access | None = None, folder: Path | None = None) -> None:
        self.counters, self.allowance = Counters(), Allowance(1000)
        rule = access or Access("127.0.0.1")
        self.questions = Questions(store)
        pages = None if folder is None else Pages(rule, folder)
        metrics = Metrics(self.questions, self.counters, self.allowance, named_users=2)
        self._app = application(
            self.questions, rule, counters=self.counters, allowance=self.allowance, pages=pages, more=[metrics.route]
        )
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **more: object) -> httpx.Response:
        """Send one request and return what it is answered."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:4400", cookies=self.cookies
            ) as client:
                response = await client.request(method, path, **more)  # type: ignore[arg-type]  # httpx's own keywords
                self.cookies = client.cookies
                return response

        return asyncio.run(send())

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, headers=headers)


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    opened = DuckDBStore(None)
    opened.write([batch()])
    yield opened
    opened.close()


def batch() -> Batch:
    spans: list[StoredSpan] = [records.span(1, 1, name="GET /chat"), records.span(1, 2, 1, name="chat gpt")]
    return Batch(digest=bytes(16), received_ns=records.T0, spans=spans)


def test_the_questions_are_answered(store: DuckDBStore) -> None:
    """Each endpoint gives its answer as JSON that is not to be cached."""
    client = Client(store)

    traces = client.get(f"/api/v1/traces?{RANGE}")
    overview = client.get(f"/api/v1/overview?{RANGE}&step=60")
    services = client.get(f"/api/v1/services?{RANGE}")
    trace = client.get(f"/api/v1/traces/{traces.json()['traces'][0]['trace_id']}")

    assert [response.status_code for response in (traces, overview, services, trace)] == [200] * 4
    assert [row["name"] for row in traces.json()["traces"]] == ["GET /chat"]
    assert [span["name"] for span in trace.json()["spans"]] == ["GET /chat", "chat gpt"]
    assert overview.json()["step"] == 60
    assert services.json()["services"] == ["shop"]
    assert traces.headers["cache-control"] == "no-store"


def test_money_is_exact_text(store: DuckDBStore) -> None:
    """Amounts travel as decimal text, never as binary floats."""
    answer = Client(store).get(f"/api/v1/overview?{RANGE}").json()

    assert answer["totals"]["cost"]["amount"] is None or isinstance(answer["totals"]["cost"]["amount"], str)


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("/api/v1/traces?limit=x", 400, "bad_request", "limit"),
        ("/api/v1/traces?status=sad", 400, "bad_request", "ok or error"),
        ("/api/v1/traces?cursor=nonsense", 400, "bad_request", "cursor"),
        ("/api/v1/traces/zzz", 400, "bad_request", "32 hex digits"),
        ("/api/v1/traces/" + "0" * 31 + "9", 404, "not_found", "trace"),
        ("/api/v1/trace", 404, "not_found", "/api/openapi.json"),
    ],
)
def test_what_cannot_be_answered_says_why(store: DuckDBStore, path: str, status: int, code: str, says: str) -> None:
    """An error has one form, a code for programs and a sentence for people."""
    response = Client(store).get(path)

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert says in response.json()["error"]["message"]


def test_every_response_carries_the_security_headers(store: DuckDBStore) -> None:
    """Also errors and files may not be framed, sniffed or run foreign code."""
    client = Client(store)

    for path in ("/", "/api/v1/traces", "/api/v1/traces?limit=x", "/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


def test_a_name_that_only_points_here_is_refused(store: DuckDBStore) -> None:
    """A page from elsewhere that rebinds its name to this machine reads nothing (DNS rebinding)."""
    response = Client(store).get("/api/v1/traces", host="evil.example:4400")

    assert response.status_code == 421
    assert "SPANGLASS_ALLOWED_HOSTS" in response.json()["error"]["message"]


def test_large_answers_are_compressed(store: DuckDBStore) -> None:
    """Over a kilobyte a client that takes gzip gets it; a small answer stays as it is."""
    client = Client(store)

    large = client.get("/api/openapi.json", **{"accept-encoding": "gzip"})
    small = client.get("/healthz", **{"accept-encoding": "gzip"})

    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in small.headers


def test_health_tells_of_the_store_and_the_queue(store: DuckDBStore) -> None:
    """Healthy is 200 with what is held; a store that fails is 503 with its words."""

    class Broken(DuckDBStore):
        """A store whose disk went away."""

        def size(self) -> int:
            """Fail."""
            raise StoreUnavailable("the disk is gone")

    broken = Broken(None)

    well, ill = Client(store).get("/healthz"), Client(broken).get("/healthz")
    broken.close()

    assert (well.status_code, well.json()["queue"]) == (200, {"bytes": 0, "limit": 1000})
    assert (ill.status_code, ill.json()["store"]["message"]) == (503, "the disk is gone")


def test_health_tells_what_is_not_kept(store: DuckDBStore) -> None:
    """While writes fail the answer is 503 with the reason; shed content is a notice, and no illness."""
    client = Client(store)
    client.counters.count_shed(Signal.TRACES, "queue", 3)
    shed = client.get("/healthz")
    client.counters.note_fault("the disk is full")
    failing = client.get("/healthz")
    client.counters.count_commit({}, {}, 0.01)
    well = client.get("/healthz")

    assert (shed.status_code, well.status_code) == (200, 200)
    assert [notice[:45] for notice in shed.json()["notices"]] == ["For want of memory 3 spans and records were k"]
    assert (failing.status_code, failing.json()["status"]) == (503, "unavailable")
    assert failing.json()["store"]["message"] == "the disk is full"
    assert "not kept" in failing.json()["notices"][0]


def test_metrics_are_prometheus_text(store: DuckDBStore) -> None:
    """The names are those of the metric table, by OpenTelemetry's rules for Prometheus."""
    client = Client(store)
    client.counters.count_received(Signal.TRACES, 7)
    client.counters.count_rejected(Signal.LOGS, "overloaded")
    client.counters.count_commit({Signal.TRACES: 6}, {Signal.TRACES: 1, Signal.LOGS: 0}, 0.003)

    response = client.get("/metrics")
    lines = response.text.splitlines()

    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'spanglass_server_received_total{spanglass_signal="traces"} 7',
        'spanglass_server_stored_total{spanglass_signal="traces"} 6',
        'spanglass_server_duplicates_total{spanglass_signal="traces"} 1',
        'spanglass_server_rejected_total{spanglass_signal="logs",spanglass_reason="overloaded"} 1',
        'spanglass_server_commit_duration_seconds_bucket{le="0.0025"} 0',
        'spanglass_server_commit_duration_seconds_bucket{le="0.005"} 1',
        'spanglass_server_commit_duration_seconds_bucket{le="+Inf"} 1',
        "spanglass_server_commit_duration_seconds_count 1",
        "spanglass_server_queue_limit_bytes 1000",
        "# TYPE spanglass_server_commit_duration_seconds histogram",
    ):
        assert line in lines


class TestWithAKey:
    """What a key changes."""

    access = Access("127.0.0.1", api_key="right")

    def test_programs_send_it(self, store: DuckDBStore) -> None:
        """Without it 401 in the API's form, with it the answer; health stays open, metrics do not."""
        client = Client(store, access=self.access)

        refused = client.get("/api/v1/traces")

        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert client.get("/api/v1/traces", authorization="Bearer right").status_code == 200
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == 200

    def test_people_sign_in(self, store: DuckDBStore) -> None:
        """A browser is sent to a page that takes the key and gives a cookie that scripts and other sites cannot use."""
        client = Client(store, access=self.access)

        asked = client.get("/traces", accept="text/html")
        wrong = client.request("POST", "/login", data={"key": "wrong"})
        right = client.request("POST", "/login", data={"key": "right"})

        assert (asked.status_code, asked.headers["location"]) == (303, "/login")
        assert client.get("/login").status_code == 200
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        assert (right.status_code, right.headers["location"]) == (303, "/")
        cookie = right.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "right" not in cookie
        assert client.get("/api/v1/traces").status_code == 200

    def test_a_huge_form_is_not_read(self, store: DuckDBStore) -> None:
        """The sign-in page takes a key, not a file."""
        response = Client(store, access=self.access).request("POST", "/login", content=b"key=" + b"a" * 100_000)

        assert response.status_code == 413


def test_without_a_build_the_page_teaches(store: DuckDBStore, tmp_path: Path) -> None:
    """Where the UI is not built, the address says so and how to build it."""
    response = Client(store, folder=tmp_path).get("/")

    assert response.status_code == 200
    assert "make ui" in response.text
    assert Client(store, folder=tmp_path).get("/page.css").headers["content-type"].startswith("text/css")


def test_the_uis_files_are_served(store: DuckDBStore, tmp_path: Path) -> None:
    """Hashed files are cached for good; addresses of the UI give its page; nothing outside the folder is reachable."""
    folder = tmp_path / "ui"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (folder / "assets" / "index-abc123.js").write_text("script()")
    (tmp_path / "secret.txt").write_text("secret")
    client = Client(store, folder=folder)

    script, page, route = (client.get(path) for path in ("/assets/index-abc123.js", "/", "/traces/abc?from=1h"))
    missing = client.get("/assets/index-old.js")
    odd = [client.get(path).text for path in ("/%00", "/" + "a" * 5000)]
    outside = [
        client.get(path).text for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt")
    ]

    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert (page.text, page.headers["cache-control"]) == ("the page", "no-cache")
    assert route.text == "the page"
    assert missing.status_code == 404
    assert odd == ["the page"] * 2
    assert not any("secret" in text for text in outside)


class Slow:
    """A store whose questions take as long as a test wants."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.running: list[str] = []

    def write(self, batches: Sequence[Batch]) -> Written:
        """Nothing is written here."""
        raise AssertionError(batches)

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:  # noqa: ARG002 - the contract's
        """Wait, then find nothing."""
        self.running.append(sql)
        assert self.go.wait(10)
        return ()

    def roll_up(self, until_ns: int) -> int:
        """Nothing is summarised here."""
        raise AssertionError(until_ns)

    def size(self) -> int:
        """Nothing is on disk."""
        return 0

    def close(self) -> None:
        """Nothing is open."""


def test_slow_questions_hold_up_neither_the_loop_nor_memory() -> None:
    """While every thread waits for the store the loop goes on, and questions over a bound are turned away."""
    store = Slow()
    rule = Access("127.0.0.1")
    questions = Questions(store)
    app = application(questions, rule, counters=Counters(), allowance=Allowance(1))

    async def main() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client:
            asked = [asyncio.create_task(client.get("/api/v1/services")) for _ in range(70)]
            await asyncio.sleep(0.1)
            page = await client.get("/api/openapi.json")
            store.go.set()
            return [page.status_code, *[(await task).status_code for task in asked]]

    statuses = asyncio.run(main())

    assert statuses[0] == 200
    assert sorted(set(statuses)) == [200, 503]


def test_slow_questions_do_not_make_the_server_look_ill() -> None:
    """While more questions wait than may wait, health and metrics answer at once: else it would be restarted."""
    store = Slow()
    app = application(Questions(store), Access("127.0.0.1"), counters=Counters(), allowance=Allowance(1))

    async def main() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client:
            asked = [asyncio.create_task(client.get("/api/v1/services")) for _ in range(70)]
            await asyncio.sleep(0.1)
            try:
                async with asyncio.timeout(5):
                    return [(await client.get(path)).status_code for path in ("/healthz", "/metrics")]
            finally:
                store.go.set()
                await asyncio.gather(*asked)

    assert asyncio.run(main()) == [200, 200]


def test_large_answers_are_made_one_at_a_time() -> None:
    """However many traces are asked for at once, one is in memory; other questions are answered meanwhile."""
    store = Slow()
    app = application(Questions(store), Access("127.0.0.1"), counters=Counters(), allowance=Allowance(1))

    async def main() -> list[str]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client:
            paths = [*(f"/api/v1/traces/{number:032x}" for number in range(1, 6)), "/api/v1/services"]
            asked = [asyncio.create_task(client.get(path)) for path in paths]
            await asyncio.sleep(0.2)
            running = list(store.running)
            store.go.set()
            await asyncio.gather(*asked)
            return running

    running = asyncio.run(main())

    assert sorted("trace_key = $trace_key" in sql for sql in running) == [False, True]


def test_the_openapi_document_describes_the_answers(store: DuckDBStore) -> None:
    """What an endpoint answers has exactly the fields its schema requires."""
    client = Client(store)
    document = client.get("/api/openapi.json").json()

    for path, query in (("/api/v1/overview", RANGE), ("/api/v1/traces", RANGE), ("/api/v1/services", RANGE)):
        reference = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(client.get(f"{path}?{query}").json()) == set(schema["required"]) == set(schema["properties"])


def test_descriptions_are_told_to_their_end(store: DuckDBStore) -> None:
    """A field whose docstring goes on in a second line is described by all of it."""
    document = Client(store).get("/api/openapi.json").json()

    described = document["components"]["schemas"]["HeatMap"]["properties"]["bounds"]["description"]
    assert described.endswith("in a column; empty where nothing was measured.")


def test_the_committed_document_is_what_the_tables_say(store: DuckDBStore) -> None:
    """docs/openapi.json, from which the UI's types are made, is up to date."""
    committed = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())

    assert Client(store).get("/api/openapi.json").json() == committed
