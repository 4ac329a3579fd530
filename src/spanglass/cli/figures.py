"""Figures as a person reads them, in the words of the UI: money with its state, durations, counts and shares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from spanglass.cli.answer import Part

UNKNOWN: Final = "-"
_CENT: Final = Decimal("0.01")
_SMALL: Final = Decimal("0.0995")
_MOST_DIGITS: Final = 12
_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_SPARKS: Final = "▁▂▃▄▅▆▇█"


def dollars(amount: Decimal | None) -> str:
    """Return US dollars; amounts below ten cents keep two significant digits."""
    if amount is None:
        return UNKNOWN
    size, sign = abs(amount), "-" if amount < 0 else ""
    if size == 0:
        return "$0.00"
    if size >= _SMALL:
        return f"{sign}${size.quantize(_CENT, ROUND_HALF_UP):,}"
    digits = min(_MOST_DIGITS, 1 - size.adjusted())
    short = size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    if short == 0:
        return f"< ${Decimal(1).scaleb(-_MOST_DIGITS):f}"
    digits = min(digits, 1 - short.adjusted())
    return f"{sign}${short:.{digits}f}"


def spend(cost: Part) -> str:
    """Return the cost of one call: `$0.0042`, `~$0.0042` estimated, `unpriced`."""
    state, amount = cost.text("state"), cost.amount("amount")
    if state is None:
        return UNKNOWN
    if state == "unpriced" or amount is None:
        return "unpriced"
    return f"{'~' if state == 'estimated' else ''}{dollars(amount)}"


def money(cost: Part) -> str:
    """Return the cost of several calls: `>= $12.40`, a lower bound, where some have no price."""
    amount = cost.amount("amount")
    if not cost.count("calls"):
        return UNKNOWN
    if amount is None:
        return "unpriced"
    if cost.count("unpriced"):
        return f">= {dollars(amount)}"
    return f"{'~' if is_estimated(cost) else ''}{dollars(amount)}"


def money_in_full(cost: Part) -> str:
    """Return the cost of several calls with the share that is not known: `>= $12.40, 3 % unpriced`."""
    calls, unpriced = cost.count("calls") or 0, cost.count("unpriced") or 0
    said = [money(cost)] if calls else ["no priced calls"]
    if unpriced and cost.amount("amount") is not None:
        said.append(f"{percent(unpriced, calls)} unpriced")
    if is_estimated(cost):
        estimated = cost.amount("estimated")
        said.append("estimated" if estimated == cost.amount("amount") else f"{dollars(estimated)} of it estimated")
    return ", ".join(said)


def is_estimated(cost: Part) -> bool:
    """Tell whether a part of a sum rests on an estimate."""
    return bool(cost.amount("estimated"))


def duration(seconds: float | None) -> str:
    """Return a duration in the unit that a person says: 240 µs, 812 ms, 1.42 s, 3 m 10 s."""
    if seconds is None:
        return UNKNOWN
    size, sign = abs(seconds), "-" if seconds < 0 else ""
    if size == 0:
        return "0 ms"
    if size < 59.95:
        return sign + _below_a_minute(size)
    whole = round(size)
    if whole < 3_600:
        return f"{sign}{whole // 60} m {whole % 60} s"
    if whole < 86_400:
        return f"{sign}{whole // 3_600} h {whole % 3_600 // 60} m"
    return f"{sign}{whole // 86_400} d {whole % 86_400 // 3_600} h"


def _below_a_minute(size: float) -> str:
    if size < 0.000_999_5:
        return f"{max(1, round(size * 1e6))} µs"
    if size < 0.009_995:
        return f"{_trimmed(size * 1e3, 1)} ms"
    if size < 0.999_5:
        return f"{round(size * 1e3)} ms"
    return f"{size:.2f} s" if size < 9.995 else f"{size:.1f} s"


def interval(seconds: float | None) -> str:
    """Return a round interval with one unit: 30 s, 2 m, 3 h, 1 d."""
    if seconds is None:
        return UNKNOWN
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{_trimmed(seconds, 3)} s"


def count(value: int | None) -> str:
    """Return 1,284."""
    return UNKNOWN if value is None else f"{value:,}"


def compact(value: float | None) -> str:
    """Return 812, 1.3k, 24.1k or 3.42M: short enough for a dense cell."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size < 1_000:
        return _trimmed(value, 0 if size >= 100 or value == int(value) else 2)
    if size < 999_500:
        return f"{_three(value / 1e3)}k"
    if size < 999_500_000:
        return f"{_three(value / 1e6)}M"
    return f"{_three(value / 1e9)}B"


def percent(part: float | None, total: float | None = 1) -> str:
    """Return a share: 0 %, < 0.1 %, 1.5 %, 38 %; it never rounds something to nothing, nor nearly all to all."""
    if part is None or total is None or total <= 0:
        return UNKNOWN
    value = part / total * 100
    if 0 < value < 0.1:
        return "< 0.1 %"
    if 99.9 < value < 100:
        return "> 99.9 %"
    return f"{_trimmed(value, 1 if value < 10 or 99 < value < 100 else 0)} %"


def measure(value: float | None, unit: str) -> str:
    """Return a number with its unit, by UCUM's name: seconds and bytes in words, dollars as money."""
    if value is None:
        return UNKNOWN
    if unit in _SECONDS:
        return duration(value * _SECONDS[unit])
    if unit == "{USD}":
        return dollars(Decimal(f"{value:.12g}"))
    plain = "" if unit in {"", "1"} else f" {unit.strip('{}')}"
    return compact(value) + ("B" if unit == "By" else plain)


def plural(value: int, one: str, many: str | None = None) -> str:
    """Return `1 call` or `2 calls`."""
    return f"{value:,} {one if value == 1 else many or f'{one}s'}"


def sparkline(values: Sequence[float | None], width: int | None = None) -> str:
    """Return a line of bars, the highest full; a blank where nothing is, a dot where nothing is known.

    Args:
        values: From left to right.
        width: Most characters; where there are more values, each stands for the highest of several.
    """
    together = 1 if width is None else -(-len(values) // max(1, width))
    drawn = [_highest(values[place : place + together]) for place in range(0, len(values), together or 1)]
    highest = max((value for value in drawn if value is not None), default=0)
    return "".join(_spark(value, highest) for value in drawn)


def _highest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _spark(value: float | None, highest: float) -> str:
    if value is None:
        return "·"
    if value <= 0 or highest <= 0:
        return " "
    return _SPARKS[min(len(_SPARKS) - 1, int(value / highest * len(_SPARKS)))]


def bar(share: float, width: int) -> str:
    """Return a bar of at most a width; what is not nothing has at least a mark."""
    filled = min(width, round(share * width))
    return "█" * filled if filled or share <= 0 else "▏"


def _three(value: float) -> str:
    """Return three digits that count."""
    return _trimmed(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _trimmed(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
