"""The server, assembled: receive -> pipeline -> store, and store -> questions -> API and UI; one process, one loop."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import grpc
import uvicorn
from starlette.types import ASGIApp

from spanglass import settings
from spanglass.cost.table import PriceTable
from spanglass.errors import ConfigurationError, PortTaken, QueryError, StoreError
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api import actions
from spanglass.server.api.application import application
from spanglass.server.api.metrics import Metrics
from spanglass.server.api.questions import Questions
from spanglass.server.api.stream import Tail
from spanglass.server.config import Config
from spanglass.server.connection import Connection
from spanglass.server.counters import Counters
from spanglass.server.keep.house import House
from spanglass.server.keep.jobs import Jobs
from spanglass.server.keep.keeper import Keeper
from spanglass.server.memory import Memory
from spanglass.server.normalise.recent import Known
from spanglass.server.pipeline import Pipeline
from spanglass.server.query.recent_calls import recent_calls
from spanglass.server.receive.grpc import otlp_grpc
from spanglass.server.receive.http import otlp_http
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.receiver import Receiver
from spanglass.server.store.house import keeping_of
from spanglass.server.store.open import open_store
from spanglass.server.store.protocol import Store
from spanglass.settings import Setting

_BACKLOG = 512
_LAST_REQUESTS_S = 5
_OBJECTS_A_COLLECTION = 50_000
"""Records and rows hold no cycles, so looking for some every 700 objects (the default) finds none, 2 us a span."""
_RECENT_NS = 10 * 60 * 1_000_000_000
"""Accounts of one call come within seconds of each other, or within minutes where a sender had to try again."""
_STOP = (signal.SIGINT, signal.SIGTERM)
_log = logging.getLogger("spanglass.server")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the server listens, as URLs.

    Attributes:
        ui: UI and API.
        otlp_http: OTLP/HTTP; the base URL for an exporter.
        otlp_grpc: OTLP/gRPC; likewise.
    """

    ui: str
    otlp_http: str
    otlp_grpc: str


Ready = Callable[[Addresses], None]


def run(config: Config, *, ready: Ready | None = None) -> None:
    """Run the server until SIGINT or SIGTERM; what was received before is kept, then this returns.

    Args:
        config: What to do.
        ready: Called once, when all three addresses accept connections.

    Raises:
        ConfigurationError: A host cannot be listened on; `PortTaken` where something else listens there.
        StoreUnavailable: The database cannot be opened.
        MigrationError: The database is newer than this program.
    """
    gc.freeze()  # what is imported stays
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    asyncio.run(_until_signalled(config, ready))


