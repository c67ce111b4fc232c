"""The one way to make a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Aws, Duration, RemovalPolicy, Stack, aws_events, aws_iam, aws_lambda, aws_logs
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.config import LogDays, StageConfig
from infra.packaging import host_architecture
from runtime.claim_check import PREFIX
from runtime.manifest import Function, Service

_RETENTION: Final[Mapping[LogDays, aws_logs.RetentionDays]] = {
    3: aws_logs.RetentionDays.THREE_DAYS,
    14: aws_logs.RetentionDays.TWO_WEEKS,
    90: aws_logs.RetentionDays.THREE_MONTHS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What all functions of one service share."""

    stage: StageConfig
    service: Service
    bus: aws_events.IEventBus
    code: aws_lambda.Code


def removal_policy(stage: StageConfig) -> RemovalPolicy:
    """What was kept after a first deployment that failed would be in the way of the next one: that is let go."""
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retain_data else RemovalPolicy.DESTROY


def log_group(scope: Construct, construct_id: str, *, name: str, stage: StageConfig) -> aws_logs.LogGroup:
    """A log group that forgets after the stage's days: one that AWS makes by itself never does."""
    return aws_logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=_RETENTION[stage.log_days],
        removal_policy=removal_policy(stage),
    )


class ServiceFunction(Construct):
    """A function with a role of its own that may write its log, and nothing else until it is allowed to."""

    def __init__(
        self, scope: Construct, construct_id: str, *, spec: Function, home: Home, environment: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = home.stage.resource_name(spec.name)
        self._home = home
        self.role = aws_iam.Role(self, "Role", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com"))
        log = log_group(self, "Log", name=f"/aws/lambda/{self.name}", stage=home.stage)
        # Not AWSLambdaBasicExecutionRole: that managed policy may write to every log group of the account.
        self.allow("logs:CreateLogStream", "logs:PutLogEvents", on=log.log_group_arn)
        self.resource = aws_lambda.Function(
            self,
            "Function",
            function_name=self.name,
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            architecture=_architecture(home.stage),
            code=home.code,
            handler=spec.handler,
            timeout=Duration.seconds(spec.timeout),
            memory_size=spec.memory_mib,
            role=self.role.without_policy_updates(),
            log_group=log,
            **_log_levels(home.stage),
            environment={**_common_environment(home), **environment},
        )
        acknowledge(self.resource, "AwsSolutions-L1", "The wheels are resolved for Python 3.13; both move together.")

    def allow(self, *actions: str, on: str, when: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Grant exactly these actions on exactly this resource."""
        self.role.add_to_policy(aws_iam.PolicyStatement(actions=list(actions), resources=[on], conditions=when))

    def allow_put_events(self, *, source: str | None) -> None:
        """May put the service's own event types on the bus; `source` pins the source too, None for forwarders."""
        pinned: dict[str, Mapping[str, Any]] = {"StringEquals": {"events:detail-type": list(self._home.service.emits)}}
        if source is not None:
            # A call has many entries, and so many sources; of an absent key, ForAllValues says yes.
            pinned |= {"ForAllValues:StringEquals": {"events:source": source}, "Null": {"events:source": "false"}}
        condition = pinned if self._home.stage.pin_event_source else None
        self.allow("events:PutEvents", on=self._home.bus.event_bus_arn, when=condition)
        self.allow_check_in()

    def allow_check_in(self) -> None:
        """May put the data of large events into the payload bucket, and knows where that is."""
        self._allow_payloads("s3:PutObject")

    def allow_check_out(self) -> None:
        """May read it. Who may not list a bucket is told of an object that is gone that it is denied."""
        self._allow_payloads("s3:GetObject")
        bucket = self._home.stage.payload_bucket(account=Aws.ACCOUNT_ID, region=Aws.REGION)
        self.allow("s3:ListBucket", on=_s3_arn(self, bucket))

    def _allow_payloads(self, action: str) -> None:
        bucket = self._home.stage.payload_bucket(account=Aws.ACCOUNT_ID, region=Aws.REGION)
        self.resource.add_environment("CLAIM_BUCKET", bucket)
        self.allow(action, on=_s3_arn(self, f"{bucket}/{PREFIX}*"))
        finding = self._home.stage.payload_bucket(account="<AWS::AccountId>", region="<AWS::Region>")
        acknowledge(
            self.role,
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{finding}/{PREFIX}*]",
            "Every payload has a key of its own, and there are only payloads under this prefix.",
        )


def _s3_arn(scope: Construct, resource: str) -> str:
    return Stack.of(scope).format_arn(service="s3", region="", account="", resource=resource)


def _log_levels(stage: StageConfig) -> dict[str, Any]:
    """Lambda can leave its own lines out only of logs in JSON; what is JSON already stays as the function wrote it."""
    if stage.platform_logs:
        return {}
    return {
        "logging_format": aws_lambda.LoggingFormat.JSON,
        "application_log_level_v2": aws_lambda.ApplicationLogLevel[stage.log_level],
        "system_log_level_v2": aws_lambda.SystemLogLevel.WARN,
    }


def _common_environment(home: Home) -> Mapping[str, str]:
    return {
        "EVENT_BUS_NAME": home.stage.bus_name,
        "POWERTOOLS_LOG_LEVEL": home.stage.log_level,
        "POWERTOOLS_SERVICE_NAME": home.service.name,
        "STAGE": home.stage.name,
    }


def _architecture(stage: StageConfig) -> aws_lambda.Architecture:
    arm = stage.package_target == "lambda-arm64" or host_architecture() == "arm64"
    return aws_lambda.Architecture.ARM_64 if arm else aws_lambda.Architecture.X86_64
