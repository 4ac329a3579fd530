"""What holds for every request to the UI and the API, before any route: Host header, key, security headers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanglass.errors import Unauthenticated
from spanglass.server.access import COOKIE, Access
from spanglass.server.api.errors import failure, told

OPEN = frozenset({"/healthz", "/login", "/page.css"})
"""Paths that need no key."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets requests through that may pass, and puts the security headers on every response."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")  # nothing here is anybody else's, but files of the UI
            await send(message)

        refusal = self._refusal(Request(scope), scope["path"])
        await (self._app if refusal is None else refusal)(scope, receive, send_safely)

    def _refusal(self, request: Request, path: str) -> Response | None:
        # The path is the one that routes are chosen by: a URL put together again may read otherwise.
        host = request.headers.get("host", "")
        if not self._access.knows_host(host):
            cure = "if it should be, add that name to SPANGLASS_ALLOWED_HOSTS"
            return failure(421, "misdirected", f"This server is not known as {host!r:.100}; {cure}.")
        if path in OPEN:
            return None
        try:
            self._access.demand_key(request.headers.get("authorization"), request.cookies.get(COOKIE))
        except Unauthenticated as error:
            # A person is asked for the key, a program is told.
            if "text/html" in request.headers.get("accept", ""):
                return RedirectResponse("/login", 303)
            return told(error)
        return None if request.method in _READING else _strangers(request, host)


def _strangers(request: Request, host: str) -> Response | None:
    """Refuse what changes something and may come from a page of another origin.

    A browser lets any page send a form, or plain text, anywhere, and sends along what it knows of the server; JSON it
    sends to another origin only after asking, which is not answered here.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return failure(415, "unsupported", "Send a JSON document, with the header `Content-Type: application/json`.")
    origin = request.headers.get("origin")
    same = origin is None or origin.partition("://")[2].lower() == host.lower()
    if not same or request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return failure(403, "forbidden", "A page of another origin cannot change anything here.")
    return None
