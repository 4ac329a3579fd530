"""The routes of Jaeger's query API under `/jaeger`: the older JSON API, and version 3 in OTLP."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from spanglass.errors import NotFound, SpanglassError
from spanglass.server.api.answer import Streamed
from spanglass.server.api.errors import described
from spanglass.server.api.jaeger import otlp, reading, shown, traces
from spanglass.server.api.questions import Questions
from spanglass.server.query.dependencies import Dependencies, dependencies
from spanglass.server.query.operations import Operation, operations
from spanglass.server.query.services import service_names
from spanglass.server.query.spans import Outline, outlines, outlines_by_key
from spanglass.server.query.tagged import Wanted, tagged
from spanglass.server.store.protocol import Store

PREFIX: Final = "/jaeger"
_RECENT_NS: Final = 7 * 86_400 * 1_000_000_000
"""How far back services and operations are listed."""
_UNHEARD: Final = (
    "There is no such endpoint; those there are: /api/services, /api/operations, /api/traces, /api/dependencies."
)
_Handler = Callable[[Request], Awaitable[Response]]
_Question = Callable[[Store], Generator[bytes, None, None]]


def jaeger(questions: Questions) -> Mount:
    """Return the routes, to be mounted in an application."""
    older, newer = _Older(questions), _Newer(questions)
    paths: tuple[tuple[str, _Handler, _Tell], ...] = (
        ("/api/services", older.services, _tell),
        ("/api/services/{service:path}/operations", older.operations_of, _tell),
        ("/api/operations", older.operations, _tell),
        ("/api/traces", older.search, _tell),
        ("/api/traces/{trace_id}", older.trace, _tell),
        ("/api/dependencies", older.dependencies, _tell),
        ("/api/v3/services", newer.services, _tell_newer),
        ("/api/v3/operations", newer.operations, _tell_newer),
        ("/api/v3/traces", newer.search, _tell_newer),
        ("/api/v3/traces/{trace_id}", newer.trace, _tell_newer),
        ("/api/v3/dependencies", newer.dependencies, _tell_newer),
        ("/{path:path}", _unheard, _tell),
    )
    return Mount(PREFIX, routes=[Route(path, _telling(answer, tell), methods=["GET"]) for path, answer, tell in paths])


class _Older:
    """The API that Jaeger's UI and Grafana use; every answer is `{"data": ..., "errors": ...}`."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    async def services(self, _: Request) -> Response:
        return _listed(await self._questions.read(_recent_services))

    async def operations_of(self, request: Request) -> Response:
        found = await self._questions.read(_recent_operations(request.path_params["service"]))
        return _listed(sorted({operation.name for operation in found}))

    async def operations(self, request: Request) -> Response:
        service, kind = reading.read_service(request.query_params), reading.read_kind(request.query_params, "spanKind")
        return _listed(_operations(await self._questions.read(_recent_operations(service, kind))))

    async def search(self, request: Request) -> Response:
        query = request.query_params
        ids = reading.read_ids(query)
        if ids:
            listed = await self._questions.read(lambda store: _several(store, ids))
            return await self._shown(listed, _missing(ids, listed), content=True)
        wanted, within, limit = reading.read_search(query)
        listed = await self._questions.read(lambda store: _found(store, wanted, within, limit))
        return await self._shown(listed, content=False)

    async def trace(self, request: Request) -> Response:
        trace_id = reading.read_trace_id(request.path_params["trace_id"])
        return await self._shown(await self._questions.read(lambda store: _one(store, trace_id)), content=True)

    async def dependencies(self, request: Request) -> Response:
        found = await self._questions.read(_calls(reading.read_calls(request.query_params)))
        service = reading.first(request.query_params, "service")
        calls = [call for call in _called(found) if service in {None, call["parent"], call["child"]}]
        return _listed(calls, total=0)

    async def _shown(
        self, listed: Sequence[Outline], errors: Sequence[dict[str, object]] = (), *, content: bool
    ) -> Response:
        return await _streamed(
            self._questions, lambda store: traces.answer(traces.traces(store, listed, content=content), errors)
        )


