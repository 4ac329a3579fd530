"""OpenTelemetry-native observability for LLM applications: the public face of the SDK; it only re-exports."""

from spanglass.version import __version__

__all__ = ["__version__"]
