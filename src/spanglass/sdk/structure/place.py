"""Where a run stands among others: which are around it, and what is counted in it; carried in the context."""

from __future__ import annotations

from itertools import count

from opentelemetry.context import Context, create_key, set_value
from opentelemetry.trace import INVALID_SPAN, Span, get_current_span

from spanglass.sdk.structure.family import Family
from spanglass.sdk.structure.ledger import Ledger

_KEY = create_key("spanglass.place")


class Place:
    """The place of one run; the runs inside find it in their context.

    Args:
        operation: What kind of work the run is.
        name: What the application calls it.
        around: The place of the run around; None where there is none.

    Attributes:
        operation: The same.
        name: The same.
        current: The span that is current inside: the run's own, or the one around where the run is folded.
        family: Of the children of that span; None where none was asked for.
    """

    __slots__ = ("_around", "_numbers", "_tools", "_waits", "current", "family", "name", "operation")

    def __init__(self, operation: str, name: str | None, around: Place | None) -> None:
        self.operation = operation
        self.name = name
        self.current: Span = INVALID_SPAN
        self.family: Family | None = None
        self._around = around
        self._numbers = count(1)
        self._tools = count()
        self._waits: list[tuple[int, int]] = []

    @classmethod
    def of(cls, context: Context) -> Place | None:
        """Return the place of the innermost run of a context."""
        found = context.get(_KEY)
        return found if isinstance(found, cls) else None

    def within(self, context: Context) -> Context:
        """Return a context with this place."""
        return set_value(_KEY, self, context)

    def nearest(self, *operations: str) -> Place | None:
        """Return the innermost place around this one that is of a kind given."""
        place = self._around
        while place is not None and place.operation not in operations:
            place = place._around  # noqa: SLF001 - another of this class
        return place

    def birth(self, ledger: Ledger, context: Context) -> Family | None:
        """Return the family that the run's span is born into; None where no span is around, or none that is kept."""
        parent = get_current_span(context)
        if not parent.is_recording():
            return None
        around = self._around
        if around is None or around.current is not parent:
            return ledger.family_of(parent)
        if around.family is None:
            around.family = Family()
        return around.family

    def next_step(self) -> int:
        """Number a step that begins inside."""
        return next(self._numbers)

    def steps(self) -> int:
        """Say how many steps there were; asked once, at the end."""
        return next(self._numbers) - 1

    def tool_called(self) -> None:
        """Count a tool call inside."""
        next(self._tools)

    def tool_calls(self) -> int:
        """Say how many tool calls there were; asked once, at the end."""
        return next(self._tools)

    def wait(self, began_ns: int, ended_ns: int) -> None:
        """Note that all runs around waited for a person, on the clock of durations."""
        place = self._around
        while place is not None:
            place._waits.append((began_ns, ended_ns))  # noqa: SLF001 - another of this class
            place = place._around  # noqa: SLF001 - likewise

    def waited_ns(self) -> int:
        """Return how long a person was waited for inside; what overlaps counts once."""
        covered, until = 0, 0
        for began, ended in sorted(self._waits):
            covered += max(0, ended - max(began, until))
            until = max(until, ended)
        return covered
