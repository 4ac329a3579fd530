"""The SDK's life in a process: started once by `init`, renewed in a forked child, flushed, and shut down at exit."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from spanglass.errors import PriceTableError
from spanglass.sdk import active, dropped, guard
from spanglass.sdk.active import Active
from spanglass.sdk.content import ContentMode
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.labels import Labels
from spanglass.sdk.options import Options
from spanglass.sdk.transport import Haste
from spanglass.semconv import attributes as attr
from spanglass.settings import (
    PRICES_FILE,
    SDK_BAGGAGE,
    SDK_DISABLED,
    SDK_HOSTS,
    SDK_LOG_FORMAT,
    SDK_METRIC_LABEL_LIMIT,
    SDK_SPAN_STORM,
)

if TYPE_CHECKING:
    from spanglass.sdk.calls.recorder import Recorder
    from spanglass.sdk.exporters import Sending
    from spanglass.sdk.logs import LogBridge
    from spanglass.sdk.outlet import Outlet
    from spanglass.sdk.providers import Pipelines

EXIT_TIMEOUT_S = 5.0
"""The longest that the end of a process waits for telemetry to leave."""


@dataclass
class _Running:
    pipelines: Pipelines
    haste: Haste
    recorder: Recorder | None = None
    logs: LogBridge | None = None
    stop_carrying: Callable[[], None] | None = None
    pid: int = field(default_factory=os.getpid)


@dataclass
class _State:
    running: _Running | None = None
    started: bool = False
    # Reentrant: what `init` imports may call it again.
    lock: threading.RLock = field(default_factory=threading.RLock)


_state = _State()
_hooked_into_process = False


@safely("init")
def init(  # noqa: PLR0913 - an argument a setting, by keyword
    service_name: str | None = None,
    *,
    service_version: str | None = None,
    environment: str | None = None,
    endpoint: str | None = None,
    api_key: str | None = None,
    destinations: Sequence[str] | str | None = None,
    capture_content: ContentMode | bool | str | None = None,
    stream_usage: bool | None = None,
    frameworks: Sequence[str] | str | None = None,
) -> None:
    """Switch spanglass on for this process: traces, metrics and logs are sent, calls to models are seen.

    Call it once, early; later calls do nothing. It never raises and does not wait for the network: what is wrong with
    a setting is one warning of the logger `spanglass`, and the default is used. Providers that the application has
    configured before are used, not replaced.

    Args:
        service_name: Name of the service; OTEL_SERVICE_NAME.
        service_version: Version of the service; OTEL_RESOURCE_ATTRIBUTES=service.version=...
        environment: Deployment environment, such as production; SPANGLASS_ENVIRONMENT.
        endpoint: Base URL of the OTLP receiver; SPANGLASS_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT.
        api_key: Sent as a bearer token; SPANGLASS_API_KEY.
        destinations: Several places to send to, by name or address; SPANGLASS_DESTINATIONS, docs/destinations.md.
        capture_content: Record messages, and where: True, or a word that
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT takes.
        stream_usage: Ask for the usage of streams that do not ask themselves; SPANGLASS_STREAM_USAGE.
        frameworks: Frameworks and clients to see beside calls to models, `auto` or `none`; SPANGLASS_FRAMEWORKS.
    """
    with _state.lock:
        if _state.started:
            logger.info("spanglass is initialised already; this call and its arguments change nothing.")
            return
        _state.started = True
        options = Options(
            given_environment=environment,
            given_endpoint=endpoint,
            given_api_key=api_key,
            given_destinations=destinations,
            given_content=capture_content,
            given_stream_usage=stream_usage,
            given_frameworks=frameworks,
            service_name=service_name,
            service_version=service_version,
        )
        if _disabled(options):
            return
        _state.running = _start(options)
    # Outside the lock: hooks may import libraries that call `init` themselves. Frameworks first: hooks on calls must
    # stand around the instrumentations of HTTP clients.
    with safely("init.frameworks"):
        _see_frameworks(options)
    with safely("init.calls"):
        _see_calls(_state.running, options)


def flush(timeout_s: float = 10.0) -> bool:
    """Send what waits, and the metrics so far.

    Args:
        timeout_s: The longest to wait, in seconds.

    Returns:
        True when everything was sent, or counted as dropped, in time; also when there is nothing to send.
    """
    return bool(_flush(timeout_s))


@safely("flush")
def _flush(timeout_s: float) -> bool:
    deadline_s = time.monotonic() + timeout_s
    running = _state.running
    if running is None:
        return True
    if running.recorder is not None:
        with safely("flush.settle"):
            running.recorder.settle()
    workers = [queue.worker for queue, _ in running.pipelines.queues]
    asked = [(worker, worker.ask()) for worker in workers]
    finished = [worker.finish(done, deadline_s) for worker, done in asked]
    # Metrics last: they count what the queues have just dropped.
    finished += [reader.flush(deadline_s) for reader in running.pipelines.readers]
    return all(finished)


def outlets() -> tuple[Outlet[Any], ...]:
    """Return the ways out of this process: those of spans, of log records, then of metrics; for `spanglass doctor`."""
    running = _state.running
    return () if running is None else tuple(running.pipelines.outlets())


@safely("shutdown")
def shutdown(timeout_s: float = EXIT_TIMEOUT_S) -> None:
    """Send what waits, then stop for good: hooks are removed, threads end, nothing more is sent.

    Log records go on to carry the ids of their span, for the application's format may name them.
    It happens by itself at the end of the process. Providers that the application configured stay as they are.

    Args:
        timeout_s: The longest to wait, in seconds.
    """
    with _state.lock:
        running, _state.running = _state.running, None
    if running is None or running.pid != os.getpid():
        return
    deadline_s = time.monotonic() + timeout_s
    with safely("shutdown.calls"):
        from spanglass.sdk import frameworks, hooks  # noqa: PLC0415 - as in `_see_calls`

        hooks.uninstall()
        frameworks.uninstall()
        active.activate(None)
        if running.recorder is not None:
            running.recorder.settle()
    if running.stop_carrying is not None:
        running.stop_carrying()
    if running.logs is not None:
        running.logs.stop_exporting()
    _hurry(running)
    asked = [(queue.worker, queue.worker.ask()) for queue, _ in running.pipelines.queues]
    for worker, done in asked:
        worker.finish(done, deadline_s)
    for queue, outlet in running.pipelines.queues:
        if queue.close(deadline_s):
            outlet.close()
    for reader in running.pipelines.readers:
        reader.shutdown(max(0.0, deadline_s - time.monotonic()) * 1e3)


def _hurry(running: _Running) -> None:
    running.haste.on = True
    for outlet in running.pipelines.outlets():
        outlet.hurry()


def _disabled(options: Options) -> bool:
    return options.get(SDK_DISABLED) or options.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _start(options: Options) -> _Running:
    # Imported here and not above: `import spanglass` alone stays light.
    from spanglass.sdk import propagation, providers, resource, self_metrics  # noqa: PLC0415 - see above

    _declared(options.environ)
    described = resource.build(options.service_name, options.service_version, options.environment())
    haste = Haste()
    running = _Running(providers.build(_sending(options, haste), described), haste)
    with safely("init.self_metrics"):
        self_metrics.observe(running.pipelines.meters, running.pipelines)
    running.stop_carrying = propagation.install(options.get(SDK_BAGGAGE))
    _join_logs(running, options.environ, str(described.attributes.get(attr.SERVICE_NAME, "")))
    with safely("init.log_format"):
        _print_logs(options.get(SDK_LOG_FORMAT))
    _hook_into_process()
    return running


def _sending(options: Options, haste: Haste) -> Sending:
    from spanglass.sdk.destinations import Surroundings, resolve  # noqa: PLC0415 - as in `_start`
    from spanglass.sdk.exporters import Sending  # noqa: PLC0415 - as in `_start`

    endpoint, api_key, named = options.endpoint(), options.api_key(), options.destinations()
    chosen = resolve(named, Surroundings(options.environ, endpoint, api_key)) if named else None
    return Sending(options.environ, haste, endpoint, api_key, chosen)


def _declared(environ: Mapping[str, str]) -> None:
    """Let OpenTelemetry's declarative configuration come first; what it builds is adopted."""
    if not environ.get("OTEL_CONFIG_FILE"):
        return
    from opentelemetry.sdk._configuration import _OTelSDKConfigurator  # noqa: PLC0415 - rarely needed

    class Declared(_OTelSDKConfigurator):
        """OpenTelemetry asks for a subclass."""

    with safely("init.config_file"):
        try:
            Declared().configure()  # type: ignore[no-untyped-call] # OpenTelemetry left it untyped
        except RuntimeError as error:  # its package is not installed, says the message
            logger.warning("%s. The file is left out.", error)