class _Newer:
    """Version 3, in the JSON of its protobuf messages."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    async def services(self, _: Request) -> Response:
        return _json({"services": await self._questions.read(_recent_services)})

    async def operations(self, request: Request) -> Response:
        query = request.query_params
        service, kind = reading.read_service(query), reading.read_kind(query, "spanKind", "span_kind")
        return _json({"operations": _operations(await self._questions.read(_recent_operations(service, kind)))})

    async def search(self, request: Request) -> Response:
        wanted, within, limit = reading.read_find(request.query_params)

        listed = await self._questions.read(lambda store: _found(store, wanted, within, limit))
        if not listed:
            raise NotFound("No traces found: none of the range has such a span.")
        return await self._shown(listed, content=False)

    async def trace(self, request: Request) -> Response:
        trace_id = reading.read_trace_id(request.path_params["trace_id"])
        return await self._shown(await self._questions.read(lambda store: _one(store, trace_id)), content=True)

    async def dependencies(self, request: Request) -> Response:
        found = await self._questions.read(_calls(reading.read_calls_between(request.query_params)))
        return _json({"dependencies": _called(found)})

    async def _shown(self, listed: Sequence[Outline], *, content: bool) -> Response:
        return await _streamed(self._questions, lambda store: otlp.answer(otlp.traces(store, listed, content=content)))


async def _streamed(questions: Questions, question: _Question) -> Response:
    """Return an answer of which the first piece is made: what can go wrong at once has by then."""
    rest = questions.pieces(lambda store: shown.gathered(question(store)))
    return Streamed(await anext(rest), rest)


def _one(store: Store, trace_id: str) -> list[Outline]:
    found = outlines(store, [trace_id], most=shown.MOST_SPANS, content=True)
    if not found:
        raise NotFound(f"trace not found: there is no trace {trace_id}, or its spans are still on their way.")
    return shown.bounded(found)


def _several(store: Store, ids: Sequence[str]) -> list[Outline]:
    return shown.bounded(outlines(store, ids, most=shown.share(len(ids)), content=True))


def _missing(ids: Sequence[str], listed: Sequence[Outline]) -> list[dict[str, object]]:
    there = {outline.trace_id for outline in listed}
    return [{"code": 404, "msg": "trace not found", "traceID": asked} for asked in ids if asked not in there]


def _found(store: Store, wanted: Wanted, within: range, limit: int) -> list[Outline]:
    keys = tagged(store, wanted, start_ns=within.start, end_ns=within.stop, limit=limit)
    return shown.bounded(outlines_by_key(store, keys, most=shown.share(len(keys))))


def _recent_services(store: Store) -> tuple[str, ...]:
    now_ns = time.time_ns()
    return service_names(store, start_ns=now_ns - _RECENT_NS, end_ns=now_ns) or service_names(
        store, start_ns=0, end_ns=now_ns
    )


def _recent_operations(service: str, kind: str | None = None) -> Callable[[Store], tuple[Operation, ...]]:
    now_ns = time.time_ns()
    return lambda store: (
        operations(store, service, start_ns=now_ns - _RECENT_NS, end_ns=now_ns, kind=kind)
        or operations(store, service, start_ns=0, end_ns=now_ns, kind=kind)
    )


def _calls(within: range) -> Callable[[Store], Dependencies]:
    return lambda store: dependencies(store, start_ns=within.start, end_ns=within.stop)


def _operations(found: Sequence[Operation]) -> list[dict[str, str]]:
    return [{"name": operation.name, "spanKind": operation.kind} for operation in found]


def _called(found: Dependencies) -> list[dict[str, object]]:
    return [{"parent": call.parent, "child": call.child, "callCount": call.calls} for call in found.calls]


def _listed(data: Sequence[object], *, total: int | None = None) -> Response:
    counted = len(data) if total is None else total
    return _json({"data": data, "total": counted, "limit": 0, "offset": 0, "errors": None})


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, {"cache-control": "no-store"}, "application/json")


_Tell = Callable[[int, str], Response]


def _telling(answer: _Handler, tell: _Tell) -> _Handler:
    async def answering(request: Request) -> Response:
        try:
            return await answer(request)
        except SpanglassError as error:
            status, _, message = described(error)
            return tell(status, message)

    return answering


def _tell(status: int, message: str) -> Response:
    errors = [{"code": status, "msg": message}]
    return _json({"data": None, "total": 0, "limit": 0, "offset": 0, "errors": errors}, status)


def _tell_newer(status: int, message: str) -> Response:
    return _json({"error": {"httpCode": status, "message": message}}, status)


async def _unheard(_: Request) -> Response:
    raise NotFound(_UNHEARD)
