"""A dictionary that forgets its oldest entries beyond a number, so that what never ends fills no memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
_MOST = 1024


class Newest(OrderedDict[K, V]):
    """The newest 1,024 entries. Without a lock: each step is one operation on the dictionary."""

    def put(self, key: K, value: V) -> None:
        """Add an entry."""
        self[key] = value
        if len(self) > _MOST:
            self.popitem(last=False)
