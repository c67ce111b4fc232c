"""A file in the deployed bucket becomes usage, and an answer."""

from __future__ import annotations

import gzip

from local.embedded.client import Client, StoredFile
from local.embedded.hops import Watcher
from tests.stack.stack_builders import PERIOD, soon, usage

HEADER = "source,id,customer_id,meter,quantity,used_at"


def row(unique: str, n: int, quantity: object = 1) -> str:
    return f"metering-partner,{unique}-{n},cus-{unique},api_calls,{quantity},2026-05-20T14:30:00Z"


def csv(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode()


def answered(client: Client, file: StoredFile) -> dict:
    return soon(lambda: client.file_result(file), f"the result of {file.name}")


def test_the_good_rows_of_a_file_are_booked_and_the_bad_ones_are_named(client: Client, unique: str) -> None:
    rows = [row(unique, n, "many" if n in (7, 60) else 1) for n in range(1, 101)]

    result = answered(client, client.put_file(f"{unique} Größe.csv", csv(*rows)))

    assert (result["accepted"], result["rejected"], result["complete"]) == (98, 2, True)
    assert [reject["line"] for reject in client.rejects(f"{unique} Größe.csv")] == [8, 61]
    soon(lambda: client.usage(f"cus-{unique}", PERIOD) == {"api_calls": 98}, "98 are booked")


def test_usage_is_booked_once_when_it_comes_by_file_packed_and_over_http(
    client: Client, watcher: Watcher, unique: str
) -> None:
    events = [usage(f"{unique}-{n}", f"cus-{unique}") for n in range(20)]
    text = "".join(f"{event.to_json()}\n" for event in events).encode()

    files = [
        client.put_file(f"{unique}.ndjson", text),
        client.put_file(f"{unique}.ndjson.gz", gzip.compress(text)),
        client.put_file(f"{unique}.csv", csv(*(row(unique, n) for n in range(20)))),
    ]
    client.post(events[0])

    assert [answered(client, file)["accepted"] for file in files] == [20] * 3
    watcher.wait_for(events[0].identity, "ingestion", timeout=60)
    soon(lambda: client.usage(f"cus-{unique}", PERIOD) == {"api_calls": 20}, "each is booked")
