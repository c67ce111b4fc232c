"""Deterministic simulation: seeded schedules of inputs, operators and faults, and what must hold after each."""