def _join_logs(running: _Running, environ: Mapping[str, str], service_name: str) -> None:
    from spanglass.sdk import logs  # noqa: PLC0415 - as in `_start`

    provider = running.pipelines.loggers if running.pipelines.log_export else None
    running.logs = logs.LogBridge(service_name, provider, level=logs.level_from(environ), code=logs.code_from(environ))
    running.logs.install()


def _print_logs(form: str | None) -> None:
    if form is not None:
        from spanglass.sdk import logprint  # noqa: PLC0415 - as in `_start`

        logprint.install(form)


def _see_frameworks(options: Options) -> None:
    from spanglass.sdk import frameworks  # noqa: PLC0415 - as in `_start`

    frameworks.install(options.frameworks(), disabled=options.disabled_instrumentations())


def _see_calls(running: _Running, options: Options) -> None:
    from spanglass.sdk import hooks  # noqa: PLC0415 - as in `_start`

    prices: str | None = options.get(PRICES_FILE)
    try:
        running.recorder = _recorder(running, options, prices)
    except PriceTableError as error:
        logger.warning("%s The built-in prices are used instead.", error)
        running.recorder = _recorder(running, options, None)
    hooks.install(running.recorder)


def _recorder(running: _Running, options: Options, prices: str | None) -> Recorder:
    from spanglass.sdk.calls.recorder import Recorder  # noqa: PLC0415 - as in `_start`

    hosts: tuple[tuple[str, str], ...] = options.get(SDK_HOSTS)
    pipelines, content, labels = running.pipelines, options.content(), Labels(options.get(SDK_METRIC_LABEL_LIMIT))
    recorder = Recorder(
        pipelines.tracers,
        pipelines.meters,
        logger_provider=pipelines.loggers,
        content=content,
        labels=labels,
        price_table_path=prices,
        hosts=dict(hosts),
    )
    recorder.stream_usage = options.stream_usage()
    storm: int = options.get(SDK_SPAN_STORM)
    active.activate(Active(recorder, content, labels, pipelines.tracers, pipelines.meters, storm))
    return recorder


