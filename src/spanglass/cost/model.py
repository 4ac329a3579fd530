"""One row of the price table: the prices of a model, and which of them hold for a call.

A price may have tiers by input tokens (passing a threshold re-rates the whole request), a first day, hours of the day,
and replacements for a service tier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypedDict, cast

from spanglass.cost.rates import KINDS, Rates

Figure = int | Decimal | list["int | Decimal | list[int | Decimal]"]
"""A rate: one number, or the base and then [tokens, rate] for every threshold above which another rate holds."""
Entry = Mapping[str, Figure | str | list[str]]
"""Rates by kind, with `from` (a date) or `daily` (two times of day) where they do not always hold."""

DAY_NS = 86_400 * 10**9
_EPOCH = date(1970, 1, 1).toordinal()
_RATE_NAMES = tuple(kind.name for kind in KINDS)


class Row(TypedDict, total=False):
    """A model as the price file has it; docs/cost.md describes each key."""

    id: str
    match: list[object]
    prices: Entry | list[Entry]
    tiers: dict[str, list[Entry]]
    not_counted: list[str]


class Seller(TypedDict, total=False):
    """A provider as the price file has it: its models, and whose models it sells besides."""

    fallback: list[str]
    models: list[Row]


class Band(NamedTuple):
    """The rates of requests whose input is above so many tokens.

    Attributes:
        above: The number of tokens; -1 for the base.
        figures: Rates as published, by kind; only those that the model has.
        rates: The same, ready to multiply.
    """

    above: int
    figures: Mapping[str, Decimal]
    rates: Rates


class ModelPrices:
    """The prices of one model.

    Attributes:
        provider: The table's id of the provider whose row this is.
        id: The model's id in the table.
        price_id: The row's name, as `provider/model`.
        table: Version of the table the row is from.
        row: The row as the table has it.
    """

    __slots__ = ("_compiled", "_prices", "_tiers", "id", "price_id", "provider", "row", "table")

    def __init__(self, row: Row, *, provider: str, table: str, tiers: bool = True) -> None:
        """Take a row.

        Args:
            row: The row, checked.
            provider: Whose row it is.
            table: Version of its table.
            tiers: False where the model is bought from somebody else, to whom its service tiers do not apply.
        """
        prices = row["prices"]
        self.row = row
        self.provider = provider
        self.id = row["id"]
        self.price_id = f"{provider}/{self.id}"
        self.table = table
        self._prices = [_Price(entry) for entry in (prices if isinstance(prices, list) else [prices])]
        self._tiers = {
            name: [_Price(entry) for entry in entries] for name, entries in row.get("tiers", {}).items() if tiers
        }
        self._compiled: dict[tuple[_Price, ...], tuple[Band, ...]] = {}

    @property
    def service_tiers(self) -> tuple[str, ...]:
        """The service tiers that have prices of their own."""
        return tuple(self._tiers)

    def rates(self, *, at_ns: int, service_tier: str | None, input_tokens: int) -> Rates:
        """Return the rates that hold for one request.

        Args:
            at_ns: When the request was sent, Unix nanoseconds.
            service_tier: The tier that served it; one without prices of its own pays the standard ones.
            input_tokens: Size of the whole input, which decides the token tier.
        """
        bands = self.bands(at_ns=at_ns, service_tier=service_tier)
        if len(bands) == 1:
            return bands[0].rates
        return next(band.rates for band in bands if input_tokens > band.above)

    def bands(self, *, at_ns: int, service_tier: str | None) -> tuple[Band, ...]:
        """Return the token tiers that hold at an instant, the highest first; the last is the base."""
        standard = self._prices[0] if len(self._prices) == 1 else self._standard(at_ns)
        chosen: tuple[_Price, ...] = (standard,)
        tier = self._tiers.get(service_tier.lower()) if service_tier and self._tiers else None
        if tier:
            chosen += tuple(price for price in tier if price.holds(at_ns))
        found = self._compiled.get(chosen)
        if found is None:
            found = self._compiled[chosen] = _bands(chosen)
        return found

    def _standard(self, at_ns: int) -> _Price:
        return next((price for price in reversed(self._prices) if price.holds(at_ns)), self._prices[0])


class _Price:
    """Rates with the time at which they hold."""

    __slots__ = ("end_ns", "start_ns", "steps", "valid_from_ns")

    def __init__(self, entry: Entry) -> None:
        self.steps = {name: _steps(cast("Figure", entry[name])) for name in _RATE_NAMES if name in entry}
        day, hours = entry.get("from"), entry.get("daily")
        self.valid_from_ns = (date.fromisoformat(day).toordinal() - _EPOCH) * DAY_NS if isinstance(day, str) else None
        self.start_ns, self.end_ns = map(_time_ns, hours) if isinstance(hours, list) else (0, DAY_NS)

    def holds(self, at_ns: int) -> bool:
        """Whether the price holds at an instant; days and hours are UTC, an interval may pass midnight."""
        if self.valid_from_ns is not None and at_ns < self.valid_from_ns:
            return False
        now = at_ns % DAY_NS
        if self.end_ns < self.start_ns:
            return now >= self.start_ns or now < self.end_ns
        return self.start_ns <= now < self.end_ns


def _time_ns(value: object) -> int:
    moment = time.fromisoformat(str(value))
    return (moment.hour * 60 + moment.minute) * 60 * 10**9


def _steps(figure: Figure) -> list[tuple[int, Decimal]]:
    """Return (tokens, rate) for each threshold of a figure, lowest first, the base above -1."""
    if not isinstance(figure, list):
        return [(-1, Decimal(figure))]
    base, *tiers = figure
    steps = [(-1, Decimal(cast("int | Decimal", base)))]
    steps += [(int(above), Decimal(rate)) for above, rate in cast("list[list[int | Decimal]]", tiers)]
    return steps


def _bands(prices: Sequence[_Price]) -> tuple[Band, ...]:
    """Lay prices over each other, the later ones on top, and cut them at every threshold."""
    steps: dict[str, list[tuple[int, Decimal]]] = {}
    for price in prices:
        steps.update(price.steps)
    bands = []
    for above in sorted({above for listed in steps.values() for above, _ in listed} | {-1}, reverse=True):
        figures = {name: _rate_above(listed, above) for name, listed in steps.items()}
        bands.append(Band(above, figures, Rates.of(figures)))
    return tuple(bands)


def _rate_above(steps: list[tuple[int, Decimal]], above: int) -> Decimal:
    return [rate for start, rate in steps if start <= above][-1]
