"""The first sentence of a story: what became of it, or where it stopped and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from events.catalog import NotificationMessageFailed, NotificationMessageSent
from events.envelope import derived_id
from functions.notification.domain import CHANNELS
from ops.story.story import EventStory, Verdict, Visit, worst
from ops.story.words import FACTS, REFUSALS, SAID_BY, between, clock, joined, sentence, short, span, times

_TOLD: Final = (NotificationMessageSent.type, NotificationMessageFailed.type)
#: What a consumer or relay could not do, by the reason's code.
_COULD_NOT: Final[Mapping[str, str]] = {
    "unreadable": "could not read it",
    "business_rule": "may not do what it asks for",
    "payload_gone": "did not find its data any more",
    "crashed": "ended on each try before it was done",
    "unpublishable": "could not put it on the bus",
    "dependency_unavailable": "could not reach what it needs",
    "throttled": "was throttled for too long",
    "circuit_open": "could not reach what it needs",
    "rule_target": "never got it: EventBridge could not deliver it to the queue",
    "gave_up": "did not take it from its queue, and SQS gave it up",
}


class _Stuck(NamedTuple):
    """An event, and who does not go on with it."""

    event: EventStory
    visit: Visit


def verdict_on(events: Sequence[EventStory], now: datetime) -> Verdict:
    """On all that is told; the worst comes first."""
    pairs = [_Stuck(event, visit) for root in events for event in root.walk() for visit in event.visits]
    refused = [event for root in events for event in root.walk() if event.type in REFUSALS]
    standing = worst(visit.standing for _, visit in pairs)
    if refused and standing == "done":
        return Verdict(standing="stopped", sentence=_all_facts(events), advice=_on_refusal(refused[0]))
    if standing == "done":
        return Verdict(standing="done", sentence=_all_facts(events))
    stuck = [pair for pair in pairs if pair.visit.standing == standing]
    told = sentence(_stuck(stuck[0], now, is_alone=sum(1 for root in events for _ in root.walk()) == 1))
    more = f" {len(stuck) - 1} more like this: see below." if len(stuck) > 1 else ""
    before = [fact for root in events for fact in _facts(root)]
    happened = f" Meanwhile {joined(before)}." if before else ""
    return Verdict(standing=standing, sentence=told + more + happened, advice=stuck[0].visit.advice)


def _on_refusal(event: EventStory) -> tuple[str, ...]:
    if event.type == NotificationMessageFailed.type:
        return (f"The receiver refused the message for good: the event {short(event.id)} says why.",)
    return (
        f"The sender is told what is wrong by the event {event.type} {short(event.id)}: correct it and send it again.",
    )


def _all_facts(events: Sequence[EventStory]) -> str:
    return sentence("; ".join(_ended_well(root) for root in events))


def _ended_well(root: EventStory) -> str:
    facts = _facts(root) or [_plainly(root)]
    took = _took(root)
    later = f" {span(took)} later" if took is not None and len(list(root.walk())) > 1 else ""
    return joined(facts) + later


def _plainly(root: EventStory) -> str:
    """For events that no fact is known of."""
    if not root.visits:
        return f"nobody has to act on {root.type}"
    return joined([f"{visit.name} {_ACTED.get(visit.state, visit.state)}" for visit in root.visits])


_ACTED: Final[Mapping[str, str]] = {
    "handled": "has handled it",
    "duplicate": "had handled it before",
    "suppressed": "let it pass",
    "inferred": "has handled it, as its effects show",
    "relayed": "has published it",
}


def _facts(root: EventStory) -> list[str]:
    """What has happened, causes before effects, without what another fact says better."""
    there = {event.type for event in root.walk()}
    return [
        fact
        for event, names in _named(root, {})
        if (fact := _fact(event, names)) and SAID_BY.get(event.type) not in there and _is_true(event)
    ]


def _is_true(event: EventStory) -> bool:
    """Whether the effect that the fact tells of is there."""
    acted = [visit for visit in event.visits if visit.role == "consumer"]
    if any(visit.standing != "done" for visit in event.visits):
        return False
    is_command = event.type.startswith(("ingestion.", "customer.")) and event.type not in REFUSALS
    return not is_command or any(visit.state in ("handled", "duplicate", "inferred") for visit in acted)


def _named(event: EventStory, inherited: Mapping[str, str]) -> Iterator[tuple[EventStory, Mapping[str, str]]]:
    """Each event, and whom it is about: what it does not say itself, its cause does."""
    own = {"customer": event.customer_id, "invoice": event.invoice_id, "channel": ""}
    names = {**inherited, **{name: value for name, value in own.items() if value}}
    yield event, names
    for child in event.caused:
        channel = _channel(event, child)
        yield from _named(child, {**names, "channel": channel} if channel else names)


def _channel(cause: EventStory, event: EventStory) -> str:
    """The channel of a message that notification tells of: its id follows from it."""
    if event.type not in _TOLD:
        return ""
    ids = {derived_id(*cause.identity, event.type, index): channel for channel, index in CHANNELS.items()}
    return ids.get(event.id, "")


def _fact(event: EventStory, names: Mapping[str, str]) -> str:
    invoice = f"invoice {names['invoice']}" if names.get("invoice") else "the invoice"
    fact = FACTS.get(event.type, "").format(customer=names.get("customer") or "the customer", invoice=invoice)
    channel = {"email": "by e-mail", "webhook": "by webhook"}.get(names.get("channel", ""), "")
    return f"{fact} {channel}".strip() if event.type in _TOLD else fact


def _took(root: EventStory) -> float | None:
    """From when it came about to its last effect, in milliseconds."""
    visits = [visit for event in root.walk() for visit in event.visits]
    ends = [step.at for visit in visits for step in visit.steps if step.outcome == "handled"]
    start = root.arrival.at
    return between(start, max(ends)) if ends and start else None


def _stuck(stuck: _Stuck, now: datetime, *, is_alone: bool) -> str:
    event, visit = stuck
    which = "" if is_alone else f" ({event.type} {short(event.id)})"
    head = "Late" if visit.standing == "late" else "Under way"
    match visit.state:
        case "dead_letter" | "taken_out":
            return f"Stopped: {_failed(visit)}{which}. {_lies(visit, now)}"
        case "in_outbox":
            return f"{head}: it{which} is in the outbox of {_place(visit)}, and {visit.name} has yet to publish it"
        case "unseen":
            return f"Unclear: {visit.name} should have acted on it{which}, but left no line, and its queue is empty"
        case "expected":
            return f"{head}: {visit.name} has not picked it up yet{which}{_waiting(visit, now)}"
        case _:
            return f"{head}: {_failed(visit)}{which}, on try {visit.tries}; it is tried again{_due(visit, now)}"


def _failed(visit: Visit) -> str:
    said = _COULD_NOT.get(visit.reason, "failed on it")
    return f"{visit.name} {said}" + (f" ({visit.error})" if visit.error else "")


def _lies(visit: Visit, now: datetime) -> str:
    tried = f", tried {times(visit.tries)}" if visit.tries else ""
    if visit.place is not None and visit.place.since is not None:
        return f"It waits in {visit.place.name} since {clock(visit.place.since, now)}{tried}"
    since = f" at {clock(visit.last.at, now)}" if visit.last else ""
    return f"It became a dead letter{since}{tried}, and is not in {visit.name}-dlq any more"


def _place(visit: Visit) -> str:
    return visit.place.name if visit.place else "its table"


def _waiting(visit: Visit, now: datetime) -> str:
    since = visit.place.since if visit.place else None
    return f", {span(between(since, now))} after it came about" if since else ""


def _due(visit: Visit, now: datetime) -> str:
    due = visit.place.due if visit.place else None
    return f" by {clock(due, now)}" if due else ""
