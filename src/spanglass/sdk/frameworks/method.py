"""Puts a function around a method of a class for the life of the process, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from types import FunctionType
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
    call = original if type(original) is FunctionType else _bound(original)

    @wraps(original)
    def wrapped(self: object, *args: object, **kwargs: object) -> object:
        return around(call, self, *args, **kwargs)

    @wraps(original)
    async def awaited(self: object, *args: object, **kwargs: object) -> object:
        return await around(call, self, *args, **kwargs)

    replacement = awaited if iscoroutinefunction(original) else wrapped
    setattr(replacement, _MARK, True)
    setattr(owner, name, replacement)


def is_recorded(owner: type, name: str) -> bool:
    """Say whether an instrumentation of OpenTelemetry's stands around a method."""
    wrapper = getattr(owner.__dict__.get(name), "_self_wrapper", None)  # wrapt's
    return str(getattr(wrapper, "__module__", "")).startswith("opentelemetry.")


def _bound(method: Any) -> Callable[..., Any]:  # noqa: ANN401 - another tool's wrapper
    """Another tool's wrapper, such as wrapt's, learns whose method it is only by being bound."""

    def call(self: object, *args: object, **kwargs: object) -> object:
        return method.__get__(self, type(self))(*args, **kwargs)

    return call
