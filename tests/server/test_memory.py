"""The process against its ceiling."""

import pytest

from parts import missing_part
from spanglass.server.memory import Memory, resident_bytes


@pytest.mark.parametrize(("ceiling", "near", "full"), [(2.0, False, False), (1.15, True, False), (1.0, True, True)])
def test_nearness_is_the_share_of_the_ceiling(ceiling: float, near: bool, full: bool) -> None:  # noqa: FBT001 - a column
    """Far below the ceiling nothing is said; from four fifths on it is near, and just under it full."""
    resident = resident_bytes()
    if resident is None:
        missing_part("/proc tells no resident memory here")
    memory = Memory(int(resident * ceiling))

    assert (memory.is_near(), memory.is_full()) == (near, full)
