"""The dialects of other producers, a file each: a table of names and pure functions over frozen records."""
