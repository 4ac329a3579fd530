"""Processing of messages, as the three clients hand them over; no broker is needed for that."""

import asyncio
from collections.abc import Callable
from typing import Any

import confluent_kafka
import pytest
from aiokafka.structs import ConsumerRecord as AioRecord
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from kafka.consumer.fetcher import ConsumerRecord
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, get_current_span, set_span_in_context

import spanglass
from spanglass.kafka import process, process_batch
from spanglass.sdk import guard
from spanglass.sdk.content import ContentMode
from spanglass.sdk.kafka.message import message_of
from spanglass.testing import capture

Headers = list[tuple[str, bytes]]
Make = Callable[..., Any]
TOPIC = "questions"
BEGINNING_MS = 1_767_225_600_000  # when a capture's clock begins
SENDER = SpanContext(0x1234, 0x5678, is_remote=True, trace_flags=TraceFlags(1))


def of_kafka_python(headers: Headers | None = None, value: bytes | None = b"hello", offset: int = 7) -> Any:  # noqa: ANN401 - libraries without types
    """A message as kafka-python gives it."""
    size = -1 if value is None else len(value)
    sizes = {"checksum": None, "serialized_key_size": 1, "serialized_value_size": size, "serialized_header_size": -1}
    place = {"topic": TOPIC, "partition": 2, "leader_epoch": 0, "offset": offset}
    times = {"timestamp": BEGINNING_MS, "timestamp_type": 0}
    return ConsumerRecord(**place, **times, key=b"k", value=value, headers=headers or [], **sizes)


def of_aiokafka(headers: Headers | None = None, value: bytes | None = b"hello", offset: int = 7) -> Any:  # noqa: ANN401 - libraries without types
    """A message as aiokafka gives it."""
    size = -1 if value is None else len(value)
    sizes = {"checksum": None, "serialized_key_size": 1, "serialized_value_size": size}
    place = {"topic": TOPIC, "partition": 2, "offset": offset, "timestamp": BEGINNING_MS, "timestamp_type": 0}
    return AioRecord(**place, key=b"k", value=value, headers=tuple(headers or ()), **sizes)


def of_confluent(headers: Headers | None = None, value: bytes | None = b"hello", offset: int = 7) -> Any:  # noqa: ANN401 - libraries without types
    """A message as confluent-kafka gives it."""
    pairs: Any = headers
    return confluent_kafka.Message(
        topic=TOPIC, partition=2, offset=offset, key=b"k", value=value, headers=pairs, timestamp=(1, BEGINNING_MS)
    )


EVERY_CLIENT = pytest.mark.parametrize("make", [of_kafka_python, of_aiokafka, of_confluent])


def sent_by(context: SpanContext = SENDER, **known: str) -> Headers:
    """The headers of a message that was sent in a span."""
    with spanglass.context(**known):
        return spanglass.inject([], context=set_span_in_context(NonRecordingSpan(context)))


@EVERY_CLIENT
def test_work_on_a_message_belongs_to_its_sender_s_trace(make: Make) -> None:
    """The process span is the sender's child and current inside; user and session are the sender's."""
    tracer = trace.get_tracer("app")
    with capture() as seen:
        message = make(sent_by(user_id="u-1", session_id="s-1"))
        with process(message, group="workers"), tracer.start_as_current_span("answer") as inside:
            assert inside.get_span_context().trace_id == SENDER.trace_id
        spans = [(s["name"], s["kind"], s["trace"], s["parent"], s["attributes"]) for s in seen.spans()]
        measured = {name: points for name, points in seen.metrics().items() if "messaging" in name}

    assert spans == snapshot(
        [
            (
                "process questions",
                "CONSUMER",
                1,
                "outside",
                {
                    "messaging.consumer.group.name": "workers",
                    "messaging.destination.name": "questions",
                    "messaging.destination.partition.id": "2",
                    "messaging.kafka.offset": 7,
                    "messaging.message.body.size": 5,
                    "messaging.operation.name": "process",
                    "messaging.operation.type": "process",
                    "messaging.system": "kafka",
                    "session.id": "s-1",
                    "spanglass.messaging.queue_time": 1.0,
                    "user.id": "u-1",
                },
            ),
            ("answer", "INTERNAL", 1, 1, {"session.id": "s-1", "user.id": "u-1"}),
        ]
    )
    assert measured == snapshot(
        {
            "messaging.process.duration": [
                {
                    "labels": {
                        "messaging.consumer.group.name": "workers",
                        "messaging.destination.name": "questions",
                        "messaging.operation.name": "process",
                        "messaging.system": "kafka",
                    },
                    "count": 1,
                    "sum": 3.0,
                }
            ],
            "spanglass.messaging.queue.duration": [
                {
                    "labels": {
                        "messaging.consumer.group.name": "workers",
                        "messaging.destination.name": "questions",
                        "messaging.system": "kafka",
                    },
                    "count": 1,
                    "sum": 1.0,
                }
            ],
        }
    )


