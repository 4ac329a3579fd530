"""`python -m spanglass` is `spanglass`."""

from spanglass.cli import main

main()
