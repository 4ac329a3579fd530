"""Requests by real HTTP clients: one span each, and a call to a model is one span in total, the model's."""

import pytest

from otlp_receiver import receiver, run, values
from scripted import Answer, scripted

INIT = "import spanglass; spanglass.init(service_name='shop')\n"
CHAT = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1,'
    b'"total_tokens":3}}'
)
ASK = """
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
"""
CLIENTS = {
    "requests": """
import requests
requests.get(URL + "/stock")
requests.post(URL + "/v1/chat/completions", json=BODY)
""",
    "httpx": """
import httpx
httpx.get(URL + "/stock")
httpx.post(URL + "/v1/chat/completions", json=BODY)
""",
    "httpx2": """
import asyncio, httpx2
async def main():
    async with httpx2.AsyncClient() as client:
        await client.get(URL + "/stock")
        await client.post(URL + "/v1/chat/completions", json=BODY)
asyncio.run(main())
""",
    "aiohttp": """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession() as client:
        await (await client.get(URL + "/stock")).read()
        await (await client.post(URL + "/v1/chat/completions", json=BODY)).read()
asyncio.run(main())
""",
}


@pytest.mark.parametrize("order", ["init first", "library first"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_is_one_span_and_a_call_too(client: str, order: str) -> None:
    """A request to any host is one CLIENT span that the other side can continue; a call to a model one of the call."""
    program = CLIENTS[client]
    first = INIT if order == "init first" else f"import {client}\n" + INIT
    with scripted() as server, receiver() as seen:
        server.script.extend([Answer([b"{}"]), Answer([CHAT])])
        script = first + f"URL = {server.url!r}\n" + ASK + program
        done = run(script, endpoint=seen.endpoint, SPANGLASS_HOSTS="127.0.0.1=openai")
        assert (done.returncode, done.stderr) == (0, "")
        [stock, chat] = [span for _, span in seen.spans()]
        assert (stock.name, stock.kind, chat.name, chat.kind) == ("GET", 3, "chat gpt-4o-mini", 3)
        told = values(stock.attributes)
        assert (told["http.request.method"], told["http.response.status_code"]) == ("GET", 200)
        continued, called = ({name.lower() for name in request.headers} for request in server.asked)
        assert "traceparent" in continued
        assert "traceparent" not in called
        [(_, point)] = seen.points("http.client.request.duration")
        assert point.count == 1


def test_only_what_is_imported_is_loaded() -> None:
    """After `init` neither a library of the table nor its instrumentation is in memory, and none comes with another."""
    script = """
import sys
from spanglass.sdk.frameworks.table import FRAMEWORKS
def loaded():
    rows = {row.name for row in FRAMEWORKS if row.module in sys.modules}
    return rows | {name for name in sys.modules if name.startswith("opentelemetry.instrumentation.") and name in kinds}
kinds = {row.instrumentor.partition(":")[0] for row in FRAMEWORKS}
print(sorted(loaded()))
import requests
print(sorted(loaded()))
"""
    with receiver() as seen:
        done = run(INIT + script, endpoint=seen.endpoint)
        assert done.stdout == "[]\n['opentelemetry.instrumentation.requests', 'requests']\n"
