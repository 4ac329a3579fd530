"""The form of a price file: reads one, and says what is wrong with it; docs/cost.md describes it for people."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import NoReturn, cast

from spanglass.cost.match import table_provider
from spanglass.cost.model import Row, Seller
from spanglass.cost.rates import KINDS
from spanglass.errors import PriceTableError

LARGEST_BYTES = 4 * 1024 * 1024
HIGHEST = Decimal(10**9)
FINEST = -20
DEEPEST_PATTERN = 8
_DOCUMENT_KEYS = frozenset({"version", "source", "ids", "providers"})
_SELLER_KEYS = frozenset({"models", "fallback"})
_ROW_KEYS = frozenset({"id", "match", "prices", "tiers", "not_counted"})
_RATE_KEYS = frozenset(kind.name for kind in KINDS)
_ENTRY_KEYS = _RATE_KEYS | {"from", "daily"}


def read(path: Path) -> tuple[str, dict[str, Seller]]:
    """Read a price file and check every entry of it.

    Returns:
        Its version (its own word, or its name and digest) and the providers, by table id.

    Raises:
        PriceTableError: The file cannot be read, is too large, or has something in it that is not the form.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise PriceTableError(
            f"The price file {path} cannot be read ({error.strerror}); correct SPANGLASS_PRICES_FILE or unset it."
        ) from error
    if len(content) > LARGEST_BYTES:
        raise PriceTableError(f"The price file {path} is over {LARGEST_BYTES} bytes; keep only the models you need.")
    try:
        document = json.loads(
            content, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_without_repeats
        )
        sellers = sellers_of(document)
    except (ValueError, RecursionError) as error:
        raise PriceTableError(
            f"The price file {path} cannot be used: {error}. See docs/cost.md for its form."
        ) from error
    version = document.get("version") or f"{path.name} sha256:{hashlib.sha256(content).hexdigest()[:12]}"
    return version, sellers


def sellers_of(document: object) -> dict[str, Seller]:
    """Check a parsed price file and return its providers, names and patterns in lower case.

    Raises:
        ValueError: Something is not as docs/cost.md says; the message says where and what is right.
    """
    top = _object(document, "the document", _DOCUMENT_KEYS)
    if not isinstance(top.get("version", ""), str):
        _wrong("version", "must be text")
    sellers: dict[str, Seller] = {}
    for name, given in _object(top.get("providers"), "providers", None).items():
        provider, where = table_provider(name), f"providers.{name}"
        if provider in sellers:
            _wrong(where, f"names {provider} a second time")
        seller = _object(given, where, _SELLER_KEYS)
        models = _list(seller.get("models", []), f"{where}.models")
        fallback = [_text(each, f"{where}.fallback") for each in _list(seller.get("fallback", []), f"{where}.fallback")]
        rows = [_row(model, f"{where}.models[{index}]") for index, model in enumerate(models)]
        sellers[provider] = {"models": rows, "fallback": [table_provider(each) for each in fallback]}
    return sellers


def _row(given: object, where: str) -> Row:
    row = _object(given, where, _ROW_KEYS)
    name = _text(row.get("id"), f"{where}.id")
    prices = row.get("prices")
    if isinstance(prices, list):
        for index, entry in enumerate(prices):
            _entry(entry, f"{where}.prices[{index}]")
        if not prices:
            _wrong(f"{where}.prices", "needs at least one entry")
    else:
        _entry(prices, f"{where}.prices")
    tiers = _object(row.get("tiers", {}), f"{where}.tiers", None)
    for tier, entries in tiers.items():
        for index, entry in enumerate(_list(entries, f"{where}.tiers.{tier}")):
            _entry(entry, f"{where}.tiers.{tier}[{index}]", alone=False)
    not_counted = [
        _text(each, f"{where}.not_counted") for each in _list(row.get("not_counted", []), f"{where}.not_counted")
    ]
    lowered = {tier.lower(): entries for tier, entries in tiers.items()}
    checked = {"id": name, "prices": prices, "tiers": lowered, "not_counted": not_counted}
    if "match" in row:
        checked["match"] = [_pattern(each, f"{where}.match") for each in _list(row["match"], f"{where}.match")]
    return cast("Row", checked)


