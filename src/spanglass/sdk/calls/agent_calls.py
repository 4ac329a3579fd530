"""How many calls to models one run of an agent makes; the count travels in the context, agents are made elsewhere."""

from __future__ import annotations

from itertools import count

from opentelemetry.context import Context, create_key, set_value

_KEY = create_key("spanglass.agent_calls")


class AgentCalls:
    """The calls of one run; counted without a lock, by any thread."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = count()

    def within(self, context: Context) -> Context:
        """Return a context in which calls are this run's."""
        return set_value(_KEY, self, context)

    def total(self) -> int:
        """Say how many there were; asked once, at the end."""
        return next(self._numbers)

    @staticmethod
    def count(context: Context) -> None:
        """Count one more for the innermost agent of a context."""
        run = context.get(_KEY)
        if isinstance(run, AgentCalls):
            next(run._numbers)  # noqa: SLF001 - another of this class
