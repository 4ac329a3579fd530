"""What went wrong in a span, in one line, and which failures have one cause; pure, and never raises."""

from __future__ import annotations

import re
from collections import defaultdict, deque
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
_MOST_BELOW: Final = 8
"""Failures right below one, the last of them, that it may repeat."""
_DIGEST_BYTES: Final = 8
_MESSAGES: Final = (attr.ERROR_MESSAGE, "error.message", "exception.message", "langfuse.observation.status_message")
_INNER: Final = re.compile(r"""['"]message['"]\s*:\s*(?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)")""")
"""The message inside a provider's answer, which clients put whole into their own."""
_BEFORE: Final = re.compile(r"(?:(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*: )?(?:Error code: \d+ - )?")
"""What Python puts before the message of an exception, and OpenAI's and Anthropic's clients before the provider's."""
_VARIABLE: Final = (
    ("<url>", "://", re.compile(r"(?<![\w+.-])[a-z][a-z0-9+.-]{0,20}://[^\s'\"<>]+")),
    ("<email>", "@", re.compile(r"(?<![\w+.-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("<text>", "'", re.compile(r"(?<!\w)'[^'\n]*'(?!\w)")),
    ("<text>", '"', re.compile(r'"[^"\n]*"')),
    ("<text>", "`", re.compile(r"`[^`\n]*`")),
    ("<path>", "/", re.compile(r"(?<![\w/.])(?:[A-Za-z]:)?/(?:[\w.@~+-]+/)*[\w.@~+-]+/?")),
    ("<path>", "\\", re.compile(r"(?<![\w\\.])(?:[A-Za-z]:)?\\(?:[\w.@~+-]+\\)*[\w.@~+-]+\\?")),
    ("<id>", "", re.compile(r"(?<![\w-])[\w-]*\d(?:[\w.,:+-]*\w)?%?")),
)
"""What differs from one failure to the next of the same cause, with what must be in a message for it to be looked for.

In this order; an id is a word with a digit in it, so numbers, too.
"""


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
    below: dict[tuple[str, str], deque[StoredSpan]] = defaultdict(lambda: deque(maxlen=_MOST_BELOW))
    for one in failed:
        if one.span.parent_span_id is not None:
            below[one.span.trace_id, one.span.parent_span_id].append(one)
    groups: dict[int, str] = {}
    for one in failed:
        _trace(one, below, groups)
    return [one if one.facts.error_group is None else _regrouped(one, groups[id(one)]) for one in spans]


def _trace(one: StoredSpan, below: Mapping[tuple[str, str], Sequence[StoredSpan]], groups: dict[int, str]) -> None:
    """Note the group of a span, and of those on the way to the deepest span that says the same."""
    passed = [one]
    while len(passed) < _HIGHEST and id(passed[-1]) not in groups:
        outer = passed[-1]
        inner = below.get((outer.span.trace_id, outer.span.span_id), ())
        same = next((other for other in reversed(inner) if other is not outer and _repeats(outer, other)), None)
        if same is None:
            break
        passed.append(same)
    deepest = passed[-1]
    group = groups.get(id(deepest)) or deepest.facts.error_group or ""
    groups.update((id(span), group) for span in passed)


def _repeats(outer: StoredSpan, inner: StoredSpan) -> bool:
    mine, theirs = outer.facts.error_message, inner.facts.error_message
    if mine is None or theirs is None:
        return False
    mine, theirs = plain(mine), plain(theirs)
    return mine == theirs or (len(theirs) >= _SHORTEST_REPEATED and theirs in mine)


def _regrouped(one: StoredSpan, group: str) -> StoredSpan:
    if group == one.facts.error_group:
        return one
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
    text = _BEFORE.sub("", text, count=1)
    for placeholder, mark, pattern in _VARIABLE:
        if mark in text:
            text = pattern.sub(placeholder, text)
    return " ".join(text.split()).lower()
