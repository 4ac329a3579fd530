"""What can be filtered by: the services, environments, models and features seen in a range of time."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store

LIMIT: Final = 500
"""Most values a menu holds; the rest is reached by typing the value."""

UNKNOWN: Final = "unknown_service"
"""What those call the service of a span that names none who must have a name."""

_DIMENSIONS: Final = {
    "services": "service",
    "environments": "environment",
    "models": "coalesce(request_model, response_model)",
    "features": "feature",
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: values in use, sorted, at most 500 of each.

    Attributes:
        services: Services that sent spans.
        environments: Deployment environments.
        models: Models that answered, else were asked for.
        features: Features.
    """

    services: tuple[str, ...]
    environments: tuple[str, ...]
    models: tuple[str, ...]
    features: tuple[str, ...]


def services(store: Store, *, start_ns: int, end_ns: int) -> Seen:
    """Return what spans that start in the range can be filtered by.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    asked = {"start_ns": start_ns, "end_ns": end_ns, "limit": LIMIT}
    seen = {
        menu: tuple(str(row["seen"]) for row in store.select(statement("services", dimension=column), asked))
        for menu, column in _DIMENSIONS.items()
    }
    return Seen(**seen)


def service_names(store: Store, *, start_ns: int, end_ns: int) -> tuple[str, ...]:
    """Return the services of spans that start in a range, sorted, `UNKNOWN` among them where a span names none.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    sql = statement("services", dimension=f"coalesce(service, '{UNKNOWN}')")
    return tuple(
        str(row["seen"]) for row in store.select(sql, {"start_ns": start_ns, "end_ns": end_ns, "limit": LIMIT})
    )


def named_service(service: str) -> tuple[str, dict[str, Parameter]]:
    """Return the condition that a span is of a service, and its parameters."""
    return ("service IS NULL", {}) if service == UNKNOWN else ("service = $service", {"service": service})
