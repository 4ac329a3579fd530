"""Measurements beside a baseline, as ratios interleaved in one run; `python -m benchmarks --help`."""
