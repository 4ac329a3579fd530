"""Lists written as attributes with numbers in their names (`llm.tools.0.name`) become lists again; bounded."""

from __future__ import annotations

from typing import Final, TypeAlias

from spanglass.server.record import Attributes, Value

_DEEPEST: Final = 12
_LONGEST_NUMBER: Final = 6
_Node: TypeAlias = "dict[str, _Node | Value]"


def unflatten(attributes: Attributes, prefix: str) -> list[Value]:
    """Return the list whose parts are under a prefix, in the order of their numbers.

    Numbers decide the order alone: gaps close, so that an index of 999,999 is one part and not a million. Names of more
    than 12 parts are left out; where a name is both a value and a branch, the branch counts.

    Args:
        attributes: Of a span.
        prefix: What stands before the number, with its dot: `llm.input_messages.`.
    """
    tree: _Node = {}
    for name, value in attributes.items():
        if name.startswith(prefix):
            parts = name[len(prefix) :].split(".", _DEEPEST)
            if len(parts) <= _DEEPEST and _is_number(parts[0]):
                _place(tree, parts, value)
    whole = _lists(tree)
    return whole if isinstance(whole, list) else []


def _place(node: _Node, parts: list[str], value: Value) -> None:
    for part in parts[:-1]:
        inner = node.get(part)
        if not isinstance(inner, dict):
            inner = node[part] = {}
        node = inner
    if not isinstance(node.get(parts[-1]), dict):
        node[parts[-1]] = value


def _lists(node: Value) -> Value:
    """Turn branches whose names are all numbers into lists."""
    if not isinstance(node, dict):
        return node
    if node and all(map(_is_number, node)):
        return [_lists(node[name]) for name in sorted(node, key=int)]
    return {name: _lists(inner) for name, inner in node.items()}


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= _LONGEST_NUMBER
