"""Write the built-in price table from the installed genai-prices package; `--check` only says whether it differs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib.metadata import version

from genai_prices import types as source
from genai_prices.data import providers
from genai_prices.data_units import unit_data

from spanglass.cost.layer import BUILTIN

TAKEN_ON = "2026-11-21"
"""The day the pinned package was taken over; move it with the pin in pyproject.toml."""
SOURCE = (
    "Figures of the genai-prices package (https://github.com/pydantic/genai-prices), "
    "Copyright (c) Pydantic Services Inc., MIT licence; USD. Written by scripts/prices.py: do not edit."
)
KINDS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "input_image_mtok": "input_image",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "output_reasoning_mtok": "reasoning",
    "web_searches_kcount": "web_search",
    "requests_kcount": "request",
}
"""The package's units that spanglass has counts for; a row says by `not_counted` what else it is billed by."""
UNITS = {str(unit["price_key"]): usage for usage, unit in unit_data.items() if "price_key" in unit}
"""The package's name for what each of its rates is for."""
CONTEXTS = {"service_tier", "processing", "speed"}
"""The package's request contexts that a service tier says; others (a route, a search type) are nowhere on a call."""


def rate(value: source.TieredPrices | Decimal) -> Decimal | list[object]:
    """Return a number, or the base rate and [tokens, rate] pairs."""
    if isinstance(value, source.TieredPrices):
        return [value.base, *([tier.start, tier.price] for tier in value.tiers)]
    return value


def rates(prices: source.ModelPrice) -> dict[str, object]:
    """Return the rates of one set that spanglass has counts for."""
    found = {key: value for key, value in vars(prices).items() if value is not None}
    return {name: rate(found[key]) for key, name in KINDS.items() if key in found}


def condition(constraint: source.StartDateConstraint | source.TimeOfDateConstraint | None) -> dict[str, object]:
    """Return when a set of rates holds."""
    if isinstance(constraint, source.StartDateConstraint):
        return {"from": constraint.start_date.isoformat()}
    if isinstance(constraint, source.TimeOfDateConstraint):
        hours = (constraint.start_time, constraint.end_time)
        if any(moment.utcoffset() or moment.replace(second=0, microsecond=0) != moment for moment in hours):
            raise ValueError(f"genai-prices has hours that scripts/prices.py cannot write: {constraint}")
        return {"daily": [f"{moment:%H:%M}" for moment in hours]}
    return {}


def pattern(clause: object) -> object:
    """Return a match clause in the form that docs/cost.md describes."""
    match clause:
        case source.ClauseEquals():
            return clause.equals.lower()
        case source.ClauseStartsWith():
            return f"{clause.starts_with.lower()}*"
        case source.ClauseEndsWith():
            return f"*{clause.ends_with.lower()}"
        case source.ClauseContains():
            return f"*{clause.contains.lower()}*"
        case source.ClauseRegex():
            return {"regex": clause.regex}
        case source.ClauseAnd():
            return {"all": [pattern(part) for part in clause.and_]}
    raise TypeError(f"genai-prices has a match clause that scripts/prices.py does not know: {clause!r}")


def patterns(clause: object) -> list[object]:
    """Return the alternatives of a match clause."""
    if isinstance(clause, source.ClauseOr):
        return [found for part in clause.or_ for found in patterns(part)]
    return [pattern(clause)]


def tiers(variants: Iterable[source.PriceVariant]) -> dict[str, list[object]]:
    """Return the rates that a service tier replaces.

    In the package the first variant that holds wins; here entries are laid over each other, so the order is reversed.
    """
    found: dict[str, list[object]] = {}
    for variant in variants:
        entry = rates(variant.prices)
        if variant.when.keys() <= CONTEXTS and len(variant.when) == 1 and entry:
            found.setdefault(next(iter(variant.when.values())), []).insert(0, condition(variant.constraint) | entry)
    return found


def row(model: source.ModelInfo) -> dict[str, object]:
    """Return one model."""
    sets = (
        [(None, model.prices)]
        if isinstance(model.prices, source.ModelPrice)
        else [(each.constraint, each.prices) for each in model.prices]
    )
    entries = [condition(constraint) | rates(prices) for constraint, prices in sets]
    others = {key for _, prices in sets for key, value in vars(prices).items() if value is not None} - KINDS.keys()
    found: dict[str, object] = {"id": model.id}
    if (match := patterns(model.match)) != [model.id.lower()]:
        found["match"] = match
    found["prices"] = entries if len(entries) > 1 else entries[0]
    if replaced := tiers(model.price_variants or ()):
        found["tiers"] = replaced
    if others:
        found["not_counted"] = sorted(UNITS[key] for key in others)
    return found


def compact(value: object) -> str:
    """Return JSON without blanks, numbers exactly as published."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{compact(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def document() -> str:
    """Return the table, a line for each provider and each model."""
    release = f"genai-prices {version('genai-prices')} ({TAKEN_ON})"
    head = {"version": release, "source": SOURCE, "ids": [provider.id for provider in providers]}
    lines = [compact(head)[:-1] + ',"providers":{']
    for place, provider in enumerate(providers):
        opening = {"fallback": provider.fallback_model_providers} if provider.fallback_model_providers else {}
        lines.append(f"{json.dumps(provider.id)}:" + compact(opening)[:-1] + ("," if opening else "") + '"models":[')
        models = [compact(row(model)) for model in provider.models]
        lines += [f"{each}," for each in models[:-1]] + models[-1:]
        lines.append("]}" + ("," if place < len(providers) - 1 else ""))
    return "\n".join([*lines, "}}", ""])


def main() -> int:
    """Write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the table differs")
    check = parser.parse_args().check
    table = document()
    if not check:
        BUILTIN.write_text(table, encoding="utf-8")
        return 0
    if BUILTIN.is_file() and BUILTIN.read_text(encoding="utf-8") == table:
        return 0
    print(f"{BUILTIN.name} is not what the installed genai-prices gives; run scripts/prices.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
