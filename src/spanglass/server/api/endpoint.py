"""What an endpoint of the API is; one file each in `endpoints`, listed in `table`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from spanglass.server.api.parameters import Asked, Parameter
from spanglass.server.store.protocol import Store


class Endpoint(NamedTuple):
    """A question as it is asked over HTTP.

    Attributes:
        path: With `{name}` for a part that varies.
        summary: One line.
        parameters: Of the query string.
        answer: Type of the answer.
        ask: From the store, what was asked, and the varying part of the path ("" where there is none) to the answer.
        errors: Statuses beside 200, 401 and 421.
        large: An answer may need tens of MB while it is made, so one is made at a time.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: type[msgspec.Struct]
    ask: Callable[[Store, Asked, str], msgspec.Struct]
    errors: tuple[int, ...] = (400, 503)
    large: bool = False
