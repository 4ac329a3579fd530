"""Attributes of any span become facts: an ordered list of pure functions over frozen records."""
