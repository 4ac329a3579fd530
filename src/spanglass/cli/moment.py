"""Points in time as a person writes and reads them, in a zone of their choice; the API takes and gives Unix seconds."""

from __future__ import annotations

import os
import re
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from spanglass.cli.figures import UNKNOWN
from spanglass.errors import ConfigurationError

_AS_IT_IS: Final = re.compile(r"now|\d{1,6}[smhdw]|\d+(\.\d+)?")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Clock:
    """Tells times in a zone.

    Attributes:
        zone: None is this machine's.
        now: What counts as now, Unix seconds.
    """

    def __init__(self, zone: tzinfo | None, now: float) -> None:
        self.zone = zone
        self.now = now

    def at(self, seconds: float | None) -> str:
        """Return 14:03:22 today, else 20 Nov 14:03, with the year where it is another."""
        moment, today = self._moment(seconds), self._moment(self.now)
        if moment is None or today is None:
            return UNKNOWN
        if moment.date() == today.date():
            return f"{moment:%H:%M:%S}"
        day = f"{moment.day} {_MONTHS[moment.month - 1]}"
        return f"{day} {moment:%H:%M}" if moment.year == today.year else f"{day} {moment.year} {moment:%H:%M}"

    def hour(self, seconds: float | None) -> str:
        """Return 14:03:22, whatever the day."""
        moment = self._moment(seconds)
        return UNKNOWN if moment is None else f"{moment:%H:%M:%S}"

    def full(self, seconds: float | None) -> str:
        """Return 21 Nov 2026, 14:03:22.123 UTC."""
        moment = self._moment(seconds)
        if moment is None:
            return UNKNOWN
        day = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
        return f"{day}, {moment:%H:%M:%S}.{moment.microsecond // 1000:03} {moment:%Z}"

    def span(self, start: float | None, end: float | None) -> str:
        """Return 21 Nov 2026, 14:03 to 15:03 UTC."""
        first, last = self._moment(start), self._moment(end)
        if first is None or last is None:
            return UNKNOWN
        day, other = (f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}" for moment in (first, last))
        until = f"{last:%H:%M}" if first.date() == last.date() else f"{other}, {last:%H:%M}"
        return f"{day}, {first:%H:%M} to {until} {last:%Z}"

    def written(self, text: str) -> str:
        """Return a time as the API takes it: a day or a time in this zone becomes Unix seconds.

        Raises:
            ConfigurationError: It is no time.
        """
        if _AS_IT_IS.fullmatch(text):
            return text
        try:
            moment = datetime.fromisoformat(text)
            return str((moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment).timestamp())
        except (ValueError, OverflowError, OSError) as error:
            raise ConfigurationError(
                f"{text[:60]!r} is no time; write 2026-01-31, 2026-01-31T14:00, 24h for a day ago, now or Unix seconds."
            ) from error

    def _moment(self, seconds: float | None) -> datetime | None:
        try:
            return None if seconds is None else datetime.fromtimestamp(seconds, self.zone).astimezone(self.zone)
        except (ValueError, OverflowError, OSError):
            return None


def local_zone() -> str | None:
    """Return the name of this machine's zone; None where it has none that others would know."""
    name = os.environ.get("TZ", "").lstrip(":") or os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_named(name: str | None) -> tzinfo | None:
    """Return a zone by its name; None, this machine's, for none or `local`.

    Raises:
        ConfigurationError: There is none of that name here.
    """
    if name is None or name == "local":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"There is no time zone {name[:60]!r} here; write one as UTC, Europe/Berlin or local."
        ) from error
