"""The parameters of the API: one table that routes, errors and the OpenAPI document read."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from spanglass.cost.table import PriceTable
from spanglass.errors import QueryError
from spanglass.server.query.filters import Filters
from spanglass.server.query.finding import MAX_TEXT
from spanglass.server.query.language import MAX_LENGTH
from spanglass.server.query.logs import MOST_LOGS, SEVERITIES
from spanglass.server.query.metric import SHOWS
from spanglass.server.query.metrics import MOST_NAMES
from spanglass.server.query.ranking import DEFAULT_ROWS, MOST_ROWS
from spanglass.server.query.session import MAX_LIMIT as MOST_TURNS_A_PAGE
from spanglass.server.query.trace import DEFAULT_SPANS, MOST_PAGE, MOST_SPANS
from spanglass.server.query.traces import MAX_LIMIT
from spanglass.server.query.zone import read_zone

_SECOND = 1_000_000_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_RELATIVE = re.compile(r"(\d{1,6})([smhdw])")
_LATEST_S = (2**63 - 1) / _SECOND
_LONGEST_VALUE = 512
_TIME_FORM = "Unix seconds, or a time before now such as 30m, 24h or 7d"

Value = str | int | float
"""What a parameter is read as."""


class Parameter(NamedTuple):
    """One row of the table.

    Attributes:
        name: In the query string.
        help: One sentence; what is right, too.
        schema: JSON schema.
        read: Text to value; raises ValueError with what would be right.
        default: What counts when it is absent; None where nothing does.
    """

    name: str
    help: str
    schema: Mapping[str, object]
    read: Callable[[str], Value]
    default: str | None = None


def read_time(text: str) -> float:
    """Read a time as Unix seconds.

    Raises:
        ValueError: It is neither Unix seconds nor a time before now.
    """
    if text == "now":
        return time.time()
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        return max(0.0, time.time() - int(relative[1]) * _UNITS[relative[2]])
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < _LATEST_S:
        raise ValueError(f"use {_TIME_FORM}")
    return seconds


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(highest)) + 1 else lowest - 1
        if not lowest <= number <= highest:
            raise ValueError(f"use a whole number from {lowest} to {highest}")
        return number

    return read


def _short(text: str) -> str:
    if len(text) > _LONGEST_VALUE:
        raise ValueError(f"use at most {_LONGEST_VALUE} characters")
    return text


def _zone(text: str) -> str:
    try:
        return read_zone(text).key
    except QueryError as error:
        raise ValueError("use an IANA name such as Europe/Berlin, or UTC") from error


def choice(name: str, help_: str, options: Sequence[str], default: str) -> Parameter:
    """Return a parameter that is one of some words."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"use {', '.join(options)}")
        return text

    return Parameter(name, help_, {"type": "string", "enum": list(options)}, read, default)


def _word(name: str, help_: str, options: Sequence[str]) -> Parameter:
    return choice(name, help_, options, "")._replace(default=None)


def _severity(text: str) -> int:
    if text.lower() in SEVERITIES:
        return SEVERITIES[text.lower()]
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 24):
        raise ValueError(f"use {', '.join(SEVERITIES)}, or a number from 1 to 24")
    return int(text)


def _status(text: str) -> str:
    if text not in {"ok", "error"}:
        raise ValueError("use ok or error")
    return text


def _sort(text: str) -> str:
    if text not in {"frequent", "recent"}:
        raise ValueError("use frequent or recent")
    return text


def _filter(name: str, help_: str) -> Parameter:
    return Parameter(name, help_, {"type": "string", "maxLength": _LONGEST_VALUE}, _short)


