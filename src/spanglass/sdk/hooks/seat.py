"""Where hooks find the recorder, and how one replaces a method and puts the original back; knows no library."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from spanglass.sdk.calls.recorder import Recorder


class Seat:
    """Holds the recorder that hooks give requests to; empty, every hook passes straight through.

    Args:
        aside: Takes the hooks away for a while, so that another tool finds the library as it is.

    Attributes:
        recorder: The recorder, or None.
    """

    __slots__ = ("aside", "recorder")

    def __init__(self, aside: Callable[[], AbstractContextManager[None]]) -> None:
        self.aside = aside
        self.recorder: Recorder | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """One replaced method.

    Attributes:
        owner: The class.
        name: The method's name.
        original: What was there, whether a function or another tool's wrapper of one.
        replacement: What stands there now.
    """

    owner: type
    name: str
    original: object
    replacement: Callable[..., object]

    def apply(self) -> None:
        """Replace the method."""
        setattr(self.owner, self.name, self.replacement)

    def undo(self) -> bool:
        """Put the original back.

        Returns:
            False where another tool has wrapped ours since: ours stays beneath it and passes through.
        """
        if self.owner.__dict__.get(self.name) is not self.replacement:
            return False
        setattr(self.owner, self.name, self.original)
        return True


_MARK = "__spanglass_hook__"


def patch(owner: object, name: str, around: Callable[..., Callable[..., object]]) -> Patch | None:
    """Make the patch of a method that has none of ours, neither on it nor beneath another tool's wrapper.

    Args:
        owner: The class; anything else, such as None for a class that is not there, has nothing to patch.
        name: The method.
        around: Makes the replacement from the original.
    """
    original = owner.__dict__.get(name) if isinstance(owner, type) else None
    if not isinstance(owner, type) or original is None or hasattr(original, _MARK):
        return None
    # Asked for through the class, another tool's wrapper comes out as a function that knows what `self` is.
    replacement = around(getattr(owner, name))
    setattr(replacement, _MARK, replacement)
    return Patch(owner, name, original, replacement)


def is_outermost(function: object) -> bool:
    """Say whether a function is one of ours, with no wrapper of another tool around it."""
    return getattr(function, _MARK, None) is function
