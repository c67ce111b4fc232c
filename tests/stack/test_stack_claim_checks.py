"""Large events on the emulator: what neither queue nor bus can carry arrives whole."""

from __future__ import annotations

from http import HTTPStatus

from events.envelope import derived_id
from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.stack import Stack
from runtime.claim_check import PREFIX
from tests.stack.stack_builders import PERIOD, SECONDS, dead_letters_of, large_usage, soon, whose_data_is_gone


def test_two_megabytes_over_http_are_counted(stack: Stack, client: Client, unique: str) -> None:
    event = large_usage(unique, f"cus-{unique}", size=2_000_000)

    answer = client.post(event)

    assert answer.status == HTTPStatus.ACCEPTED
    soon(lambda: client.usage(f"cus-{unique}", PERIOD) == {"api_calls": 1}, "the usage is booked")
    folder = f"{PREFIX}{derived_id(*event.identity)}/"
    (stored,) = stack.cloud.client("s3").list_objects_v2(Bucket=stack.payload_bucket, Prefix=folder)["Contents"]
    assert stored["Size"] > 2_000_000


def test_a_batch_of_three_large_events_is_counted(client: Client, unique: str) -> None:
    batch = [large_usage(f"{unique}-{n}", f"cus-{unique}").to_dict() for n in range(3)]

    answer = client.post_batch(batch)

    assert answer.json()["accepted"] == 3
    soon(lambda: client.usage(f"cus-{unique}", PERIOD) == {"api_calls": 3}, "all are booked")


def test_an_event_whose_data_is_gone_is_a_dead_letter_that_says_what_to_do(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    event = whose_data_is_gone(stack, unique)

    client.put(event)

    watcher.wait_for(event.identity, "ingestion", timeout=SECONDS)
    (letter,) = soon(lambda: dead_letters_of(client, "ingestion", unique), "the dead letter")
    assert (letter.reason["reason"], letter.reason["attempts"]) == ("payload_gone", "1")
    assert "redrive" in letter.reason["error_message"]
    assert event.extensions["dataref"] in letter.body
