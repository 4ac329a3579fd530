"""OTLP/HTTP: one ASGI application for traces, metrics and logs, in protobuf and JSON."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from spanglass.errors import PayloadTooLarge, UnsupportedPayload
from spanglass.server.access import Access
from spanglass.server.allowance import Hold
from spanglass.server.receive import answers
from spanglass.server.receive.receiver import Body, Receiver
from spanglass.server.record import Received, Signal

_SIGNALS = {f"/v1/{signal}": signal for signal in Signal}
_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"
_DIGITS = 18
"""Of a declared length: enough to be over any limit."""
_TYPES = {_PROTOBUF: False, "application/protobuf": False, _JSON: True}


def otlp_http(receiver: Receiver, access: Access) -> ASGIApp:
    """Return the application.

    Args:
        receiver: Where bodies go.
        access: Who may send.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = _misdirected(request, access)
        if response is None:
            try:
                response = await _export(request, receiver, access)
            except ClientDisconnect:
                return
        await response(scope, receive, send)

    return application


def _misdirected(request: Request, access: Access) -> Response | None:
    """Return the answer to a request that is no export; None for one that is."""
    host = request.headers.get("host", "")
    if not access.knows_host(host):
        return PlainTextResponse(
            f"This server is not known as {host!r:.100}; if it should be, add that name to SPANGLASS_ALLOWED_HOSTS.\n",
            status_code=421,
        )
    if request.url.path not in _SIGNALS:
        known = ", ".join(_SIGNALS)
        return PlainTextResponse(
            f"This port takes OTLP/HTTP exports: POST {known}. UI and API are elsewhere.\n", status_code=404
        )
    if request.method != "POST":
        return PlainTextResponse("Exports are sent with POST.\n", status_code=405, headers={"allow": "POST"})
    return None


async def _export(request: Request, receiver: Receiver, access: Access) -> Response:
    signal = _SIGNALS[request.url.path]
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    as_json = _TYPES.get(content_type, False)
    try:
        access.demand_key(request.headers.get("authorization"))
        _demand_type(content_type)
        received = await _received(request, receiver, signal, as_json=as_json)
        await receiver.keep(received)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - the guard of this entry: whatever happens, the sender is told
        receiver.note_refusal(signal, error)
        return _refusal(error, as_json=as_json)
    return _answer(200, answers.accepted(received, as_json=as_json), as_json=as_json)


def _demand_type(content_type: str) -> None:
    if content_type not in _TYPES:
        raise UnsupportedPayload(
            f"The content type {content_type!r:.60} is not spoken here; use {_PROTOBUF} or {_JSON}."
        )


async def _received(request: Request, receiver: Receiver, signal: Signal, *, as_json: bool) -> Received:
    with receiver.allowance.hold() as hold:
        async with asyncio.timeout(receiver.limits.body_s):
            data = await _body(request, hold, receiver.limits.body_bytes)
        return await receiver.decode(signal, Body(data, request.headers.get("content-encoding", ""), as_json))


async def _body(request: Request, hold: Hold, limit: int) -> bytes:
    """Read a body, counting each piece before the next is asked for."""
    declared = request.headers.get("content-length", "")
    size = int(declared[:_DIGITS]) if declared.isdecimal() else 0
    if size > limit:
        raise _too_large(limit)
    read = 0
    pieces: list[bytes] = []
    async for piece in request.stream():
        read += len(piece)
        if read > limit:
            raise _too_large(limit)
        hold.add(len(piece))  # what is only announced holds nothing: two idle senders would shut out all others
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body has more than {limit} bytes; send smaller batches, or raise SPANGLASS_MAX_BODY_MIB."
    )


def _refusal(error: Exception, *, as_json: bool) -> Response:
    wait, status = answers.wait_of(error), answers.fault_of(error).http
    headers = [] if wait is None else [("retry-after", str(math.ceil(wait)))]
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append(("www-authenticate", "Bearer"))
    return _answer(status, answers.refused(error, as_json=as_json), as_json=as_json, more=headers)


def _answer(status: int, body: bytes, *, as_json: bool, more: Iterable[tuple[str, str]] = ()) -> Response:
    return Response(body, status, dict(more), _JSON if as_json else _PROTOBUF)
