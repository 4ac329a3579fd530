"""The UI's files, and the two pages there are without it: sign in, and how to build it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from spanglass.server.access import COOKIE, Access
from spanglass.server.api.errors import failure

FOLDER = Path(__file__).parent.parent / "ui"
"""Where the build of the UI puts its files."""
_HASHED = "assets"
"""The folder whose files carry a hash of their content in their name."""
_LONGEST_FORM = 4096
_MONTH_S = 30 * 86_400
_STYLE = """\
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 18vh auto 0; padding: 0 1rem }
h1 { font-size: 1.25rem; font-weight: 600 }
code { font: 13px ui-monospace, monospace }
input, button { font: inherit; padding: .35rem .6rem }
input { width: 16rem }
.wrong { color: light-dark(#b3261e, #f2b8b5) }
"""
_UNBUILT = """\
<h1>spanglass is running, its pages are not built</h1>
<p>Traces are received and kept, and the API answers: <a href="/api/v1/traces?from=24h">/api/v1/traces</a>,
<a href="/api/openapi.json">/api/openapi.json</a>.</p>
<p>In a checkout, <code>make ui</code> builds the pages (it needs Node 20 or later). A released wheel brings them.</p>
"""
_SIGN_IN = """\
<h1>spanglass</h1>
{note}
<form method="post" action="/login">
<label for="key">API key</label><br>
<input id="key" name="key" type="password" autocomplete="current-password" autofocus required>
<button>Sign in</button>
</form>
<p>It is the value of <code>SPANGLASS_SERVER_API_KEY</code> where the server was started.</p>
"""
_WRONG = '<p class="wrong" role="alert">That is not the key.</p>'


def _page(body: str, status: int = 200) -> HTMLResponse:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>spanglass</title>'
    style = '<link rel="stylesheet" href="/page.css">'
    return HTMLResponse(f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{body}</body></html>', status)


async def style(_: Request) -> Response:
    """Return the style of the pages here; the security policy allows none inside them."""
    return Response(_STYLE, media_type="text/css")


class Pages:
    """Serves the UI's files and the sign-in page."""

    def __init__(self, access: Access, folder: Path = FOLDER) -> None:
        self._access = access
        self._folder = folder.resolve()

    async def file(self, request: Request) -> Response:
        """Return a file of the UI; for an address that the UI itself resolves, its page."""
        asked = request.path_params["path"]
        if asked.startswith("api/"):
            return failure(404, "not_found", "There is no such endpoint; /api/openapi.json lists those there are.")
        path = self._within(asked)
        if path is not None:
            hashed = path.parent.name == _HASHED
            return FileResponse(
                path, headers={"cache-control": "public, max-age=31536000, immutable" if hashed else "no-cache"}
            )
        if asked.startswith(f"{_HASHED}/"):
            return failure(404, "not_found", "There is no such file; reload the page.")
        index = self._folder / "index.html"
        if not index.is_file():
            return _page(_UNBUILT)
        return FileResponse(index, headers={"cache-control": "no-cache"})

    def _within(self, asked: str) -> Path | None:
        """Return the file that is asked for; None where there is none, or not inside the folder."""
        try:
            path = (self._folder / asked).resolve()
            return path if path.is_relative_to(self._folder) and path.is_file() else None
        except (OSError, ValueError):  # a name too long for the file system, a NUL in it
            return None

    async def login(self, request: Request) -> Response:
        """Show the sign-in page, or take the key from it and give the browser a session."""
        if self._access.api_key is None:
            return RedirectResponse("/", 303)
        if request.method != "POST":
            return _page(_SIGN_IN.format(note=""))
        form = bytearray()
        async for piece in request.stream():
            form += piece
            if len(form) > _LONGEST_FORM:
                return _page(_SIGN_IN.format(note=_WRONG), 413)
        key = parse_qs(form.decode("utf-8", "replace")).get("key", [""])[0]
        if not self._access.is_key(key):
            return _page(_SIGN_IN.format(note=_WRONG), 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            self._access.session(),
            max_age=_MONTH_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response
