"""What went wrong in a span, in one line, and which failures have one cause; pure, and never raises."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec.structs import replace

from spanglass.semconv import attributes as attr
from spanglass.server.record import Attributes, Facts, Span, StoredSpan

MOST: Final = 500
"""Characters of a message that are kept and compared."""
_READ: Final = 4000
"""Characters of a message that are looked at."""
_SHORTEST_REPEATED: Final = 12
"""Characters of a message that can be known again inside another."""
_HIGHEST: Final = 32
"""Failures in failures that are followed."""
_DIGEST_BYTES: Final = 8
_MESSAGES: Final = (attr.ERROR_MESSAGE, "error.message", "exception.message", "langfuse.observation.status_message")
_INNER: Final = re.compile(r"""['"]message['"]\s*:\s*(?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)")""")
"""The message inside a provider's answer, which clients put whole into their own."""
_TYPE: Final = re.compile(r"(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*: ")
"""What Python puts before the message of an exception."""
_VARIABLE: Final = re.compile(
    r"""
      (?P<url>[a-z][a-z0-9+.-]{0,20}://[^\s'"<>]+)
    | (?P<email>[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)
    | (?P<text>(?<!\w)'[^'\n]*'(?!\w) | "[^"\n]*" | `[^`\n]*` | \u201c[^\u201d\n]*\u201d)
    | (?P<path>(?<![\w/.])(?:[A-Za-z]:)?[/\\](?:[\w.@~+-]+[/\\])*[\w.@~+-]+[/\\]?)
    | (?P<id>(?<![\w-])[\w-]*\d(?:[\w.,:+-]*\w)?%?)
    """,
    re.VERBOSE,
)
"""What differs from one failure to the next of the same cause: an id is a word with a digit, so numbers, too."""
_SPACE: Final = re.compile(r"\s+")


class Failure(NamedTuple):
    """What went wrong.

    Attributes:
        message: Its first line, at most 500 characters; None where nobody said.
        group: 16 hex digits that failures of one cause share.
    """

    message: str | None
    group: str


def read_failure(span: Span, attributes: Attributes, error_type: str | None, provider: str | None) -> Failure:
    """Return what went wrong in a span that failed.

    Args:
        span: The span.
        attributes: Its attributes under current names.
        error_type: Of the error, where it is known.
        provider: Who answered; the instrumentation's scope stands for it where nobody did.
    """
    message = _message(span, attributes)
    what = span.name if message is None and error_type is None else message or ""
    return Failure(message, _group(error_type, provider or span.scope.name, what))


def grouped(spans: Sequence[StoredSpan]) -> Sequence[StoredSpan]:
    """Return spans, where one that merely repeats the error of a span below it shares its group.

    Args:
        spans: Of one export.
    """
    failed = [one for one in spans if one.facts.error_group is not None]
    if len(failed) < 2:  # one has nothing to repeat
        return spans
    below: dict[tuple[str, str], list[StoredSpan]] = defaultdict(list)
    for one in failed:
        if one.span.parent_span_id is not None:
            below[one.span.trace_id, one.span.parent_span_id].append(one)
    instead = {id(one): group for one in failed if (group := _cause(one, below)) != one.facts.error_group}
    return [_regrouped(one, instead[id(one)]) if id(one) in instead else one for one in spans] if instead else spans


def _cause(one: StoredSpan, below: Mapping[tuple[str, str], Sequence[StoredSpan]]) -> str | None:
    """Return the group of the deepest span that says the same."""
    for _ in range(_HIGHEST):
        inner = below.get((one.span.trace_id, one.span.span_id), ())
        same = next((other for other in reversed(inner) if other is not one and _repeats(one, other)), None)
        if same is None:
            break
        one = same
    return one.facts.error_group


def _repeats(outer: StoredSpan, inner: StoredSpan) -> bool:
    mine, theirs = outer.facts.error_message, inner.facts.error_message
    if mine is None or theirs is None:
        return False
    mine, theirs = plain(mine), plain(theirs)
    return mine == theirs or (len(theirs) >= _SHORTEST_REPEATED and theirs in mine)


def _regrouped(one: StoredSpan, group: str | None) -> StoredSpan:
    facts: Facts = replace(one.facts, error_group=group)
    return replace(one, facts=facts)


def _message(span: Span, attributes: Attributes) -> str | None:
    """Return the first line that says something: as the provider put it, else the status, else the exception."""
    said = _first_line(attributes.get(attr.ERROR_MESSAGE)) or _first_line(span.status_message)
    if said is not None:
        return said
    for event in reversed(span.events):
        if (said := _first_line(event.attributes.get("exception.message"))) is not None:
            return said
    return next((said for name in _MESSAGES if (said := _first_line(attributes.get(name))) is not None), None)


def _first_line(value: object) -> str | None:
    text = value[:_READ] if isinstance(value, str) else None
    return None if text is None else next((line.strip()[:MOST] for line in text.splitlines() if line.strip()), None)


@lru_cache(maxsize=512)  # failures come in storms; bounded, since strangers write the messages
def _group(error_type: str | None, where: str | None, message: str) -> str:
    said = "\0".join((error_type or "", where or "", plain(message)))
    return blake2b(said.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest()


@lru_cache(maxsize=512)
def plain(message: str) -> str:
    """Return a message without what differs from one failure to the next of the same cause."""
    text = message[:MOST]
    inner = _INNER.search(text)
    if inner is not None:
        text = inner.group(1) or inner.group(2)
    text = _TYPE.sub("", text, count=1) if _TYPE.match(text) else text
    return _SPACE.sub(" ", _VARIABLE.sub(_placeholder, text)).strip().lower()


def _placeholder(found: re.Match[str]) -> str:
    return f"<{found.lastgroup}>"
