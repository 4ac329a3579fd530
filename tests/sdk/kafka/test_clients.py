"""The three clients against a real broker: what they send and receive, and how they connect."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import aiokafka
import confluent_kafka
import kafka
import openai
import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.helpers import create_ssl_context
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from opentelemetry import trace

import spanglass
from kafka_clients import CLIENTS, group_member, polled
from otlp_receiver import environment, receiver
from services.fixtures import Broker
from services.service import free_ports
from spanglass.sdk import frameworks, guard
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving
from spanglass.testing import Captured, capture

pytestmark = pytest.mark.services
EVERY_CLIENT = pytest.mark.parametrize("name", list(CLIENTS))
tracer = trace.get_tracer("app")


@pytest.fixture(autouse=True)
def seen_producers() -> Iterator[None]:
    """Producers are seen, as after `init()`, and no fault of ours occurs."""
    frameworks.install(["kafka"])
    before = dict(guard.faults())
    yield
    frameworks.uninstall()
    assert dict(guard.faults()) == before


@pytest.fixture
def topic() -> str:
    """A topic of the test's own; it comes to be with its first message."""
    return f"topic-{uuid4().hex[:12]}"


def told(seen: Captured, *names: str) -> list[dict[str, Any]]:
    """Return the spans whose name begins with one of these words."""
    return [span for span in seen.spans() if span["name"].startswith(names)]


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [
        ("kafka-python", "kafka-python"),
        ("aiokafka", "aiokafka"),
        ("confluent-kafka", "confluent-kafka"),
        ("kafka-python", "aiokafka"),
        ("aiokafka", "confluent-kafka"),
        ("confluent-kafka", "kafka-python"),
    ],
)
def test_from_request_to_model_it_is_one_trace(kafka_broker: Broker, topic: str, sender: str, receiver: str) -> None:
    """Sent in a request, received elsewhere, the call to the model is a descendant of the request, user and all."""
    with capture() as seen, serving(create_app()) as provider:
        with tracer.start_as_current_span("request"), spanglass.context(user_id="u-1", session_id="s-1"):
            CLIENTS[sender].send(kafka_broker, topic, [b"hello"])
        (message,) = CLIENTS[receiver].receive(kafka_broker, topic, 1)
        with spanglass.kafka.process(message), openai.OpenAI(base_url=provider, api_key="k") as client:
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])
        request, sent, processed, called = told(seen, "request", "send", "process", "chat")

    assert [span["trace"] for span in (request, sent, processed, called)] == [1] * 4
    assert [span["parent"] for span in (sent, processed, called)] == [request["id"], sent["id"], processed["id"]]
    for span in (sent, processed, called):
        assert (span["attributes"]["user.id"], span["attributes"]["session.id"]) == ("u-1", "s-1")
    assert sent["kind"] == "PRODUCER"
    assert sent["attributes"] == {
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.message.body.size": 5,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.system": "kafka",
        "session.id": "s-1",
        "user.id": "u-1",
    }


@EVERY_CLIENT
def test_the_application_s_headers_arrive_and_its_list_is_left_alone(
    kafka_broker: Broker, topic: str, name: str
) -> None:
    """One list used for many messages does not grow, and each message has one trace context."""
    headers = [("tenant", b"t-1"), ("traceparent", b"an older one")]
    with capture() as seen:
        CLIENTS[name].send(kafka_broker, topic, [b"1", b"2"], headers)
        messages = CLIENTS["kafka-python"].receive(kafka_broker, topic, 2)
        assert len(told(seen, "send")) == 2

    assert headers == [("tenant", b"t-1"), ("traceparent", b"an older one")]
    for message in messages:
        names = [key for key, _ in message.headers]
        assert (names.count("tenant"), names.count("traceparent")) == (1, 1)
        assert dict(message.headers)["traceparent"] != b"an older one"


@EVERY_CLIENT
def test_a_batch_is_one_span_linked_to_each_send(kafka_broker: Broker, topic: str, name: str) -> None:
    """Three messages received at once are one process span with three links."""
    with capture() as seen:
        CLIENTS[name].send(kafka_broker, topic, [b"1", b"2", b"3"])
        with spanglass.kafka.process_batch(CLIENTS[name].receive(kafka_broker, topic, 3)):
            pass
        sent = [{"trace": span["trace"], "span": span["id"]} for span in told(seen, "send")]
        (batch,) = told(seen, "process")

    assert len(sent) == 3
    assert batch["links"] == sent


