from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from functions.ingestion.adapters.sqs import SqsIntake
from runtime.claim_check import MemoryClaimChecks
from tests.unit.ingestion_builders import usage
from tests.unit.runtime_fakes import FakeClock

#: Two of this size share no message.
LARGE = "x" * 40_000


@dataclass
class FakeSqs:
    """Refuses the entries of `script`: by id, whose fault each of its next sends is."""

    script: dict[str, list[bool]] = field(default_factory=dict)
    down: bool = False
    calls: list[list[str]] = field(default_factory=list)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append([entry["Id"] for entry in Entries])
        if self.down:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessageBatch")
        failed = [
            {"Id": e["Id"], "SenderFault": self.script[e["Id"]].pop(0), "Code": "No", "Message": "said SQS"}
            for e in Entries
            if self.script.get(e["Id"])
        ]
        return {"Failed": failed} if failed else {}


def put(sqs: FakeSqs, count: int) -> dict[int, str]:
    intake = SqsIntake(sqs, url="http://queue", claims=MemoryClaimChecks(), clock=FakeClock())  # type: ignore[arg-type]
    return dict(intake.put([usage(id=f"e-{i}", subject=LARGE) for i in range(count)]))


def test_only_the_failed_entries_are_sent_again() -> None:
    sqs = FakeSqs(script={"1": [False], "3": [False, False]})

    failures = put(sqs, 4)

    assert failures == {}
    assert sqs.calls == [["0", "1", "2", "3"], ["1", "3"], ["3"]]


def test_an_entry_is_given_up_when_three_attempts_failed() -> None:
    sqs = FakeSqs(script={"1": [False] * 3})

    failures = put(sqs, 2)

    assert failures == {1: "No: said SQS"}
    assert len(sqs.calls) == 3


def test_an_entry_is_not_sent_again_when_the_fault_is_ours() -> None:
    sqs = FakeSqs(script={"0": [True]})

    failures = put(sqs, 2)

    assert list(failures) == [0]
    assert len(sqs.calls) == 1


def test_every_event_of_a_message_that_was_not_taken_is_named() -> None:
    sqs = FakeSqs(script={"0": [True]})
    intake = SqsIntake(sqs, url="http://queue", claims=MemoryClaimChecks(), clock=FakeClock())  # type: ignore[arg-type]

    failures = intake.put([usage(id="a"), usage(id="b"), usage(id="c", subject="x" * 65_000)])

    assert failures == {0: "No: said SQS", 1: "No: said SQS"}


def test_a_queue_that_is_down_is_asked_for_one_chunk_and_no_more() -> None:
    sqs = FakeSqs(down=True)

    failures = put(sqs, 35)

    assert sorted(failures) == list(range(35))
    assert len(sqs.calls) == 3
