"""The price table: which price belongs to a provider's model, from the built-in figures and a file that overrides them.

It does not multiply anything (see `price.py`) and reads nothing before the first lookup.
"""

from __future__ import annotations

from pathlib import Path


class PriceTable:
    """Prices by provider and model; immutable to its users, safe to share between threads, lazy about its file.

    Attributes:
        version: What a cost computed from it says as its table, such as `genai-prices 0.2.3`.
    """

    version: str

    @classmethod
    def builtin(cls) -> PriceTable:
        """Return the table that ships with spanglass; the same object each time."""
        raise NotImplementedError

    @classmethod
    def load(cls, path: str | Path | None) -> PriceTable:
        """Return the built-in table with a price file on top, whose entries win; None is the built-in table alone.

        Raises:
            PriceTableError: The file cannot be read or does not have the form that docs/cost.md describes.
        """
        raise NotImplementedError