@EVERY_CLIENT
def test_a_refused_message_is_an_error_of_its_span_and_of_the_application(
    kafka_broker: Broker, topic: str, name: str
) -> None:
    """What the broker refuses after `send` has returned ends the span with the error, which the application gets."""
    admin = AdminClient({"bootstrap.servers": kafka_broker.address})
    for created in admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": "100"})]).values():
        created.result(30)
    with capture() as seen:
        with pytest.raises(Exception, match=r"(?i)size|too large"):
            CLIENTS[name].send(kafka_broker, topic, [b"x" * 5000])
        (span,) = told(seen, "send")
        (point,) = seen.metrics()["messaging.client.operation.duration"]

    assert span["status"] == "ERROR"
    assert span["attributes"]["error.type"] == point["labels"]["error.type"]
    assert "messaging.kafka.offset" not in span["attributes"]


def test_threads_and_tasks_send_each_in_its_own_trace(kafka_broker: Broker, topic: str) -> None:
    """One producer used by many: the parent of each message is the span of who sent it."""
    producer = kafka.KafkaProducer(bootstrap_servers=kafka_broker.address)

    def work() -> None:
        with tracer.start_as_current_span("work"):
            producer.send(topic, b"from a thread").get(30)

    async def main() -> None:
        async def task(aio: aiokafka.AIOKafkaProducer) -> None:
            with tracer.start_as_current_span("work"):
                await aio.send_and_wait(topic, b"from a task")

        async with aiokafka.AIOKafkaProducer(bootstrap_servers=kafka_broker.address) as aio:
            await asyncio.gather(*(task(aio) for _ in range(5)))

    with capture() as seen:
        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        producer.close()
        asyncio.run(main())
        workers, sent = told(seen, "work"), told(seen, "send")

    assert len(sent) == 10
    assert sorted(span["parent"] for span in sent) == [span["id"] for span in workers]


@EVERY_CLIENT
def test_an_unsampled_request_stays_unsampled(kafka_broker: Broker, topic: str, name: str) -> None:
    """The decision travels: no span here, none there, and the measurement counts."""
    unsampled = trace.SpanContext(0x99, 0x98, is_remote=True)
    with capture() as seen:
        with trace.use_span(trace.NonRecordingSpan(unsampled)):
            CLIENTS[name].send(kafka_broker, topic, [b"hello"])
        (message,) = CLIENTS[name].receive(kafka_broker, topic, 1)
        with spanglass.kafka.process(message):
            assert trace.get_current_span().get_span_context().trace_id == 0x99
        assert told(seen, "send", "process") == []
        assert seen.metrics()["messaging.client.operation.duration"][0]["count"] == 1


@EVERY_CLIENT
def test_a_message_that_another_instrumentation_sees_is_left_to_it(kafka_broker: Broker, topic: str, name: str) -> None:
    """Within a span of OpenTelemetry's instrumentation there is no second one, and its headers stay."""
    theirs = f"opentelemetry.instrumentation.{name.removesuffix('-python').replace('-', '_')}"
    with capture() as seen:
        with trace.get_tracer(theirs).start_as_current_span(f"{topic} send"):
            CLIENTS[name].send(kafka_broker, topic, [b"hello"], [("traceparent", b"theirs")])
        assert told(seen, "send") == []
    (message,) = CLIENTS["kafka-python"].receive(kafka_broker, topic, 1)

    assert message.headers == [("traceparent", b"theirs")]


@EVERY_CLIENT
def test_without_init_messages_are_as_the_application_made_them(kafka_broker: Broker, topic: str, name: str) -> None:
    """Where nothing is on, nothing is added."""
    CLIENTS[name].send(kafka_broker, topic, [b"hello"])
    (message,) = CLIENTS["kafka-python"].receive(kafka_broker, topic, 1)

    assert (message.value, message.headers) == (b"hello", [])


