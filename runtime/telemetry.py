"""Structured logs: one canonical line for each record, and one for anything else worth knowing."""

from __future__ import annotations

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """The process's logger: JSON lines, named and levelled by the POWERTOOLS_* variables."""
    return Logger(use_rfc3339=True)
