"""The Model Context Protocol, as its own SDK traces it: current names, where a tool's call need not say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.record import Attributes, Span, Value

_METHOD: Final = "mcp.method.name"


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    return {attr.OPERATION: "execute_tool"} if span.attributes.get(_METHOD) == "tools/call" else {}


DIALECT: Final = Dialect("MCP", scopes=("mcp-python-sdk",), marks=frozenset({_METHOD}), infer=_infer)
