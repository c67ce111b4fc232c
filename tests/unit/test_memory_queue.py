from __future__ import annotations

import hashlib

import pytest

from local.memory.ports import QueuePort
from local.memory.queue import MAX_BYTES, QueueRefused
from runtime.errors import DependencyUnavailable
from tests.unit.memory_builders import START, a_clock, a_queue, a_queue_with_dlq

MILLIS = int(START.timestamp() * 1000)


def test_messages_come_in_the_order_in_which_they_were_sent():
    queue = a_queue(a_clock())
    for body in "abc":
        queue.send(body)

    received = queue.receive(2)

    assert [m.body for m in received] == ["a", "b"]
    assert [m.body for m in queue.receive()] == ["c"]


def test_a_received_message_is_hidden_until_its_visibility_timeout_ends():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("a")
    queue.receive()

    clock.sleep(29.9)
    too_early = queue.receive()
    clock.sleep(0.1)

    assert too_early == []
    assert [m.receives for m in queue.receive()] == [2]


def test_a_deleted_message_never_comes_back():
    clock = a_clock()
    queue = a_queue(clock)
    queue.send("a")
    queue.delete(queue.receive()[0].receipt)

    clock.sleep(1000)

    assert queue.receive() == []
    assert len(queue) == 0


def test_nothing_is_deleted_when_the_receipt_is_of_an_earlier_try():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("a")
    first = queue.receive()[0].receipt
    clock.sleep(30)
    queue.receive()

    queue.delete(first)

    assert len(queue) == 1


def test_a_message_comes_back_earlier_when_its_visibility_was_shortened():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("a")
    queue.change_visibility(queue.receive()[0].receipt, 5)

    clock.sleep(5)

    assert len(queue.receive()) == 1


def test_a_message_comes_back_later_when_its_visibility_was_prolonged():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("a")
    queue.change_visibility(queue.receive()[0].receipt, 60)

    clock.sleep(59)
    too_early = queue.receive()
    clock.sleep(1)

    assert too_early == []
    assert len(queue.receive()) == 1


def test_visibility_cannot_change_when_the_message_is_not_in_flight():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("a")
    receipt = queue.receive()[0].receipt
    clock.sleep(30)

    with pytest.raises(QueueRefused) as refusal:
        queue.change_visibility(receipt, 5)

    assert refusal.value.code == "MessageNotInflight"


def test_a_delayed_message_is_not_visible_before_its_time():
    clock = a_clock()
    queue = a_queue(clock)
    queue.send("a", delay=10)

    too_early = queue.receive()
    clock.sleep(10)

    assert too_early == []
    assert len(queue.receive()) == 1


def test_a_message_moves_to_the_dlq_when_it_would_be_received_too_often():
    clock = a_clock()
    queue = a_queue_with_dlq(clock, tries=3, visibility_timeout=30)
    message_id = queue.send("poison", {"reason": "none"})
    tries = 0
    for _ in range(4):
        tries += len(queue.receive())
        clock.sleep(30)

    dead = queue.dead_letter_queue.receive()

    assert tries == 3
    assert len(queue) == 0
    assert [(m.id, m.body, m.attributes, m.source_arn) for m in dead] == [
        (message_id, "poison", {"reason": "none"}, queue.arn)
    ]


def test_the_lambda_record_has_the_shape_of_sqs():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    message_id = queue.send("body", {"reason": "why"})
    clock.sleep(2)
    queue.receive()
    clock.sleep(30)

    record = queue.receive()[0].to_record(queue.arn)

    assert record == {
        "messageId": message_id,
        "receiptHandle": record["receiptHandle"],
        "body": "body",
        "attributes": {
            "ApproximateReceiveCount": "2",
            "SentTimestamp": str(MILLIS),
            "SenderId": "000000000000",
            "ApproximateFirstReceiveTimestamp": str(MILLIS + 2000),
        },
        "messageAttributes": {
            "reason": {"stringValue": "why", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": hashlib.md5(b"body").hexdigest(),  # noqa: S324 - what SQS sends
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:orders",
        "awsRegion": "eu-central-1",
    }


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        pytest.param("", {}, id="the body is empty"),
        pytest.param("x" * (MAX_BYTES + 1), {}, id="the body is over 1 MiB"),
        pytest.param("ä" * (MAX_BYTES // 2 + 1), {}, id="the body is over 1 MiB in UTF-8"),
        pytest.param("x" * (MAX_BYTES - 10), {"name": "value"}, id="body and attributes together are over 1 MiB"),
        pytest.param("x", {f"a{i}": "v" for i in range(11)}, id="there are eleven attributes"),
        pytest.param("x", {"empty": ""}, id="an attribute is empty"),
    ],
)
def test_a_message_is_refused_when(body, attributes):
    queue = a_queue(a_clock())

    with pytest.raises(QueueRefused):
        queue.send(body, attributes)

    assert len(queue) == 0


def test_a_message_of_exactly_one_mebibyte_is_taken():
    queue = a_queue(a_clock())

    queue.send("x" * MAX_BYTES)

    assert len(queue) == 1


def test_a_batch_ends_when_its_bytes_are_used_up():
    queue = a_queue(a_clock())
    for _ in range(3):
        queue.send("x" * 400)

    received = queue.receive(10, max_bytes=1000)

    assert len(received) == 2


def test_looking_into_a_queue_changes_nothing():
    queue = a_queue(a_clock())
    queue.send("a")
    queue.send("b", delay=10)

    seen = [m.body for m in queue.peek()]

    assert seen == ["a", "b"]
    assert [m.receives for m in queue.receive()] == [1]


def test_a_purged_queue_is_empty():
    queue = a_queue(a_clock())
    queue.send("a")
    queue.send("b", delay=10)

    queue.purge()

    assert len(queue) == 0


def test_deleted_messages_take_no_memory_when_one_stays_hidden_before_them():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=30)
    queue.send("stays")
    queue.change_visibility(queue.receive()[0].receipt, 10)
    for _ in range(2000):
        queue.send("goes")
        queue.delete(queue.receive()[0].receipt)

    assert len(queue._hidden) < 600
    assert [m.body for m in queue.peek()] == ["stays"]


def test_the_port_dead_letters_with_reasons_and_delays():
    clock = a_clock()
    queue = a_queue_with_dlq(clock, visibility_timeout=30)
    port = QueuePort(queue, queue.dead_letter_queue)
    queue.send("a")

    port.delay(queue.receive()[0].receipt, 3)
    port.dead_letter("a", {"reason": "business_rule", "event_id": ""})
    clock.sleep(3)

    assert len(queue.receive()) == 1
    assert [m.attributes for m in queue.dead_letter_queue.receive()] == [{"reason": "business_rule"}]


def test_the_port_has_a_transient_error_when_the_queue_refuses():
    queue = a_queue_with_dlq(a_clock())
    port = QueuePort(queue, queue.dead_letter_queue)

    with pytest.raises(DependencyUnavailable, match="MessageNotInflight"):
        port.delay("unknown", 3)
