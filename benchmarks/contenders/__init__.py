"""What is compared, one file each: `setup(endpoint, content=)` makes the process observed; see `benchmarks.child`."""
