"""One deployed stage, as the operator's commands see it: the manifests' names, and what they are called on AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.company import SERVICES
from infra.config import DEFAULT_STAGE, StageConfig, stage_named
from ops.aws import Aws
from runtime.manifest import Consumer, Service


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
    ) -> Target:
        """Raises UnknownStage."""
        return cls(stage=stage_named(stage), aws=Aws(endpoint_url=endpoint_url, profile=profile, region=region))

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
    def log_groups(self) -> Mapping[str, str]:
        """Function, by its name in the manifest -> its CloudWatch log group."""
        names = [function.name for service in self.services for function in service.functions]
        return {name: f"/aws/lambda/{self.stage.resource_name(name)}" for name in names}
