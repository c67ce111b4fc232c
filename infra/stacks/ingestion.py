"""Ingestion: a queue that the HTTP API and the bus both end in, and a bucket for files with their checkpoints."""

from __future__ import annotations

from typing import Final

from constructs import Construct

from functions.ingestion.manifest import API, CONSUMER, FILES, INCOMING, REJECTS, RESULTS, SERVICE
from infra.components.api import ServiceApi
from infra.components.bucket import FileBucket
from infra.components.consumer import EventConsumer
from infra.components.contract import publish_contract
from infra.components.function import Host
from infra.components.table import Keys, StateTable
from infra.config import StageConfig
from infra.stacks.stack import StageStack, home

FILES_BUCKET: Final = "files"


class IngestionStack(StageStack):
    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig, host: Host | None = None) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: ingestion")
        shared = home(self, SERVICE, host)
        publish_contract(self, SERVICE, stage=stage)
        consumer = EventConsumer(self, "Ingestion", consumer=CONSUMER, home=shared, environment={})
        # Contacts are forwarded under their own source, so the event types are pinned and the source is not.
        consumer.function.allow_put_events(source=None)

        queue = consumer.queue
        api = ServiceApi(
            self, "IngestionApi", api=API, home=shared, environment={"INGESTION_QUEUE_URL": consumer.queue_url}
        )
        api.function.allow("sqs:SendMessage", on=queue.queue_arn)
        api.function.allow_check_in()

        bucket, checkpoints = FileBucket(self, "Files", name=FILES_BUCKET, stage=stage), _checkpoints(self, stage)
        files = EventConsumer(
            self,
            "IngestionFiles",
            consumer=FILES,
            home=shared,
            environment={"CHECKPOINTS_TABLE": checkpoints},
            own_events=bucket.own_events,
        )
        files.function.allow_put_events(source=None)
        bucket.allow(files.function, "GetObject", "GetObjectVersion", under=INCOMING)
        for answers in (REJECTS, RESULTS):
            bucket.allow(files.function, "PutObject", under=answers)
        checkpoints.allow(files.function, "GetItem", "PutItem")

        self.dashboard(SERVICE, {API.function.name: api.resource.api_id})
        self.output("ApiEndpoint", api.endpoint)
        self.output("ApiId", api.resource.api_id)
        self.output("QueueUrl", queue.queue_url)
        self.output("DeadLetterQueueUrl", consumer.dead_letter_queue.queue_url)
        self.output("FilesBucket", bucket.resource.ref)
        self.output("FilesQueueUrl", files.queue.queue_url)
        self.output("FilesDeadLetterQueueUrl", files.dead_letter_queue.queue_url)


def _checkpoints(scope: Construct, stage: StageConfig) -> StateTable:
    return StateTable(
        scope,
        "Checkpoints",
        name="checkpoints",
        keys=Keys("file"),
        ttl_attribute="expires",
        stream=False,
        indexes=(),
        stage=stage,
    )
