"""The live tail of the whole server: what is sent comes out a moment later, and a listener does not hold the end up."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import httpx

from exports import export, span_message
from served import config, running


def test_what_is_sent_is_told_at_once_and_the_end_ends_it(tmp_path: Path) -> None:
    """A listener hears of a span within seconds of its commit; the server stops while it listens."""
    told: list[dict[str, object]] = []
    heard, listens, ended = threading.Event(), threading.Event(), threading.Event()

    def listen(url: str) -> None:
        with httpx.Client(timeout=30) as client, client.stream("GET", f"{url}/api/v1/tail") as response:
            for line in response.iter_lines():
                listens.set()
                if line.startswith("data: "):
                    told.append(json.loads(line.removeprefix("data: ")))
                    heard.set()
        ended.set()

    with running(config(tmp_path)) as addresses:
        listener = threading.Thread(target=listen, args=(addresses.ui,), daemon=True)
        listener.start()
        assert listens.wait(10)
        body = export([span_message(7)]).SerializeToString()
        sent = httpx.post(
            f"{addresses.otlp_http}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}
        )
        assert sent.status_code == 200
        assert heard.wait(10)
        stopping = time.monotonic()
    stopped_s = time.monotonic() - stopping

    assert [one["name"] for one in told] == ["span 7"]
    assert ended.wait(5)
    assert stopped_s < 4
