from __future__ import annotations

import logging

import pytest

from runtime.telemetry import logger


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of schedules would say the same thousands of times."""
    monkeypatch.setattr(logging.getLogger(logger().name), "disabled", True)
