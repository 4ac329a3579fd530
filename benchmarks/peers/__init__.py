"""Other observability libraries, one file each, switched on as their documentation says; they run in .venv-peers."""
