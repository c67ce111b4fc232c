"""A service's contract, published beside it: other services' deployments are judged against what is there."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ssm
from constructs import Construct

from infra.components.relations import BrokenRelation
from infra.config import StageConfig
from runtime.contract import Contract, contract_of, contracts_path
from runtime.manifest import Service

#: Of a standard parameter, which costs nothing.
_MAX_BYTES: Final = 4096


def publish_contract(scope: Construct, service: Service, *, stage: StageConfig) -> None:
    """Raises BrokenRelation for a contract that a standard parameter cannot hold."""
    aws_ssm.CfnParameter(
        scope,
        "Contract",
        name=f"{contracts_path(stage.name)}/{service.name}",
        type="String",
        tier="Standard",
        value=_text(service.name, contract_of(service)),
        description=f"What {service.name} sends and reads, as deployed",
    )


def _text(service: str, contract: Contract) -> str:
    text = contract.to_json()
    if len(text.encode()) > _MAX_BYTES:
        raise BrokenRelation(
            f"{service}: its contract has {len(text.encode())} bytes, a standard parameter holds {_MAX_BYTES}: "
            "retire versions of its events that nobody reads any more"
        )
    return text
