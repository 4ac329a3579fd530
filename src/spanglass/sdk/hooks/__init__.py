"""Hooks on HTTP clients, one file a client library family; they see calls to models and hand the bytes to `wire`."""
