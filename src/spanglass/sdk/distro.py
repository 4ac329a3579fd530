"""What `opentelemetry-instrument` finds, so that a program needs no code; nothing else imports it."""

from __future__ import annotations

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined] # its module opts out
from opentelemetry.sdk._configuration import _BaseConfigurator

from spanglass.sdk.runtime import init


class SpanglassDistro(BaseDistro):  # type: ignore[misc] # likewise
    """Loads instrumentations as OpenTelemetry does; adds none and presets nothing."""

    def _configure(self, **kwargs: object) -> None:
        """Nothing to preset: `SpanglassConfigurator` reads the same variables itself."""


class SpanglassConfigurator(_BaseConfigurator):
    """Configures the process from its variables, as `spanglass.init()` without arguments."""

    def _configure(self, **kwargs: object) -> None:  # noqa: ARG002 - the interface's
        init()
