"""A piece of work as the application names it: a decorator of functions, and a context manager for code."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial, wraps
from types import TracebackType
from typing import Any, TypeVar, cast

from spanglass.sdk import active
from spanglass.sdk.block import Block
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.structure.generators import Begin, around_async_generator, around_generator
from spanglass.sdk.structure.run import Run

_guard = safely("structure.unit")
RunT = TypeVar("RunT", bound=Run)
# `Any` and not `object`: parameters are contravariant, and a decorator takes functions of any.
Decorated = TypeVar("Decorated", bound="Callable[..., Any] | classmethod[Any, ..., Any]")
_Function = Callable[..., object]
Make = Callable[[str | None, str | None], RunT]
"""Makes a run, from a name and from the first line of a function's docstring."""


class Unit(Block[RunT]):
    """What `@tool(...)` and `with tool(...)` have in common; each call and each `with` is a run of its own.

    As a context manager make a new one for each use: an instance must not be entered twice at once.

    Args:
        name: What it is called; a decorated function's own name by default, without underscores in front.
        make: Makes a run.
    """

    __slots__ = ("_entered", "_make", "_name")

    def __init__(self, name: str | None, make: Make[RunT]) -> None:
        self._name = None if name is None else str(name)
        self._make = make
        self._entered: list[RunT] = []

    def __call__(self, function: Decorated) -> Decorated:
        """Decorate a function, coroutine function, generator or async generator, alone or as a method."""
        target: object = function
        if isinstance(target, classmethod | staticmethod):
            return cast("Decorated", type(target)(self(target.__func__)))
        if inspect.isclass(target):
            logger.warning("%s is a class and is left as it is: decorate its methods instead.", target.__qualname__)
            return function
        return cast("Decorated", self._around(cast("_Function", function)))

    def __enter__(self) -> RunT:
        run = self._make(self._name, None)
        run.start()
        run.resume()
        self._entered.append(run)
        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._entered:
            self._entered.pop().end(error)

    def _around(self, function: _Function) -> _Function:
        named = function.func if isinstance(function, partial) else function
        own = getattr(named, "__name__", None) or type(named).__name__
        name = self._name or own.lstrip("_") or own
        told = inspect.getdoc(named) if inspect.isroutine(named) else None
        summary = (told or "").strip().partition("\n")[0] or None
        begin = partial(_begun, partial(self._make, name, summary), _Arguments(function))
        # An instance with `__call__` is what its `__call__` is.
        code = function if hasattr(function, "__code__") or isinstance(function, partial) else type(function).__call__
        if inspect.isasyncgenfunction(code):
            return around_async_generator(begin, cast("Callable[..., AsyncGenerator[object, object]]", function))
        if inspect.isgeneratorfunction(code):
            return around_generator(begin, cast("Callable[..., Generator[object, object, object]]", function))
        if inspect.iscoroutinefunction(code):
            return _around_coroutine(begin, cast("Callable[..., Awaitable[object]]", function))
        return _around_function(begin, function)


def unit(given: Decorated | str | None, make: Make[RunT]) -> Decorated | Unit[RunT]:
    """Return a function decorated, where one is given (`@tool`), else a unit (`@tool("search")`, `with tool(...)`)."""
    if given is None or isinstance(given, str):
        return Unit(given, make)
    return Unit(None, make)(given)


class _Arguments:
    """How a function's arguments are called; asked only where content is recorded."""

    __slots__ = ("_function", "_signature")

    def __init__(self, function: _Function) -> None:
        self._function = function
        self._signature: inspect.Signature | None = None

    def of(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        """Return them by name, without `self` and `cls`; empty where they do not fit, as the function will say."""
        try:
            if self._signature is None:
                self._signature = inspect.signature(self._function)
            bound = self._signature.bind(*args, **kwargs).arguments
        except (TypeError, ValueError):
            return {}
        return {name: value for name, value in bound.items() if name not in {"self", "cls"}}


def _begun(make: Callable[[], Run], arguments: _Arguments, args: tuple[object, ...], kwargs: dict[str, object]) -> Run:
    run = make()
    run.start()
    if run.wants_content:
        with _guard:
            run.called(arguments.of(args, kwargs))
    return run


def _ended(run: Run, result: object) -> None:
    with _guard:
        run.returned(result)
    run.end()


def _around_function(begin: Begin, function: _Function) -> _Function:
    @wraps(function)
    def ran(*args: object, **kwargs: object) -> object:
        if active.current() is None:
            return function(*args, **kwargs)
        run = begin(args, kwargs)
        run.resume()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            run.end(error)
            raise
        if inspect.iscoroutine(result):  # another decorator hides that the function is one of coroutines
            run.pause()
            return _awaited(run, result)
        _ended(run, result)
        return result

    return ran


def _around_coroutine(begin: Begin, function: Callable[..., Awaitable[object]]) -> _Function:
    @wraps(function)
    async def ran(*args: object, **kwargs: object) -> object:
        work = function(*args, **kwargs)
        return await _awaited(begin(args, kwargs), work)

    return ran


async def _awaited(run: Run, work: Awaitable[object]) -> object:
    run.resume()
    try:
        result = await work
    except BaseException as error:
        run.end(error)
        raise
    _ended(run, result)
    return result
