"""What operators did to dead letters: a table that they add to by their own rights. No function of ours uses it."""

from __future__ import annotations

from constructs import Construct

from infra.components.table import Index, Keys, StateTable
from infra.config import OPERATIONS_EXPIRY, OPERATIONS_INDEX, OPERATIONS_TABLE, StageConfig


def operations_table(scope: Construct, construct_id: str, *, stage: StageConfig) -> StateTable:
    """Laid out as ops.letters.trail says."""
    return StateTable(
        scope,
        construct_id,
        name=OPERATIONS_TABLE,
        keys=Keys("pk", "sk"),
        ttl_attribute=OPERATIONS_EXPIRY,
        stream=False,
        indexes=(Index(OPERATIONS_INDEX, Keys("event", "at")),),
        stage=stage,
    )
