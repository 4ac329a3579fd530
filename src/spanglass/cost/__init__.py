"""Usage becomes money by a price table; pure, exact, and honest about what it does not know."""
