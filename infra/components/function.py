"""The one way to make a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aws_cdk import Aws, Duration, RemovalPolicy, Stack, aws_events, aws_iam, aws_lambda, aws_logs
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.components.alarms import AlarmKind, Condition, raise_alarm
from infra.components.traced import trace
from infra.config import LogDays, StageConfig
from infra.packaging import host_architecture
from runtime.claim_check import PREFIX
from runtime.manifest import Function, Service
from runtime.topology import HANDLER as GROUP_HANDLER

_RETENTION: Final[Mapping[LogDays, aws_logs.RetentionDays]] = {
    3: aws_logs.RetentionDays.THREE_DAYS,
    14: aws_logs.RetentionDays.TWO_WEEKS,
    90: aws_logs.RetentionDays.THREE_MONTHS,
}


class Named(Protocol):
    """Something whose name a function is told."""

    @property
    def name(self) -> str:
        """For who is in the same stack."""

    @property
    def known_name(self) -> str:
        """The same, for who is in another: computed, and no reference."""


Environment = Mapping[str, str | Named]


class Host(Protocol):
    """The function that the services of a group share. It stands in a stack of its own."""

    @property
    def name(self) -> str:
        """The function's, and its role's."""

    @property
    def queue_name(self) -> str: ...

    @property
    def dead_letter_queue_name(self) -> str: ...

    @property
    def queue_url(self) -> str:
        """For its own environment."""

    def add_environment(self, service: str, name: str, value: str) -> None:
        """A variable that this service alone sees. Raises BrokenRelation for one that it has set otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What all functions of one service share. `host` is where they are all one function, with other services'."""

    stage: StageConfig
    service: Service
    bus: aws_events.IEventBus
    code: aws_lambda.Code
    host: Host | None = None


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
    """A function with a role of its own that may write its log, and nothing else until it is allowed to.

    Where its home has a host, it is the host's function, and what it is allowed is added to the host's role.
    """

    role: aws_iam.IRole
    resource: aws_lambda.IFunction

    def __init__(
        self, scope: Construct, construct_id: str, *, spec: Function, home: Home, environment: Environment
    ) -> None:
        super().__init__(scope, construct_id)
        self._home = home
        self.name = home.host.name if home.host else home.stage.resource_name(spec.name)
        if home.host:
            self._be_hosted(home.host, environment)
        else:
            self._stand_alone(spec, environment)

    def _be_hosted(self, host: Host, environment: Environment) -> None:
        self.role = aws_iam.Role.from_role_name(self, "Role", host.name)
        self.resource = aws_lambda.Function.from_function_attributes(
            self,
            "Function",
            function_arn=computed_arn("lambda", f"function:{host.name}"),
            same_environment=True,
            role=aws_iam.Role.from_role_name(self, "HostRole", host.name, mutable=False),
        )
        for name, value in environment.items():
            self._tell(name, value if isinstance(value, str) else value.known_name)

    def _stand_alone(self, spec: Function, environment: Environment) -> None:
        home = self._home
        role = aws_iam.Role(
            self,
            "Role",
            assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com"),
            role_name=self.name if spec.handler == GROUP_HANDLER else None,
        )
        self.role = role
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
            role=role.without_policy_updates(),
            log_group=log,
            **_log_levels(home.stage),
            environment={**_common_environment(home), **_in_one_stack(environment)},
        )
        if home.stage.tracing is not None:
            trace(self, tracing=home.stage.tracing, function=self.resource, role=role)
        acknowledge(self.resource, "AwsSolutions-L1", "The wheels are resolved for Python 3.13; both move together.")
        if home.stage.alarms:
            _alarms(self, spec.name, self.resource, home.stage)

    def allow(self, *actions: str, on: str, when: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Grant exactly these actions on exactly this resource."""
        statement = aws_iam.PolicyStatement(actions=list(actions), resources=[on], conditions=when)
        self.role.add_to_principal_policy(statement)

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

    def _tell(self, name: str, value: str) -> None:
        if self._home.host:
            self._home.host.add_environment(self._home.service.name, name, value)
        elif isinstance(self.resource, aws_lambda.Function):
            self.resource.add_environment(name, value)

    def _allow_payloads(self, action: str) -> None:
        bucket = self._home.stage.payload_bucket(account=Aws.ACCOUNT_ID, region=Aws.REGION)
        self._tell("CLAIM_BUCKET", bucket)
        self.allow(action, on=_s3_arn(self, f"{bucket}/{PREFIX}*"))
        finding = self._home.stage.payload_bucket(account="<AWS::AccountId>", region="<AWS::Region>")
        acknowledge(
            self.role,
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{finding}/{PREFIX}*]",
            "Every payload has a key of its own, and there are only payloads under this prefix.",
        )


def computed_arn(service: str, resource: str) -> str:
    """Of something in this account and region that another stack may have."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def _in_one_stack(environment: Environment) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value.name for name, value in environment.items()}


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


def _alarms(scope: Construct, name: str, function: aws_lambda.Function, stage: StageConfig) -> None:
    """A single failure is tried again; one that comes back is somebody's business."""
    minute, lasting = Duration.minutes(1), Condition(over=1, times=3, of=5)
    raise_alarm(
        scope,
        "Errors",
        kind=AlarmKind.FUNCTION_ERRORS,
        name=f"{name}-errors",
        says=f"{stage.resource_name(name)} fails as a whole, in 3 of 5 minutes.",
        metric=function.metric_errors(period=minute, statistic="Sum"),
        when=lasting,
        stage=stage,
    )
    raise_alarm(
        scope,
        "Throttles",
        kind=AlarmKind.FUNCTION_THROTTLES,
        name=f"{name}-throttles",
        says=f"Lambda refuses to run {stage.resource_name(name)} as often as it is called, in 3 of 5 minutes.",
        metric=function.metric_throttles(period=minute, statistic="Sum"),
        when=lasting,
        stage=stage,
    )


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
