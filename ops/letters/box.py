"""One dead-letter queue on SQS: what an operator does to it, call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final

from ops.letters.asking import asking
from ops.letters.letter import Letter
from ops.letters.places import Place
from ops.letters.reading import letter_of

#: Of every batch call of SQS's.
BATCH: Final = 10
#: Of the messages of one SendMessageBatch together, and so of any one.
MAX_BYTES: Final = 1_048_576
#: Calls under way at once for one queue: some thousand letters a second, and all queues together stay within the
#: connections that a client keeps.
WORKERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """As SQS estimates them: `held` are in somebody's hands, ours included."""

    waiting: int
    held: int
    delayed: int

    @property
    def total(self) -> int:
        return self.waiting + self.held + self.delayed


class Box:
    """Safe to share among threads. Every method raises CannotAsk."""

    def __init__(self, sqs: Any, place: Place) -> None:
        self._sqs = sqs
        self.place = place

    @cached_property
    def url(self) -> str:
        with asking(self.place.queue):
            return str(self._sqs.get_queue_url(QueueName=self.place.queue)["QueueUrl"])

    def counts(self) -> Counts:
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        with asking(self.place.queue):
            told = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        waiting, held, delayed = (int(told.get(name, 0)) for name in names)
        return Counts(waiting=waiting, held=held, delayed=delayed)

    def receive(self, seconds: int, *, wait: int = 0) -> list[Letter]:
        """Up to ten letters, hidden from everybody else for `seconds`; none after `wait` seconds without any."""
        with asking(self.place.queue):
            answer = self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=seconds,
                WaitTimeSeconds=wait,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
        return [letter_of(message, self.place) for message in answer.get("Messages", ())]

    def hide(self, letters: Sequence[Letter], seconds: int) -> list[Letter]:
        """Hide them for `seconds` from now (0 gives them back); those that are no longer ours to hide are returned."""
        return self._batches(letters, lambda batch: self._hide(batch, seconds))

    def show(self, letters: Sequence[Letter]) -> None:
        """Give them back at once. Those that are not ours any more are somebody else's to give."""
        self.hide(letters, 0)

    def delete(self, letters: Sequence[Letter]) -> list[Letter]:
        """Take them out for good; those that SQS did not delete are returned."""
        return self._batches(letters, self._delete)

    def put(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Send them to this queue as they are, for letters that come back to it. By id, why some were refused."""
        return send(self._sqs, self.url, letters, lambda letter: letter.attributes)

    def _batches(self, letters: Sequence[Letter], call: Callable[[list[Letter]], list[Letter]]) -> list[Letter]:
        batches = [list(letters[i : i + BATCH]) for i in range(0, len(letters), BATCH)]
        if len(batches) <= 1:
            return call(batches[0]) if batches else []
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(chain.from_iterable(pool.map(call, batches)))

    def _hide(self, batch: list[Letter], seconds: int) -> list[Letter]:
        entries = [{**entry, "VisibilityTimeout": seconds} for entry in _entries(batch)]
        with asking(self.place.queue):
            answer = self._sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        return _failed(batch, answer)

    def _delete(self, batch: list[Letter]) -> list[Letter]:
        with asking(self.place.queue):
            answer = self._sqs.delete_message_batch(QueueUrl=self.url, Entries=_entries(batch))
        return _failed(batch, answer)


def send(
    sqs: Any, url: str, letters: Sequence[Letter], attributes: Callable[[Letter], Mapping[str, Any]]
) -> dict[str, str]:
    """Send each letter's body with these attributes; by id, why some were not taken. Raises CannotAsk."""
    refused: dict[str, str] = {}
    for batch in fitting(letters):
        entries = [_message(str(i), letter, attributes(letter)) for i, letter in enumerate(batch)]
        with asking(url.rpartition("/")[2]):
            answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        for failure in answer.get("Failed", ()):
            refused[batch[int(failure["Id"])].id] = f"{failure['Code']}: {failure.get('Message', '')}"
    return refused


def _message(id_: str, letter: Letter, attributes: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"Id": id_, "MessageBody": letter.body}
    if attributes:
        entry["MessageAttributes"] = {name: dict(value) for name, value in attributes.items()}
    if trace := letter.system.get("AWSTraceHeader"):
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    return entry


def fitting(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """In batches that one call takes, by number and by size."""
    batch: list[Letter] = []
    total = 0
    for letter in letters:
        size = len(letter.body.encode()) + sum(
            len(name) + len(str(value.get("StringValue", value.get("BinaryValue", "")))) + len(value["DataType"])
            for name, value in letter.attributes.items()
        )
        if batch and (len(batch) == BATCH or total + size > MAX_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(letter)
        total += size
    if batch:
        yield batch


def _entries(batch: Sequence[Letter]) -> list[dict[str, Any]]:
    return [{"Id": str(i), "ReceiptHandle": letter.receipt} for i, letter in enumerate(batch)]


def _failed(batch: Sequence[Letter], answer: Mapping[str, Any]) -> list[Letter]:
    return [batch[int(failure["Id"])] for failure in answer.get("Failed", ())]
