"""The words: names of attributes and metrics, one table each, for all that write, read or document them.

`attributes` holds span, log and resource attributes, `metrics` the instruments with units, buckets and labels.
"""