def _hook_into_process() -> None:
    global _hooked_into_process  # noqa: PLW0603 - hooks into the interpreter cannot be taken out again
    if _hooked_into_process:
        return
    _hooked_into_process = True
    atexit.register(shutdown)
    with safely("init.endings"):
        from spanglass.sdk import endings  # noqa: PLC0415 - as in `_see_calls`

        endings.watch(partial(flush, EXIT_TIMEOUT_S))
    _flush_when_multiprocessing_ends()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_renew_after_fork)


@safely("fork")
def _renew_after_fork() -> None:
    _state.lock = threading.RLock()
    guard.renew_after_fork()
    dropped.renew_after_fork()
    running = _state.running
    if running is None:
        return
    from spanglass.sdk import hooks, resource  # noqa: PLC0415 - as in `_start`

    hooks.renew_after_fork()
    running.pid = os.getpid()
    running.haste.on = False
    for provider in running.pipelines.built:
        provider._update_resource(resource.of_child())  # noqa: SLF001 - as OpenTelemetry does for its own detectors
    for queue, outlet in running.pipelines.queues:
        outlet.renew_after_fork()
        queue.renew_after_fork()
    for reader in running.pipelines.readers:
        reader.renew_after_fork(running.pipelines.meters)
    _flush_when_multiprocessing_ends()


def _flush_when_multiprocessing_ends() -> None:
    """A child of `multiprocessing` ends without atexit unless spawned; it runs finalisers registered inside it."""
    if (module := sys.modules.get("multiprocessing.util")) is None:
        return
    module.register_after_fork(_state, lambda _: module.Finalize(None, shutdown, exitpriority=1))
    if sys.modules["multiprocessing.process"].parent_process() is not None:  # `init` comes after the fork
        module.Finalize(None, shutdown, exitpriority=1)


@contextmanager
def held() -> Iterator[None]:
    """Make `init` do nothing inside, and put back after what it had installed: for tests with their own providers."""
    before, _state.started = _state.started, True
    try:
        yield
    finally:
        _state.started = before
        running = _state.running
        if running is not None and running.logs is not None:
            running.logs.install()
        if running is not None and running.recorder is not None:
            from spanglass.sdk import hooks  # noqa: PLC0415 - as in `_see_calls`

            hooks.install(running.recorder)