def test_connecting_over_tls_is_seen_in_kafka_python(kafka_broker: Broker) -> None:
    """The span tells what TCP and TLS took, and TLS alone; the first is the child of who made the producer."""
    with capture(step_s=0.001) as seen:
        with tracer.start_as_current_span("request"):
            producer = kafka.KafkaProducer(
                bootstrap_servers=kafka_broker.tls_address,
                security_protocol="SSL",
                ssl_cafile=str(kafka_broker.certificate),
            )
        producer.close()
        request, connected = told(seen, "request", "connect")[:2]
        measured = seen.metrics()["spanglass.messaging.connect.duration"][0]["labels"]

    told_of = connected["attributes"]
    assert connected["parent"] == request["id"]
    assert told_of["tls.established"] is True
    assert 0 < told_of["spanglass.connect.tls_time"] < told_of["spanglass.connect.transport_time"]
    assert measured == {"messaging.system": "kafka", "server.address": "127.0.0.1"}


def test_connecting_over_tls_is_seen_in_aiokafka(kafka_broker: Broker, topic: str) -> None:
    """The span tells what TCP and TLS took together; it is the child of who started the producer."""

    async def main() -> None:
        context = create_ssl_context(cafile=str(kafka_broker.certificate))
        with tracer.start_as_current_span("request"):
            async with aiokafka.AIOKafkaProducer(
                bootstrap_servers=kafka_broker.tls_address, security_protocol="SSL", ssl_context=context
            ) as producer:
                await producer.send_and_wait(topic, b"hello")

    with capture(step_s=0.001) as seen:
        asyncio.run(main())
        request, connected = told(seen, "request", "connect")[:2]

    assert connected["parent"] == request["id"]
    assert connected["attributes"]["tls.established"] is True
    assert connected["attributes"]["spanglass.connect.transport_time"] > 0


def test_a_broker_that_is_not_there_is_an_error_in_aiokafka() -> None:
    """What fails to connect says so on the span, and raises as it did."""
    (port,) = free_ports(1)
    with capture() as seen:
        with pytest.raises(KafkaConnectionError):
            asyncio.run(_fail_to_start(port))
        spans = told(seen, "connect")

    assert {span["name"] for span in spans} == {f"connect 127.0.0.1:{port}"}
    assert {span["status"] for span in spans} == {"ERROR"}


async def _fail_to_start(port: int) -> None:
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=500)
    try:
        await producer.start()
    finally:
        await producer.stop()


NOBODY_THERE = """
import os, sys
import spanglass
spanglass.init(service_name="sender")
from kafka import KafkaProducer
from kafka.errors import KafkaError
try:
    KafkaProducer(bootstrap_servers=sys.argv[1], bootstrap_timeout_ms=500)
except KafkaError:
    spanglass.flush()
    os._exit(0)  # the half-made producer leaves a thread behind
"""


