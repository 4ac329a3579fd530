"""Formats what stream handlers print that were given no format of their own, whenever they were or will be made."""

from __future__ import annotations

import logging

from spanglass.sdk.guard import safely
from spanglass.sdk.logformat import JsonFormatter, TextFormatter

_guard = safely("logs.print")


def install(form: str) -> None:
    """Use a formatter in the place of logging's two defaults: that of a bare handler and that of `basicConfig()`.

    Handlers stay the application's: none is made, replaced or changed. Those that hand records to other handlers, such
    as `QueueHandler`, and those that are no streams are left alone.

    Args:
        form: `json` or `text`.
    """
    formatter = JsonFormatter() if form == "json" else TextFormatter()
    original = logging.Handler.format

    def format_record(handler: logging.Handler, record: logging.LogRecord) -> str:
        if isinstance(handler, logging.StreamHandler) and _is_default(handler.formatter):
            with _guard:
                return formatter.format(record)
        return original(handler, record)

    logging.Handler.format = format_record  # type: ignore[assignment,method-assign] # the seam all handlers share


def _is_default(formatter: logging.Formatter | None) -> bool:
    return formatter is None or (type(formatter) is logging.Formatter and formatter._fmt == logging.BASIC_FORMAT)  # noqa: SLF001 - no public name