def _entry(given: object, where: str, *, alone: bool = True) -> None:
    entry = _object(given, where, _ENTRY_KEYS)
    for name in _RATE_KEYS & entry.keys():
        _figure(entry[name], f"{where}.{name}")
    for total in ("input", "output") if alone else ():
        parts = sorted(kind.name for kind in KINDS if total in kind.within and kind.name in entry)
        if parts and total not in entry:
            _wrong(where, f"has {', '.join(parts)} but not {total}")
    if "from" in entry:
        _parsed(entry["from"], f"{where}.from", date.fromisoformat, "a date such as 2026-03-13")
    if "daily" in entry:
        hours = _list(entry["daily"], f"{where}.daily")
        if len(hours) != 2:
            _wrong(f"{where}.daily", 'must be two times in UTC, such as ["00:30", "16:30"]')
        for hour in hours:
            _parsed(hour, f"{where}.daily", _minute, 'a time in UTC such as "16:30"')


def _minute(value: str) -> time:
    if not re.fullmatch(r"\d\d:\d\d", value):
        raise ValueError(value)
    return time.fromisoformat(value)


def _figure(given: object, where: str) -> None:
    if not isinstance(given, list):
        _rate(given, where)
        return
    if not given:
        _wrong(where, "must be a rate, or a list of the base rate and [tokens, rate] pairs")
    base, *tiers = given
    _rate(base, where)
    previous = -1
    for tier in tiers:
        if not (isinstance(tier, list) and len(tier) == 2 and type(tier[0]) is int and tier[0] > previous):
            _wrong(where, "must be followed by [tokens, rate] pairs, tokens whole and rising")
        _rate(tier[1], where)
        previous = tier[0]


def _rate(given: object, where: str) -> None:
    if type(given) is int:
        given = Decimal(given)
    if not isinstance(given, Decimal) or not 0 <= given <= HIGHEST or int(given.as_tuple().exponent) < FINEST:
        _wrong(where, f"must be a number from 0 to {HIGHEST}, of at most {-FINEST} decimals")


def _pattern(given: object, where: str, depth: int = 0) -> object:
    if isinstance(given, str) and given:
        return given.lower()
    if isinstance(given, dict) and depth < DEEPEST_PATTERN:
        if set(given) == {"regex"}:
            _parsed(given["regex"], where, re.compile, "a regular expression")
            return given
        if set(given) == {"all"}:
            return {"all": [_pattern(each, where, depth + 1) for each in _list(given["all"], where)]}
    return _wrong(where, 'must be names such as "gpt-4o" or "gpt-4o-*", {"regex": ...} or {"all": [...]}')


def _object(given: object, where: str, allowed: frozenset[str] | None) -> dict[str, object]:
    if not isinstance(given, dict):
        _wrong(where, "must be an object in braces")
    unknown = sorted(set(given) - allowed) if allowed is not None else []
    if unknown and allowed is not None:
        _wrong(where, f"has the unknown key {unknown[0]!r}; known are {', '.join(sorted(allowed))}")
    return cast("dict[str, object]", given)


def _list(given: object, where: str) -> list[object]:
    if not isinstance(given, list):
        _wrong(where, "must be a list in brackets")
    return cast("list[object]", given)


def _text(given: object, where: str) -> str:
    if not isinstance(given, str) or not given:
        _wrong(where, "must be text and not empty")
    return given


def _parsed(given: object, where: str, parse: Callable[[str], object], wanted: str) -> None:
    try:
        parse(_text(given, where))
    except (ValueError, re.error):
        _wrong(where, f"must be {wanted}")


def _wrong(where: str, problem: str) -> NoReturn:
    raise ValueError(f"{where} {problem}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a price")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = next(key for index, (key, _) in enumerate(pairs) if key in {earlier for earlier, _ in pairs[:index]})
        raise ValueError(f"the key {repeated!r} appears twice in one object")
    return found
