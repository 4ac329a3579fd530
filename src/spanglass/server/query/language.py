"""The filter language of `q` as syntax: text to a frozen tree and back; `language_fields` says what its fields mean.

    service:shop model:gpt-5* duration>2s -feature:help (status:error OR "timed out")

Terms beside each other must all hold, `OR` and parentheses group, `-` (or `NOT`) turns a term around.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from spanglass.errors import QueryError

MAX_LENGTH: Final = 2_000
"""Characters of a query."""
MAX_DEPTH: Final = 20
"""How deep parentheses and negations may nest."""
MAX_TERMS: Final = 50
MAX_STARS: Final = 4
"""Of one value."""

_NAME: Final = re.compile(r"[A-Za-z_][\w.\-/]*")
_OPERATOR: Final = re.compile(r":(?:>=|<=|>|<)|!=|>=|<=|[:=<>]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.\-/]+")


@dataclass(frozen=True, slots=True)
class Compare:
    """A field compared with a value.

    Attributes:
        name: Of the field, as written.
        op: `:` (equal, or like the pattern), `<`, `<=`, `>` or `>=`.
        parts: The texts between the stars of the value; one part is a value without stars.
        at: Where it stands, characters from the start; for messages.
    """

    name: str
    op: str
    parts: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Words:
    """Text to find anywhere."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    term: Compare | Words | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class AllOf:
    """Terms that must all hold, two or more, none itself an AllOf."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Terms of which one must hold, two or more, none itself an AnyOf."""

    terms: tuple[Node, ...]


Node: TypeAlias = "Compare | Words | Not | AllOf | AnyOf"


