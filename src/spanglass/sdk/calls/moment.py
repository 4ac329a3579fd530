"""When something began, on both clocks, and in which context."""

from __future__ import annotations

from typing import NamedTuple

from opentelemetry.context import Context, get_current

from spanglass.sdk import clock


class Moment(NamedTuple):
    """When and where something began.

    Attributes:
        wall_ns: Nanoseconds since the epoch.
        monotonic_ns: Nanoseconds on the clock that durations are measured with.
        context: The OpenTelemetry context.
    """

    wall_ns: int
    monotonic_ns: int
    context: Context

    @classmethod
    def now(cls, context: Context | None = None) -> Moment:
        """Return this moment, in the current context unless another is given."""
        return cls(clock.wall_ns(), clock.monotonic_ns(), get_current() if context is None else context)
