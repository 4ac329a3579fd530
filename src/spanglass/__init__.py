"""OpenTelemetry-native observability for LLM applications: the public face of the SDK; it only re-exports.

Names of `_LATER` are imported when they are first asked for, so that an application pays for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from spanglass.sdk.context import context
from spanglass.sdk.runtime import flush, init, shutdown
from spanglass.version import __version__

if TYPE_CHECKING:
    from spanglass.sdk.logformat import JsonFormatter, TextFormatter
    from spanglass.sdk.propagation.carry import carry
    from spanglass.sdk.propagation.message import extract, inject

__all__ = [
    "JsonFormatter",
    "TextFormatter",
    "__version__",
    "carry",
    "context",
    "extract",
    "flush",
    "init",
    "inject",
    "shutdown",
]

_LATER: dict[str, str] = {
    "JsonFormatter": "spanglass.sdk.logformat",
    "TextFormatter": "spanglass.sdk.logformat",
    "carry": "spanglass.sdk.propagation.carry",
    "extract": "spanglass.sdk.propagation.message",
    "inject": "spanglass.sdk.propagation.message",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'spanglass' has no attribute {name!r}")
    value: object = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value