@EVERY_CLIENT
@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("tenant", b"\xff\xfe"), ("traceparent", None)],
        [("traceparent", b"00-not-a-trace")],
        [("b3", b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1")],
    ],
)
def test_a_message_without_a_trace_begins_one(make: Make, headers: Headers | None) -> None:
    """No headers, other people's and broken ones: each message is a trace of its own, not part of the loop's."""
    with capture() as seen:
        with trace.get_tracer("app").start_as_current_span("loop"):
            for _ in range(2):
                with process(make(headers)):
                    pass
        spans = [(span["name"], span["trace"], span["parent"]) for span in seen.spans()]

    assert spans == [("loop", 1, None), ("process questions", 2, None), ("process questions", 3, None)]


@EVERY_CLIENT
def test_a_message_without_a_body_says_so(make: Make) -> None:
    """A tombstone is told apart from an empty body."""
    with capture() as seen:
        for value in (None, b""):
            with process(make(value=value)):
                pass
        found = [span["attributes"] for span in seen.spans()]

    told = [(one["messaging.message.body.size"], one.get("messaging.kafka.message.tombstone")) for one in found]
    assert told == [(0, True), (0, None)]


@pytest.mark.parametrize(("content", "shown"), [(ContentMode.NO_CONTENT, None), (ContentMode.SPAN_ONLY, "k")])
def test_a_key_is_content(content: ContentMode, shown: str | None) -> None:
    """Keys are often ids of people; they are recorded where content is."""
    with capture(content=content) as seen:
        with process(of_kafka_python()):
            pass
        (span,) = seen.spans()

    assert span["attributes"].get("messaging.kafka.message.key") == shown


def test_a_key_that_cannot_be_shown_costs_no_span() -> None:
    """A key is what the application's deserialiser made of it; one whose own text fails is named by its type."""

    class Key:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    before = dict(guard.faults())
    with capture(content=ContentMode.SPAN_ONLY) as seen:
        with process(of_kafka_python()._replace(key=Key())):
            pass
        (span,) = seen.spans()

    assert "Key" in span["attributes"]["messaging.kafka.message.key"]
    assert dict(guard.faults()) == before


def test_what_a_handler_raises_passes_and_is_the_span_s_error() -> None:
    """The span tells the error, the metric its type; a cancelled handler has not failed."""

    async def cancelled() -> None:
        async with process(of_aiokafka()):
            raise asyncio.CancelledError

    with capture() as seen:
        with pytest.raises(ZeroDivisionError), process(of_aiokafka()):
            raise ZeroDivisionError
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cancelled())
        failed, left = seen.spans()
        types = [point["labels"].get("error.type") for point in seen.metrics()["messaging.process.duration"]]

    assert (failed["status"], failed["attributes"]["error.type"]) == ("ERROR", "ZeroDivisionError")
    assert "status" not in left
    assert types == ["ZeroDivisionError", None]


