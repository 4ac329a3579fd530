"""OTLP in: HTTP and gRPC, bytes to records, limits; knows a sink and nothing behind it."""
