"""The bus, and its memory."""

from __future__ import annotations

from aws_cdk import aws_events
from constructs import Construct

from infra.config import StageConfig
from infra.stacks.stack import StageStack


class BusStack(StageStack):
    """Deploy it first: a rule needs its bus. Services can then come and go in any order."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: the event bus")
        bus = aws_events.EventBus(self, "EventBus", event_bus_name=stage.bus_name)
        if stage.archive_days is not None:
            # No pattern: everything. Replays change nothing where consumers apply each event once.
            aws_events.CfnArchive(
                self,
                "Archive",
                archive_name=stage.bus_name,
                source_arn=bus.event_bus_arn,
                retention_days=stage.archive_days,
            )
        self.output("EventBusName", bus.event_bus_name)
        self.output("EventBusArn", bus.event_bus_arn)
