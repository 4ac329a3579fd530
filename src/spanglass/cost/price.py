"""From what a response used to what it cost; it never raises and never guesses a price."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from spanglass.call import Cost, Usage
from spanglass.cost.table import PriceTable


def price(
    usage: Usage | None,
    *,
    provider: str | None,
    models: Sequence[str | None],
    at_ns: int,
    service_tier: str | None = None,
    reported: Decimal | None = None,
    table: PriceTable | None = None,
) -> Cost:
    """Say what a call cost.

    Args:
        usage: What the provider counted; None when it said nothing.
        provider: `gen_ai.provider.name`.
        models: Names of the model, the most trusted first: the response's, then the request's.
        at_ns: When the request was sent, Unix nanoseconds; prices have dates.
        service_tier: The tier that served the call, such as flex, priority or batch.
        reported: What the provider says the call cost, in USD; it wins.
        table: The price table; the built-in one by default.
    """
    raise NotImplementedError
