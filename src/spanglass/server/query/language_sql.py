"""What a query of the filter language asks of spans, as one SQL condition with parameters for both engines."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from spanglass.server.content import is_content_name
from spanglass.server.query.finding import MAX_TEXT, find_said, find_text
from spanglass.server.query.language import AllOf, AnyOf, Compare, Node, Not, Words, parse, unreadable
from spanglass.server.query.language_fields import (
    FIELDS,
    HAS,
    RESOURCE_ATTRIBUTE,
    SAID,
    SPAN_ATTRIBUTE,
    Field,
    Kind,
)
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter
from spanglass.server.store.rows import json_text

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h|d)?")
_UNITS: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_BIGGEST: Final = 2**63 - 1
_MOST_MONEY: Final = Decimal(10) ** 15
_LONGEST_NUMBER: Final = 40
_FLAGS: Final = {"true": "TRUE", "yes": "TRUE", "false": "FALSE", "no": "FALSE"}
_STATUS: Final = {"ok": "status <> 'error'", "error": "status = 'error'"}
_RIGHT: Final = {
    Kind.COUNT: "a whole number, such as 1000",
    Kind.SECONDS: "a time, such as 2s, 500ms, 1m or 0.25 (seconds)",
    Kind.MONEY: "US dollars, such as 0.01",
    Kind.FLAG: "true or false",
}


class Condition:
    """One condition on spans.

    Attributes:
        sql: Names the columns of `spans`, and `$start_ns` and `$end_ns` where it looks into what was said.
        parameters: Values of the rest of what it names.
    """

    def __init__(self, query: str, prefix: str = "q") -> None:
        """Read a query.

        Args:
            query: In the filter language.
            prefix: What the names of its parameters begin with.

        Raises:
            QueryError: It cannot be read; the message says where and what would be right.
        """
        self.parameters: dict[str, Parameter] = {}
        self._prefix = prefix
        self.sql = self._of(parse(query))

    def _of(self, node: Node) -> str:
        match node:
            case AllOf(terms):
                return "(" + " AND ".join(map(self._of, terms)) + ")"
            case AnyOf(terms):
                return "(" + " OR ".join(map(self._of, terms)) + ")"
            case Not(term):  # what is unknown does not hold, and so its opposite does
                return f"NOT coalesce({self._of(term)}, FALSE)"
            case Words(text):
                return self._found(node.at, text, find_text)
            case Compare():
                return self._compare(node)

    def _found(self, at: int, text: str, find: Callable[[str, str], tuple[str, dict[str, Parameter]]]) -> str:
        if len(text) > MAX_TEXT:
            raise unreadable(at, f"a text to find has at most {MAX_TEXT} characters")
        sql, parameters = find(text, f"{self._prefix}_{len(self.parameters)}")
        self.parameters.update(parameters)
        return sql

    def _compare(self, test: Compare) -> str:
        if test.name == HAS:
            return self._has(test)
        if test.name == SAID:
            if test.op != ":" or not "".join(test.parts).strip():
                raise unreadable(test.at, 'write the text to find, as in said:"refund"')
            return self._found(test.at, "*".join(test.parts).strip("*"), find_said)
        field = FIELDS.get(test.name)
        if field is None:
            return self._attribute(test)
        if test.parts == ("", "") and test.op == ":":
            return _present(field)
        if field.kind in {Kind.TEXT, Kind.LIST}:
            return self._text(field, test)
        if len(test.parts) > 1:
            raise unreadable(test.at, f"{field.name} takes no stars; use {_RIGHT[field.kind]}")
        return self._measure(field, test)

    def _has(self, test: Compare) -> str:
        if test.op != ":" or len(test.parts) > 1:
            raise unreadable(test.at, "write what must be there, as in has:user or has:http.route")
        name = test.parts[0]
        return _present(FIELDS[name]) if name in FIELDS else self._attribute(Compare(name, ":", ("", ""), test.at))

    def _text(self, field: Field, test: Compare) -> str:
        if test.op != ":":
            raise unreadable(test.at, f"{field.name} is text; write {field.name}:value, a star stands for any text")
        if field.words and (len(test.parts) > 1 or test.parts[0] not in field.words):
            raise unreadable(test.at, f"{field.name} is one of {', '.join(field.words)}")
        if field.name == "status":
            return _STATUS[test.parts[0]]
        if field.kind is Kind.LIST:
            return self._in_list(field, test)
        if len(test.parts) == 1:
            value = self._value(test.parts[0])
            return _either([f"{column} = {value}" for column in field.columns])
        value = self._value(_like(test.parts))
        return _either([f"sg_like({column}, {value})" for column in field.columns])

    def _in_list(self, field: Field, test: Compare) -> str:
        """Look into a JSON array of texts, as text: a star may stand where it cannot reach over two elements."""
        first, *middle, last = test.parts if len(test.parts) > 1 else (test.parts[0], "")
        if middle or (first and last):
            raise unreadable(test.at, f"{field.name} takes one star, at the start or the end")
        whole = len(test.parts) == 1
        parts = ("", f'"{_escaped(first)}"', "") if whole else _ends(first, last)
        return f"sg_like({field.columns[0]}, {self._value(_like(parts))})"

    def _measure(self, field: Field, test: Compare) -> str:
        said = test.parts[0]
        if field.kind is Kind.FLAG:
            if test.op != ":" or said not in _FLAGS:
                raise unreadable(test.at, f"{field.name} is {_RIGHT[field.kind]}")
            return f"({field.columns[0]} = {_FLAGS[said]})"
        op = "=" if test.op == ":" else test.op
        if field.kind is Kind.MONEY:
            if (amount := _amount(said)) is None:
                raise unreadable(test.at, f"{field.name} takes {_RIGHT[field.kind]}")
            return f"{field.columns[0]} {op} CAST({self._value(amount)} AS DECIMAL(38, 18))"
        number = _nanoseconds(said) if field.kind is Kind.SECONDS else _whole(said)
        if number is None:
            raise unreadable(test.at, f"{field.name} takes {_RIGHT[field.kind]}")
        return f"{field.columns[0]} {op} {self._value(number)}"

    def _attribute(self, test: Compare) -> str:
        """Return a condition on an attribute: of the span, what was said of it, its resource, or the first and last."""
        name = test.name.removeprefix(SPAN_ATTRIBUTE)
        of_resource = test.name.removeprefix(RESOURCE_ATTRIBUTE)
        if name != test.name:
            columns: tuple[str, ...] = ("attributes",)
        elif of_resource != test.name:
            name, columns = of_resource, ("resource",)
        elif "." in name:
            columns = ("attributes", "resource")
        else:
            raise unreadable(test.at, _unknown(name))
        if not name:
            raise unreadable(test.at, f"a name must follow {test.name}")
        key, named = self._value(json_text(name)), self._value(name)
        holds = self._attribute_value(test, named)
        either = [_in(column, key, holds) for column in columns]
        if "attributes" in columns and is_content_name(name):
            said = statement("contents_matching", condition=_in("attributes", key, holds))
            either.append(f"(span_id, start_ns) IN (\n{said}\n)")
        return _either(either)

    def _attribute_value(self, test: Compare, named: str) -> str:
        """Return what must hold of an attribute; `{column}` stands for the JSON text that it is in."""
        value = f"sg_attribute({{column}}, {named})"
        if test.op != ":":
            number = _float(test.parts[0]) if len(test.parts) == 1 else None
            if number is None:
                raise unreadable(test.at, f"{test.name[:60]} {test.op} takes a number, such as 500")
            return f"sg_number({value}) {test.op} {self._value(number)}"
        if test.parts == ("", ""):
            return f"{value} IS NOT NULL"
        if len(test.parts) > 1:
            return f"sg_like({value}, {self._value(_like(test.parts))})"
        said = test.parts[0]
        element = self._value(json_text(said))
        equal = f"{value} = {self._value(said)} OR (sg_like({value}, '[%') AND sg_holds({value}, {element}))"
        if (number := _float(said)) is not None:
            return f"({equal} OR sg_number({value}) = {self._value(number)})"
        # A text without escapes stands in the JSON as it is: where it does not, nothing need be parsed.
        return f"(sg_holds({{column}}, {self._value(said)}) AND ({equal}))" if _escaped(said) == said else f"({equal})"

    def _value(self, value: Parameter) -> str:
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


def _in(column: str, key: str, holds: str) -> str:
    """Return a condition on an attribute that is parsed only where the JSON text holds its name."""
    return f"CASE WHEN sg_holds({column}, {key}) THEN coalesce({holds.format(column=column)}, FALSE) ELSE FALSE END"


def _present(field: Field) -> str:
    return _either([f"{column} IS NOT NULL" for column in field.columns])


def _either(conditions: list[str]) -> str:
    return conditions[0] if len(conditions) == 1 else "(" + " OR ".join(conditions) + ")"


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, FIELDS, 1)
    meant = f"did you mean {close[0]}? " if close else ""
    return (
        f"there is no field {name[:60]!r}; {meant}an attribute is written with its dots, or as "
        f"{SPAN_ATTRIBUTE}{name[:60]}; text with a colon needs double quotes"
    )


def _escaped(text: str) -> str:
    return json_text(text)[1:-1]


def _ends(first: str, last: str) -> tuple[str, ...]:
    """Return the parts of a pattern for an element that begins with a text, or ends with one."""
    return ("", f'"{_escaped(first)}', "") if first else ("", f'{_escaped(last)}"', "")


def _like(parts: tuple[str, ...]) -> str:
    """Return the LIKE pattern of texts between stars; a backslash escapes."""
    return "%".join(re.sub(r"([\\%_])", r"\\\1", part) for part in parts)


def _float(said: str) -> float | None:
    number = float(said) if len(said) <= _LONGEST_NUMBER and _NUMBER.fullmatch(said) else math.inf
    return number if math.isfinite(number) else None


def _whole(said: str) -> int | None:
    number = _decimal(said)
    if number is None or abs(number) > _BIGGEST or number != number.to_integral_value():
        return None
    return int(number)


def _amount(said: str) -> str | None:
    number = _decimal(said.removeprefix("$"))
    return None if number is None or abs(number) > _MOST_MONEY else f"{number:.18f}"


def _decimal(said: str) -> Decimal | None:
    number = _float(said)  # what no float holds, such as 1e400, is beyond any column, and beyond Decimal's arithmetic
    return None if number is None else Decimal(said)


def _nanoseconds(said: str) -> int | None:
    found = _TIME.fullmatch(said) if len(said) <= _LONGEST_NUMBER else None
    if found is None:
        return None
    number = round(Decimal(found[1]) * _UNITS[found[2] or "s"])
    return number if number <= _BIGGEST else None
