"""What is compared, one file each: `setup(endpoint)` makes the process observed, `client_call` may wrap a call."""
