"""What `opentelemetry-instrument` finds, so that a program needs no code; nothing else imports it."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined] # its module opts out
from opentelemetry.sdk._configuration import _BaseConfigurator

from spanglass.sdk.frameworks.table import OURS_INSTEAD, chosen
from spanglass.sdk.runtime import init


class SpanglassDistro(BaseDistro):  # type: ignore[misc] # likewise
    """Loads the instrumentations that `init` has no row for, as OpenTelemetry does; presets nothing."""

    def _configure(self, **kwargs: object) -> None:
        """Nothing to preset: `SpanglassConfigurator` reads the same variables itself."""

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: object) -> None:
        """Leave to `init` what it switches on by its own table, when the library is imported and with its defaults.

        Args:
            entry_point: Where OpenTelemetry found an instrumentor.
            **kwargs: For the instrumentor.
        """
        if entry_point.name in OURS_INSTEAD or chosen([entry_point.name]):
            return
        super().load_instrumentor(entry_point, **kwargs)


class SpanglassConfigurator(_BaseConfigurator):
    """Configures the process from its variables, as `spanglass.init()` without arguments."""

    def _configure(self, **kwargs: object) -> None:  # noqa: ARG002 - the interface's
        init()
