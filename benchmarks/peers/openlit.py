"""openlit, with a price table from a file, for it fetches one over the network otherwise."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

PRICES = {"chat": {"gpt-4o-mini": {"promptPrice": 0.00015, "completionPrice": 0.0006}}}


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on."""
    import openlit  # noqa: PLC0415 - its import is part of what is measured

    with tempfile.TemporaryDirectory() as folder:
        prices = Path(folder) / "prices.json"
        prices.write_text(json.dumps(PRICES))
        openlit.init(
            otlp_endpoint=endpoint, application_name="bench", capture_message_content=content, pricing_json=str(prices)
        )