@EVERY_CLIENT
def test_handlers_are_decorated(make: Make) -> None:
    """Functions, coroutine functions and methods keep their answers; the message is found among the arguments."""

    class Worker:
        @process
        def handle(self, settings: str, message: object) -> str:
            assert message is not None
            return settings + str(get_current_span().get_span_context().is_valid)

    @process
    async def handle(message: object) -> int:
        await asyncio.sleep(0)
        assert message is not None
        return get_current_span().get_span_context().trace_id

    with capture() as seen:
        assert Worker().handle("a", message=make(sent_by())) == "aTrue"
        assert asyncio.run(handle(make(sent_by()))) == SENDER.trace_id
        names = [(span["name"], span["parent"]) for span in seen.spans()]

    assert asyncio.iscoroutinefunction(handle)
    assert names == [("process questions", "outside")] * 2


@EVERY_CLIENT
def test_a_batch_is_linked_to_each_sender(make: Make) -> None:
    """One span in the trace around, a link a sender; known inside is what all messages agree on."""
    tracer = trace.get_tracer("app")
    with capture() as seen:
        messages = []
        for offset, user in enumerate(["u-1", "u-2"]):
            with tracer.start_as_current_span("send") as span:
                messages.append(make(sent_by(span.get_span_context(), user_id=user, session_id="s-1"), offset=offset))
        messages.append(make(offset=2))
        with tracer.start_as_current_span("loop"), process_batch(messages, group="workers"):
            pass
        batch = seen.spans()[-1]

    assert batch["parent"] == 3
    assert batch["links"] == [{"trace": 1, "span": 1}, {"trace": 2, "span": 2}]
    assert batch["attributes"]["messaging.batch.message_count"] == 3
    assert "user.id" not in batch["attributes"]


def test_a_batch_may_come_by_partition() -> None:
    """What `poll` and `getmany` return is taken as it is, and what all messages agree on is known inside."""
    with capture() as seen:
        message = of_aiokafka(sent_by(user_id="u-1"))
        with process_batch({"t-0": [message, message], "t-1": [message]}):
            pass
        (span,) = seen.spans()

    assert (span["attributes"]["messaging.batch.message_count"], span["attributes"]["user.id"]) == (3, "u-1")


def test_an_unsampled_sender_stays_unsampled() -> None:
    """The sender's decision holds inside, so that no half trace is kept; the measurement counts."""
    unsampled = SpanContext(0x99, 0x98, is_remote=True, trace_flags=TraceFlags(0))
    with capture() as seen:
        with process(of_kafka_python(sent_by(unsampled))):
            inside = get_current_span().get_span_context()
        assert seen.spans() == []
        assert seen.metrics()["messaging.process.duration"][0]["count"] == 1

    assert (inside.trace_id, inside.trace_flags.sampled) == (0x99, False)


def test_without_init_the_block_runs() -> None:
    """Before `init` nothing is recorded, and nothing is current."""
    with process(of_confluent(sent_by())):
        assert not get_current_span().get_span_context().is_valid
    with process_batch([of_confluent()]):
        assert not get_current_span().get_span_context().is_valid


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.none())))
def test_what_is_no_message_is_survived(thing: Any) -> None:  # noqa: ANN401 - it is the test
    """Whatever is passed in, the block runs and no fault of ours occurs."""
    before = dict(guard.faults())
    ran = []
    with capture():
        with process(thing):
            ran.append(1)
        with process_batch(thing):
            ran.append(2)

    assert (ran, dict(guard.faults())) == ([1, 2], before)


@given(st.lists(st.tuples(st.text(), st.one_of(st.none(), st.binary()))), st.one_of(st.none(), st.binary()))
def test_any_headers_and_bodies_are_read(headers: Any, value: bytes | None) -> None:  # noqa: ANN401 - anybody's
    """Reading a message never fails, and tells its size."""
    for make in (of_kafka_python, of_aiokafka):
        read = message_of(make(headers, value))
        assert read is not None
        assert (read.topic, read.size, read.tombstone) == (TOPIC, len(value or b""), value is None)
