"""The bus, its memory, the bucket for large data, what operators did, and what alarms and dashboards share."""

from __future__ import annotations

from aws_cdk import aws_events, aws_iam, aws_sns
from constructs import Construct

from contracts.company import SERVICES
from infra.components.dashboards import FlowDashboard
from infra.components.operations import operations_table
from infra.components.payloads import payload_bucket
from infra.config import StageConfig
from infra.stacks.stack import StageStack


class BusStack(StageStack):
    """Deploy it first: a rule needs its bus. Services can then come and go in any order."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: the event bus")
        bus = aws_events.EventBus(self, "EventBus", event_bus_name=stage.bus_name)
        if stage.archive_days is not None:
            # No pattern: everything. Consumers remember what they did for longer than the archive does.
            aws_events.CfnArchive(
                self,
                "Archive",
                archive_name=stage.bus_name,
                source_arn=bus.event_bus_arn,
                retention_days=stage.archive_days,
            )
        payloads = payload_bucket(self, "Payloads", stage=stage)
        operations = operations_table(self, "Operations", stage=stage)
        if stage.alarms:
            self.output("AlarmTopicArn", _alarm_topic(self, stage).topic_arn)
        if stage.dashboards:
            FlowDashboard(self, "Flow", services=SERVICES, stage=stage)
        self.output("EventBusName", bus.event_bus_name)
        self.output("EventBusArn", bus.event_bus_arn)
        self.output("PayloadBucketName", payloads.bucket_name)
        self.output("OperationsTableName", operations.name)


def _alarm_topic(scope: Construct, stage: StageConfig) -> aws_sns.Topic:
    """Not encrypted by the AWS-managed key: CloudWatch could not publish to it. Alarms name queues and no data."""
    topic = aws_sns.Topic(scope, "Alarms", topic_name=stage.alarm_topic, enforce_ssl=True)
    topic.grant_publish(aws_iam.ServicePrincipal("cloudwatch.amazonaws.com"))
    return topic
