"""A stand-in provider that speaks the wire protocols, for demos, tests and examples."""
