"""What a test may need and a machine may lack: skipped with a reason, or failed when strict."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent
STRICT = os.environ.get("SPANGLASS_TEST_STRICT") == "1"


def missing_part(reason: str) -> NoReturn:
    """Skip the test, or fail it under SPANGLASS_TEST_STRICT=1.

    Args:
        reason: What is missing and how to get it.
    """
    if STRICT:
        pytest.fail(f"SPANGLASS_TEST_STRICT=1 and a part is missing: {reason}", pytrace=False)
    pytest.skip(reason)


def recordings(provider: str) -> Path:
    """Return the folder of recorded traffic of one provider; it stands beside the checkout, never in it."""
    folder = ROOT.parent / "shared" / "recordings" / provider
    if not folder.is_dir():
        missing_part(f"no recorded {provider} traffic beside this checkout (shared/recordings); only our CI has it")
    return folder
