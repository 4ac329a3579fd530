"""Recorded OpenAI traffic, replayed through the real client in an application, is in the server as it was recorded."""

import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cassettes import names, recorded
from parts import ROOT, recordings
from replays import counts, price, recorded_model, recorded_usage
from spanglass.semconv import attributes as attr
from started import Started, clean_environment, started

APPLICATION = """
import contextlib, sys
import openai
import spanglass

spanglass.init(service_name="replay", endpoint=sys.argv[1])
from cassettes import names, recorded
from replays import provider_of, replay

for name in names("openai"):
    exchange = recorded("openai", name)
    with spanglass.context(session_id=name), provider_of(exchange) as client:
        with contextlib.suppress(openai.APIStatusError):
            replay(client, exchange)
spanglass.shutdown()
"""
_SHOWN_WITHIN_S = 10


def shown(server: Started, number: int) -> dict[str, dict[str, Any]]:
    """Return the traces the server lists, by session, once there are that many."""
    deadline = time.monotonic() + _SHOWN_WITHIN_S
    while True:
        rows = server.get("/api/v1/traces?from=1h&service=replay&limit=200")["traces"]
        if len(rows) >= number or time.monotonic() > deadline:
            return {row["session_id"]: row for row in rows}
        time.sleep(0.2)


@pytest.mark.e2e
def test_every_recording_is_a_trace_with_its_usage_and_cost(tmp_path: Path) -> None:
    """The list shows each recorded call once, with the recorded tokens and the cost that the price source computes."""
    recordings("openai")
    expected = {name: recorded("openai", name) for name in names("openai")}
    with started(tmp_path) as server:
        subprocess.run(
            [sys.executable, "-c", APPLICATION, server.otlp_http],
            check=True,
            timeout=90,
            cwd=tmp_path,
            env=clean_environment(PYTHONPATH=str(ROOT / "tests")),
        )
        rows = shown(server, len(expected))

    assert set(rows) == set(expected)
    for name, exchange in expected.items():
        body, failed = exchange.body, exchange.status >= 400
        row, usage = rows[name], None if failed else recorded_usage(body)
        assert (row["status"] == "error") == failed, name
        if failed:
            assert (row["cost"]["amount"], row["cost"]["calls"]) == (None, 0), name
        elif usage is None:
            assert row["cost"]["estimated"] == row["cost"]["amount"], name
        else:
            counted = counts(usage)
            assert row["tokens"]["input"] == counted[attr.INPUT_TOKENS], name
            assert row["tokens"]["output"] == counted[attr.OUTPUT_TOKENS], name
            assert Decimal(row["cost"]["computed"]) == price(counted, recorded_model(body)), name
