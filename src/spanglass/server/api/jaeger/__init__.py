"""Jaeger's query API over the questions, so that Grafana's Jaeger data source and Jaeger's own UI can look in."""
