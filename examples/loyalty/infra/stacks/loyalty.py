"""Loyalty: one consumer that publishes."""

from __future__ import annotations

from constructs import Construct

from functions.loyalty.manifest import CONSUMER, SERVICE, SOURCE
from infra.components.consumer import EventConsumer
from infra.components.contract import publish_contract
from infra.components.function import Host
from infra.config import StageConfig
from infra.stacks.stack import StageStack, home


class LoyaltyStack(StageStack):
    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig, host: Host | None = None) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: loyalty")
        shared = home(self, SERVICE, host)
        publish_contract(self, SERVICE, stage=stage)
        consumer = EventConsumer(self, "Loyalty", consumer=CONSUMER, home=shared, environment={})
        consumer.function.allow_put_events(source=SOURCE)
        self.dashboard(SERVICE, {})
