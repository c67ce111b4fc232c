"""Several events in one message: the batched mode of the binding, on a bus and on a queue.

An entry's events are of one source and one type, since rules see the entry's; a queue's own messages may mix them.
docs/cloudevents-eventbridge-binding.md, section 10. To read them: events.binding.events_in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from events.binding import BATCH, Entry, batch_in
from events.envelope import ESCAPES

#: EventBridge and SQS bill by so many bytes.
CHUNK: Final = 65_536
#: So that one message is never more than a function does in seconds.
MOST: Final = 100


def together(entries: Sequence[Entry]) -> Entry:
    """Entries of one bus, source and type as one. It has the latest of their times, and what trace they share."""
    entry = Entry(
        EventBusName=entries[0]["EventBusName"],
        Source=entries[0]["Source"],
        DetailType=entries[0]["DetailType"],
        Detail=f'{{"{BATCH}":{as_batch(entry["Detail"] for entry in entries)}}}',
    )
    times = [entry["Time"] for entry in entries if "Time" in entry]
    if times:
        entry["Time"] = max(times)
    headers = {entry.get("TraceHeader") for entry in entries}
    if len(headers) == 1 and (header := headers.pop()) is not None:
        entry["TraceHeader"] = header
    return entry


def as_batch(events: Iterable[str]) -> str:
    """Events, each in the JSON event format, in the JSON batch format."""
    return f"[{','.join(events)}]"


def only(body: str, places: Sequence[int]) -> str:
    """The queue message with those of its events alone, in the envelope that it came in.

    A single event that says that it is one stands by itself, as it would have come alone.
    """
    message: Any = json.loads(body)
    if isinstance(message, list):
        return _text(_alone([message[place] for place in places]))
    batch = batch_in(message["detail"]) or []
    kept = _alone([batch[place] for place in places])
    return _text({**message, "detail": {BATCH: kept} if isinstance(kept, list) else kept})


def _alone(elements: list[Any]) -> Any:
    (first, *others) = elements
    says_so = isinstance(first, dict) and "specversion" in first and "detail-type" not in first
    return first if says_so and not others else elements


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else text.translate(ESCAPES)
