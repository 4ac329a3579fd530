"""Asks a server's API over HTTP, with the standard library alone; what an answer means is its reader's."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from spanglass.errors import ConfigurationError, NotFound, QueryError, ServerUnavailable, SpanglassError
from spanglass.settings import SDK_API_KEY, SERVER, SERVER_API_KEY, Sources
from spanglass.version import __version__

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of an answer that is held whole, after decompression."""
PATIENCE_S: Final = 45.0
"""Between two pieces of an answer; a server stops a question after 30 s."""
_CONNECTS_WITHIN_S: Final = 5.0
_PIECE: Final = 64 * 1024
_COMPRESSED: Final = {"accept-encoding": "gzip"}
_LONGEST_ERROR: Final = 64 * 1024
_LONGEST_MESSAGE: Final = 2_000
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")
_HEADER: Final = re.compile(r"[\x20-\x7e]+")

Query = Mapping[str, str | None]
"""Parameters; None is left out."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, and the variable it is from, for messages."""

    value: str
    variable: str

    def __repr__(self) -> str:
        return f"Key(..., {self.variable!r})"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a receiver of telemetry answered.

    Attributes:
        status: HTTP status.
        body: The beginning of its body.
        retry_after_s: When it wants the same again; None where it does not say.
    """

    status: int
    body: bytes
    retry_after_s: float | None


class Client:
    """One server's API.

    A redirect is not followed: the key would go along. Proxies of the environment are used, but for loopback addresses.
    """

    def __init__(self, server: str, key: Key | None = None, *, patience_s: float = PATIENCE_S) -> None:
        """Make a client; nothing is asked yet.

        Args:
            server: Address of the UI and the API, such as `http://127.0.0.1:4400`; a path before `/api` is kept.
            key: Sent as a bearer token.
            patience_s: Seconds to wait for each piece of an answer.

        Raises:
            ConfigurationError: That is no address, or the key cannot be sent.
        """
        self.server = _address(server)
        self._key = key
        self._patience_s = patience_s
        if key is not None and not _HEADER.fullmatch(key.value):
            raise ConfigurationError(f"The key in {key.variable} has characters that HTTP cannot carry; use ASCII.")
        proxies = ProxyHandler({} if _is_loopback(urlsplit(self.server).hostname or "") else None)
        handlers: tuple[BaseHandler, ...] = (proxies, _Patient(), _PatientTls(), _Stays())
        self._opener: OpenerDirector = build_opener(*handlers)

    @classmethod
    def load(cls, server: str | None = None, *, sources: Sources | None = None) -> Client:
        """Make the client that the settings say, or a flag that wins over them.

        Raises:
            ConfigurationError: As of the constructor, or a setting cannot be read.
        """
        found = sources or Sources.load()
        values = ((found.get(row), row.env) for row in (SDK_API_KEY, SERVER_API_KEY))
        key = next((Key(value, variable) for value, variable in values if value), None)
        return cls(found.get(SERVER, server), key)

    def get(self, path: str, query: Query | None = None) -> bytes:
        """Return the body of an answer.

        Args:
            path: From the server's root; parts that vary are percent-encoded already.
            query: Parameters.

        Raises:
            NotFound: The server does not have it.
            QueryError: The server cannot be asked so; its message.
            ConfigurationError: The key is missing or wrong.
            ServerUnavailable: Nobody answers, it is no spanglass, or it cannot answer now.
        """
        with self._open(path, query, _COMPRESSED) as response:
            return self._whole(response)

    def post(self, path: str, document: Mapping[str, object]) -> bytes:
        """Send a JSON document and return the body of the answer; raises as `get` does."""
        body = json.dumps(document).encode()
        with self._open(path, None, {**_COMPRESSED, "content-type": "application/json"}, body) as response:
            return self._whole(response)

    def send(self, path: str, body: bytes) -> Sent:
        """Send telemetry as OTLP/JSON and return what is answered, whatever its status.

        Raises:
            ServerUnavailable: Nobody answers.
        """
        request = self._request(
            path, {"content-type": "application/json", "content-encoding": "gzip"}, gzip.compress(body, 1)
        )
        try:
            with self._opener.open(request, timeout=self._patience_s) as response:
                return Sent(response.status, response.read(_LONGEST_ERROR), None)
        except HTTPError as error:
            with error:
                wait = error.headers.get("retry-after") or ""
                said = error.read(_LONGEST_ERROR)
                return Sent(error.code, said, float(wait) if wait.isdecimal() else None)
        except URLError as error:
            raise self._unreachable(error.reason) from error
        except (HTTPException, OSError) as error:
            raise self._unreachable(error) from error

    def pieces(
        self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """Yield an answer of any length as it comes; raises as `get` does, also between two pieces."""
        with self._open(path, query, headers or {}) as response:
            while piece := response.read1(_PIECE):
                yield piece

    @contextmanager
    def _open(
        self, path: str, query: Query | None, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[HTTPResponse]:
        """Ask; failures while the block reads are translated too."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        address = path + (f"?{urlencode(given)}" if given else "")
        request = self._request(address, headers, body)
        try:
            with self._opener.open(request, timeout=self._patience_s) as response:
                yield response
        except HTTPError as error:
            with error:
                raise self._refused(error) from None
        except URLError as error:
            raise self._unreachable(error.reason) from error
        except (HTTPException, OSError) as error:
            raise self._unreachable(error) from error

    def _request(self, path: str, headers: Mapping[str, str], body: bytes | None) -> Request:
        known = {"user-agent": f"spanglass/{__version__}", **headers}
        request = Request(self.server + path, data=body, headers=known)  # noqa: S310 - `_address` allows http and https alone
        if self._key is not None:
            request.add_unredirected_header("authorization", f"Bearer {self._key.value}")
        return request

    def _whole(self, response: HTTPResponse) -> bytes:
        """Return a body of bounded size; one that is compressed grows by a piece at a time."""
        unpack = zlib.decompressobj(wbits=31) if response.headers.get("content-encoding") == "gzip" else None
        body = bytearray()
        while piece := response.read(_PIECE):
            while piece:
                try:
                    body += unpack.decompress(piece, _PIECE) if unpack else piece
                except zlib.error as error:
                    raise ServerUnavailable(self._no_spanglass("damaged gzip")) from error
                piece = unpack.unconsumed_tail if unpack else b""
                if len(body) > MOST_BYTES:
                    raise ServerUnavailable(f"The answer of {self.server} is over 64 MiB; ask for less at a time.")
        return bytes(body)

    def _refused(self, error: HTTPError) -> SpanglassError:
        """Return what the server said, in our own tree."""
        said = _message(error)
        if error.code in {401, 403}:
            return ConfigurationError(self._unknown_key(error.code))
        if said is None:
            where = f", to {target}" if (target := error.headers.get("location")) else ""
            return ServerUnavailable(self._no_spanglass(f"status {error.code}{where}"))
        if error.code == 404:
            return NotFound(said)
        if 400 <= error.code < 500:
            return QueryError(said)
        return ServerUnavailable(f"The server {self.server} cannot answer this: {said}")

    def _unknown_key(self, status: int) -> str:
        theirs = f"the value of {SERVER_API_KEY.env} where the server was started"
        if self._key is None:
            return f"The server {self.server} wants a key ({status}): set {SDK_API_KEY.env} to {theirs}."
        return f"The server {self.server} refuses the key in {self._key.variable} ({status}): set it to {theirs}."

    def _no_spanglass(self, answered: str) -> str:
        return (
            f"What answers at {self.server} is no spanglass server, or an older one ({answered:.300}): "
            f"name the address of the UI with --server or {SERVER.env}."
        )

    def _unreachable(self, cause: object) -> SpanglassError:
        if isinstance(cause, ssl.SSLCertVerificationError):
            said, cure = (
                f"its certificate is not trusted ({cause.verify_message})",
                "Name its authority in SSL_CERT_FILE",
            )
        elif isinstance(cause, TimeoutError):
            said, cure = "no answer in time", "See whether the server is busy"
        else:
            said = str(getattr(cause, "strerror", None) or cause or type(cause).__name__)[:300]
            cure = "Start it with `spanglass up`"
        return ServerUnavailable(
            f"The server {self.server} cannot be asked: {said}. {cure}, or name another with --server or {SERVER.env}."
        )


