"""What the peers' contenders share: flushing OpenTelemetry, and taking off what a peer put around the openai client."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

_CLASSES = (
    ("openai.resources.chat.completions", "Completions"),
    ("openai", "OpenAI"),
    ("openai._base_client", "SyncAPIClient"),
)
_ABSENT = object()


def flush() -> None:
    """Send what waits in the global providers."""
    from opentelemetry import _logs, metrics, trace  # noqa: PLC0415 - its import is part of what is measured

    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()):
        send = getattr(provider, "force_flush", None)
        if send is not None:
            send()


class Wrapped:
    """The methods of the client that a peer has replaced since this was made."""

    def __init__(self) -> None:
        self._before = dict(self._methods())
        self._after: dict[tuple[type, str], object] = {}

    def note(self) -> None:
        """See what is replaced by now.

        Raises:
            RuntimeError: Nothing is, so that calls would be compared with themselves.
        """
        now = dict(self._methods())
        self._after = {key: method for key, method in now.items() if self._before.get(key, _ABSENT) is not method}
        if not self._after:
            raise RuntimeError("this peer has wrapped no method of the openai client")

    def watch(self, *, on: bool) -> None:
        """Put the replacements back, or take them off."""
        for (owner, name), method in self._after.items():
            wanted = method if on else self._before.get((owner, name), _ABSENT)
            if wanted is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, wanted)

    def _methods(self) -> Iterator[tuple[tuple[type, str], object]]:
        for module, name in _CLASSES:
            owner = getattr(importlib.import_module(module), name)
            yield from (((owner, method), value) for method, value in vars(owner).items())