_TEXT = {"type": "string"}
FROM = Parameter("from", f"Start, inclusive: {_TIME_FORM}.", _TEXT, read_time, "1h")
TO = Parameter("to", f"End, exclusive: {_TIME_FORM}, or now.", _TEXT, read_time, "now")
CURSOR = Parameter("cursor", "`next_cursor` of the page before.", _TEXT, _short)
LIMIT = Parameter(
    "limit",
    f"Rows a page, 1 to {MAX_LIMIT}.",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    _whole(1, MAX_LIMIT),
    "50",
)
NAME_HOLDS = _filter("name", "Text that a name must hold, whatever its case.")
SINCE_EVER = Parameter("from", f"Start, inclusive: {_TIME_FORM}; by default all there is.", _TEXT, read_time, "0")
TURNS = Parameter(
    "limit",
    f"Turns a page, 1 to {MOST_TURNS_A_PAGE}.",
    {"type": "integer", "minimum": 1, "maximum": MOST_TURNS_A_PAGE},
    _whole(1, MOST_TURNS_A_PAGE),
    "50",
)
OFFSET = Parameter(
    "offset",
    "Rows to skip: `next_offset` of the page before.",
    {"type": "integer", "minimum": 0, "maximum": MOST_SPANS},
    _whole(0, MOST_SPANS),
    "0",
)
SPANS = Parameter(
    "limit",
    f"Spans a page, 1 to {MOST_PAGE}; fewer where their texts are long.",
    {"type": "integer", "minimum": 1, "maximum": MOST_PAGE},
    _whole(1, MOST_PAGE),
    str(DEFAULT_SPANS),
)
ROWS = Parameter(
    "limit",
    f"Rows a page, 1 to {MOST_ROWS}.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
    _whole(1, MOST_ROWS),
    str(DEFAULT_ROWS),
)
TOOL = _filter("tool", "A tool's name; its calls are then told over time, too.")
SORT = Parameter(
    "sort",
    "What comes first: `frequent` or `recent`.",
    {"type": "string", "enum": ["frequent", "recent"]},
    _sort,
    "frequent",
)
STEP = Parameter(
    "step",
    "Seconds a bucket; by default a round number that gives about 60 buckets.",
    {"type": "integer", "minimum": 1, "maximum": 366 * 86_400},
    _whole(1, 366 * 86_400),
)
ZONE = Parameter(
    "zone",
    "Time zone in which days and months begin: an IANA name such as Europe/Berlin.",
    _TEXT,
    _zone,
    "UTC",
)
FILTERS = (
    _filter("service", "A service's name."),
    _filter("environment", "A deployment environment."),
    _filter("model", "A model that answered or was asked for."),
    Parameter("status", "ok or error.", {"type": "string", "enum": ["ok", "error"]}, _status),
    _filter("user", "A user's id."),
    _filter("session", "A session's or conversation's id."),
    _filter("feature", "A feature of the application."),
    Parameter(
        "text",
        "Text to find, whatever its case, in names, attributes, events and status messages.",
        {"type": "string", "maxLength": MAX_TEXT},
        _short,
    ),
    Parameter(
        "q",
        "A query in the filter language, such as `model:gpt-5* duration>2s`, of which one span must satisfy all.",
        {"type": "string", "maxLength": MAX_LENGTH},
        str,
    ),
)
SENDER = FILTERS[:2]
"""Service and environment alone: what filters metrics and logs."""
NAMES = Parameter(
    "limit",
    f"Names a page, 1 to {MOST_NAMES}.",
    {"type": "integer", "minimum": 1, "maximum": MOST_NAMES},
    _whole(1, MOST_NAMES),
    "100",
)
PREFIX = _filter("prefix", "What names begin with.")
SHOW = _word("show", "What is shown; by default what fits the metric's kind: the first of `shows`.", SHOWS)
BY = _filter("by", "A label to group by: of the metric, `service`, `environment`, or of the resource; else one line.")
LABEL = _filter("filter", "`label=value` that series must have, such as `gen_ai.request.model=gpt-5`.")
LOGS = Parameter(
    "limit",
    f"Records a page, 1 to {MOST_LOGS}; fewer where their texts are long.",
    {"type": "integer", "minimum": 1, "maximum": MOST_LOGS},
    _whole(1, MOST_LOGS),
    "100",
)
SINCE = Parameter(
    "from", f"Start, inclusive: {_TIME_FORM}. Default: 1h, or of a trace all that it has.", _TEXT, read_time
)
UNTIL = Parameter(
    "to", f"End, exclusive: {_TIME_FORM}, or now. Default: now, or of a trace all that it has.", _TEXT, read_time
)
LOG_FILTERS = (
    *SENDER,
    _filter("trace", "A trace's id; its logs then come from its beginning."),
    _filter("span", "A span's id."),
    Parameter("severity", f"Lowest severity: {', '.join(SEVERITIES)}, or 1 to 24.", _TEXT, _severity),
    _filter("event", "An event's name."),
    Parameter(
        "text",
        "Text to find, whatever its case, in bodies, attributes and names of events.",
        {"type": "string", "maxLength": MAX_TEXT},
        _short,
    ),
)
_LONGER_NAMES = {"user": "user_id", "session": "session_id"}


class Asked:
    """What a request asks for, read by the table."""

    def __init__(
        self, query: Mapping[str, str], parameters: tuple[Parameter, ...], *, prices: PriceTable | None = None
    ) -> None:
        """Read a query string.

        Args:
            query: The query string.
            parameters: What may be asked.
            prices: The prices in force, for questions of what would have been; None for the built-in table.

        Raises:
            QueryError: A parameter is unknown, cannot be read, or the range is empty.
        """
        self.prices = prices
        known = {parameter.name: parameter for parameter in parameters}
        for name in query:
            if name not in known:
                raise QueryError(f"There is no parameter {name!r:.60} here; there are {', '.join(known) or 'none'}.")
        self._values: dict[str, Value] = {}
        for parameter in parameters:
            text = query.get(parameter.name) or parameter.default
            if text is not None:
                self._values[parameter.name] = _read(parameter, text)
        if FROM in parameters and self.start_ns >= self.end_ns:
            raise QueryError("The range is empty: `from` must be before `to`.")

    @property
    def start_ns(self) -> int:
        """Start of the range, Unix ns."""
        return int(float(self._values[FROM.name]) * _SECOND)

    @property
    def end_ns(self) -> int:
        """End of the range, Unix ns."""
        return int(float(self._values[TO.name]) * _SECOND)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return read_zone(str(self._values[ZONE.name]))

    @property
    def step_ns(self) -> int | None:
        """Width of a step of time, ns, if one was asked for."""
        step = self.whole(STEP)
        return None if step is None else step * _SECOND

    @property
    def page(self) -> tuple[str | None, int]:
        """Which page of a ranking: its cursor, and rows a page."""
        return self.text(CURSOR), self.whole(ROWS) or DEFAULT_ROWS

    def time_ns(self, parameter: Parameter) -> int | None:
        """Return a time that was asked for, Unix ns."""
        value = self._values.get(parameter.name)
        return int(value * _SECOND) if isinstance(value, float) else None

    def whole(self, parameter: Parameter) -> int | None:
        """Return a number that was asked for."""
        value = self._values.get(parameter.name)
        return value if isinstance(value, int) else None

    def text(self, parameter: Parameter) -> str | None:
        """Return a text that was asked for."""
        value = self._values.get(parameter.name)
        return value if isinstance(value, str) else None

    @property
    def filters(self) -> Filters:
        """What to narrow to."""
        return Filters(
            **{_LONGER_NAMES.get(row.name, row.name): self.text(row) for row in FILTERS if row.name in self._values}
        )


def _read(parameter: Parameter, text: str) -> Value:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise QueryError(f"The parameter {parameter.name} is {text!r:.60}; {error}.") from error