class _Connection(HTTPConnection):
    """Gives up connecting sooner than it gives up an answer."""

    def connect(self) -> None:
        patience, self.timeout = self.timeout, _CONNECTS_WITHIN_S
        super().connect()
        self.sock.settimeout(patience)


class _TlsConnection(HTTPSConnection):
    """Likewise, over TLS."""

    def connect(self) -> None:
        patience, self.timeout = self.timeout, _CONNECTS_WITHIN_S
        super().connect()
        self.sock.settimeout(patience)


class _Patient(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _PatientTls(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_TlsConnection, req)


class _Stays(HTTPRedirectHandler):
    """Makes a redirect an error, as any other status that is none of the API's."""

    def redirect_request(self, *_: object) -> None:
        return None


def _address(server: str) -> str:
    """Return an address without a slash at its end."""
    try:
        split = urlsplit(server)
        fits = split.scheme in {"http", "https"} and bool(split.hostname) and split.port != 0
    except ValueError:  # a port that is none, a half of an IPv6 address
        split, fits = urlsplit(""), False
    if not fits or split.query or split.fragment or not _PLAIN.fullmatch(server):
        raise ConfigurationError(f"The server {server[:200]!r} is no address; write it as {SERVER.default}.")
    if split.username is not None:
        raise ConfigurationError(
            f"The server's address holds a user name; take it out and set {SDK_API_KEY.env} to the server's key."
        )
    return server.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _message(error: HTTPError) -> str | None:
    """Return the API's own message; None where the body is none of its errors."""
    try:
        body = error.read(_LONGEST_ERROR)
        if error.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        document = json.loads(body)
        said = document["error"]["message"]
    except (OSError, EOFError, HTTPException, zlib.error, ValueError, RecursionError, KeyError, TypeError):
        return None
    return said[:_LONGEST_MESSAGE] if isinstance(said, str) else None
