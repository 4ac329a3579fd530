"""The labels of one instrument's points: checked once a set, bounded, and never a person's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from spanglass.sdk import active
from spanglass.sdk.labels import Labels
from spanglass.sdk.numbers.kept import say_once
from spanglass.settings import SDK_METRIC_LABEL_LIMIT

Label = str | bool | int
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,254}")
# Compared without punctuation and case: each has a value a person, a conversation or a request.
_PERSONAL = {
    *("user", "userid", "username", "useremail", "enduserid", "email", "customerid", "accountid", "ip", "ipaddress"),
    *("session", "sessionid", "conversation", "conversationid", "genaiconversationid", "threadid"),
    *("request", "requestid", "traceid", "spanid", "messageid"),
}
_CACHED_SETS = 1024
_MOST_NAMES = 50
_NONE: Mapping[str, Label] = {}
_before_init = Labels(SDK_METRIC_LABEL_LIMIT.default)


class Points:
    """Turns what an application gives as labels into what its points carry.

    Args:
        instrument: Name of the instrument, for messages and bounds.
    """

    __slots__ = ("_instrument", "_names", "_sets")

    def __init__(self, instrument: str) -> None:
        self._instrument = instrument
        self._names: set[str] = set()
        self._sets: dict[tuple[object, ...], Mapping[str, Label]] = {}

    def labels(self, given: Mapping[str, Label] | None) -> Mapping[str, Label]:
        """Return the labels of a point; what cannot be one is left out, and said once a label.

        Args:
            given: Label names and values: text, whole numbers or booleans.
        """
        if not given:
            return _NONE
        key = (*given.items(), *map(type, given.values()))  # True == 1, but they are two labels
        try:
            return self._sets[key]
        except KeyError:
            found = self._all_checked(given)
            if len(self._sets) < _CACHED_SETS:
                self._sets[key] = found
            return found
        except TypeError:  # a list for a label
            return self._all_checked(given)

    def _all_checked(self, given: Mapping[str, Label]) -> Mapping[str, Label]:
        return {name: value for name, part in given.items() if (value := self._checked(name, part)) is not None}

    def _checked(self, name: str, value: object) -> Label | None:
        if re.sub(r"[^a-z0-9]", "", name.lower()) in _PERSONAL:
            self._say(name, "would make a series a person, session or request; set it on the span instead")
            return None
        if _NAME.fullmatch(name) is None:
            self._say(name, "is no name of a label; begin with a letter, then letters, digits and _ . - only")
            return None
        if name not in self._names and not self._takes(name):
            return None
        if isinstance(value, bool):
            return value
        if not isinstance(value, str | int):
            if value is not None:
                self._say(name, f"is given as {type(value).__name__}; use text, a whole number or a boolean")
            return None
        on = active.current()
        labels = _before_init if on is None else on.labels
        text = str(value)
        bounded = labels.bounded(f"{self._instrument} {name}", text)
        return value if bounded == text else bounded

    def _takes(self, name: str) -> bool:
        if len(self._names) >= _MOST_NAMES:
            already = f"{self._instrument} has {_MOST_NAMES} labels already"
            say_once(self._instrument, "labels", f"{already}; {name!r}, and each after it, is left out.")
            return False
        self._names.add(name)
        return True

    def _say(self, name: str, what: str) -> None:
        say_once(self._instrument, name, f"The label {name!r} of {self._instrument} {what}. It is left out.")
