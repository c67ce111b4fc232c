"""One deployed stage, as the operator's commands see it: the manifests' names, and what they are called on AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import environ  # noqa: TID251 - what a deployment was asked for, the operator asks for, too
from typing import Any

from contracts.company import SERVICES
from infra.config import DEFAULT_STAGE, StageConfig, UnknownStage, stage_named
from ops.aws import Aws
from runtime.manifest import Consumer, Service
from runtime.topology import InvalidTopology


@dataclass(frozen=True, kw_only=True)
class Target:
    """`clients` are made at their first use; what is put there beforehand is taken."""

    stage: StageConfig
    aws: Aws = field(default_factory=Aws)
    services: tuple[Service, ...] = SERVICES
    clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def named(
        cls,
        stage: str = DEFAULT_STAGE,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        region: str | None = None,
        environ: Mapping[str, str] = environ,
    ) -> Target:
        """The topology is the stage's own, or BREAKWATER_TOPOLOGY's, as at the deployment.

        Raises UnknownStage, also for a topology that makes no sense.
        """
        configured = stage_named(stage)
        deployed = replace(configured, topology=environ.get("BREAKWATER_TOPOLOGY") or configured.topology)
        try:
            _ = deployed.grouped
        except InvalidTopology as error:
            raise UnknownStage(f"BREAKWATER_TOPOLOGY: {error}") from error
        return cls(stage=deployed, aws=Aws(endpoint_url=endpoint_url, profile=profile, region=region))

    def client(self, service: str) -> Any:
        """Raises CannotAsk."""
        if service not in self.clients:
            self.clients[service] = self.aws.client(service)
        return self.clients[service]

    @property
    def bus_name(self) -> str:
        return self.stage.bus_name

    @property
    def consumers(self) -> Iterator[Consumer]:
        for service in self.services:
            yield from service.consumers

    @property
    def log_group_of(self) -> Mapping[str, str]:
        """Function, by its name in the manifest -> its CloudWatch log group, which it may share."""
        names = [function.name for service in self.services for function in service.functions]
        return {name: f"/aws/lambda/{self.stage.deployed_name(name)}" for name in names}

    @property
    def log_groups(self) -> Mapping[str, str]:
        """Function, by the name that it is deployed under -> its CloudWatch log group: each group once."""
        deployed = self.stage.grouped.deployed_as
        return {deployed(name): group for name, group in self.log_group_of.items()}
