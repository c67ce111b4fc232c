"""Ingestion's composition root: the environment and AWS come in here, once, at the first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

from functions.ingestion.adapters.sqs import SqsIntake
from functions.ingestion.manifest import CONSUMER
from functions.ingestion.ports import Intake
from functions.ingestion.process import Ingestion
from runtime.aws import client
from runtime.clock import SystemClock
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import ClaimSettings, claims_from_env, consumer_from_env

ENVIRONMENT: Final[Mapping[str, str]] = os.environ  # noqa: TID251 - this is the composition root


class ApiSettings(ClaimSettings):
    ingestion_queue_url: str


@cache
def consumer() -> QueueConsumer:
    """Raises ConfigurationError."""
    ingestion = Ingestion(SystemClock())
    return consumer_from_env(CONSUMER, ingestion.handle, ENVIRONMENT, on_unreadable=ingestion.on_unreadable)


@cache
def intake() -> Intake:
    """Raises ConfigurationError."""
    settings = ApiSettings.from_env(ENVIRONMENT)
    return SqsIntake(
        client("sqs"), url=settings.ingestion_queue_url, claims=claims_from_env(ENVIRONMENT), clock=SystemClock()
    )
