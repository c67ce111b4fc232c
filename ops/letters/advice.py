"""What to do about a dead letter, by its reason: in plain words, for somebody who was woken up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops.letters.letter import Letter
from ops.letters.reading import CALL_FAILED, GAVE_UP, NOT_CALLED, RULE_TARGET, STREAM_FORGOT, UNKNOWN

_ADVICE: Final[Mapping[str, str]] = {
    "unreadable": (
        "The event does not fit the catalog. Have its producer corrected, or the version that it speaks deployed; "
        "mend these with `ops dlq edit`, or have the producer send them again and park them."
    ),
    "business_rule": (
        "The event is well formed and asks for what must not happen. Correct what it refers to and redrive; "
        "or mend it with `ops dlq edit`; or park it with the reason."
    ),
    "payload_gone": (
        "Its data has left the bucket. Have the producer send it again with its data, then park this one; "
        "or put the object back, then redrive."
    ),
    "crashed": (
        "The function ended on every try: killed, out of memory or of time. Look at its last log lines, roll back or "
        "give it more, then redrive. Neighbours of the one at fault may be among them; that is safe."
    ),
    "unpublishable": (
        "EventBridge would refuse the event as it is. Mend it with `ops dlq edit`, or raise the limit that it broke, "
        "then redrive: it goes to the bus."
    ),
    "dependency_unavailable": "What it needs was down until its tries were used up. Once it is back: redrive.",
    "conflict": "Another writer was faster on each of its tries. Redrive, slowly: --rate 5.",
    "throttled": "A dependency asked for less for longer than consumers are patient. Raise its limits, then redrive.",
    "circuit_open": "A dependency was down for longer than the consumer is patient. When it is back: redrive.",
    "in_flight": "Another invocation held on to the same event. Redrive: what was done is not done again.",
    "transient": "It failed on each try in a way that may pass. See the error; when its cause is gone: redrive.",
    "unexpected": "An error that nobody foresaw: most likely a defect. Deploy the repair or roll back, then redrive.",
    RULE_TARGET: (
        "EventBridge could not deliver it to the consumer's queue: see the code. Often the queue was missing or its "
        "policy did not allow the rule: deploy the service, then redrive."
    ),
    GAVE_UP: (
        "The function could not even start, for hours: look at its configuration and its last deploy. "
        "When it handles others again: redrive."
    ),
    NOT_CALLED: "The scheduler could not call the function: see the code. Deploy the service; to redrive calls it.",
    CALL_FAILED: "The function failed on each of its calls: see its log. When that is repaired, redrive: it is called.",
    STREAM_FORGOT: (
        "The relay failed for a day and the stream has forgotten the record, so there is nothing to redrive. The item "
        "itself still has its events in `outbox` for 48 hours: write it anew and they are relayed. Then park this."
    ),
    UNKNOWN: "Look at it with `ops dlq show`. If it is an event that belongs here: redrive. If not: park or purge it.",
}
_OTHERWISE: Final = "See the error. When its cause is gone: redrive; if it is the event's own fault: `ops dlq edit`."


def advice(letter: Letter) -> str:
    """What to do about it, and about all of its group."""
    return advice_for(letter.reason)


def advice_for(reason: str) -> str:
    """The same where only the reason is known, from a log line."""
    return _ADVICE.get(reason, _OTHERWISE)
