"""spanglass: one line."""


def setup(endpoint: str) -> None:
    """Switch spanglass on."""
    import spanglass  # noqa: PLC0415 - its import is part of what is measured

    spanglass.init(service_name="bench", environment="bench", endpoint=endpoint)
