"""langfuse, through its drop-in replacement of the openai module; without content by its masking function."""

from __future__ import annotations


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on."""
    import langfuse  # noqa: PLC0415 - its import is part of what is measured
    import langfuse.openai  # noqa: PLC0415

    def hide(*, data: object, **_: object) -> None:
        """Leave nothing."""
        del data

    key = "sk-lf-bench"
    langfuse.Langfuse(public_key="pk-lf-bench", secret_key=key, base_url=endpoint, mask=None if content else hide)
