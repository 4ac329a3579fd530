"""The instruments of an application by name: each is made once, and a name that means two things is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar, cast

from opentelemetry.metrics import Meter, get_meter

from spanglass.sdk.guard import logger
from spanglass.semconv.metrics import METRICS
from spanglass.version import __version__

SCOPE = "spanglass.numbers"
# OpenTelemetry's syntax of instrument names, and units as UCUM writes them or as an {annotation}, in ASCII.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}")
_ANNOTATION = r"\{[!-z|~]+\}"
_UNIT = re.compile(
    rf"(?=.{{0,63}}$)(1|%|[A-Za-z\[][\w.\[\]*^'-]*)?({_ANNOTATION})?(/([A-Za-z][\w.]*|{_ANNOTATION}))?", re.ASCII
)
_WORDS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
    **dict.fromkeys(("millisecond", "milliseconds", "millis", "msec"), "ms"),
    **dict.fromkeys(("byte", "bytes"), "By"),
    **dict.fromkeys(("percent",), "%"),
    **dict.fromkeys(("dollar", "dollars", "usd", "USD"), "{USD}"),
    **{word: f"{{{word.removesuffix('s')}}}" for word in ("requests", "request", "tokens", "token", "items", "item")},
}
_MOST = 1000
_RESERVED = {row.name for row in METRICS}

I = TypeVar("I")  # noqa: E741 - an instrument
_meanings: dict[str, tuple[type, str]] = {}
_kept: dict[tuple[str, type, str], object] = {}
_said: set[tuple[str, str]] = set()


def meter() -> Meter:
    """Return the meter of the application's numbers; what a proxy made before `init()` comes to life with it."""
    return get_meter(SCOPE, __version__)


def the_one(name: str, kind: type[I], unit: str, make: Callable[[str, bool], I]) -> I:
    """Return the instrument of a name, made when it is asked for first.

    Args:
        name: Its name.
        kind: What it is.
        unit: Its unit, as the application wrote it.
        make: Makes one of a checked unit; its second argument is False where it is to record nothing.
    """
    if not _are_texts(name, unit):
        kinds = f"{type(name).__name__} and {type(unit).__name__}"
        say_once("", "text", f"A metric's name and unit are text, not {kinds}; what is recorded here is left out.")
        return make("", False)
    found = _kept.get((name, kind, unit))
    if found is not None:
        return cast("I", found)
    checked = _checked_unit(name, unit)
    if not _usable(name, kind, checked):
        return make(checked, False)
    key = (name, kind, checked)
    # Without a lock, which a fork might leave held: where two threads are first at once, both use the one that is kept.
    found = _kept.get(key)
    if found is None:
        found = _kept.setdefault(key, make(checked, True))
    return cast("I", _kept.setdefault((name, kind, unit), found))


def words(given: object) -> str:
    """Return a description as OpenTelemetry takes it: one that is no text would keep all metrics from starting."""
    return given if isinstance(given, str) else ""


def say_once(name: str, about: str, sentence: str) -> None:
    """Log a warning, the first time that something is said of an instrument about the same.

    Args:
        name: The instrument.
        about: What is wrong, in a word.
        sentence: The warning.
    """
    if (name, about) in _said or len(_said) >= _MOST:
        return
    _said.add((name, about))
    logger.warning("%s", sentence)


def _usable(name: str, kind: type, unit: str) -> bool:
    if _NAME.fullmatch(name) is None:
        why = f"{name!r} is no name for a metric; begin with a letter, then letters, digits and _ . - / only."
    elif name in _RESERVED:
        why = f"{name} is a metric of spanglass's own."
    elif name not in _meanings and len(_meanings) >= _MOST:
        why = f"There are {_MOST:,} metrics of your own already, and a name such as {name} makes one more."
        name = "more"  # said once for all of them
    elif (known := _meanings.setdefault(name, (kind, unit))) != (kind, unit):
        why = f"{name} is already {_described(*known)}, and now asked for as {_described(kind, unit)}."
    else:
        return True
    say_once(name, "name", f"{why} What is recorded here is left out; choose another name.")
    return False


def _are_texts(*given: object) -> bool:
    return all(isinstance(one, str) for one in given)


def _checked_unit(name: str, unit: str) -> str:
    right = _WORDS.get(unit, unit)
    if _UNIT.fullmatch(right) is None:
        cure = "use one of UCUM such as s, By or %, or a word in braces: {request}"
        say_once(name, "unit", f"The unit of {name}, {unit!r}, is left out; {cure}.")
        return ""
    if right != unit:
        say_once(name, "unit", f"The unit of {name} is recorded as {right!r}; {unit!r} is not how UCUM writes it.")
    return right


def _described(kind: type, unit: str) -> str:
    return f"a {kind.__name__.lower()} {f'in {unit}' if unit else 'without a unit'}"
