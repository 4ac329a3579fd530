"""No observability at all: the floor."""


def setup(endpoint: str, *, content: bool = False) -> None:
    """Do nothing."""
