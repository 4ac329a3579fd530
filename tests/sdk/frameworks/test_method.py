"""Functions around methods, also where another tool stands there already."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import wrapt
from kafka import KafkaProducer
from opentelemetry.instrumentation.kafka import KafkaInstrumentor

from spanglass.sdk.frameworks.method import is_recorded, wrap_method


def test_another_tool_s_wrapper_still_knows_whose_method_it_is() -> None:
    """Wrapt's wrappers hand the instance to their function, whether sync or async, beneath ours."""

    class Producer:
        def send(self, text: str) -> str:
            return text

        async def wait(self, text: str) -> str:
            return text

    seen: list[object] = []

    def theirs(wrapped: Callable[..., Any], instance: object, args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - wrapt's
        seen.append(instance)
        return wrapped(*args, **kwargs)

    def ours(original: Callable[..., str], self: object, text: str) -> str:
        return original(self, text + "!")

    async def ours_async(original: Callable[..., Any], self: object, text: str) -> str:
        return f"{await original(self, text)}!"

    for name, around in {"send": ours, "wait": ours_async}.items():
        wrapt.wrap_function_wrapper(Producer, name, theirs)
        wrap_method(Producer, name, around)
    producer = Producer()

    assert producer.send("a") == "a!"
    assert asyncio.run(producer.wait("b")) == "b!"
    assert seen == [producer, producer]
    assert inspect.iscoroutinefunction(Producer.wait)


def test_what_opentelemetry_records_is_told_from_what_it_does_not() -> None:
    """A producer that its instrumentation already stands around is not recorded again; any other is."""
    assert not is_recorded(KafkaProducer, "send")
    instrumentor = KafkaInstrumentor()
    instrumentor.instrument()
    try:
        assert is_recorded(KafkaProducer, "send")
        assert not is_recorded(KafkaProducer, "flush")
    finally:
        instrumentor.uninstrument()
