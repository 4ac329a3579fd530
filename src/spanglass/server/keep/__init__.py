"""Keeping house while the server runs: summaries, age, and the work that is asked for one at a time."""
