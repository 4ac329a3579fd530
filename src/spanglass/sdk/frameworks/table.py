"""The table of instrumentations: a row a library, with the options that make good defaults."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from spanglass.sdk.frameworks.framework import Framework

_CONTRIB = "opentelemetry.instrumentation"
_WAYS = "spanglass.sdk.frameworks"
_KAFKA = "spanglass.sdk.kafka"
# Statements are recorded as written, with placeholders; what stands for these is not, and nothing is added to them.
_SQL = MappingProxyType({"enable_commenter": False, "capture_parameters": False})

FRAMEWORKS = (
    Framework(
        "django",
        "django",
        "django.core.handlers.base",
        f"{_CONTRIB}.django:DjangoInstrumentor",
        way=f"{_WAYS}.django",
    ),
    Framework("starlette", "asgi", "starlette.applications", f"{_CONTRIB}.asgi:", way=f"{_WAYS}.starlette"),
    Framework("fastapi", "fastapi", "fastapi.applications", "", way=f"{_WAYS}.fastapi"),
    Framework("flask", "flask", "flask", f"{_CONTRIB}.flask:FlaskInstrumentor", way=f"{_WAYS}.flask"),
    Framework("psycopg", "psycopg", "psycopg", f"{_CONTRIB}.psycopg:PsycopgInstrumentor", _SQL),
    Framework("redis", "redis", "redis", f"{_CONTRIB}.redis:RedisInstrumentor", way=f"{_WAYS}.redis"),
    Framework("celery", "celery", "celery.app.base", f"{_CONTRIB}.celery:CeleryInstrumentor"),
    # HTTP clients: calls to models are left out by our own hooks, which must stand around these.
    Framework("requests", "requests", "requests", f"{_CONTRIB}.requests:RequestsInstrumentor"),
    Framework("httpx", "httpx", "httpx", f"{_CONTRIB}.httpx:HTTPXClientInstrumentor", also=("httpx2",)),
    Framework("httpx2", "httpx", "httpx2", f"{_CONTRIB}.httpx:HTTPX2ClientInstrumentor", also=("httpx",)),
    Framework(
        "aiohttp",
        "aiohttp",
        "aiohttp",
        f"{_CONTRIB}.aiohttp_client:AioHttpClientInstrumentor",
        entry_point="aiohttp-client",
    ),
    # OpenTelemetry's package for it makes 30 instruments, and takes 7 MB with what it needs.
    Framework("system", "system", "", "", way=f"{_WAYS}.system", entry_point="system_metrics"),
    # Ours alone: OpenTelemetry's consumer spans are not current while the message is handled, see docs/adr/0011.
    Framework("kafka-python", "kafka", "kafka", "", way=f"{_KAFKA}.kafka_python", entry_point="kafka"),
    Framework("aiokafka", "kafka", "aiokafka", "", way=f"{_KAFKA}.aiokafka"),
    Framework(
        "confluent-kafka",
        "kafka",
        "confluent_kafka.cimpl",
        "",
        way=f"{_KAFKA}.confluent",
        entry_point="confluent_kafka",
    ),
)

OURS_INSTEAD = frozenset({"logging"})
"""Entry points of instrumentations that are never switched on, because spanglass does their work itself."""


def chosen(names: Iterable[str]) -> tuple[Framework, ...]:
    """Return the rows that are meant by names of rows or extras, in the order of the table."""
    wanted = tuple(names)
    return tuple(row for row in FRAMEWORKS if any(row.is_called(name) for name in wanted))


def known() -> tuple[str, ...]:
    """Return the names to choose from."""
    return tuple(sorted({name for row in FRAMEWORKS for name in (row.extra, row.name)}))
