"""Puts our baggage propagator into OpenTelemetry's global one, where that is as OpenTelemetry made it."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator

from spanglass.sdk.guard import safely
from spanglass.sdk.propagation.baggage import ContextBaggagePropagator
from spanglass.sdk.propagation.destination import NONE, Allowed


@safely("propagation.install")
def install(hosts: tuple[str, ...]) -> None:
    """Let the context of the work travel with requests and messages that instrumentations see.

    A propagator that the application has set itself stays as it is, and so does one without baggage in
    OTEL_PROPAGATORS.

    Args:
        hosts: Setting `sdk.baggage`; `none` leaves everything as it is.
    """
    present = _members(propagate.get_global_textmap())
    configured = _members(propagate._load_propagators())  # noqa: SLF001 - nothing else tells what was configured
    if NONE in hosts or [type(one) for one in present] != [type(one) for one in configured]:
        return
    ours = ContextBaggagePropagator(Allowed(hosts))
    propagate.set_global_textmap(
        CompositePropagator([ours if type(one) is W3CBaggagePropagator else one for one in present])
    )


def _members(propagator: TextMapPropagator) -> Sequence[TextMapPropagator]:
    found: Sequence[TextMapPropagator] = getattr(propagator, "_propagators", ())
    return found
