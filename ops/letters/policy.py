"""What an operator must be allowed, and no more: an IAM policy of one stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.config import OPERATIONS_INDEX, OPERATIONS_TABLE
from ops.letters.places import Place, places
from ops.target import Target
from runtime.claim_check import PREFIX


def operator_policy(target: Target, *, account: str, region: str, partition: str = "aws") -> dict[str, Any]:
    """Looking and moving. To the trail they may only add: it takes no UpdateItem, no DeleteItem, no BatchWriteItem."""
    stage, here = target.stage, f"{region}:{account}"
    known = places(target)
    table = f"arn:{partition}:dynamodb:{here}:table/{stage.resource_name(OPERATIONS_TABLE)}"
    bucket = f"arn:{partition}:s3:::{stage.payload_bucket(account=account, region=region)}"

    def queues(names: Sequence[str]) -> list[str]:
        return [f"arn:{partition}:sqs:{here}:{name}" for name in names]

    statements = [
        _allow("HoldLetters", _HOLD, queues([place.queue for place in known])),
        _allow("SendBack", _SEND, queues([*(p.source for p in known if p.source), *(p.queue for p in known)])),
        _allow(
            "PublishForTheRelay", ["events:PutEvents"], [f"arn:{partition}:events:{here}:event-bus/{stage.bus_name}"]
        ),
        _allow("CallForTheSchedule", ["lambda:InvokeFunction"], _functions(known, f"arn:{partition}:lambda:{here}")),
        _allow("AddToTheTrail", ["dynamodb:PutItem"], [table]),
        _allow("ReadTheTrail", ["dynamodb:Query"], [table, f"{table}/index/{OPERATIONS_INDEX}"]),
        _allow("DataOfLargeEvents", ["s3:GetObject", "s3:PutObject"], [f"{bucket}/{PREFIX}*"]),
        _allow("MissingDataIsMissing", ["s3:ListBucket"], [bucket]),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


_HOLD = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
]
_SEND = ["sqs:GetQueueUrl", "sqs:SendMessage"]


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _functions(known: Sequence[Place], prefix: str) -> list[str]:
    return [f"{prefix}:function:{place.function}" for place in known if place.kind == "schedule" or place.schedules]
