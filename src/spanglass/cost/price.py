"""From what a response used to what it cost; it never guesses a price and never raises for odd counts.

Counts that contradict each other are billed by three rules, and the cost is then `estimated`:

1. A count that is negative or beyond 64 bits is taken as not given.
2. A part larger than its whole raises the whole; cache reads and writes do so together, as do priced parts of output.
3. Where cached input and audio or image input do not fit into the whole side by side, what is over was cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from spanglass.call import Cost, CostState, Usage
from spanglass.cost.rates import Rates, amount
from spanglass.cost.table import PriceTable

MOST_TOKENS = 2**63 - 1
UNPRICED = Cost(CostState.UNPRICED)


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

    What the provider reports wins. Without a known price, or without any count, there is no amount. A count that is
    missing while its rate is known makes the amount a lower bound, and the state `estimated`. Fees for searches and
    requests count as input: they pay for what the model is given.

    Args:
        usage: What the provider counted; None when it said nothing.
        provider: `gen_ai.provider.name`.
        models: Names of the model, the most trusted first: the response's, then the request's.
        at_ns: When the request was sent, Unix nanoseconds; prices have dates.
        service_tier: The tier that served the call, such as flex, priority or batch.
        reported: What the provider says the call cost, in USD.
        table: The price table; the built-in one by default.
    """
    if reported is not None and reported.is_finite() and reported >= 0:
        return Cost(CostState.REPORTED, reported, "provider")
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return UNPRICED
    row = (table or PriceTable.builtin()).find(provider, models)
    if row is None:
        return UNPRICED
    counts = _counts(usage)
    rates = row.rates(at_ns=at_ns, service_tier=service_tier, input_tokens=counts.input)
    if not _covers(rates, counts):
        return UNPRICED
    spent_in, input_fits = _spent_on_input(rates, counts)
    spent_out, output_fits = _spent_on_output(rates, counts)
    missing = (rates.bills_input and usage.input_tokens is None) or (rates.bills_output and usage.output_tokens is None)
    known = counts.sound and input_fits and output_fits and not missing and not usage.estimated
    return Cost(
        state=CostState.COMPUTED if known else CostState.ESTIMATED,
        amount=amount(spent_in + spent_out, rates.places),
        source="local",
        price_id=row.price_id,
        table=row.table,
        input_amount=amount(spent_in, rates.places),
        output_amount=amount(spent_out, rates.places),
    )


class _Counts(NamedTuple):
    """The counts of a usage after rules 1 and 2: no part is larger than its whole, unknown is 0."""

    sound: bool
    input: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    input_audio: int
    cache_read_audio: int
    input_image: int
    output_audio: int
    output_image: int
    reasoning: int
    web_searches: int


def _counts(usage: Usage) -> _Counts:
    given = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.input_audio_tokens,
        usage.cache_read_audio_tokens,
        usage.input_image_tokens,
        usage.output_audio_tokens,
        usage.output_image_tokens,
        usage.reasoning_tokens,
        usage.web_searches,
    )
    counts = [count or 0 for count in given]
    possible = min(counts) >= 0 and max(counts) <= MOST_TOKENS
    if not possible:
        counts = [count if 0 <= count <= MOST_TOKENS else 0 for count in counts]
    all_in, all_out, read, write, write_1h, audio_in, read_audio, image_in, audio_out, image_out, reasoning, web = (
        counts
    )
    read, audio_in, write = max(read, read_audio), max(audio_in, read_audio), max(write, write_1h)
    all_in = max(all_in, read + write, audio_in, image_in)
    all_out = max(all_out, audio_out, image_out, reasoning)
    sound = possible and counts[:6] == [all_in, all_out, read, write, write_1h, audio_in]
    return _Counts(
        sound,
        all_in,
        all_out,
        read,
        write,
        write_1h,
        audio_in,
        read_audio,
        image_in,
        audio_out,
        image_out,
        reasoning,
        web,
    )


def _covers(rates: Rates, counts: _Counts) -> bool:
    """Whether there is a rate for every side that was used, and for one side at least."""
    if not (rates.bills_input or rates.bills_output):
        return False
    return (rates.bills_input or not counts.input) and (rates.bills_output or not counts.output)


def _spent_on_input(rates: Rates, counts: _Counts) -> tuple[int, bool]:
    """Return what input cost, and whether its parts fit into it; a part billed like its whole is left in it."""
    read, write, write_1h = counts.cache_read, counts.cache_write, counts.cache_write_1h
    image = counts.input_image if rates.input_image != rates.input else 0
    heard = rates.input_audio != rates.input or rates.cache_read_audio != rates.cache_read
    read_audio = counts.cache_read_audio if heard else 0
    audio = counts.input_audio - read_audio if heard else 0
    over = max(read + write + audio + image - counts.input, 0)
    image, audio = max(image - over, 0), audio - max(over - image, 0)
    spent = (
        (counts.input - read - write - audio - image) * rates.input
        + (read - read_audio) * rates.cache_read
        + read_audio * rates.cache_read_audio
        + (write - write_1h) * rates.cache_write
        + write_1h * rates.cache_write_1h
        + audio * rates.input_audio
        + image * rates.input_image
        + counts.web_searches * rates.web_search
        + rates.request
    )
    return spent, not over


def _spent_on_output(rates: Rates, counts: _Counts) -> tuple[int, bool]:
    """Return what output cost, and whether its parts fit into it; a part billed like its whole is left in it."""
    audio = counts.output_audio if rates.output_audio != rates.output else 0
    image = counts.output_image if rates.output_image != rates.output else 0
    reasoning = counts.reasoning if rates.reasoning != rates.output else 0
    rest = counts.output - audio - image - reasoning
    spent = (
        max(rest, 0) * rates.output
        + audio * rates.output_audio
        + image * rates.output_image
        + reasoning * rates.reasoning
    )
    return spent, rest >= 0
