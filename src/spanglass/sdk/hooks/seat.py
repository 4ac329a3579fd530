"""Where hooks find the recorder, and how one replaces a method and puts the original back; knows no library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spanglass.sdk.calls.recorder import Recorder


class Seat:
    """Holds the recorder that hooks give requests to; empty, every hook passes straight through.

    Attributes:
        recorder: The recorder, or None.
    """

    __slots__ = ("recorder",)

    def __init__(self) -> None:
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