async def _until_signalled(config: Config, ready: Ready | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOP:
        loop.add_signal_handler(number, stop.set)
    async with serve(config) as addresses:
        if ready is not None:
            ready(addresses)
        await stop.wait()


@asynccontextmanager
async def serve(config: Config) -> AsyncIterator[Addresses]:
    """Serve while the block runs; at its end stop accepting, finish what was accepted, close the store.

    Raises:
        ConfigurationError, StoreUnavailable, MigrationError: As for `run`.
    """
    async with AsyncExitStack() as stack:
        ui_socket = stack.enter_context(_listening(config.host, config.port, settings.PORT))
        otlp_socket = stack.enter_context(_listening(config.host, config.otlp_http_port, settings.OTLP_HTTP_PORT))
        with _listening(config.host, config.otlp_grpc_port, settings.OTLP_GRPC_PORT) as probe:
            grpc_port: int = probe.getsockname()[1]  # gRPC binds it itself, once there is something to serve

        store = open_store(config)
        stack.callback(store.close)
        prices = PriceTable.load(config.prices_file)
        counters = Counters(config.data if config.store is None else None)
        allowance = Allowance(config.queue_bytes, Memory(config.memory_bytes))
        access = Access(config.host, config.allowed_hosts, config.api_key)

        known = known_calls(store)
        pipeline = Pipeline(store, allowance=allowance, counters=counters, prices=prices, known=known)
        stack.push_async_callback(pipeline.close)
        limits = Limits(body_bytes=config.max_body_bytes)
        receiver = Receiver(pipeline.submit, limits=limits, allowance=allowance, counters=counters)
        stack.callback(receiver.close)
        questions = Questions(store, prices)
        stack.callback(questions.close)
        house = _keep_house(stack, store, config, counters, prices)

        grpc_server = otlp_grpc(receiver, access)
        _bind_grpc(grpc_server, config.host, grpc_port)
        await grpc_server.start()
        stack.push_async_callback(grpc_server.stop, _LAST_REQUESTS_S)
        await stack.enter_async_context(_http(otlp_http(receiver, access), otlp_socket))
        ports = {"http": otlp_socket.getsockname()[1], "grpc": grpc_port}
        metrics = Metrics(questions, counters, allowance, named_users=config.metrics_users)
        tail = Tail(questions)
        more = [*actions.routes(house, questions), metrics.route, tail.route]
        api = application(questions, access, counters=counters, allowance=allowance, otlp_ports=ports, more=more)
        await stack.enter_async_context(_http(api, ui_socket))
        stack.callback(tail.close)
        yield Addresses(
            _url(config.host, ui_socket.getsockname()[1]),
            _url(config.host, otlp_socket.getsockname()[1]),
            _url(config.host, grpc_port),
        )


def _keep_house(stack: AsyncExitStack, store: Store, config: Config, counters: Counters, prices: PriceTable) -> House:
    """Begin to keep house, until the stack ends, and return what people may ask of it."""
    keeping, alone = keeping_of(store), threading.Lock()
    jobs = Jobs(alone)
    stack.callback(jobs.close)
    keeper = Keeper(store, keeping, config.keep, counters=counters, alone=alone)
    stack.callback(keeper.close)
    keeper.start()
    return House(store, keeping, jobs, prices=prices, directory=config.data)


def known_calls(store: Store) -> Sequence[Known]:
    """Return the calls of the last minutes before this start, so that other accounts of them are known as such."""
    try:
        return recent_calls(store, since_ns=time.time_ns() - _RECENT_NS)
    except (QueryError, StoreError) as error:
        _log.warning("Calls from before this start are counted twice where they are told of again: %s", error)
        return ()


class _Server(uvicorn.Server):
    """uvicorn, told when to stop by us (signals concern the whole process), and telling when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.serves.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@asynccontextmanager
async def _http(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a socket while the block runs; then finish the requests that run."""
    server = _Server(
        uvicorn.Config(
            app,
            loop="none",
            http=Connection,  # h11 gives a head up at 64 KiB, which httptools does not; bodies are as fast
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_LAST_REQUESTS_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.serves.wait()
        yield
    finally:
        server.should_exit = True
        await serving


@contextmanager
def _listening(host: str, port: int, row: Setting[int]) -> Iterator[socket.socket]:
    """Listen on an address from now on, so that a taken port is known before anything is opened.

    Raises:
        PortTaken: Something else listens there.
        ConfigurationError: It is no address of this machine, or not allowed.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise _cannot_listen(host, port, row, error) from error
    with listener:
        listener.setblocking(False)
        yield listener


def _bind_grpc(server: grpc.aio.Server, host: str, port: int) -> None:
    try:
        server.add_insecure_port(f"{_in_url(host)}:{port}")
    except RuntimeError as error:  # gRPC gives no reason; the port was free a moment ago
        taken = OSError(errno.EADDRINUSE, str(error))
        raise _cannot_listen(host, port, settings.OTLP_GRPC_PORT, taken) from error


def _cannot_listen(host: str, port: int, row: Setting[int], error: OSError) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        flag = row.name.rpartition(".")[2].replace("_", "-")
        holder = (
            "another spanglass" if row is settings.PORT else "an OpenTelemetry Collector, Jaeger or another spanglass"
        )
        return PortTaken(
            f"Port {port} on {host} is taken, perhaps by {holder} (`ss -ltnp 'sport = :{port}'` shows it): stop that, "
            f"or choose another port with --{flag} or {row.env}; 0 lets the system choose."
        )
    if error.errno == errno.EACCES:
        return ConfigurationError(f"Port {port} needs rights that this process lacks; use one from 1024 to 65535.")
    return ConfigurationError(
        f"The host {host} cannot be listened on ({error.strerror}); {settings.HOST.env} must be an address or a name "
        "of this machine, such as 127.0.0.1."
    )


def _url(host: str, port: int) -> str:
    return f"http://{_in_url(host)}:{port}"


def _in_url(host: str) -> str:
    try:
        return f"[{host}]" if isinstance(ip_address(host), IPv6Address) else host
    except ValueError:
        return host
