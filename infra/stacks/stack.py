"""What every stack has in common."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import (
    CfnOutput,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    IStackSynthesizer,
    Stack,
    aws_events,
    aws_lambda,
)
from constructs import Construct

from infra.components.dashboards import ServiceDashboard
from infra.components.function import Home, Host
from infra.config import StageConfig
from infra.packaging import package
from runtime.manifest import Service


class StageStack(Stack):
    """A stack of one stage, named `Breakwater-<stage>-<id>`, for any account and region."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig, description: str) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stage.stack_name(construct_id),
            description=description,
            analytics_reporting=False,
            termination_protection=stage.retain_data,
            synthesizer=_synthesizer(stage),
            tags={"breakwater:stage": stage.name, "breakwater:stack": construct_id},
        )
        self.config = stage

    def output(self, name: str, value: str) -> None:
        """An output under exactly this name. For people and runners: no stack reads it."""
        CfnOutput(self, name, value=value)

    def dashboard(self, service: Service, api_ids: Mapping[str, str]) -> None:
        """The service's dashboard, where the stage has any. `api_ids` by the API's function's name."""
        if self.config.dashboards:
            ServiceDashboard(self, "Overview", service=service, api_ids=api_ids, stage=self.config)


def _synthesizer(stage: StageConfig) -> IStackSynthesizer:
    if not stage.bootstrap_roles:
        return CliCredentialsStackSynthesizer()
    # `cdk deploy` checks the bootstrap version by itself; without the rule a template needs no SSM parameter.
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=False)


def home(stack: StageStack, service: Service, host: Host | None = None) -> Home:
    """The service's package, and the bus, found by its computed name."""
    packaged = package([service.name], stack.config.package_target, tracing=stack.config.tracing is not None)
    return Home(
        stage=stack.config,
        service=service,
        bus=aws_events.EventBus.from_event_bus_name(stack, "Bus", stack.config.bus_name),
        code=aws_lambda.Code.from_asset(str(packaged.path), asset_hash=packaged.sha256),
        host=host,
    )
