"""confluent-kafka's producer, seen: what takes its place and how; what is recorded, `send` says.

It is written in C: the class cannot be changed, so another takes its name. Whoever has imported the name before keeps
the old one. Its connections are made by threads of librdkafka, which tell nobody how long that took.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

from spanglass.sdk.guard import safely
from spanglass.sdk.kafka.send import SendRun, sending

_guard = safely("kafka.confluent")
_MODULES = ("confluent_kafka.cimpl", "confluent_kafka")
_ONLY_ERRORS = "delivery.report.only.error"


class Sent(Protocol):
    """The parts of a delivered `Message` that are used here."""

    def partition(self) -> int | None:
        """Its partition."""

    def offset(self) -> int | None:
        """Its place there."""

    def latency(self) -> float | None:
        """Seconds from `produce` to the broker's answer."""


Report: TypeAlias = Callable[[object, Sent], object]


def switch_on(_: type | None) -> None:
    """See messages sent by every producer that is made from now on."""
    original: type = import_module(_MODULES[0]).Producer
    if hasattr(original, "_spanglass_reports"):
        return
    seen = _seen(original)
    for name in _MODULES:
        # `confluent_kafka` itself is still being imported where `init()` came first; it then takes ours from `cimpl`.
        if (module := sys.modules.get(name)) is not None and getattr(module, "Producer", None) is original:
            module.Producer = seen  # type: ignore[attr-defined] # the name that applications import


def _seen(original: type) -> type:
    base: Any = original

    class Producer(base):  # type: ignore[misc] # the class is found at run time
        __doc__ = original.__doc__
        _spanglass_reports: tuple[Report | None, bool] | None = None

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            with _guard:
                self._spanglass_reports = _reports(args, kwargs)

        def produce(  # noqa: PLR0913, PLR0917 - the parameters of the original
            self,
            topic: str,
            value: object = None,
            key: object = None,
            partition: int = -1,
            callback: Report | None = None,
            on_delivery: Report | None = None,
            timestamp: int = 0,
            headers: object = None,
            **others: object,
        ) -> None:
            given = {"partition": partition, "timestamp": timestamp, **others}
            asked = on_delivery if on_delivery is not None else callback
            run = sending(topic, key, value) if headers is None or isinstance(headers, list | dict) else None
            if run is None or self._spanglass_reports is None:
                super().produce(topic, value, key, on_delivery=asked, headers=headers, **given)
                return
            default, only_errors = self._spanglass_reports
            report = _reporting(run, default if asked is None else asked)
            try:
                super().produce(topic, value, key, on_delivery=report, headers=run.headers(headers), **given)
            except BaseException as error:
                run.end(error)
                raise
            if only_errors:
                run.end()  # of success nothing will be heard

    Producer.__module__, Producer.__qualname__ = original.__module__, original.__qualname__
    return Producer


def _reports(args: tuple[object, ...], kwargs: Mapping[str, object]) -> tuple[Report | None, bool]:
    """Return whom the producer reports deliveries to where a message names nobody, and whether of errors only."""
    settings = {**(args[0] if args and isinstance(args[0], dict) else {}), **kwargs}
    only_errors = str(settings.get(_ONLY_ERRORS, settings.get(_ONLY_ERRORS.replace(".", "_"), ""))).lower()
    return cast("Report | None", settings.get("on_delivery")), only_errors in {"true", "1", "t"}


def _reporting(run: SendRun, asked: Report | None) -> Report:
    def report(error: object, message: Sent) -> None:
        with _guard:
            _delivered(run, error, message)
        if asked is not None:
            asked(error, message)

    return report


def _delivered(run: SendRun, error: object, message: Sent) -> None:
    if error is not None:
        run.end(sys.modules["confluent_kafka"].KafkaException(error))
        return
    # Reports wait until the application polls: how long it took, the message says.
    run.delivered(message.partition(), message.offset(), after_s=message.latency() or 0.0)
