"""Write docs/openapi.json from the server's tables; `--check` only says whether it is up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from spanglass.server.api.openapi import document

PATH = Path(__file__).parent.parent / "docs" / "openapi.json"


def main() -> int:
    """Write or check the file; return the exit status."""
    text = json.dumps(document(), indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        if PATH.exists() and PATH.read_text() == text:
            return 0
        print("docs/openapi.json is out of date; run `make docs`.", file=sys.stderr)
        return 1
    PATH.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
