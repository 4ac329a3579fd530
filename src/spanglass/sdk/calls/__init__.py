"""What is recorded of one call to a model, whichever HTTP library carried it: span, metrics, event."""
