"""The embedded stack: an endpoint with Breakwater on it, and where to find its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from contracts.company import SERVICES
from local.embedded.assembly import STAGE, TOPOLOGY, assembly, stacks_in
from local.embedded.cloud import Cloud
from local.embedded.deploy import Deployed, deploy
from local.embedded.emulator_env import emulator_python
from local.embedded.ministack import running_ministack
from runtime.group import own_variable
from runtime.manifest import Consumer
from runtime.topology import SERVICES as APART
from runtime.topology import Topology, topology

PREFIX: Final = f"breakwater-{STAGE}"
CONSUMERS: Final[tuple[Consumer, ...]] = tuple(consumer for service in SERVICES for consumer in service.consumers)
_ARCHIVE_DAYS: Final = 7

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """Breakwater, deployed. `is_ours` when the endpoint was started for it and ends with it."""

    cloud: Cloud
    deployed: Mapping[str, Deployed]
    is_ours: bool
    topology: Topology = field(default_factory=Topology)

    @property
    def bus_name(self) -> str:
        return PREFIX

    @cached_property
    def ingestion_url(self) -> str:
        return self._api_url("Ingestion")

    @cached_property
    def billing_url(self) -> str:
        return self._api_url("Billing")

    @property
    def payload_bucket(self) -> str:
        """Where the data of large events lies."""
        return self.deployed[f"Breakwater-{STAGE}-Bus"].outputs["PayloadBucketName"]

    @cached_property
    def files_bucket(self) -> str:
        return self.deployed[f"Breakwater-{STAGE}-Ingestion"].outputs["FilesBucket"]

    def queue_url(self, consumer: str) -> str:
        return str(self.cloud.client("sqs").get_queue_url(QueueName=self.function_name(consumer))["QueueUrl"])

    def dead_letter_url(self, consumer: str) -> str:
        name = f"{self.function_name(consumer)}-dlq"
        return str(self.cloud.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def function_name(self, function: str) -> str:
        return f"{PREFIX}-{self.topology.deployed_as(function)}"

    @cached_property
    def log_groups(self) -> dict[str, str]:
        """Function (by its name in the manifest, or its group's) -> CloudWatch log group."""
        names = [self.topology.deployed_as(f.name) for service in SERVICES for f in service.functions]
        return {name: self._log_group(name) for name in dict.fromkeys(names)}

    def _log_group(self, function: str) -> str:
        configuration = self.configuration(function)
        default = f"/aws/lambda/{self.function_name(function)}"
        return str(configuration.get("LoggingConfig", {}).get("LogGroup") or default)

    def configuration(self, function: str) -> dict[str, Any]:
        """Lambda's configuration of one function."""
        asked = self.cloud.client("lambda").get_function_configuration(FunctionName=self.function_name(function))
        return dict(asked)

    def variable(self, service: str, function: str, name: str) -> str:
        """One of the variables that a service's function sees."""
        variables = self.configuration(function)["Environment"]["Variables"]
        return str(variables.get(own_variable(service, name)) or variables[name])

    def backlog(self) -> int:
        """Messages on all consumers' queues, in flight, waiting or put off. Dead letters do not count."""
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        urls = {self.queue_url(consumer.name) for consumer in CONSUMERS}
        asked = (self.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names) for url in urls)
        return sum(int(count) for answer in asked for count in answer["Attributes"].values())

    def _api_url(self, stack_id: str) -> str:
        (api_id,) = self.deployed[f"Breakwater-{STAGE}-{stack_id}"].resources["AWS::ApiGatewayV2::Api"]
        return self.cloud.api_url(api_id)


@contextmanager
def endpoint(environ: Mapping[str, str], say: Say) -> Iterator[tuple[Cloud, bool]]:
    """The endpoint that `AWS_ENDPOINT_URL` names, or else a new emulator for the length of the block.

    The second value says whether it was started here.
    """
    given = environ.get("AWS_ENDPOINT_URL")
    if given:
        say(f"endpoint: {given}, as AWS_ENDPOINT_URL says; no emulator is started")
        yield _given(given, environ), False
        return
    python = emulator_python(say)
    with running_ministack(python) as url:
        say(f"emulator: {url}, loopback only, IAM enforced")
        yield Cloud(url), True


def _given(url: str, environ: Mapping[str, str]) -> Cloud:
    return Cloud(
        url.rstrip("/"),
        access_key=environ.get("AWS_ACCESS_KEY_ID", "test"),
        secret_key=environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        session_token=environ.get("AWS_SESSION_TOKEN"),
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or Cloud.region,
    )


def access(cloud: Cloud, *, is_ours: bool) -> dict[str, str]:
    """The variables to show to a person. Credentials for an endpoint that somebody brought are theirs to know."""
    return cloud.environment() if is_ours else {"AWS_ENDPOINT_URL": cloud.endpoint}


def deploy_stack(cloud: Cloud, environ: Mapping[str, str], say: Say, *, is_ours: bool) -> Stack:
    """Synthesise if anything has changed, and deploy that."""
    return deploy_assembly(cloud, assembly(say, environ), environ, say, is_ours=is_ours)


def deploy_assembly(cloud: Cloud, home: Path, environ: Mapping[str, str], say: Say, *, is_ours: bool) -> Stack:
    """Deploy every stack that lies at `home`, and add what the templates leave out."""
    grouped = topology(environ.get(TOPOLOGY) or APART, SERVICES)
    deployed = deploy(cloud, stacks_in(home), say)
    stack = Stack(cloud, deployed, is_ours, grouped)
    for done in (_verified_sender(stack), _archive(stack)):
        say(done)
    return stack


def _verified_sender(stack: Stack) -> str:
    """A person would click the link that SES mails to the sender; the emulators take the request for it."""
    address = stack.variable("notification", "notification", "SENDER_ADDRESS")
    stack.cloud.client("ses").verify_email_identity(EmailAddress=address)
    return f"through the API: {address} is a verified sender"


def _archive(stack: Stack) -> str:
    """Left out of the embedded stage's template: the emulator's CloudFormation does not know archives."""
    events = stack.cloud.client("events")
    try:
        bus = events.describe_event_bus(Name=stack.bus_name)["Arn"]
        events.create_archive(ArchiveName=PREFIX, EventSourceArn=bus, RetentionDays=_ARCHIVE_DAYS)
    except ClientError as error:
        if "ResourceAlreadyExists" not in str(error):
            return f"left out: the bus's archive ({error})"
    return f"through the API: the bus's archive, {_ARCHIVE_DAYS} days"
