"""What a function reads from its environment is what its stack puts there."""

from __future__ import annotations

import pytest

from functions.billing.wiring import AgendaSettings, BillingSettings
from functions.billing.wiring import ApiSettings as BillingApi
from functions.ingestion.wiring import ApiSettings as IngestionApi
from functions.ingestion.wiring import FileSettings
from functions.notification.wiring import ContactSettings, MessageSettings
from runtime.lambda_consumer import ConsumerSettings, OnceSettings, RelaySettings
from runtime.settings import Settings

READ_BY: dict[str, tuple[type[Settings], ...]] = {
    "ingestion": (ConsumerSettings,),
    "ingestion-api": (IngestionApi,),
    "ingestion-files": (ConsumerSettings, FileSettings),
    "billing": (ConsumerSettings, BillingSettings),
    "billing-usage": (ConsumerSettings, BillingSettings),
    "billing-api": (BillingApi,),
    "billing-close": (AgendaSettings,),
    "billing-accounts": (ConsumerSettings, BillingSettings, AgendaSettings),
    "billing-relay": (RelaySettings,),
    "notification": (ConsumerSettings, OnceSettings, MessageSettings),
    "notification-contacts": (ConsumerSettings, ContactSettings),
}


def environment_of(properties) -> dict[str, str]:
    """References to other resources count as text: CloudFormation makes text of them."""
    return {
        name: value if isinstance(value, str) else "ref"
        for name, value in properties["Environment"]["Variables"].items()
    }


def test_every_function_finds_all_that_it_reads(assembly) -> None:
    for _, spec, _, properties in assembly.functions():
        for settings in READ_BY[spec.name]:
            settings.from_env(environment_of(properties))


@pytest.mark.parametrize("name", READ_BY)
def test_every_function_is_known_here(assembly, name: str) -> None:
    assert name in {spec.name for _, spec, _, _ in assembly.functions()}
