"""No observability at all: the floor."""


def setup(endpoint: str) -> None:
    """Do nothing."""
