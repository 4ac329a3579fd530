"""Sees to it that OpenTelemetry's instrumentations use the stable names of HTTP and database attributes and metrics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "OTEL_SEMCONV_STABILITY_OPT_IN"
_AREAS = ("http", "database")


@contextmanager
def stable_names() -> Iterator[None]:
    """Opt in while the first instrumentation reads the variable, and leave the environment as it was.

    Without it they write the names of 2023 (`http.method`, `db.system`, durations in milliseconds). An area that the
    user's own value names, `http/dup` for example, stays as it says. OpenTelemetry reads the variable once a process:
    where an instrumentation was switched on before `init()`, its names stay.
    """
    before = os.environ.get(VARIABLE)
    said = [part.strip() for part in (before or "").split(",") if part.strip()]
    more = [area for area in _AREAS if not any(part.partition("/")[0] == area for part in said)]
    os.environ[VARIABLE] = ",".join([*said, *more])
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
