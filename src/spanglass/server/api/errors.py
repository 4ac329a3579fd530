"""Errors as the API tells them: one form, `{"error": {"code": ..., "message": ...}}`."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from spanglass.errors import (
    NotFound,
    Overloaded,
    PayloadTooLarge,
    QueryError,
    SpanglassError,
    StoreUnavailable,
    Unauthenticated,
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong.

    Attributes:
        code: For programs, one word; docs/api.md lists them.
        message: For people: what happened and what to do.
    """

    code: str
    message: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request that cannot be answered."""

    error: Problem


MEANINGS = {
    400: "A parameter cannot be used; the message says what is right.",
    401: "The API key is missing or wrong.",
    403: "It comes from a page of another origin.",
    404: "It is not in the store.",
    413: "The body is too large.",
    415: "The body is not JSON, or not said to be.",
    421: "The Host header is none this server knows.",
    503: "The store cannot answer just now, or too many questions are being answered.",
}
_TOLD: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "not_found"),
    QueryError: (400, "bad_request"),
    Unauthenticated: (401, "unauthenticated"),
    PayloadTooLarge: (413, "too_large"),
    Overloaded: (503, "busy"),
    StoreUnavailable: (503, "unavailable"),
}


def told(error: Exception) -> Response:
    """Return the response that tells an error; an unforeseen one keeps its words for the log."""
    return failure(*described(error))


def described(error: Exception) -> tuple[int, str, str]:
    """Return the status, code and message of an error; an unforeseen one keeps its words for the log."""
    status, code = _TOLD.get(type(error), (500, "failed"))
    known = isinstance(error, SpanglassError)
    return status, code, str(error) if known else "The server failed on this request; its log says why."


def failure(status: int, code: str, message: str) -> Response:
    """Return an error response."""
    body = msgspec.json.encode(Failure(error=Problem(code=code, message=message)))
    headers = {"www-authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return Response(body, status, headers, "application/json")
