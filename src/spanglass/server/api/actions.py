"""What the API does beside answering questions: jobs that are begun by POST and looked at, exports, backups fetched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from spanglass.errors import PayloadTooLarge, QueryError
from spanglass.server.api.answer import Streamed
from spanglass.server.api.parameters import FILTERS, FROM, TO, Asked, Parameter
from spanglass.server.api.questions import Questions
from spanglass.server.keep.house import House
from spanglass.server.keep.jobs import Job
from spanglass.server.query.export import lines
from spanglass.server.record import Signal
from spanglass.server.store.keeping import By, Subject
from spanglass.server.store.protocol import Store

_MOST_BODY: Final = 64 * 1024
_LINES: Final = "application/x-ndjson"
_FILE: Final = "application/octet-stream"
_STALLED_S: Final = 120.0
"""A reader of an export that takes no line for so long is let go; a line may have 2 MiB and more."""
_Text = Annotated[str, Meta(max_length=4096)]
_Body = TypeVar("_Body", bound=msgspec.Struct)


class Erase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom or what to erase; exactly one.

    Attributes:
        user: A user's id.
        session: A session's or conversation's id.
        trace: A trace's id, 32 hex digits.
    """

    user: _Text | None = None
    session: _Text | None = None
    trace: _Text | None = None


class MakeBackup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is asked of a backup: it is whole, and lies in the data directory."""


class Reprice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls to price anew.

    Attributes:
        start: Start, inclusive: Unix seconds, or a time before now such as 30d; by default the first call.
        end: End, exclusive, likewise; by default now.
        service: A service's name.
        environment: A deployment environment.
        model: A model that answered or was asked for.
        apply: Write the new costs; without, they are only summed up.
    """

    start: _Text = "0"
    end: _Text = "now"
    service: _Text | None = None
    environment: _Text | None = None
    model: _Text | None = None
    apply: bool = False


class Action(NamedTuple):
    """A POST that begins a job.

    Attributes:
        path: Where.
        summary: One line.
        body: Type of the JSON document that is sent.
        begin: From the house and what was sent to the job.
    """

    path: str
    summary: str
    body: type[msgspec.Struct]
    begin: Callable[[House, bytes], Job]


class Download(NamedTuple):
    """A GET whose answer is no JSON document.

    Attributes:
        path: With `{name}` for a part that varies.
        summary: One line.
        parameters: Of the query string.
        media_type: Of the answer.
        errors: Statuses beside 200, 401 and 421.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    media_type: str
    errors: tuple[int, ...]


def _signal(text: str) -> str:
    if text not in set(Signal):
        raise ValueError(f"use {', '.join(Signal)}")
    return text


SIGNAL = Parameter("signal", "What is exported.", {"type": "string", "enum": [*Signal]}, _signal, str(Signal.TRACES))


def _read(data: bytes, kind: type[_Body]) -> _Body:
    """Read a JSON document; nothing at all is an empty one.

    Raises:
        QueryError: It is none, or not of that form.
    """
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise QueryError(f"The body is not what is asked for: {str(error)[:200]}.") from error


def _erase(house: House, data: bytes) -> Job:
    asked = _read(data, Erase)
    named = {By.USER: asked.user, By.SESSION: asked.session, By.TRACE: asked.trace}
    subjects = [Subject(by, id_) for by, id_ in named.items() if id_ is not None]
    if len(subjects) != 1:
        raise QueryError("Say whom to erase by one of user, session and trace.")
    return house.erase(subjects[0])


def _backup(house: House, data: bytes) -> Job:
    _read(data, MakeBackup)
    return house.backup()


def _reprice(house: House, data: bytes) -> Job:
    asked = _read(data, Reprice)
    query = {"from": asked.start, "to": asked.end}
    query |= {name: value for name in _REPRICED_BY if (value := getattr(asked, name)) is not None}
    known = Asked(query, (FROM, TO, *FILTERS))
    return house.reprice(range(known.start_ns, known.end_ns), known.filters, apply=asked.apply)


_REPRICED_BY: Final = ("service", "environment", "model")
ACTIONS: Final = (
    Action("/api/v1/erase", "Erase a user, a session or a trace, bytes included.", Erase, _erase),
    Action("/api/v1/backup", "Copy the store into the data directory while it runs.", MakeBackup, _backup),
    Action("/api/v1/reprice", "Price stored calls by the present price table.", Reprice, _reprice),
)
JOB: Final = "/api/v1/jobs/{id}"
EXPORT: Final = Download(
    "/api/v1/export",
    "Everything kept of a signal in a range, as lines of OTLP/JSON, each an export request.",
    (SIGNAL, FROM, TO, *FILTERS),
    _LINES,
    (400, 503),
)
BACKUP: Final = Download("/api/v1/backups/{name}", "A backup from the data directory.", (), _FILE, (404,))
DOWNLOADS: Final = (EXPORT, BACKUP)


def routes(house: House, questions: Questions) -> list[Route]:
    """Return the routes of everything here."""

    async def job(request: Request) -> Response:
        return _told(house.jobs.get(request.path_params["id"]), 200)

    async def backup(request: Request) -> Response:
        path = house.backup_at(request.path_params["name"])
        return FileResponse(path, media_type=_FILE, headers={"cache-control": "no-store"}, filename=path.name)

    async def export(request: Request) -> Response:
        asked = Asked(request.query_params, EXPORT.parameters)
        signal = Signal(str(asked.text(SIGNAL)))

        def made(store: Store) -> Generator[bytes, None, None]:
            yield from lines(store, signal, asked.filters, start_ns=asked.start_ns, end_ns=asked.end_ns)

        pieces = questions.lasting(made)
        first = await anext(pieces, b"")  # what cannot be asked is told as an error, not as a cut file
        return Streamed(first, pieces, media_type=_LINES, stalled_s=_STALLED_S)

    return [
        *(Route(action.path, _beginning(action, house), methods=["POST"]) for action in ACTIONS),
        Route(JOB, job, methods=["GET"]),
        Route(EXPORT.path, export, methods=["GET"]),
        Route(BACKUP.path, backup, methods=["GET"]),
    ]


def _beginning(action: Action, house: House) -> Callable[[Request], Awaitable[Response]]:
    async def begin(request: Request) -> Response:
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > _MOST_BODY:
                raise PayloadTooLarge(f"The body has more than {_MOST_BODY} bytes.")
        return _told(await run_in_threadpool(action.begin, house, bytes(data)), 202)

    return begin


def _told(job: Job, status: int) -> Response:
    return Response(msgspec.json.encode(job), status, {"cache-control": "no-store"}, "application/json")
