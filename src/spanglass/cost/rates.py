"""What one unit of each kind costs: the table of kinds, and rates as whole numbers that multiply exactly.

Which rates hold for a model at an instant is `model.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import NamedTuple

MILLION = 1_000_000
_NOTHING = Decimal(0)
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


class Kind(NamedTuple):
    """One kind of unit that a provider bills.

    Attributes:
        name: The rate's name in the price file.
        label: The rate's name for people.
        per: How many units the rate is for.
        within: The kinds it is a part of, the nearest first; without a rate of its own it is billed as one of them.
    """

    name: str
    label: str
    per: int = MILLION
    within: tuple[str, ...] = ()


KINDS = (
    Kind("input", "input"),
    Kind("output", "output"),
    Kind("cache_read", "cache read", within=("input",)),
    Kind("cache_write", "cache write", within=("input",)),
    Kind("cache_write_1h", "cache write, 1 h", within=("cache_write", "input")),
    Kind("input_audio", "audio input", within=("input",)),
    Kind("cache_read_audio", "audio cache read", within=("cache_read", "input_audio", "input")),
    Kind("input_image", "image input", within=("input",)),
    Kind("output_audio", "audio output", within=("output",)),
    Kind("output_image", "image output", within=("output",)),
    Kind("reasoning", "reasoning", within=("output",)),
    Kind("web_search", "web search", per=1000),
    Kind("request", "request", per=1000),
)
"""Every kind, in the order in which people want to read them."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of each kind costs, in units of `10 ** -places` USD; kinds without a rate have their total's.

    Attributes:
        places: Decimal places of all the numbers beside it.
        bills_input: There is a rate for input tokens.
        bills_output: There is a rate for output tokens.
    """

    places: int
    bills_input: bool
    bills_output: bool
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
    web_search: int
    request: int

    @classmethod
    def of(cls, figures: Mapping[str, Decimal]) -> Rates:
        """Turn rates as published (USD per million tokens, per thousand fees) into whole numbers.

        Args:
            figures: Rate by name of its kind; finite, not negative.
        """
        exponents = {name: int(figure.as_tuple().exponent) for name, figure in figures.items()}
        decimals = max(0, -min(exponents.values(), default=0))
        whole = {
            kind.name: _digits(figures[kind.name]) * 10 ** (decimals + exponents[kind.name]) * (MILLION // kind.per)
            for kind in KINDS
            if kind.name in figures
        }
        filled = {
            kind.name: next((whole[name] for name in (kind.name, *kind.within) if name in whole), 0) for kind in KINDS
        }
        return cls(decimals + 6, "input" in whole, "output" in whole, **filled)


def amount(units: int, places: int) -> Decimal:
    """Return `units * 10 ** -places` exactly, without trailing zeros, whatever decimal context the application set."""
    if not units:
        return _NOTHING
    while places and not units % 10:
        units //= 10
        places -= 1
    return Decimal(units).scaleb(-places, _EXACT)


def _digits(figure: Decimal) -> int:
    return int("".join(map(str, figure.as_tuple().digits)))
