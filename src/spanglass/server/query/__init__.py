"""Questions: one file each, with its SQL in a .sql file beside it and its answer as msgspec structs.

An answer is what the API sends: times in Unix seconds, durations in seconds, money as exact decimal strings.
"""
