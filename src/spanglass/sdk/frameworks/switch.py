"""Turns the instrumentations of the table on, for libraries imported already and for those imported later."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from spanglass.sdk.frameworks.framework import Framework, Instrumentor, State
from spanglass.sdk.frameworks.stable import stable_names
from spanglass.sdk.frameworks.table import FRAMEWORKS, chosen, known
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.hooks.imports import ImportWatch

AUTO = "auto"
NONE = "none"
_guard = safely("frameworks.switch")


class Switch:
    """The instrumentations of one process; imports no library and no instrumentation before its time."""

    def __init__(self) -> None:
        self._states = dict.fromkeys((row.name for row in FRAMEWORKS), State.OFF)
        self._waiting: dict[str, list[Framework]] = {}
        self._watch: ImportWatch | None = None

    def install(self, names: Sequence[str], *, disabled: Iterable[str] = ()) -> None:
        """Switch rows on, each after its library has been imported. Call it before our hooks are installed.

        Args:
            names: Names of rows or extras; `auto` for all whose instrumentation is installed, `none` for none.
            disabled: Entry points that OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names; `*` for all.
        """
        rows = self._asked_for(names)
        unwanted = frozenset(disabled)
        rows = tuple(row for row in rows if not unwanted & {"*", row.name, row.entry_point})
        for row in rows:
            self._states[row.name] = State.WAITING
            self._waiting.setdefault(row.module, []).append(row)
        self._watch = ImportWatch(frozenset(self._waiting), self._executed)
        self._watch.start()
        for module in [row.module for row in rows]:
            if not module or module in sys.modules:
                self._executed(module)

    def uninstall(self) -> None:
        """Wait for no further libraries; what is switched on stays, because requests are under way in it."""
        self._waiting.clear()
        if self._watch is not None:
            self._watch.stop()

    def states(self) -> Mapping[str, State]:
        """Return what became of each row, by name."""
        return dict(self._states)

    def _asked_for(self, names: Sequence[str]) -> tuple[Framework, ...]:
        if AUTO in names:
            return FRAMEWORKS
        wanted = [name for name in names if name != NONE]
        if unknown := [name for name in wanted if not chosen([name])]:
            logger.warning(
                "SPANGLASS_FRAMEWORKS names %s, which spanglass does not know. Known are: %s, and auto or none.",
                ", ".join(unknown),
                ", ".join(known()),
            )
        rows = chosen(wanted)
        for row in rows:
            if not installed(row):
                logger.warning('%s is asked for. Install "%s" to see its spans.', row.name, row.package)
        return rows

    def _executed(self, module: str) -> None:
        # Without a lock: while something is imported, another thread may hold that module's and wait for us.
        for row in self._waiting.pop(module, []):
            self._states[row.name] = State.UNFIT  # until it is known better
            with _guard:
                self._states[row.name] = _switch_on(row)


def installed(row: Framework) -> bool:
    """Whether the instrumentation of a row can be imported; nothing is imported but packages that hold it."""
    if not row.instrumentor:
        return True
    with suppress(ModuleNotFoundError):
        return find_spec(row.instrumentor.partition(":")[0]) is not None
    return False


def _switch_on(row: Framework) -> State:
    for name in row.also:
        with suppress(ImportError):
            import_module(name)
    try:
        return _instrument(row)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("opentelemetry"):
            raise
        return State.MISSING


def _instrument(row: Framework) -> State:
    module, _, name = row.instrumentor.partition(":")
    instrumentor: type[Instrumentor] | None = None
    if module:
        instrumentation = import_module(module)
        instrumentor = getattr(instrumentation, name) if name else None
    if instrumentor is not None:
        made = instrumentor()
        if made.is_instrumented_by_opentelemetry:
            return State.USERS
        if not _fits(row, made):
            return State.UNFIT
    with stable_names():
        if row.way:
            import_module(row.way).switch_on(instrumentor)
        else:
            cast("type[Instrumentor]", instrumentor)().instrument(**row.options)
    return State.ON


def _fits(row: Framework, instrumentor: Instrumentor) -> bool:
    from opentelemetry.instrumentation.dependencies import get_dependency_conflicts  # noqa: PLC0415 - an extra's

    conflict = get_dependency_conflicts(instrumentor.instrumentation_dependencies())
    if conflict is not None:
        logger.warning(
            "OpenTelemetry's instrumentation of %s wants %s and found %s; its spans are missing. "
            "Upgrade whichever of the two is older.",
            row.name,
            conflict.required or conflict.required_any,
            conflict.found or conflict.found_any,
        )
    return conflict is None
