"""Switches on what carries context by itself: our baggage in OpenTelemetry's global propagator, and thread pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator

from spanglass.sdk.guard import safely
from spanglass.sdk.propagation import executors
from spanglass.sdk.propagation.baggage import ContextBaggagePropagator
from spanglass.sdk.propagation.destination import INTERNAL, NONE, Allowed


def install(hosts: tuple[str, ...] = (INTERNAL,)) -> Callable[[], None]:
    """Let the context of the work go along with pooled tasks, and with requests and messages of instrumentations.

    Args:
        hosts: Setting `sdk.baggage`; `none` leaves the propagator as it is.

    Returns:
        Takes back what was installed.
    """
    installed: list[Callable[[], None]] = []

    @safely("propagation.uninstall")
    def uninstall() -> None:
        while installed:
            installed.pop()()

    with safely("propagation.executors"):
        installed.append(executors.install())
    with safely("propagation.baggage"):
        installed.append(_join_propagator(hosts))
    return uninstall


def _join_propagator(hosts: tuple[str, ...]) -> Callable[[], None]:
    """Take the place of W3C baggage in the global propagator, unless the application has set one of its own."""
    before = propagate.get_global_textmap()
    present = _members(before)
    configured = _members(propagate._load_propagators())  # noqa: SLF001 - nothing else tells what was configured
    if NONE in hosts or [type(one) for one in present] != [type(one) for one in configured]:
        return _nothing
    ours = ContextBaggagePropagator(Allowed(hosts))
    joined = CompositePropagator([ours if type(one) is W3CBaggagePropagator else one for one in present])
    propagate.set_global_textmap(joined)

    def leave() -> None:
        if propagate.get_global_textmap() is joined:
            propagate.set_global_textmap(before)

    return leave


def _members(propagator: TextMapPropagator) -> Sequence[TextMapPropagator]:
    found: Sequence[TextMapPropagator] = getattr(propagator, "_propagators", ())
    return found


def _nothing() -> None:
    """Nothing was changed."""
