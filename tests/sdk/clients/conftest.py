"""These tests run twice: with the clients' current majors, and with the majors before in `.venv-previous`."""

from importlib.util import find_spec

# Needs openai 2, so it is installed there alone.
collect_ignore = [] if find_spec("litellm") else ["test_litellm.py"]
