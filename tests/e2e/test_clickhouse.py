"""`spanglass up --store`: servers over one ClickHouse, as processes; what one keeps the other shows."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from clickhouse_http import PASSWORD, USER, clickhouse
from exports import export, span_message
from started import SPANGLASS, Started, clean_environment, started

pytestmark = pytest.mark.e2e
_BACK_WITHIN_S = 20


def sent(up: Started, number: int) -> int:
    """Export a span; return the status of the answer."""
    message = export([span_message(number, trace=number)])
    now_ns = time.time_ns()
    for spans in message.resource_spans[0].scope_spans:
        for span in spans.spans:
            span.start_time_unix_nano, span.end_time_unix_nano = now_ns - 10**9, now_ns
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{up.otlp_http}/v1/traces", message.SerializeToString(), {"Content-Type": "application/x-protobuf"}
    )
    return status(request)


def status(request: urllib.request.Request | str) -> int:
    """Return the status of an answer."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - likewise
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def health(up: Started) -> int:
    """Return the status of `/healthz`."""
    return status(f"{up.ui}/healthz")


def test_two_servers_over_one_clickhouse(tmp_path: Path) -> None:
    """They start together and show what either keeps; a lost ClickHouse is 503 and a word why, until it is back."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    variables = {"SPANGLASS_STORE_PASSWORD_FILE": str(password)}
    with ExitStack() as servers:
        with clickhouse(tmp_path / "clickhouse" / "data") as port:
            store = ("--store", f"clickhouse://{USER}@127.0.0.1:{port}/obs")
            with ThreadPoolExecutor(2) as pool:
                starting = [pool.submit(servers.enter_context, started(tmp_path, *store, **variables)) for _ in "12"]
            one, two = (start.result() for start in starting)
            assert [sent(one, 1), sent(two, 2)] == [200, 200]
            assert [len(up.get("/api/v1/traces")["traces"]) for up in (one, two)] == [2, 2]
            assert [health(up) for up in (one, two)] == [200, 200]

        assert [health(one), sent(one, 3), status(f"{one.ui}/api/v1/traces")] == [503, 503, 503]

        with clickhouse(tmp_path / "clickhouse" / "data", port=port):
            deadline = time.monotonic() + _BACK_WITHIN_S
            while health(one) != 200:
                assert time.monotonic() < deadline, "the server did not notice that ClickHouse is back"
                time.sleep(0.25)
            assert sent(one, 3) == 200
            assert len(two.get("/api/v1/traces")["traces"]) == 3
            assert [up.stop() for up in (one, two)] == [(0, ""), (0, "")]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("clickhouse://ann:s3cret@127.0.0.1:1/obs", "ClickHouse 127.0.0.1:1, database obs: .*see that it runs"),
        ("http://ann:s3cret@127.0.0.1:1", "begins with neither clickhouse:// nor clickhouses://"),
    ],
)
def test_an_address_that_does_not_serve_ends_the_start(tmp_path: Path, url: str, said: str) -> None:
    """Exit code 2 and one line with the cure, without the password."""
    ports = ["--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"]

    refused = subprocess.run(
        [*SPANGLASS, "up", "--store", url, *ports],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=clean_environment(),
    )

    assert refused.returncode == 2
    assert re.fullmatch(f"spanglass: .*{said}.*\n", refused.stderr)
    assert "s3cret" not in refused.stdout + refused.stderr
