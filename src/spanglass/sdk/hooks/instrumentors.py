"""The hook on OpenTelemetry's instrumentors: whenever one wraps or unwraps a library, ours are put on top again.

Only from above can a call be kept from other HTTP instrumentations, and they can unwrap only what they find outermost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps

from spanglass.sdk.hooks.seat import Patch, Seat, patch


def patches(library: str, seat: Seat) -> Iterator[Patch]:
    """Make a patch for each method of the base class of instrumentors that has none; nothing is applied.

    Args:
        library: `opentelemetry.instrumentation`.
        seat: Knows how the hooks step aside.
    """

    def around(original: Callable[..., object]) -> Callable[..., object]:
        @wraps(original)
        def aside(*args: object, **kwargs: object) -> object:
            with seat.aside():
                return original(*args, **kwargs)

        return aside

    owner = getattr(sys.modules.get(f"{library}.instrumentor"), "BaseInstrumentor", None)
    for name in ("instrument", "uninstrument"):
        if (made := patch(owner, name, around)) is not None:
            yield made
