"""From what a response used to what it cost; it never guesses a price and never raises for odd counts.

Counts that contradict each other are billed by three rules, and the cost is then `estimated`:

1. A count that is negative or beyond 64 bits is taken as not given.
2. A part larger than its whole raises the whole; cache reads and writes do so together, as do priced parts of output.
3. Where cached input and audio or image input do not fit into the whole side by side, what is over was cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

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
    agrees = _agrees(usage)
    counts = usage if agrees else _reconciled(usage)
    rates = row.rates(at_ns=at_ns, service_tier=service_tier, input_tokens=counts.input_tokens or 0)
    if not _covers(rates, counts):
        return UNPRICED
    spent_in, input_fits = _spent_on_input(rates, counts)
    spent_out, output_fits = _spent_on_output(rates, counts)
    missing = (rates.bills_input and usage.input_tokens is None) or (rates.bills_output and usage.output_tokens is None)
    known = agrees and input_fits and output_fits and not missing and not usage.estimated
    places = rates.places
    return Cost(
        CostState.COMPUTED if known else CostState.ESTIMATED,
        amount(spent_in + spent_out, places),
        "local",
        row.price_id,
        row.table,
        amount(spent_in, places),
        amount(spent_out, places),
    )


def _agrees(usage: Usage) -> bool:
    """Whether every count is possible and no part is larger than its whole; unknown is 0."""
    into, out = usage.input_tokens or 0, usage.output_tokens or 0
    read, write, write_1h = (
        usage.cache_read_tokens or 0,
        usage.cache_write_tokens or 0,
        usage.cache_write_1h_tokens or 0,
    )
    audio, read_audio = usage.input_audio_tokens or 0, usage.cache_read_audio_tokens or 0
    image, audio_out, image_out = (
        usage.input_image_tokens or 0,
        usage.output_audio_tokens or 0,
        usage.output_image_tokens or 0,
    )
    reasoning, web = usage.reasoning_tokens or 0, usage.web_searches or 0
    # One number that is negative, or has a bit beyond the last possible one, where any of them is or has.
    bits = into | out | read | write | write_1h | audio | read_audio | image | audio_out | image_out | reasoning | web
    return (
        0 <= bits <= MOST_TOKENS
        and read + write <= into
        and read_audio <= read
        and read_audio <= audio <= into
        and write_1h <= write
        and image <= into
        and audio_out <= out
        and image_out <= out
        and reasoning <= out
    )


def _reconciled(usage: Usage) -> Usage:
    """Return counts that agree, by rules 1 and 2."""
    read_audio, write_1h = _possible(usage.cache_read_audio_tokens), _possible(usage.cache_write_1h_tokens)
    read = max(_possible(usage.cache_read_tokens), read_audio)
    write = max(_possible(usage.cache_write_tokens), write_1h)
    audio, image = max(_possible(usage.input_audio_tokens), read_audio), _possible(usage.input_image_tokens)
    audio_out, image_out = _possible(usage.output_audio_tokens), _possible(usage.output_image_tokens)
    reasoning = _possible(usage.reasoning_tokens)
    return Usage(
        input_tokens=max(_possible(usage.input_tokens), read + write, audio, image),
        output_tokens=max(_possible(usage.output_tokens), audio_out, image_out, reasoning),
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=reasoning,
        input_audio_tokens=audio,
        output_audio_tokens=audio_out,
        cache_read_audio_tokens=read_audio,
        input_image_tokens=image,
        output_image_tokens=image_out,
        web_searches=_possible(usage.web_searches),
    )


def _possible(count: int | None) -> int:
    return count if count is not None and 0 <= count <= MOST_TOKENS else 0


def _covers(rates: Rates, counts: Usage) -> bool:
    """Whether there is a rate for every side that was used, and for one side at least."""
    if not (rates.bills_input or rates.bills_output):
        return False
    return (rates.bills_input or not counts.input_tokens) and (rates.bills_output or not counts.output_tokens)


def _spent_on_input(rates: Rates, counts: Usage) -> tuple[int, bool]:
    """Return what input cost, and whether its parts fit into it; a part billed like its whole is left in it."""
    rate, whole = rates.input, counts.input_tokens or 0
    spent = whole * rate + (counts.web_searches or 0) * rates.web_search + rates.request
    read, write, write_1h = (
        counts.cache_read_tokens or 0,
        counts.cache_write_tokens or 0,
        counts.cache_write_1h_tokens or 0,
    )
    image = (counts.input_image_tokens or 0) if rates.input_image != rate else 0
    audio, read_audio = counts.input_audio_tokens or 0, counts.cache_read_audio_tokens or 0
    if rates.input_audio == rate and rates.cache_read_audio == rates.cache_read:
        audio, read_audio = 0, 0
    audio -= read_audio
    over = max(read + write + audio + image - whole, 0)
    if over:
        image, audio = max(image - over, 0), audio - max(over - image, 0)
    # What a part costs more, or less, than the rest of its whole.
    spent += (
        (read - read_audio) * (rates.cache_read - rate)
        + read_audio * (rates.cache_read_audio - rate)
        + (write - write_1h) * (rates.cache_write - rate)
        + write_1h * (rates.cache_write_1h - rate)
        + audio * (rates.input_audio - rate)
        + image * (rates.input_image - rate)
    )
    return spent, not over


def _spent_on_output(rates: Rates, counts: Usage) -> tuple[int, bool]:
    """Return what output cost, and whether its parts fit into it; a part billed like its whole is left in it."""
    rate, whole = rates.output, counts.output_tokens or 0
    audio = (counts.output_audio_tokens or 0) if rates.output_audio != rate else 0
    image = (counts.output_image_tokens or 0) if rates.output_image != rate else 0
    reasoning = (counts.reasoning_tokens or 0) if rates.reasoning != rate else 0
    rest = whole - audio - image - reasoning
    spent = max(rest, 0) * rate + audio * rates.output_audio + image * rates.output_image + reasoning * rates.reasoning
    return spent, rest >= 0
