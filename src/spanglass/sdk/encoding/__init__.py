"""OTLP requests as bytes, written without loading protobuf (3 MB) and its message objects; a file a signal."""
