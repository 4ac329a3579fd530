"""The rows of one price file: the built-in one, read provider by provider, or a user's, which `form.py` has checked.

Which file wins is `table.py`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import cast

from spanglass.cost.match import is_match, model_names
from spanglass.cost.model import ModelPrices, Row, Seller

BUILTIN = Path(__file__).with_name("prices.json")


class Layer:
    """The rows of one price file, by provider."""

    def __init__(self, version: str, sellers: dict[str, Seller]) -> None:
        self.version = version
        self._sellers = sellers

    def providers(self) -> Sequence[str]:
        """Return the table ids of all providers."""
        return list(self._sellers)

    def seller(self, provider: str) -> Seller | None:
        """Return a provider's rows; None for one that is not in the file."""
        return self._sellers.get(provider)

    def find(self, provider: str, model: str) -> ModelPrices | None:
        """Return the first row that matches a model's name, among the provider's own and then those it resells."""
        seller = self.seller(provider)
        if seller is None:
            return None
        resold = seller.get("fallback", [])
        for name in model_names(model, {provider, *resold}):
            for owner in (provider, *resold):
                row = next((row for row in self._rows(owner) if _matches(row, name)), None)
                if row is not None:
                    return self._prices(row, owner, resold=owner != provider)
        return None

    def models(self, provider: str) -> Iterator[ModelPrices]:
        """Yield a provider's own rows, in the order of the table."""
        return (self._prices(row, provider) for row in self._rows(provider))

    def _rows(self, provider: str) -> list[Row]:
        seller = self.seller(provider)
        return seller["models"] if seller else []

    def _prices(self, row: Row, provider: str, *, resold: bool = False) -> ModelPrices:
        return ModelPrices(row, provider=provider, table=self.version, tiers=not resold)


def _matches(row: Row, name: str) -> bool:
    return is_match(row["match"], name) if "match" in row else row["id"].lower() == name


class BuiltinLayer(Layer):
    """The rows that ship with spanglass; a provider's are parsed when they are first asked for.

    `scripts/prices.py` writes the file with every provider and every model on a line of its own, so that a provider's
    part is found without parsing the rest.
    """

    def __init__(self) -> None:
        with BUILTIN.open(encoding="utf-8") as stream:
            head = json.loads(stream.readline().rstrip().removesuffix(',"providers":{') + "}")
        super().__init__(head["version"], {})
        self._ids: list[str] = head["ids"]

    def providers(self) -> Sequence[str]:
        """Return the table ids of all providers."""
        return self._ids

    def seller(self, provider: str) -> Seller | None:
        """Return a provider's rows; None for one that is not in the file."""
        if provider not in self._sellers and provider in self._ids:
            text = BUILTIN.read_text(encoding="utf-8")
            start = text.index(f'\n"{provider}":') + len(provider) + 4
            self._sellers[provider] = cast(
                "Seller", json.loads(text[start : text.index("\n]}", start) + 3], parse_float=Decimal)
            )
        return self._sellers.get(provider)
