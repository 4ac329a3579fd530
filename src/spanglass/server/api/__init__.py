"""The HTTP API and the UI, over the questions in `query`."""
