"""Tells what to install where a command needs packages that come with an extra."""

from __future__ import annotations

from importlib.util import find_spec

from spanglass.errors import ConfigurationError

SERVER = ("duckdb", "google.protobuf", "grpc", "msgspec", "starlette", "uvicorn", "zstandard")
STANDIN = ("starlette", "uvicorn")


def require(command: str, extra: str, modules: tuple[str, ...]) -> None:
    """Check that modules can be imported.

    Raises:
        ConfigurationError: One cannot; the message says what to install.
    """
    missing = [module for module in modules if not _is_there(module)]
    if missing:
        raise ConfigurationError(
            f"`spanglass {command}` needs packages that are not installed ({', '.join(missing)}): "
            f'pip install "spanglass[{extra}]", or the wheel you have with [{extra}] behind its name.'
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package
        return False
