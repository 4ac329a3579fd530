"""The price table: which row belongs to a provider's model, in the built-in figures and a file that overrides them.

It multiplies nothing (see `price.py`), and how a file is read is `layer.py`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from spanglass.cost.layer import BUILTIN, BuiltinLayer, Layer
from spanglass.cost.match import table_provider
from spanglass.cost.model import ModelPrices
from spanglass.errors import PriceTableError

LONGEST_NAME = 512
"""Characters of a model's name beyond which it is nobody's: what is remembered stays small."""
REMEMBERED = 1024
"""Lookups remembered."""


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
