"""Traces on OpenTelemetry's SDK. Its packages ship only where a stage has tracing on (requirements-tracing.txt)."""
