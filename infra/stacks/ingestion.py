"""Ingestion: a queue that the HTTP API and the bus both end in. It keeps no state."""

from __future__ import annotations

from constructs import Construct

from functions.ingestion.manifest import API, CONSUMER, SERVICE
from infra.components.api import ServiceApi
from infra.components.consumer import EventConsumer
from infra.config import StageConfig
from infra.stacks.stack import StageStack, home


class IngestionStack(StageStack):
    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: ingestion")
        shared = home(self, SERVICE)
        consumer = EventConsumer(self, "Ingestion", consumer=CONSUMER, home=shared, environment={})
        # Contacts are forwarded under their own source, so the event types are pinned and the source is not.
        consumer.function.allow_put_events(source=None)

        queue = consumer.queue
        api = ServiceApi(
            self, "IngestionApi", api=API, home=shared, environment={"INGESTION_QUEUE_URL": queue.queue_url}
        )
        api.function.allow("sqs:SendMessage", on=queue.queue_arn)
        api.function.allow_check_in()

        self.output("ApiEndpoint", api.endpoint)
        self.output("ApiId", api.resource.api_id)
        self.output("QueueUrl", queue.queue_url)
        self.output("DeadLetterQueueUrl", consumer.dead_letter_queue.queue_url)
