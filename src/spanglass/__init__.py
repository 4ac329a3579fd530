"""OpenTelemetry-native observability for LLM applications: the public face of the SDK; it only re-exports."""

from spanglass.sdk.context import context
from spanglass.sdk.runtime import flush, init, shutdown
from spanglass.version import __version__

__all__ = ["__version__", "context", "flush", "init", "shutdown"]
