"""Puts a function around a method of a class for the life of the process, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

_MARK = "__spanglass_framework__"


def wrap_method(owner: type, name: str, around: Callable[..., Any]) -> None:
    """Replace a method by `around(original, self, ...)`; a method that is wrapped already is left as it is.

    Args:
        owner: The class.
        name: The method's name.
        around: Called in its place; a coroutine function where the method is one.
    """
    original = owner.__dict__[name]
    if hasattr(original, _MARK):
        return

    @wraps(original)
    def wrapped(self: object, *args: object, **kwargs: object) -> object:
        return around(original, self, *args, **kwargs)

    @wraps(original)
    async def awaited(self: object, *args: object, **kwargs: object) -> object:
        return await around(original, self, *args, **kwargs)

    replacement = awaited if iscoroutinefunction(original) else wrapped
    setattr(replacement, _MARK, True)
    setattr(owner, name, replacement)