def parse(text: str) -> Node:
    """Return the tree of a query.

    Raises:
        QueryError: It cannot be read; the message says where and what would be right.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The query has {len(text)} characters; use at most {MAX_LENGTH}.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise QueryError("The query is not valid Unicode text.")
    return _Reader(text).query()


def render(node: Node) -> str:
    """Return a query that `parse` reads as this tree."""
    if isinstance(node, Words):
        return _quoted(node.text)
    if isinstance(node, Compare):
        name = node.name if _NAME.fullmatch(node.name) else _quoted(node.name)
        return f"{name}{node.op}{_value(node.parts)}"
    if isinstance(node, Not):
        inner = render(node.term)
        return f"-({inner})" if isinstance(node.term, AllOf | AnyOf) else f"-{inner}"
    if isinstance(node, AllOf):
        return " ".join(f"({render(term)})" if isinstance(term, AnyOf) else render(term) for term in node.terms)
    return " OR ".join(map(render, node.terms))


def all_of(terms: list[Node]) -> Node:
    """Return what holds where all terms do."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, AllOf) else (term,))]
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def any_of(terms: list[Node]) -> Node:
    """Return what holds where one term does."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, AnyOf) else (term,))]
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def negated(node: Node) -> Node:
    """Return what holds where another does not."""
    return node.term if isinstance(node, Not) else Not(node)


def unreadable(at: int, what: str) -> QueryError:
    """Return the error that says where a query cannot be read, and what would be right."""
    return QueryError(f"The query cannot be read at character {at + 1}: {what}.")


class _Reader:
    """Reads one query from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._terms = 0

    def query(self) -> Node:
        node = self._either(0)
        if self._at < len(self._text):  # only a closing parenthesis ends what is not the end
            raise unreadable(self._at, "nothing opens this parenthesis; remove it, or put text in double quotes")
        return node

    def _either(self, depth: int) -> Node:
        terms = [self._each(depth)]
        while self._word("OR"):
            terms.append(self._each(depth))
        return any_of(terms)

    def _each(self, depth: int) -> Node:
        terms = [self._signed(depth)]
        while not self._ends() and not self._sees("OR"):
            self._word("AND")
            terms.append(self._signed(depth))
        return all_of(terms)

    def _signed(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise unreadable(self._at, f"it nests deeper than {MAX_DEPTH} levels")
        self._skip_space()
        if self._word("NOT"):
            return negated(self._signed(depth + 1))
        if self._peek() == "-":
            self._at += 1
            if self._ends(skip=False) or self._peek().isspace():
                raise unreadable(self._at - 1, "a term must follow the minus directly, as in -feature:help")
            return negated(self._signed(depth + 1))
        return self._term(depth)

    def _term(self, depth: int) -> Node:
        start = self._at
        if self._ends() or self._sees("OR") or self._sees("AND"):
            raise unreadable(self._at, 'a term is missing here, such as service:shop or "some text"')
        if self._peek() == "(":
            self._at += 1
            node = self._either(depth + 1)
            if self._peek() != ")":
                raise unreadable(start, "this parenthesis is not closed")
            self._at += 1
            return node
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise unreadable(start, f"it has more than {MAX_TERMS} terms")
        return self._test_or_words()

    def _test_or_words(self) -> Node:
        start = self._at
        name = self._name()
        operator = None if name is None else _OPERATOR.match(self._text, self._at)
        if name is not None and operator is not None:
            self._at = operator.end()
            return self._test(start, name, operator.group())
        self._at = start
        if self._peek() == '"':
            return Words(self._worth_finding(start, self._quote()), start)
        if self._peek() in ":=<>!":
            raise unreadable(start, "write the field, what compares and the value without spaces, as in duration>2s")
        found = "*".join(self._bare(stars=True)).strip("*")
        return Words(self._worth_finding(start, found), start)

    def _worth_finding(self, start: int, text: str) -> str:
        if not text.strip():
            raise unreadable(start, "there is no text to find")
        return text

    def _test(self, start: int, name: str, operator: str) -> Node:
        op = {"=": ":", "!=": ":"}.get(operator, operator)
        op = op if op == ":" else op.removeprefix(":")
        if self._peek() == '"':
            parts: tuple[str, ...] = (self._quote(),)
        else:
            parts = self._bare(stars=operator == ":")
            if parts == ("",):
                raise unreadable(
                    self._at, f'a value must follow {name[:60]}{operator}; quotes may hold any: "two words"'
                )
        if len(parts) > MAX_STARS + 1:
            raise unreadable(start, f"a value may hold {MAX_STARS} stars; write \\* for a star itself")
        test = Compare(name, op, parts, start)
        return Not(test) if operator == "!=" else test

    def _name(self) -> str | None:
        if self._peek() == '"':
            return self._quote(of_field=True)
        found = _NAME.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found.group()

    def _quote(self, *, of_field: bool = False) -> str:
        start, letters = self._at, list[str]()
        self._at += 1
        while self._peek() != '"':
            if self._peek() == "\\":
                self._at += 1
            if not self._peek():
                raise unreadable(start, 'this double quote is not closed; write \\" for a quote itself')
            letters.append(self._peek())
            self._at += 1
        self._at += 1
        if not of_field and self._peek() and not self._peek().isspace() and self._peek() not in "()":
            raise unreadable(self._at, "a space must follow the closing quote")
        return "".join(letters)

    def _bare(self, *, stars: bool) -> tuple[str, ...]:
        parts = [""]
        while (letter := self._peek()) and not letter.isspace() and letter not in '()"':
            self._at += 1
            if letter == "*" and stars:
                parts.append("")
                continue
            if letter == "\\":
                letter = self._peek()
                if not letter:
                    raise unreadable(self._at - 1, "a character must follow the backslash; \\\\ is a backslash itself")
                self._at += 1
            parts[-1] += letter
        if self._peek() == '"':
            raise unreadable(self._at, "a space must come before the quote, or \\ to mean a quote itself")
        return tuple(parts)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_space(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _ends(self, *, skip: bool = True) -> bool:
        if skip:
            self._skip_space()
        return self._peek() in {"", ")"}

    def _sees(self, word: str) -> bool:
        self._skip_space()
        after = self._text[self._at + len(word) : self._at + len(word) + 1]
        return self._text.startswith(word, self._at) and (not after or after.isspace() or after in "()")

    def _word(self, word: str) -> bool:
        seen = self._sees(word)
        self._at += len(word) * seen
        return seen


def _value(parts: tuple[str, ...]) -> str:
    if len(parts) == 1:
        return parts[0] if _PLAIN.fullmatch(parts[0]) else _quoted(parts[0])
    return "*".join("".join(letter if _PLAIN.fullmatch(letter) else f"\\{letter}" for letter in part) for part in parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
