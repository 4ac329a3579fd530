"""The public face for Apache Kafka: spans around the processing of messages; it only re-exports.

Messages that are sent need nothing: `spanglass.init()` sees producers of kafka-python, aiokafka and confluent-kafka.
"""

from spanglass.sdk.kafka.process import process, process_batch

__all__ = ["process", "process_batch"]
