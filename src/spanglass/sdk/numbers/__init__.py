"""An application's own numbers: how often, how much, how long; checked, bounded, and recorded with OpenTelemetry."""
