"""Metric labels that the application chooses (feature, prompt name and version), kept to a bounded number of values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spanglass.sdk.context import NOTHING, CallContext
from spanglass.semconv import attributes as attr

OTHER = "other"
"""Stands for every value that came after the limit was reached."""

_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_CACHED_SETS = 1024


class Labels:
    """Turns a call's context into metric labels; user and session ids never become any.

    The first `limit` values of each label are kept as they are, every later one becomes `other`, for the life of the
    process. Safe to use from several threads: a race can let one value more through, not lose one.

    Args:
        limit: How many values a label may have; setting `sdk.metric_label_limit`.
    """

    __slots__ = ("_limit", "_sets", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[str, set[str]] = {attr.FEATURE: set(), attr.PROMPT_NAME: set(), attr.PROMPT_VERSION: set()}
        self._sets: dict[tuple[str | None, str | None, str | None], Mapping[str, str]] = {}

    def of(self, context: CallContext) -> Mapping[str, str]:
        """Return the labels of a context, by attribute name; a shared mapping that must not be changed."""
        if context is NOTHING:
            return _NO_LABELS
        key = context[2:]
        found = self._sets.get(key)
        if found is None:
            names = (attr.FEATURE, attr.PROMPT_NAME, attr.PROMPT_VERSION)
            found = {
                name: self.bounded(name, value) for name, value in zip(names, key, strict=True) if value is not None
            }
            if len(self._sets) < _CACHED_SETS:
                self._sets[key] = found
        return found

    def bounded(self, label: str, value: str) -> str:
        """Return the value, or `other` once the label has as many values as it may have."""
        known = self._values.setdefault(label, set())
        if value in known:
            return value
        if len(known) >= self._limit:
            return OTHER
        known.add(value)
        return value
