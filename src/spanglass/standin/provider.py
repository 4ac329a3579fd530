"""The stand-in provider as an ASGI app: reads a request, acts out its scenarios, answers; the words are elsewhere."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from spanglass.standin import chat, embeddings, failure, model, responses
from spanglass.standin.answer import Answer, Event
from spanglass.standin.ask import Ask, BadRequest, from_chat, from_responses
from spanglass.standin.counts import counted
from spanglass.standin.failure import Failure
from spanglass.standin.reply import Replies, decide
from spanglass.standin.scenario import HEADER, Scenario, Scenarios, parse

_COMPRESS_FROM = 512  # bytes; smaller bodies are sent as they are
_RATE_LIMIT_REQUESTS = 500
_RATE_LIMIT_TOKENS = 200_000


def create_app(
    *, replies: Replies | None = None, speed: float = math.inf, seed: int | None = None, tokens_per_event: int = 1
) -> Starlette:
    """Return a stand-in for the OpenAI API, for any ASGI server or an in-process client.

    Args:
        replies: What to say to which request; where it has nothing, an answer is made up.
        speed: 1 answers as slowly as the real provider, 10 ten times as fast; infinite by default: at once.
        seed: Makes answers, latencies and, for requests in the same order, identifiers repeatable. Without one,
            identifiers are never the same twice, and the rest depends on the request alone.
        tokens_per_event: How many tokens one event of a stream carries.

    Returns:
        An app that answers POST /v1/chat/completions, /v1/responses, /v1/embeddings and GET /v1/models.
    """
    ids = Random(seed)  # noqa: S311 - identifiers, not secrets
    provider = _Provider(replies=replies, speed=speed, seed=seed or 0, tokens_per_event=tokens_per_event, ids=ids)
    return Starlette(
        routes=[
            Route("/v1/chat/completions", provider.endpoint(provider.chat), methods=["POST"]),
            Route("/v1/responses", provider.endpoint(provider.responses), methods=["POST"]),
            Route("/v1/embeddings", provider.endpoint(provider.embeddings), methods=["POST"]),
            Route("/v1/models", _models, methods=["GET"]),
        ],
        exception_handlers={404: _no_such_path, 405: _no_such_path},
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    """One request on its way: what was sent, what shall happen, and how fast."""

    request: Request
    body: Mapping[str, object]
    scenarios: Scenarios
    pace: model.Pace
    random: Random


_Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class _Provider:
    replies: Replies | None
    speed: float
    seed: int
    tokens_per_event: int
    ids: Random
    served: int = 0

    def endpoint(self, answer: Callable[[_Turn], Awaitable[Response]]) -> _Endpoint:
        """Return the endpoint that meets the request's failures first and asks for the answer then."""

        async def respond(request: Request) -> Response:
            started = time.monotonic()
            try:
                response = await answer(await self._turn(request))
            except _Refused as refused:
                response = self._failed(refused.failure, refused.model)
            except BadRequest as error:
                response = self._failed(failure.bad_request(str(error), error.param), "")
            self.served += 1
            response.headers.update(self._headers(time.monotonic() - started))
            return response

        return respond

    async def _turn(self, request: Request) -> _Turn:
        """Read a request, and wait as long as it must.

        Raises:
            _Refused: The request is not answered, by a scenario or because it is wrong.
        """
        if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
            raise _Refused(failure.NO_KEY)
        raw = await request.body()
        body = _json(raw)
        name = str(body.get("model") or "")
        try:
            scenarios = parse(request.headers.get(HEADER), model=name)
        except ValueError as error:
            raise BadRequest(str(error)) from error
        random = Random(b"%d %s" % (self.seed, raw))  # noqa: S311 - chance, not secrets
        pace = model.pace(name, random)
        if Scenario.SLOW in scenarios:
            number = scenarios[Scenario.SLOW]
            await self._sleep(3.0 if number is None else number)
        failed = failure.failing(scenarios, attempt=_attempt(request))
        if failed:
            await self._sleep(pace.start / 4)
            raise _Refused(failed, name)
        return _Turn(request, body, scenarios, pace, random)

    async def chat(self, turn: _Turn) -> Response:
        """Answer a chat completion."""
        answer = self._answer(from_chat(turn.body), turn)
        if answer.ask.stream:
            return self._stream(chat.stream(answer), turn)
        return await self._whole(chat.whole(answer), turn, answer.counts.completion)

    async def responses(self, turn: _Turn) -> Response:
        """Answer a response."""
        answer = self._answer(from_responses(turn.body), turn)
        if answer.ask.stream:
            return self._stream(responses.stream(answer), turn)
        return await self._whole(responses.whole(answer), turn, answer.counts.completion)

    async def embeddings(self, turn: _Turn) -> Response:
        """Answer with embeddings."""
        return await self._whole(embeddings.whole(turn.body), turn, 0)

    def _answer(self, ask: Ask, turn: _Turn) -> Answer:
        decided = (
            decide(ask, turn.scenarios, replies=self.replies, random=turn.random) for _ in range(min(ask.choices, 128))
        )
        replies = tuple(decided)
        return Answer(
            ask=ask,
            replies=replies,
            counts=counted(ask, replies, turn.scenarios),
            model=model.exact(ask.model),
            created=int(time.time()),
            ids=self.ids,
            random=turn.random,
            tokens_per_event=self.tokens_per_event,
            scenarios=turn.scenarios,
        )

    async def _whole(self, body: Mapping[str, object], turn: _Turn, tokens: int) -> Response:
        await self._sleep(turn.pace.start + turn.pace.token * tokens)
        content = json.dumps(body, ensure_ascii=False, indent=2).encode(errors="replace")
        if Scenario.CUT in turn.scenarios:
            return _Broken(content[: len(content) // 2], length=len(content))
        headers = {}
        if len(content) >= _COMPRESS_FROM and "gzip" in turn.request.headers.get("accept-encoding", ""):
            content = gzip.compress(content, compresslevel=1)
            headers["content-encoding"] = "gzip"
        return Response(content, headers=headers, media_type="application/json")

    def _stream(self, events: list[Event], turn: _Turn) -> Response:
        compressed = Scenario.GZIP in turn.scenarios
        parts = self._paced(events, turn.pace)
        return _EventStream(
            _gzipped(parts) if compressed else parts,
            headers={"content-encoding": "gzip"} if compressed else None,
            media_type="text/event-stream",
        )

    async def _paced(self, events: list[Event], pace: model.Pace) -> AsyncIterator[bytes]:
        await self._sleep(pace.start)
        for event in events:
            await self._sleep(pace.token * event.tokens)
            if event.breaks:
                raise _BreakConnection
            yield event.data

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def _failed(self, failed: Failure, name: str) -> Response:
        headers = {}
        if failed.retry_after_s is not None:
            # Whole seconds cannot follow the speed; the official clients go by the milliseconds.
            milliseconds = max(1, math.ceil(failed.retry_after_s * 1000 / self.speed))
            headers = {"retry-after": str(math.ceil(failed.retry_after_s)), "retry-after-ms": str(milliseconds)}
        return JSONResponse(failed.body(name), failed.status, headers)

    def _headers(self, seconds: float) -> dict[str, str]:
        left = _RATE_LIMIT_REQUESTS - 1 - self.served % 60
        return {
            "x-request-id": f"req_{self.ids.getrandbits(128):032x}",
            "openai-organization": "standin",
            "openai-processing-ms": str(round(seconds * 1000)),
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": str(_RATE_LIMIT_REQUESTS),
            "x-ratelimit-limit-tokens": str(_RATE_LIMIT_TOKENS),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-remaining-tokens": str(_RATE_LIMIT_TOKENS - 400 * (_RATE_LIMIT_REQUESTS - left)),
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-reset-tokens": "85ms",
        }


class _Refused(Exception):  # noqa: N818 - an outcome, not an error
    """A request meets an error of the provider."""

    def __init__(self, failure: Failure, model: str = "") -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.model = model


class _BreakConnection(Exception):  # noqa: N818 - an order, not an error
    """Raised in a body to break the connection where it is."""


class _EventStream(StreamingResponse):
    """A stream that can break off: the response stays unfinished, so the server drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(_BreakConnection):
            await super().__call__(scope, receive, send)


class _Broken(Response):
    """A body that ends before its stated length."""

    def __init__(self, content: bytes, *, length: int) -> None:
        super().__init__(content, headers={"content-length": str(length)}, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


async def _gzipped(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    async for part in parts:
        yield compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


def _attempt(request: Request) -> int:
    count = request.headers.get("x-stainless-retry-count", "")
    return int(count) if count.isdecimal() else 0


def _json(raw: bytes) -> Mapping[str, object]:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refused(failure.NOT_JSON)
    return body


async def _models(request: Request) -> Response:
    del request
    listed = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "standin"} for name in model.MODELS]
    return JSONResponse({"object": "list", "data": listed})


async def _no_such_path(request: Request, error: Exception) -> Response:
    del request, error
    return JSONResponse(failure.NO_SUCH_PATH.body(), failure.NO_SUCH_PATH.status)
