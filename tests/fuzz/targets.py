"""What is fuzzed. A target takes any bytes, and raises when something does not hold that is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.fuzz import seeds
from tests.fuzz.apis import fuzz_billing_api, fuzz_http
from tests.fuzz.files import fuzz_bulk_lines
from tests.fuzz.flows import fuzz_consumer, fuzz_stream_record
from tests.fuzz.parsers import fuzz_envelope, fuzz_eventbridge, fuzz_sqs_body


class Target(NamedTuple):
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


TARGETS = {
    "envelope": Target(fuzz_envelope, seeds.event_texts),
    "sqs_body": Target(fuzz_sqs_body, seeds.messages),
    "eventbridge": Target(fuzz_eventbridge, seeds.details),
    "http": Target(fuzz_http, seeds.event_requests),
    "consumer": Target(fuzz_consumer, seeds.messages),
    "stream_record": Target(fuzz_stream_record, seeds.event_texts),
    "bulk_lines": Target(fuzz_bulk_lines, seeds.files),
    "billing_api": Target(fuzz_billing_api, seeds.billing_requests),
}
