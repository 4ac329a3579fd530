"""What is begun by POST and fetched by GET, at a real server: who may, what is told, and what strangers cannot do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import exports
from served import config, running
from spanglass.server.app import Addresses

JSON = {"content-type": "application/json"}
ACTIONS = ("/api/v1/erase", "/api/v1/backup", "/api/v1/reprice")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Addresses]:
    """Run a server that has two traces of ann and one of bob."""
    with running(config(tmp_path)) as addresses:
        spans = [
            exports.span_message(number, trace=number, attributes={"user.id": user, "gen_ai.input.messages": "[]"})
            for number, user in enumerate(("ann", "ann", "bob"), 1)
        ]
        body = exports.export(spans).SerializeToString()
        sent = httpx.post(
            f"{addresses.otlp_http}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}
        )
        assert sent.status_code == 200
        yield addresses


def begun(server: Addresses, path: str, document: object, **headers: str) -> httpx.Response:
    """Send a POST as a program does."""
    return httpx.post(server.ui + path, content=json.dumps(document), headers={**JSON, **headers})


def ended(server: Addresses, response: httpx.Response) -> dict[str, Any]:
    """Return a job when it has ended."""
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    until = time.monotonic() + 30
    while job["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.01)
        job = httpx.get(f"{server.ui}/api/v1/jobs/{job['id']}").json()
    return job


def test_a_user_is_erased_and_a_backup_fetched(server: Addresses, tmp_path: Path) -> None:
    """A backup is fetched as a database; an erasure says what went and that the backup still has it."""
    backup = ended(server, begun(server, "/api/v1/backup", {}))["backup"]
    fetched = httpx.get(f"{server.ui}/api/v1/backups/{backup['name']}")
    erased = ended(server, begun(server, "/api/v1/erase", {"user": "ann"}))["erasure"]

    assert len(fetched.content) == backup["bytes"]
    assert fetched.content[8:12] == b"DUCK"
    assert (erased["traces"], erased["rows"]["spans"], erased["backups"]) == (2, 2, [backup["name"]])
    left = httpx.get(f"{server.ui}/api/v1/export", params={"from": "0"}).text
    assert ('"ann"' in left, '"bob"' in left) == (False, True)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [backup["name"]]


def test_an_export_is_told_wrong_before_it_begins(server: Addresses) -> None:
    """A signal or a filter that cannot be is 400; a range without anything is an empty file."""
    ask = f"{server.ui}/api/v1/export"

    assert httpx.get(ask, params={"signal": "profiles"}).status_code == 400
    assert httpx.get(ask, params={"signal": "logs", "user": "ann"}).json()["error"]["code"] == "bad_request"
    empty = httpx.get(ask, params={"from": "0", "to": "1"})
    assert (empty.status_code, empty.content) == (200, b"")
    assert empty.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize("path", ACTIONS)
def test_no_page_of_another_origin_can_begin_anything(server: Addresses, path: str) -> None:
    """What a browser sends for a strange page is refused: forms, plain text, JSON; what its own page sends is not."""
    url = server.ui + path
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert httpx.post(url, content=b"{}", headers={"content-type": kind}).status_code == 415, kind
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": server.ui.replace("127.0.0.1", "localhost")},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert begun(server, path, {}, **headers).status_code == 403, headers
    assert (
        httpx.options(url, headers={"origin": "http://evil.example"}).headers.get("access-control-allow-origin") is None
    )
    assert httpx.get(url).status_code in {404, 405}
    own = begun(server, "/api/v1/reprice", {}, origin=server.ui, **{"sec-fetch-site": "same-origin"})
    assert ended(server, own)["repricing"]["applied"] is False


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/erase", "{}"),
        ("/api/v1/erase", '{"user": "a", "trace": "b"}'),
        ("/api/v1/erase", '{"user": ""}'),
        ("/api/v1/erase", '{"user": 7}'),
        ("/api/v1/erase", '{"trace": "no"}'),
        ("/api/v1/erase", '{"user": "%s"}' % ("a" * 5000)),
        ("/api/v1/erase", "[" * 10_000),
        ("/api/v1/erase", "\x00"),
        ("/api/v1/backup", '{"path": "/etc/passwd"}'),
        ("/api/v1/reprice", '{"start": "tomorrow"}'),
        ("/api/v1/reprice", '{"apply": "yes"}'),
        ("/api/v1/reprice", '{"start": "now", "end": "1h"}'),
    ],
)
def test_what_cannot_be_asked_is_said(server: Addresses, path: str, body: str) -> None:
    """A body that is wrong is 400 with what is right, and begins nothing."""
    answer = httpx.post(server.ui + path, content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request"), answer.text


def test_limits_of_what_is_sent(server: Addresses) -> None:
    """A body that is too long is 413; a job or a backup that there is not, 404."""
    long = httpx.post(f"{server.ui}/api/v1/erase", content=b" " * 100_000, headers=JSON)

    assert (long.status_code, long.json()["error"]["code"]) == (413, "too_large")
    assert httpx.get(f"{server.ui}/api/v1/jobs/none").status_code == 404
    assert httpx.get(f"{server.ui}/api/v1/backups/..%2Fspanglass.duckdb").status_code == 404
    assert httpx.get(f"{server.ui}/api/v1/backups/spanglass.duckdb").status_code == 404


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    """With a key set, nothing begins and nothing is fetched without it."""
    with running(config(tmp_path, api_key="secret")) as addresses:
        for path in ACTIONS:
            assert begun(addresses, path, {}).status_code == 401
        assert httpx.get(f"{addresses.ui}/api/v1/export").status_code == 401
        assert begun(addresses, "/api/v1/reprice", {}, authorization="Bearer secret").status_code == 202
