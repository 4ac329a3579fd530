"""One library around the calls to models: what to wait for, and which OpenTelemetry package instruments it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Instrumentor(Protocol):
    """The part of OpenTelemetry's `BaseInstrumentor` that is used here."""

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether it was switched on, by whomever."""

    def instrumentation_dependencies(self) -> tuple[str, ...]:
        """Return the requirements of what it instruments."""

    def instrument(self, **options: object) -> None:
        """Switch it on."""


class Framework(NamedTuple):
    """One row of the table.

    Attributes:
        name: What it is called in SPANGLASS_FRAMEWORKS.
        extra: The extra of spanglass that installs what the row needs, if that is anything; a name for its rows, too.
        module: It is switched on after this module's code has run, now or later; empty: at once.
        instrumentor: OpenTelemetry's class, `module:name`, or empty where none is needed.
        options: Arguments for its `instrument`.
        way: Module of ours whose function `switch_on(instrumentor)` does it, where `instrument` is not right.
        entry_point: Its name in OTEL_PYTHON_DISABLED_INSTRUMENTATIONS, where that is another.
        also: Modules that OpenTelemetry's imports with this one; they are imported before, each to have its turn.
    """

    name: str
    extra: str
    module: str
    instrumentor: str
    options: Mapping[str, object] = MappingProxyType({})
    way: str = ""
    entry_point: str = ""
    also: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """What to install for it."""
        return f"spanglass[{self.extra}]"

    def is_called(self, name: str) -> bool:
        """Whether a user's name means this row."""
        return bool(name) and name in (self.name, self.extra, self.entry_point)


class State(StrEnum):
    """What became of a row.

    Attributes:
        ON: We have switched it on.
        USERS: The application had, with options of its own.
        WAITING: Its library is not imported yet.
        OFF: Not chosen.
        MISSING: OpenTelemetry's package for it is not installed.
        UNFIT: It does not fit the version of the library, or failed.
    """

    ON = "on"
    USERS = "switched on by the application"
    WAITING = "waiting for the library"
    OFF = "off"
    MISSING = "instrumentation not installed"
    UNFIT = "does not fit"
