"""Ingestion's composition root: the environment and AWS come in here, once, at the first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

from functions.ingestion.adapters.dynamodb import DynamoDbCheckpoints
from functions.ingestion.adapters.s3 import S3Files
from functions.ingestion.adapters.sqs import SqsIntake
from functions.ingestion.bulk import FileIngestion
from functions.ingestion.manifest import BATCHED, CONSUMER, FILE_SECONDS, FILES
from functions.ingestion.ports import Intake
from functions.ingestion.process import Ingestion
from runtime.aws import later
from runtime.clock import SystemClock
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import ClaimSettings, claims_from_env, consumer_from_env, publisher_from_env
from runtime.lambda_tracing import tracer_from_env
from runtime.settings import Settings
from runtime.tracing import Tracer

ENVIRONMENT: Final[Mapping[str, str]] = os.environ  # noqa: TID251 - this is the composition root


class ApiSettings(ClaimSettings):
    ingestion_queue_url: str


class FileSettings(Settings):
    checkpoints_table: str


@cache
def consumer() -> QueueConsumer:
    """Raises ConfigurationError."""
    ingestion = Ingestion(SystemClock())
    return consumer_from_env(
        CONSUMER, ingestion.handle, ENVIRONMENT, on_unreadable=ingestion.on_unreadable, batched=BATCHED
    )


@cache
def tracer() -> Tracer:
    """Raises ConfigurationError."""
    return tracer_from_env(ENVIRONMENT)


@cache
def intake() -> Intake:
    """Raises ConfigurationError."""
    settings = ApiSettings.from_env(ENVIRONMENT)
    return SqsIntake(
        later("sqs"), url=settings.ingestion_queue_url, claims=claims_from_env(ENVIRONMENT), clock=SystemClock()
    )


@cache
def file_consumer() -> QueueConsumer:
    """Raises ConfigurationError."""
    clock = SystemClock()
    table = FileSettings.from_env(ENVIRONMENT).checkpoints_table
    ingestion = FileIngestion(
        files=S3Files(later("s3")),
        checkpoints=DynamoDbCheckpoints(later("dynamodb"), table, clock),
        publish=publisher_from_env(ENVIRONMENT, batched=BATCHED).publish,
        clock=clock,
        seconds=FILE_SECONDS,
    )
    return consumer_from_env(FILES, ingestion.handle, ENVIRONMENT)
