"""Takes trace context and the context of the work over borders: threads, processes, messages, turns; makes no calls."""

from spanglass.sdk.propagation.installation import install

__all__ = ["install"]
