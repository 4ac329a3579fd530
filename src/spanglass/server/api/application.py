"""The ASGI application of the UI and the API: routes over the questions, each asked in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from spanglass.errors import SpanglassError, StoreError
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api import openapi
from spanglass.server.api.answer import Answer
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.errors import failure, told
from spanglass.server.api.guard import Guard
from spanglass.server.api.health import report, unreadable
from spanglass.server.api.jaeger.routes import jaeger
from spanglass.server.api.pages import Pages, style
from spanglass.server.api.parameters import Asked
from spanglass.server.api.questions import Questions
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.counters import Counters

_COMPRESSED_FROM = 1024
_Handler = Callable[[Request], Awaitable[Response]]


def application(
    questions: Questions,
    access: Access,
    *,
    counters: Counters,
    allowance: Allowance,
    otlp_ports: Mapping[str, int] | None = None,
    pages: Pages | None = None,
    more: Sequence[Route] = (),
) -> ASGIApp:
    """Return the application.

    Args:
        questions: How the store is asked.
        access: Who may ask.
        counters: The server's figures, for `/healthz`.
        allowance: The queue, likewise.
        otlp_ports: Where OTLP is received, by protocol (`http`, `grpc`), for `/healthz`; the UI tells newcomers.
        pages: The UI's files; the built UI by default.
        more: Routes of what answers no question.
    """
    served = pages or Pages(access)
    document = msgspec.json.encode(openapi.document())

    async def specification(_: Request) -> Response:
        return Response(document, media_type="application/json")

    async def health(_: Request) -> Response:
        try:
            size = await questions.size()
        except StoreError as error:
            return unreadable(error)
        return report(size, counters, allowance, otlp_ports or {})

    routes = [
        *(Route(endpoint.path, _answering(endpoint, questions), methods=["GET"]) for endpoint in ENDPOINTS),
        *more,
        Route("/api/openapi.json", specification, methods=["GET"]),
        Route("/healthz", health, methods=["GET"]),
        Route("/login", served.login, methods=["GET", "POST"]),
        Route("/page.css", style, methods=["GET"]),
        jaeger(questions),
        Route("/{path:path}", served.file, methods=["GET"]),
    ]
    starlette = Starlette(routes=routes, exception_handlers={404: _missing, SpanglassError: _tell, Exception: _tell})
    return Guard(GZipMiddleware(starlette, minimum_size=_COMPRESSED_FROM, compresslevel=5), access)


def _answering(endpoint: Endpoint, questions: Questions) -> _Handler:
    async def answer(request: Request) -> Response:
        asked = Asked(request.query_params, endpoint.parameters, prices=questions.prices)
        part = next(iter(request.path_params.values()), "")
        body = await questions.ask(endpoint, asked, part)
        return Answer(body, sent=lambda: questions.sent(endpoint))

    return answer


async def _tell(_: Request, error: Exception) -> Response:
    return told(error)  # Starlette passes an unforeseen error on after this, and uvicorn logs it


async def _missing(_: Request, __: Exception) -> Response:
    return failure(404, "not_found", "There is nothing at this address; docs/api.md lists what there is.")
