"""Every knob that differs by stage. What is the same in all of them is a constant beside its resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from contracts.company import SERVICES
from infra.tracing import Tracing
from runtime.manifest import Consumer
from runtime.topology import SERVICES as APART
from runtime.topology import Topology, topology

#: `lambda-arm64`: what AWS runs. `lambda-this-cpu`: Lambda's Linux and Python, for the processor at hand.
#: `this-machine`: wheels for the Python and the processor at hand.
PackageTarget = Literal["lambda-arm64", "lambda-this-cpu", "this-machine"]
LogDays = Literal[3, 14, 90]

#: The table of what operators did, the index by which an event's history is found, and when an original is forgotten.
OPERATIONS_TABLE: Final = "operations"
OPERATIONS_INDEX: Final = "by-event"
OPERATIONS_EXPIRY: Final = "expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """One stage. Account and region are nobody's business here: a template fits any.

    `platform_logs` has Lambda write when each invocation starts and ends, beside what the function writes.
    `retain_data` keeps tables, secrets and logs when a stack is deleted, and protects tables from deletion.
    `max_concurrency` is how many invocations a queue may have at a time; None leaves it to the manifest.
    `batching_windows` has functions wait until their batches fill, as long as the manifest says.
    `dashboards` draws each service and the whole flow in CloudWatch.
    `emf_extracted` says whether CloudWatch makes metrics of log lines; elsewhere the lines are read.
    `archive_days` is how long the bus remembers events for replays; None leaves the archive out.
    `require_tls` has queues refuse plain HTTP.
    `pin_event_source` has IAM refuse a service that puts another service's events on the bus.
    `pin_sender` has IAM refuse mail as anybody else than the sender.
    `webhook_trusted_hosts` are exempt from the rule that webhooks go to public https addresses.
    `sender_address` is the From of every e-mail; `sender_identity` has SES verify it.
    `schema_registry` has Glue keep every released schema, and refuse one that breaks an earlier one.
    `event_schemas` shows the events in EventBridge's own registry, for its console and its code bindings.
    `tracing` has functions tell what they do as OpenTelemetry spans; None leaves it out (see infra.tracing).
    `topology` says which services share a function (see runtime.topology); it may be asked for at each deployment.
    `bootstrap_roles` has `cdk deploy` act in the roles that `cdk bootstrap` made, not as whoever runs it.
    """

    name: str
    package_target: PackageTarget
    log_level: Literal["DEBUG", "INFO"]
    log_days: LogDays
    platform_logs: bool
    retain_data: bool
    max_concurrency: int | None
    batching_windows: bool
    alarms: bool
    dashboards: bool
    emf_extracted: bool
    archive_days: int | None
    api_auth: Literal["iam", "none"]
    api_rate_limit: int
    api_burst_limit: int
    sender_address: str
    sender_identity: bool
    webhook_trusted_hosts: tuple[str, ...]
    require_tls: bool
    pin_event_source: bool
    pin_sender: bool
    schedules_enabled: bool
    schema_registry: bool
    event_schemas: bool
    bootstrap_roles: bool
    tracing: Tracing | None
    topology: str = APART

    @property
    def grouped(self) -> Topology:
        """Raises InvalidTopology."""
        return topology(self.topology, SERVICES)

    @property
    def on_lambda(self) -> bool:
        """Whether functions run on AWS, in sandboxes that take layers."""
        return self.package_target == "lambda-arm64"

    @property
    def prefix(self) -> str:
        """What the names of the stage's resources start with."""
        return f"breakwater-{self.name}"

    @property
    def bus_name(self) -> str:
        """Computed, so that a service's stack finds the bus without asking the bus's stack."""
        return self.prefix

    @property
    def replay_rules(self) -> str:
        """What the names of rules start with that exist for one replay: an operator's command makes and removes them.

        Queues take messages from any rule of the bus that is named so.
        """
        return f"{self.prefix}-replay-"

    @property
    def alarm_topic(self) -> str:
        """Where alarms go. Computed, as the bus's name is; people and pagers subscribe to it."""
        return f"{self.prefix}-alarms"

    def payload_bucket(self, *, account: str, region: str) -> str:
        """Where the data of large events lies. All of S3 shares one space of names: hence account and region."""
        return f"{self.prefix}-payloads-{account}-{region}"

    def resource_name(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def deployed_name(self, function: str) -> str:
        """What a manifest's function is called, and its queue: after itself, or after the group that it is in."""
        return self.resource_name(self.grouped.deployed_as(function))

    def concurrency(self, consumer: Consumer) -> int:
        """Invocations of the consumer at a time, at most."""
        return min(consumer.max_concurrency, self.max_concurrency or consumer.max_concurrency)

    def batching_window(self, consumer: Consumer) -> int:
        """Seconds for which a batch may fill."""
        return consumer.batching_window if self.batching_windows else 0

    def stack_name(self, stack_id: str) -> str:
        return f"Breakwater-{self.name}-{stack_id}"


_EMBEDDED: Final = StageConfig(
    name="embedded",
    package_target="this-machine",
    log_level="INFO",
    log_days=3,
    platform_logs=True,
    retain_data=False,
    max_concurrency=2,  # each is a process here: more than there are processors wait for each other, and all start
    batching_windows=False,  # what a full batch saves is AWS's bill; here somebody looks on, and full ones come anyway
    alarms=False,  # the emulator has no queue metrics: an alarm would never fire
    dashboards=False,  # nor any of ours: they would stay empty
    emf_extracted=False,
    archive_days=None,  # the emulator's CloudFormation does not know AWS::Events::Archive
    api_auth="none",
    api_rate_limit=1000,
    api_burst_limit=1000,
    sender_address="billing@breakwater.example",
    sender_identity=True,
    webhook_trusted_hosts=("127.0.0.1", "localhost"),
    require_tls=False,  # the emulator speaks plain HTTP, on loopback only, and would refuse its own functions
    pin_event_source=False,  # the emulator gives events:* condition keys no value and so refuses every call
    pin_sender=False,  # the emulator asks for ses:SendEmail on "*", whoever sends
    bootstrap_roles=False,  # the emulator's IAM gives aws:ResourceAccount, which their policies ask for, no value
    schema_registry=False,  # the emulator's Glue has no schemas
    event_schemas=False,  # the emulator's CloudFormation does not know AWS::EventSchemas::*
    schedules_enabled=False,  # the demonstration closes a period when it wants to
    tracing=None,
)

#: LocalStack runs functions in Lambda's own images.
_LOCALSTACK: Final = replace(
    _EMBEDDED,
    name="localstack",
    package_target="lambda-this-cpu",
    bootstrap_roles=True,
    batching_windows=True,  # it checks, as AWS does, that batches over ten have one
)

_DEV: Final = StageConfig(
    name="dev",
    package_target="lambda-arm64",
    log_level="DEBUG",
    log_days=14,
    platform_logs=True,
    retain_data=False,
    max_concurrency=None,
    batching_windows=True,
    alarms=True,
    dashboards=True,
    emf_extracted=True,
    archive_days=7,
    api_auth="iam",
    api_rate_limit=100,
    api_burst_limit=200,
    sender_address="billing@dev.breakwater.example",
    sender_identity=True,
    webhook_trusted_hosts=(),
    require_tls=True,
    pin_event_source=True,
    pin_sender=True,
    schedules_enabled=True,
    schema_registry=True,
    event_schemas=True,
    bootstrap_roles=True,
    tracing=None,
)

_PROD: Final = StageConfig(
    name="prod",
    package_target="lambda-arm64",
    log_level="INFO",
    log_days=90,
    platform_logs=False,  # 480 bytes an invocation, whose duration is a metric anyhow: see `python -m ops cost`
    retain_data=True,
    max_concurrency=None,
    batching_windows=True,
    alarms=True,
    dashboards=True,
    emf_extracted=True,
    archive_days=30,
    api_auth="iam",
    api_rate_limit=1000,
    api_burst_limit=2000,
    sender_address="billing@breakwater.example",
    sender_identity=True,
    webhook_trusted_hosts=(),
    require_tls=True,
    pin_event_source=True,
    pin_sender=True,
    schedules_enabled=True,
    schema_registry=True,
    event_schemas=True,
    bootstrap_roles=True,
    tracing=None,
)

STAGES: Final[Mapping[str, StageConfig]] = {stage.name: stage for stage in (_EMBEDDED, _LOCALSTACK, _DEV, _PROD)}
DEFAULT_STAGE: Final = _DEV.name


class UnknownStage(ValueError):
    """No stage has that name."""


def stage_named(name: str) -> StageConfig:
    """Raises UnknownStage, which lists the known ones."""
    try:
        return STAGES[name]
    except KeyError:
        raise UnknownStage(f"there is no stage {name!r}; known: {', '.join(STAGES)}") from None
