"""The ASGI application of the UI and the API: routes over the questions, each asked in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from spanglass.errors import Overloaded, SpanglassError, StoreError
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api import openapi
from spanglass.server.api.answer import Answer
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.errors import told
from spanglass.server.api.guard import Guard
from spanglass.server.api.health import report, unreadable
from spanglass.server.api.metrics import CONTENT_TYPE, exposition
from spanglass.server.api.pages import Pages, style
from spanglass.server.api.parameters import Asked
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.counters import Counters
from spanglass.server.store.protocol import Store

_AT_ONCE = 4
_WAITING = 64
_LARGE_AT_ONCE = 3
"""Large answers held in memory until their readers have them."""
_COMPRESSED_FROM = 1024
_Handler = Callable[[Request], Awaitable[Response]]


class Questions:
    """Asks the store in a few threads, so that neither a slow question nor many of them hold up anything else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(_AT_ONCE, "spanglass-query")
        self._large = ThreadPoolExecutor(1, "spanglass-query-large")
        self._checks = ThreadPoolExecutor(1, "spanglass-check")
        self._room = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._asked = 0

    async def ask(self, endpoint: Endpoint, asked: Asked, part: str) -> bytes:
        """Return an answer as JSON; `sent` must be called once it is not held any more.

        Raises:
            QueryError: It cannot be asked as it stands.
            Overloaded: Too many questions wait already.
            StoreUnavailable: The store cannot answer.
        """
        if self._asked >= _WAITING:
            raise Overloaded("Too many questions are being answered; ask again in a moment.", retry_after_s=1)
        self._asked += 1
        loop = asyncio.get_running_loop()
        try:
            if not endpoint.large:
                return await loop.run_in_executor(self._threads, self._answer, endpoint, asked, part)
            await self._room.acquire()
            try:
                return await loop.run_in_executor(self._large, self._answer, endpoint, asked, part)
            except BaseException:
                self._room.release()
                raise
        finally:
            self._asked -= 1

    def sent(self, endpoint: Endpoint) -> None:
        """Make room for the next answer."""
        if endpoint.large:
            self._room.release()

    async def size(self) -> int:
        """Return the bytes that the store holds on disk; slow questions do not hold this up.

        Raises:
            StoreError: The store cannot say.
        """
        return await asyncio.get_running_loop().run_in_executor(self._checks, self._store.size)

    def close(self) -> None:
        """Let the threads end; running questions end when the store closes."""
        for threads in (self._threads, self._large, self._checks):
            threads.shutdown(wait=False, cancel_futures=True)

    def _answer(self, endpoint: Endpoint, asked: Asked, part: str) -> bytes:
        return msgspec.json.encode(endpoint.ask(self._store, asked, part))


def application(
    questions: Questions,
    access: Access,
    *,
    counters: Counters,
    allowance: Allowance,
    otlp_ports: Mapping[str, int] | None = None,
    pages: Pages | None = None,
) -> ASGIApp:
    """Return the application.

    Args:
        questions: How the store is asked.
        access: Who may ask.
        counters: The server's figures, for `/metrics`.
        allowance: The queue, for `/metrics` and `/healthz`.
        otlp_ports: Where OTLP is received, by protocol (`http`, `grpc`), for `/healthz`; the UI tells newcomers.
        pages: The UI's files; the built UI by default.
    """
    served = pages or Pages(access)
    document = msgspec.json.encode(openapi.document())

    async def specification(_: Request) -> Response:
        return Response(document, media_type="application/json")

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(
            exposition(counters, allowance, await questions.size()), headers={"content-type": CONTENT_TYPE}
        )

    async def health(_: Request) -> Response:
        try:
            size = await questions.size()
        except StoreError as error:
            return unreadable(error)
        return report(size, counters, allowance, otlp_ports or {})

    routes = [
        *(Route(endpoint.path, _answering(endpoint, questions), methods=["GET"]) for endpoint in ENDPOINTS),
        Route("/api/openapi.json", specification, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/healthz", health, methods=["GET"]),
        Route("/login", served.login, methods=["GET", "POST"]),
        Route("/page.css", style, methods=["GET"]),
        Route("/{path:path}", served.file, methods=["GET"]),
    ]
    starlette = Starlette(routes=routes, exception_handlers={SpanglassError: _tell, Exception: _tell})
    return Guard(GZipMiddleware(starlette, minimum_size=_COMPRESSED_FROM, compresslevel=5), access)


def _answering(endpoint: Endpoint, questions: Questions) -> _Handler:
    async def answer(request: Request) -> Response:
        asked = Asked(request.query_params, endpoint.parameters)
        part = next(iter(request.path_params.values()), "")
        body = await questions.ask(endpoint, asked, part)
        return Answer(body, sent=lambda: questions.sent(endpoint))

    return answer


async def _tell(_: Request, error: Exception) -> Response:
    return told(error)  # Starlette passes an unforeseen error on after this, and uvicorn logs it
