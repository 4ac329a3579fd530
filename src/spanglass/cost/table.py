"""The price table: which row belongs to a provider's model, in the built-in figures and a file that overrides them.

It does not multiply anything (see `price.py`) and reads a provider's part of the built-in file at its first lookup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

from spanglass.cost.match import is_match, model_names, table_provider
from spanglass.cost.model import ModelPrices, Row, Seller
from spanglass.errors import PriceTableError

BUILTIN = Path(__file__).with_name("prices.json")
LONGEST_NAME = 512
"""Characters of a model's name beyond which it is nobody's: what is remembered stays small."""
REMEMBERED = 1024
"""Lookups remembered."""


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


@cache
def _builtin_layer() -> Layer:
    try:
        return BuiltinLayer()
    except (OSError, ValueError) as error:
        raise PriceTableError(f"The built-in price table {BUILTIN} cannot be read; reinstall spanglass.") from error


class PriceTable:
    """Prices by provider and model; safe to share between threads, and lazy about its file.

    Attributes:
        version: What this table is called as a whole; a cost names the file its own row came from.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Lay tables over each other, the first on top."""
        self.version = " over ".join(layer.version for layer in layers)
        self._layers = tuple(layers)
        self._find = lru_cache(REMEMBERED)(self._search)

    @staticmethod
    @cache
    def builtin() -> PriceTable:
        """Return the table that ships with spanglass; the same object each time.

        Raises:
            PriceTableError: The installation lacks it.
        """
        return PriceTable([_builtin_layer()])

    @classmethod
    def load(cls, path: str | Path | None) -> PriceTable:
        """Return the built-in table with a price file on top, whose entries win; None is the built-in table alone.

        Raises:
            PriceTableError: The file cannot be read or does not have the form that docs/cost.md describes.
        """
        if path is None:
            return cls.builtin()
        from spanglass.cost.form import read  # noqa: PLC0415 - most processes have no price file

        version, sellers = read(Path(path).expanduser())
        return cls([Layer(version, sellers), _builtin_layer()])

    def find(self, provider: str | None, models: Sequence[str | None]) -> ModelPrices | None:
        """Return the row for a model; None where nothing in the table is known to be it.

        Args:
            provider: `gen_ai.provider.name`.
            models: Names of the model, the most trusted first. A price file is asked about all of them before the
                built-in table is.
        """
        if not provider or len(provider) > LONGEST_NAME:
            return None
        return self._find(provider, tuple([model for model in models if model and len(model) <= LONGEST_NAME]))

    def providers(self) -> list[str]:
        """Return the table ids of all providers, in alphabetical order."""
        return sorted({provider for layer in self._layers for provider in layer.providers()})

    def models(self, provider: str) -> list[ModelPrices]:
        """Return a provider's own rows, those that win first."""
        return [model for layer in self._layers for model in layer.models(table_provider(provider))]

    def _search(self, provider: str, models: tuple[str, ...]) -> ModelPrices | None:
        seller = table_provider(provider)
        found = (layer.find(seller, model) for layer in self._layers for model in models)
        return next((prices for prices in found if prices is not None), None)
