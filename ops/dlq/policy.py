"""`ops dlq policy`: what an operator must be allowed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from infra.config import DEFAULT_STAGE
from ops.aws import Stage
from ops.dlq.options import plainly
from ops.letters.policy import operator_policy
from ops.target import Target


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: python -m ops dlq policy --stage prod --account 123456789012 --region eu-central-1")(
        policy
    )


def policy(
    account: Annotated[str, typer.Option(help="The stage's account.")],
    region: Annotated[str, typer.Option(help="The stage's region.")],
    stage: Stage = DEFAULT_STAGE,
) -> None:
    """The least IAM policy with which all of `ops dlq` works, as JSON. To the audit trail it can only add."""
    with plainly():
        document = operator_policy(Target.named(stage), account=account, region=region)
    typer.echo(json.dumps(document, indent=2))
