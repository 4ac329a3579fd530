"""Whatever is answered and however it is read over urllib3, requests or botocore, it is the same with the hook."""

import io
from collections.abc import Callable, Iterator

import pytest
import requests
import urllib3
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped] # it has no types
from botocore.httpsession import URLLib3Session  # type: ignore[import-untyped] # likewise

from answers import ANSWERS, BODY, PATH
from scripted import ScriptedServer, scripted
from telemetry import recording

Read = Callable[[urllib3.HTTPResponse], Iterator[object]]


def seen_of(error: Exception) -> object:
    """Return what can be told of an exception, without addresses."""
    return (type(error), type(error.__cause__), type(error.__context__), len(error.args))


def state(response: urllib3.HTTPResponse) -> dict[str, object]:
    """Return what an application can see of a response when it has done with it."""
    return {
        "type": type(response).__name__,
        "is": isinstance(response, urllib3.HTTPResponse),
        "repr": repr(response).partition(" at ")[0],
        "status": response.status,
        "headers": sorted((k, v) for k, v in response.headers.items() if k.lower() != "date"),
        "closed": response.closed,
        "tell": response.tell(),
        "remaining": response.length_remaining,
        "connection": response.connection is None,
        "url": response.geturl(),
        "retries": [h.status for h in response.retries.history] if response.retries else None,
    }


def data(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.data
    yield response.data


def read(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read()
    yield response.read()


def read_in_pieces(response: urllib3.HTTPResponse) -> Iterator[object]:
    while piece := response.read(7):
        yield piece
    yield response.read(7)


def read_cached(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read(cache_content=True)
    yield response.data


def read1(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read1()
    yield b"".join(iter(lambda: response.read1(11), b""))


def undecoded(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read(5, decode_content=False)
    yield response.read(decode_content=False)


def stream(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield from response.stream(16)


def stream_undecoded(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield from response.stream(None, decode_content=False)


def chunks(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield from response.read_chunked()


def lines(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield from response


def through_io(response: urllib3.HTTPResponse) -> Iterator[object]:
    response.auto_close = False
    yield io.BufferedReader(response).read()


def first_then_close(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield next(response.stream(3), None)
    response.close()
    yield response.closed
    yield response.read()


def close_at_once(response: urllib3.HTTPResponse) -> Iterator[object]:
    response.close()
    response.close()
    yield response.closed


def iterator_let_go_of(response: urllib3.HTTPResponse) -> Iterator[object]:
    pieces = response.stream(3)
    yield next(pieces, None)
    del pieces
    yield response.closed


def drain(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read(3)
    response.drain_conn()
    yield response.closed


def release(response: urllib3.HTTPResponse) -> Iterator[object]:
    yield response.read(3)
    response.release_conn()
    yield response.connection is None


READERS = (
    data,
    read,
    read_in_pieces,
    read_cached,
    read1,
    undecoded,
    stream,
    stream_undecoded,
    chunks,
    lines,
    through_io,
    first_then_close,
    close_at_once,
    iterator_let_go_of,
    drain,
    release,
)


def with_urllib3(server: ScriptedServer, reader: Read) -> list[object]:
    """Make a call, whole or streamed, and write down everything it gave, to the exception."""
    seen: list[object] = []
    with urllib3.PoolManager() as pool:
        try:
            response = pool.request("POST", server.url + PATH, json=BODY, preload_content=False, retries=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            return [seen_of(error)]
        assert isinstance(response, urllib3.HTTPResponse)
        try:
            for piece in reader(response):
                seen.append(piece)  # noqa: PERF402 - what came before an exception counts too
        except Exception as error:  # noqa: BLE001 - likewise
            seen.append(seen_of(error))
        seen.append(state(response))
        seen.append([len(one.pool.queue) for one in pool.pools._container.values()])  # type: ignore[union-attr]
    return [*seen, *asked(server)]


def asked(server: ScriptedServer) -> list[object]:
    """Return what the server was asked."""
    return [(a.path, a.body, {k: v for k, v in a.headers.items() if k != "Host"}) for a in server.asked]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("answer", [name for name in ANSWERS if name != "redirected"])
def test_application_gets_the_same(answer: str, reader: Read) -> None:
    """Bytes, exceptions, attributes and connections are the same with the hook as without."""
    same(answer, lambda server: with_urllib3(server, reader))


def whole_with_urllib3(server: ScriptedServer) -> list[object]:
    with urllib3.PoolManager() as pool:
        try:
            response = pool.request("POST", server.url + PATH, json=BODY)
        except Exception as error:  # noqa: BLE001 - likewise
            return [seen_of(error), *asked(server)]
        return [response.data, response.status, type(response), *asked(server)]


def with_requests(server: ScriptedServer) -> list[object]:
    try:
        response = requests.post(server.url + PATH, json=BODY, timeout=9)
    except Exception as error:  # noqa: BLE001 - likewise
        return [seen_of(error), *asked(server)]
    return [response.content, response.status_code, type(response.elapsed), [r.status_code for r in response.history]]


def streamed_with_requests(server: ScriptedServer) -> list[object]:
    seen: list[object] = []
    try:
        with requests.post(server.url + PATH, json=BODY, timeout=9, stream=True) as response:
            for line in response.iter_lines():
                seen.append(line)  # noqa: PERF402 - likewise
    except Exception as error:  # noqa: BLE001 - likewise
        seen.append(seen_of(error))
    return [*seen, *asked(server)]


def closed_with_requests(server: ScriptedServer) -> list[object]:
    try:
        with requests.post(server.url + PATH, json=BODY, timeout=9, stream=True) as response:
            return [next(response.iter_content(9), None), response.raw.closed, *asked(server)]
    except Exception as error:  # noqa: BLE001 - likewise
        return [seen_of(error)]


def with_botocore(server: ScriptedServer) -> list[object]:
    request = AWSRequest("POST", server.url + PATH, {"content-type": "application/json"}, b'{"model": "m"}')
    prepared = request.prepare()
    prepared.stream_output = True
    try:
        response = URLLib3Session().send(prepared)
        return [b"".join(response.raw.stream()), response.status_code, *asked(server)]
    except Exception as error:  # noqa: BLE001 - likewise
        return [seen_of(error), *asked(server)]


@pytest.mark.parametrize(
    "ask",
    [whole_with_urllib3, with_requests, streamed_with_requests, closed_with_requests, with_botocore],
    ids=lambda ask: ask.__name__,
)
@pytest.mark.parametrize("answer", ANSWERS)
def test_client_gets_the_same(answer: str, ask: Callable[[ScriptedServer], list[object]]) -> None:
    """What rides on urllib3 gives what it gives, redirects included."""
    same(answer, ask)


def same(answer: str, ask: Callable[[ScriptedServer], list[object]]) -> None:
    """Ask with the hook and without; every request is a span."""
    with scripted(*ANSWERS[answer]) as server:
        without = ask(server)
    with recording() as telemetry, scripted(*ANSWERS[answer]) as server:
        with_hook = ask(server)
        telemetry.recorder.settle()
        assert len(telemetry.spans()) == len(server.asked)
    assert with_hook == without
