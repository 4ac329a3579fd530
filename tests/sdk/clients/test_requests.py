"""What calls written by hand over requests and urllib3 become, however their answers end."""

import gc
import io
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3

from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry

PATH = "/v1/chat/completions"
MODEL = "gpt-4o-mini"
BODY: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Say hello to everybody who is here."}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
SSE = {"content-type": "text/event-stream"}
WORD = (
    b'data: {"id":"c-1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":"Hello "},'
    b'"finish_reason":null}],"usage":null}\n\n'
)
STOP = (
    b'data: {"id":"c-1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
USAGE = b'data: {"id":"c-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":4,"total_tokens":24}}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = Answer([WORD] * 4 + [STOP, USAGE, DONE], headers=SSE)
HANGING = Answer([WORD, WORD, Act.WAIT], headers=SSE)


def post(server: ScriptedServer, *, stream: bool = True, timeout: float = 9) -> requests.Response:
    """Ask for a stream."""
    return requests.post(server.url + PATH, json=BODY, stream=stream, timeout=timeout)


def ends(telemetry: Telemetry) -> tuple[object, object, object]:
    """Return how the one span says its answer ended, its status and its error."""
    telemetry.recorder.settle()
    found = telemetry.attributes()
    return found.get(attr.STREAM_END), telemetry.span().status.status_code.name, found.get(attr.ERROR_TYPE)


def test_whole_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream read by lines has usage, cost, times and the address it went to."""
    server.script.append(WHOLE)
    with post(server) as response:
        assert [line for line in response.iter_lines() if line][-1] == b"data: [DONE]"
    found = telemetry.attributes()
    assert ends(telemetry) == (None, "UNSET", None)
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.CHUNK_COUNT]) == (20, 4, 6)
    assert found[attr.COST_STATE] == "computed"
    assert (found[attr.SERVER_ADDRESS], found[attr.SERVER_PORT]) == ("127.0.0.1", server.port)
    assert 0 < found[attr.TIME_TO_FIRST_CHUNK] <= found[attr.TIME_TO_FIRST_TOKEN]


@pytest.mark.parametrize("stream", [True, False])
def test_answer_read_at_once(stream: bool, server: ScriptedServer, telemetry: Telemetry) -> None:  # noqa: FBT001 - a table
    """What requests reads by itself, or in one go, says the same."""
    server.script.append(WHOLE)
    assert post(server, stream=stream).content.endswith(DONE)
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 4


def test_stream_left_at_its_mark(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A reader that stops at the last event has read the whole answer."""
    server.script.append(WHOLE)
    with post(server) as response:
        for line in response.iter_lines():
            if line == b"data: [DONE]":
                break
    assert ends(telemetry) == (None, "UNSET", None)


def test_stream_closed_early(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Leaving a `with` before the end is a cancelled call, with estimated usage."""
    server.script.append(HANGING)
    with post(server) as response:
        next(response.iter_lines())
    assert ends(telemetry) == ("cancelled", "UNSET", None)
    assert telemetry.attributes()[attr.USAGE_ESTIMATED] is True


def test_stream_let_go_of(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A response that is dropped unread is an abandoned call."""
    server.script.append(HANGING)
    response = post(server)
    next(response.iter_content(100))
    del response
    gc.collect()
    assert ends(telemetry) == ("abandoned", "UNSET", None)


def test_connection_lost(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream that breaks off is a failed call, under the exception's name in urllib3."""
    server.script.append(Answer([WORD, Act.CUT], headers=SSE))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(server, stream=False)
    assert ends(telemetry) == ("error", "ERROR", "ProtocolError")


def test_provider_falls_silent(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A timeout in the middle is a failed call."""
    server.script.append(HANGING)
    with pytest.raises(requests.exceptions.ConnectionError), post(server, timeout=0.1) as response:
        list(response.iter_lines())
    assert ends(telemetry) == ("error", "ERROR", "ReadTimeoutError")


def test_nobody_answers(telemetry: Telemetry) -> None:
    """A connection that cannot be made is a failed call without an answer."""
    with scripted() as gone:
        pass
    with pytest.raises(requests.exceptions.ConnectionError):
        post(gone)
    assert ends(telemetry) == (None, "ERROR", "NewConnectionError")


def test_refused_call(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A refusal has the provider's own name for it and no cost."""
    refusal = b'{"error": {"code": "context_length_exceeded", "message": "Too long."}}'
    server.script.append(Answer([refusal], 400))
    assert post(server, stream=False).status_code == 400
    assert ends(telemetry) == (None, "ERROR", "context_length_exceeded")
    assert attr.COST_STATE not in telemetry.attributes()


@pytest.mark.parametrize(
    ("body", "model"), [(json.dumps(BODY), MODEL), (json.dumps(BODY).encode(), MODEL), (iter([b"{}"]), None)]
)
def test_body_in_any_form(body: object, model: str | None, server: ScriptedServer, telemetry: Telemetry) -> None:
    """A text and bytes are read; what the application streams up is left to the connection."""
    server.script.append(WHOLE)
    length = {"content-length": "2"} if model is None else {}
    with urllib3.PoolManager() as pool:
        pool.request("POST", server.url + PATH, body=body, headers=length)  # type: ignore[arg-type] # a table of forms
    assert telemetry.attributes().get(attr.REQUEST_MODEL) == model
    assert server.asked[0].body == (b"{}" if model is None else json.dumps(BODY).encode())


def test_call_through_a_proxy(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Through a plain proxy the call is the provider's, not the proxy's."""
    server.script.append(WHOLE)
    requests.post(f"http://api.openai.com{PATH}", json=BODY, timeout=9, proxies={"http": server.url}).close()
    found = telemetry.attributes()
    assert (found[attr.SERVER_ADDRESS], found[attr.SERVER_PORT]) == ("api.openai.com", 80)
    assert found[attr.OUTPUT_TOKENS] == 4


def test_retries_of_an_adapter_are_counted(server: ScriptedServer, telemetry: Telemetry) -> None:
    """What urllib3 sends again is an attempt of its own; calls are attempts less retries."""
    server.script.extend([Answer([b"{}"], 503), Answer([b"{}"], 503), WHOLE])
    again = urllib3.Retry(5, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=again))
        assert session.post(server.url + PATH, json=BODY, timeout=9).status_code == 200
    assert [(s.attributes or {}).get(attr.RESEND_COUNT) for s in telemetry.spans()] == [None, 1, 2]
    assert sum(telemetry.metrics()[metrics.RETRIES.name].values()) == 2


def test_connection_is_used_again(server: ScriptedServer, telemetry: Telemetry) -> None:
    """An answer that was read returns its connection to the pool."""
    server.repeat = WHOLE
    with requests.Session() as session:
        for _ in range(3):
            with session.post(server.url + PATH, json=BODY, timeout=9, stream=True) as response:
                list(response.iter_lines())
    assert len({asked.port for asked in server.asked}) == 1
    assert len(telemetry.spans()) == 3


@pytest.mark.parametrize(
    "read", [lambda made: made.read(), lambda made: made.data, lambda made: b"".join(made.stream(9))]
)
def test_answer_of_a_test_double(read: Callable[[urllib3.BaseHTTPResponse], bytes], telemetry: Telemetry) -> None:
    """An answer whose body is any file, as test doubles make them, is read as ever and seen."""
    body = b'{"id":"c","model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}'

    class Double(urllib3.connection.HTTPConnection):
        def request(self, *_: object, **__: object) -> None:
            """Send nothing."""

        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as the library's own does
            return urllib3.HTTPResponse(io.BytesIO(body), status=200, preload_content=False)

    pool = urllib3.HTTPConnectionPool("api.openai.com")
    pool.ConnectionCls = Double
    response = pool.request("POST", PATH, json=BODY, preload_content=False)
    assert read(response) == body
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 3


def test_other_requests_leave_nothing(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Other paths and methods are not recorded."""
    server.repeat = Answer([b"{}"])
    requests.get(server.url + PATH, timeout=9)
    requests.post(server.url + "/v1/files", json=BODY, timeout=9)
    assert telemetry.spans() == []


def test_forked_child_records_its_own_calls(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A child that was forked while a stream was open makes calls and spans of its own."""
    server.repeat = WHOLE
    with post(server) as response:
        next(response.iter_lines())
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                post(server, stream=False)
                spans = telemetry.spans()
                os.write(write, str([dict(s.attributes or {})[attr.OUTPUT_TOKENS] for s in spans]).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        assert os.read(read, 100) == b"[4]"
        os.close(read)
    assert len(telemetry.spans()) == 1