def test_a_broker_that_is_not_there_is_an_error_in_kafka_python() -> None:
    """Likewise."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with receiver() as seen:
        command = [sys.executable, "-c", NOBODY_THERE, address]
        subprocess.run(command, env=environment(seen.endpoint), check=True, timeout=60)
        spans = [span for _, span in seen.spans()]

    assert {(span.name, span.status.code) for span in spans} == {(f"connect {address}", 2)}


def test_what_was_not_handled_is_not_committed(kafka_broker: Broker, topic: str) -> None:
    """A handler that raises keeps its message uncommitted; another member of the group gets it again, in its trace."""
    with capture() as seen:
        CLIENTS["confluent-kafka"].send(kafka_broker, topic, [b"1", b"2"])
        member = group_member(kafka_broker, topic, topic)
        with spanglass.kafka.process(polled(member), group=topic):
            member.commit(asynchronous=False)
        with pytest.raises(ValueError, match="broken"), spanglass.kafka.process(polled(member), group=topic):
            raise ValueError("broken")
        member.close()
        other = group_member(kafka_broker, topic, topic)
        again = polled(other)
        with spanglass.kafka.process(again, group=topic):
            other.commit(asynchronous=False)
        other.close()
        sent, processed = told(seen, "send"), told(seen, "process")

    assert again.value() == b"2"
    assert [span["parent"] for span in processed] == [sent[0]["id"], sent[1]["id"], sent[1]["id"]]
    assert [span.get("status") for span in processed] == [None, "ERROR", None]


def test_a_group_that_is_rebalanced_goes_on(kafka_broker: Broker, topic: str) -> None:
    """A member that joins while messages are processed takes its share; every message is processed in its trace."""
    admin = AdminClient({"bootstrap.servers": kafka_broker.address})
    for created in admin.create_topics([NewTopic(topic, 4, 1)]).values():
        created.result(30)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka_broker.address})
    by_member: list[set[bytes]] = [set(), set()]
    with capture() as seen:
        members = [group_member(kafka_broker, topic, topic)]
        for number in range(500):
            producer.produce(topic, str(number).encode(), partition=number % 4)
            producer.poll(0)
            if number == 20:
                members.append(group_member(kafka_broker, topic, topic))
            for member, handled in zip(members, by_member, strict=False):
                message = member.poll(0.02)
                if message is not None and message.error() is None:
                    with spanglass.kafka.process(message, group=topic):
                        handled.add(message.value() or b"")
                        member.commit(message=message)
            if by_member[0] and by_member[1]:
                break
        producer.close()
        for member in members:
            member.close()
        sent, processed = told(seen, "send"), told(seen, "process")

    assert by_member[0]
    assert by_member[1]
    assert {span["parent"] for span in processed} <= {span["id"] for span in sent}


def test_confluent_s_delivery_reports_reach_whom_they_did(kafka_broker: Broker, topic: str) -> None:
    """A message's own callback, else the producer's; what the callback raises comes out of `flush`, as it did."""
    reports: list[str] = []

    def report(name: str) -> Any:  # noqa: ANN401 - a library's callback
        return lambda error, message: reports.append(f"{name} {error} {message.value().decode()}")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with capture() as seen:
        settings = {"bootstrap.servers": kafka_broker.address, "on_delivery": report("default")}
        producer = confluent_kafka.Producer(settings)
        producer.produce(topic, b"1")
        producer.produce(topic, b"2", on_delivery=report("own"))
        producer.produce(topic, b"3", callback=report("own"))
        producer.flush(30)
        producer.produce(topic, b"4", on_delivery=broken)
        with pytest.raises(ZeroDivisionError):
            producer.flush(30)
        producer.close()
        sent = told(seen, "send")

    assert reports == ["default None 1", "own None 2", "own None 3"]
    assert [span["attributes"]["messaging.kafka.offset"] for span in sent] == [0, 1, 2, 3]


def test_a_producer_that_reports_errors_alone_ends_its_span_at_once(kafka_broker: Broker, topic: str) -> None:
    """Of success nothing would be heard."""
    with capture() as seen:
        settings = {"bootstrap.servers": kafka_broker.address, "delivery.report.only.error": True}
        producer = confluent_kafka.Producer(settings)
        producer.produce(topic, b"hello")
        assert len(told(seen, "send")) == 1
        producer.close()


BY_INIT = """
import sys
import spanglass
spanglass.init(service_name="sender")
from confluent_kafka import Producer, SerializingProducer
from kafka import KafkaProducer
broker, topic = sys.argv[1:]
where = {"bootstrap.servers": broker}
serialising = SerializingProducer({**where, "value.serializer": lambda text, _: text.encode()})
for producer in (Producer(where), serialising):
    producer.produce(topic, value="hello")
    producer.flush(30)
other = KafkaProducer(bootstrap_servers=broker)
other.send(topic, b"hello")
other.close()
"""


@pytest.mark.parametrize(("frameworks_", "count"), [("auto", 3), ("kafka", 3), ("none", 0), ("aiokafka,redis", 0)])
def test_init_sees_producers_of_libraries_imported_after_it(
    kafka_broker: Broker, topic: str, frameworks_: str, count: int
) -> None:
    """Names imported from a module, and classes derived there, are seen; SPANGLASS_FRAMEWORKS decides."""
    with receiver() as seen:
        variables = environment(seen.endpoint, SPANGLASS_FRAMEWORKS=frameworks_)
        command = [sys.executable, "-c", BY_INIT, kafka_broker.address, topic]
        subprocess.run(command, env=variables, check=True, timeout=60)
    messages = CLIENTS["kafka-python"].receive(kafka_broker, topic, 3)

    assert seen.span_names().count(f"send {topic}") == count
    assert sum("traceparent" in dict(message.headers) for message in messages) == count
