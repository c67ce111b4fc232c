"""Stories from written lines: whatever became of an event is told, and what cannot be known is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.lines import Line
from events.envelope import derived_id
from ops.story.evidence import Depth
from ops.story.story import Story
from ops.story.telling import Question, tell
from tests.unit.story_builders import (
    NOW,
    PAID,
    PAID_TYPE,
    PARTNER_TYPE,
    PAYMENT,
    SENT_TYPE,
    SETTLED,
    SETTLED_TYPE,
    START,
    at,
    booked,
    choices_of,
    event_in,
    evidence,
    ingested,
    kept,
    letter,
    line,
    millis,
    notified,
    paid_event,
    relayed,
    story_of,
    the_whole_way,
    visit_in,
)

DEPTH = {"notification": Depth(visible=3, in_flight=1)}
EMPTY = {"notification": Depth(), "billing": Depth()}


def test_the_whole_tree_is_told_from_the_payment_to_the_message() -> None:
    story = story_of(evidence(*the_whole_way()))

    assert [event.type for event in story.walk()] == [PARTNER_TYPE, SETTLED_TYPE, PAID_TYPE, SENT_TYPE]
    assert [event.arrival.via for event in story.walk()] == ["bus", "consumer", "outbox", "consumer"]
    assert [visit.name for event in story.walk() for visit in event.visits] == [
        "ingestion",
        "billing",
        "billing-relay",
        "notification",
    ]
    assert story.verdict.standing == "done"
    assert story.verdict.sentence == "Invoice inv_1 was paid and cus_1 was told by e-mail 310 ms later."
    assert story.exit_code == 0
    assert story.gaps == ()


def test_an_invoice_of_a_period_is_told_from_the_account_that_was_due() -> None:
    due, issued = ("billing-service", "due-1"), ("billing-service", "issued-1")
    flow = {"correlation_id": "due-1", "customer_id": "cus_1"}
    caused = flow | {"causation_id": "due-1", "invoice_id": "inv_9"}
    sent = (f"{SENT_TYPE} {derived_id(*issued, SENT_TYPE, 0)}",)
    lines = (
        line("billing-accounts", 0.1, "handled", due, "billing.account.due", **flow),
        line("billing-relay", 0.3, "relayed", issued, "billing.invoice.issued", **caused),
        line("notification", 0.4, "handled", issued, "billing.invoice.issued", events_out=sent, **caused),
    )

    story = story_of(evidence(*lines), event="issued-1")

    assert [(event.type, event.arrival.via) for event in story.walk()] == [
        ("billing.account.due", "queue"),
        ("billing.invoice.issued", "outbox"),
        (SENT_TYPE, "consumer"),
    ]
    assert story.verdict.sentence == "Invoice inv_9 was issued and cus_1 was told by e-mail 310 ms later."


def test_no_event_comes_after_its_effects_though_lines_are_written_late() -> None:
    """A line is written when its batch is settled: what it sent on may be further by then."""
    story = story_of(evidence(ingested(0.30), booked(0.32), relayed(0.305), notified(0.34)))

    came = [event.arrival.at for event in story.walk()]
    assert came == sorted(came)


def test_the_order_of_lines_changes_nothing() -> None:
    lines = the_whole_way()

    assert story_of(evidence(*reversed(lines))) == story_of(evidence(*lines))


@pytest.mark.parametrize("event", [PAYMENT[1], SETTLED[1], PAID[1]])
def test_any_event_of_a_tree_leads_to_its_first_cause(event: str) -> None:
    story = story_of(evidence(*the_whole_way()), event=event)

    assert [root.id for root in story.events] == [PAYMENT[1]]


@pytest.mark.parametrize(
    ("kind", "value"), [("invoice", "inv_1"), ("customer", "cus_1"), ("correlation", PAYMENT[1])], ids=str
)
def test_an_event_is_found_by_whom_it_is_about(kind: str, value: str) -> None:
    told = tell(Question(kind=kind, value=value), evidence(*the_whole_way()))  # type: ignore[arg-type]

    assert isinstance(told, Story)
    assert [root.id for root in told.events] == [PAYMENT[1]]


def test_a_dead_letter_is_told_with_its_reason_and_with_what_to_do() -> None:
    dead = notified(outcome="dead_letter", reason="unreadable", error_message="data.amount: must be an integer")
    story = story_of(evidence(dead, letters=[letter()], options="--stage prod"), event=PAID[1])

    assert story.verdict.standing == "stopped"
    assert story.exit_code == 1
    assert story.verdict.sentence == (
        "Stopped: notification could not read it (data.amount: must be an integer). "
        "It waits in notification-dlq since 03:00:00, tried once."
    )
    assert "billing-service sent it so" in story.verdict.advice[0]
    assert "python -m ops dlq show letter-1 --stage prod" in story.verdict.advice
    assert "python -m ops dlq edit letter-1 --why '…' --stage prod" in story.verdict.advice


def test_the_event_that_stopped_is_named_when_it_is_one_of_many() -> None:
    dead = notified(outcome="dead_letter", reason="business_rule", error_message="no contact of cus_1")
    story = story_of(evidence(ingested(), booked(), relayed(), dead, letters=[letter()]))

    assert f"(billing.invoice.paid {PAID[1][:12]}…)" in story.verdict.sentence


def test_a_dead_letter_is_told_from_its_line_when_the_dead_letter_queue_cannot_be_read() -> None:
    story = story_of(evidence(notified(outcome="dead_letter", reason="crashed"), letters=None), event=PAID[1])

    visit = visit_in(story, "notification")
    assert (visit.state, visit.standing) == ("dead_letter", "stopped")
    assert visit.place is not None
    assert "could not be looked into" in visit.place.known_from


def test_a_letter_that_is_not_in_its_queue_any_more_is_looked_for_in_the_audit_trail() -> None:
    story = story_of(evidence(notified(outcome="dead_letter", reason="unreadable")), event=PAID[1])

    assert visit_in(story, "notification").state == "taken_out"
    assert story.exit_code == 1
    assert "python -m ops dlq audit" in story.verdict.advice


def test_a_letter_that_no_line_tells_of_is_told_with_eventbridges_reason() -> None:
    refused = letter(RULE_ARN="arn:aws:events:…", ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="not allowed")
    story = story_of(evidence(letters=[refused]), event=PAID[1])

    visit = visit_in(story, "notification")
    assert (visit.state, visit.steps) == ("dead_letter", ())
    assert story.verdict.sentence == (
        "Stopped: notification never got it: EventBridge could not deliver it to the queue "
        "(NO_PERMISSIONS not allowed). It waits in notification-dlq since 03:00:00."
    )


def test_a_redriven_letter_is_told_with_both_its_lives() -> None:
    lines = [notified(outcome="dead_letter", reason="crashed"), notified(20.0)]
    story = story_of(evidence(*lines), event=PAID[1])

    visit = visit_in(story, "notification")
    assert (visit.state, visit.standing) == ("handled", "done")
    assert visit.notes == ("it was a dead letter from 03:00:00, and came back at 03:00:19",)


def test_a_letter_that_comes_back_after_its_redrive_lies_there_again() -> None:
    again = [notified(s, outcome="dead_letter", reason="unreadable", error_message="same") for s in (0.4, 20.0)]
    story = story_of(evidence(*again, letters=[letter()]), event=PAID[1])

    assert visit_in(story, "notification").state == "dead_letter"
    assert any("came back" in note for note in visit_in(story, "notification").notes)


def test_an_event_is_done_though_a_copy_of_it_is_a_dead_letter() -> None:
    lines = [notified(), notified(9.0, outcome="dead_letter", reason="dependency_unavailable")]
    story = story_of(evidence(*lines, letters=[letter()]), event=PAID[1])

    assert story.exit_code == 0
    assert any("a copy of it lies in notification-dlq" in note for note in visit_in(story, "notification").notes)


def test_a_retry_is_under_way_until_it_should_have_been() -> None:
    failed = notified(outcome="retry", reason="dependency_unavailable", error_message="SES: down")

    soon = story_of(evidence(failed, depths=DEPTH), event=PAID[1])
    later = story_of(evidence(failed, depths=DEPTH, now=START + timedelta(minutes=10)), event=PAID[1])

    assert (soon.verdict.standing, soon.exit_code) == ("under_way", 0)
    assert soon.verdict.sentence == (
        "Under way: notification could not reach what it needs (SES: down), on try 1; it is tried again by 03:00:04."
    )
    assert (later.verdict.standing, later.exit_code) == ("late", 1)
    place = visit_in(later, "notification").place
    assert place is not None
    assert place.known_from == "its last line, retry; in the queue, 3 wait, 1 are being handled, 0 are put off"


def test_each_failed_try_is_told_before_the_one_that_worked() -> None:
    lines = [notified(s, outcome="retry", attempts=n, reason="conflict") for n, s in ((1, 1.0), (2, 4.0))]
    story = story_of(evidence(*lines, notified(9.0, attempts=3)), event=PAID[1])

    visit = visit_in(story, "notification")
    assert [(step.number, step.outcome) for step in visit.steps] == [(1, "retry"), (2, "retry"), (3, "handled")]
    assert (visit.tries, visit.standing) == (3, "done")


def test_deferrals_are_counted_and_cost_no_try() -> None:
    lines = [notified(s, outcome="deferred", reason="throttled") for s in (1.0, 3.0)]
    story = story_of(evidence(*lines, depths=DEPTH), event=PAID[1])

    visit = visit_in(story, "notification")
    assert (visit.state, visit.standing, visit.tries) == ("deferred", "under_way", 1)
    assert visit.notes == ("it was put off, which costs no try: throttled twice",)


def test_duplicates_change_nothing_and_are_counted() -> None:
    lines = [notified(), *(notified(s, outcome="duplicate") for s in (1.0, 2.0))]
    story = story_of(evidence(*lines), event=PAID[1])

    visit = visit_in(story, "notification")
    assert (visit.state, visit.duplicates) == ("handled", 2)
    assert visit.notes == ("it came twice more, and changed nothing",)


def test_a_replay_that_is_let_pass_says_why() -> None:
    passed = notified(9.0, outcome="suppressed", replay="r-1", suppressed_because="it came back by the replay r-1")

    alone = story_of(evidence(passed), event=PAID[1])
    after = story_of(evidence(notified(), passed), event=PAID[1])

    assert (visit_in(alone, "notification").state, alone.exit_code) == ("suppressed", 0)
    assert visit_in(after, "notification").state == "handled"
    assert visit_in(after, "notification").notes == ("let pass: it came back by the replay r-1",)


def test_twin_versions_are_one_event() -> None:
    contact = ("crm", "contact-1")
    lines = [
        line("notification-contacts", 1, "suppressed", contact, "customer.contact.updated", suppressed_because="v3"),
        line("notification-contacts", 2, "handled", contact, "customer.contact.updated", customer_id="cus_1"),
    ]
    story = story_of(evidence(*lines), event="contact-1")

    assert len(list(story.walk())) == 1
    assert visit_in(story, "notification-contacts").state == "handled"
    assert story.verdict.sentence == "The contact book has cus_1 as the event says, or newer."


def test_an_event_waits_in_the_outbox_until_the_relay_has_published_it() -> None:
    lines = [ingested(), booked()]

    soon = story_of(evidence(*lines, kept=[kept()]))
    late = story_of(evidence(*lines, kept=[kept()], now=START + timedelta(minutes=5)))
    gone = story_of(evidence(*the_whole_way(), kept=[kept()]))

    assert soon.verdict.standing == "under_way"
    assert "in the outbox of invoice inv_1 in the table breakwater-dev-billing" in soon.verdict.sentence
    assert [visit.name for visit in event_in(soon, PAID_TYPE).visits] == ["billing-relay"]
    assert late.exit_code == 1
    assert visit_in(gone, "billing-relay").state == "relayed"


def test_a_relay_that_fails_has_its_event_in_the_outbox() -> None:
    failed = relayed(outcome="retry", reason="throttled", error_message="EventBridge: slow down")
    story = story_of(evidence(ingested(), booked(), failed))

    visit = visit_in(story, "billing-relay")
    assert (visit.state, visit.steps[0].error) == ("in_outbox", "EventBridge: slow down")


def test_an_event_that_is_old_news_in_the_outbox_is_no_event_that_waits() -> None:
    """Entries stay for two days, and the relay's line is older than what was read."""
    old = kept(paid_event(time="2026-11-25T03:00:00Z"))
    story = story_of(evidence(kept=[old]), event=PAID[1])

    assert (story.verdict.standing, story.exit_code) == ("unclear", 2)
    assert any("longer --since" in gap for gap in story.gaps)


def test_who_has_yet_to_act_is_told_from_the_manifests() -> None:
    lines = [ingested(), booked(), relayed(10.0)]

    soon = story_of(evidence(*lines, depths=DEPTH))
    late = story_of(evidence(*lines, depths=DEPTH, now=START + timedelta(minutes=5)))

    assert (visit_in(soon, "notification").state, soon.verdict.standing) == ("expected", "under_way")
    assert soon.verdict.sentence.startswith("Under way: notification has not picked it up yet")
    assert (late.verdict.standing, late.exit_code) == ("late", 1)


def test_what_left_no_line_and_waits_nowhere_is_unclear() -> None:
    story = story_of(evidence(ingested(), booked(), relayed(), depths=EMPTY, now=START + timedelta(minutes=5)))

    assert visit_in(story, "notification").state == "unseen"
    assert (story.verdict.standing, story.exit_code) == ("unclear", 2)


def test_a_consumer_without_a_line_has_acted_when_its_effect_is_there() -> None:
    story = story_of(evidence(ingested(), relayed(), notified(), depths=EMPTY, now=START + timedelta(minutes=5)))

    assert visit_in(story, "billing").state == "inferred"
    assert story.verdict.sentence.startswith("Invoice inv_1 was paid and cus_1 was told by e-mail")


def test_tries_that_left_no_line_are_told() -> None:
    story = story_of(evidence(notified(attempts=3)), event=PAID[1])

    assert visit_in(story, "notification").notes == (
        "tries 1 to 2 left no line: the function ended before it wrote one, or the line is lost",
    )


def test_a_cause_without_a_line_is_a_gap() -> None:
    story = story_of(evidence(relayed(), notified()), event=PAID[1])

    assert [event.type for event in story.walk()] == [PAID_TYPE, SENT_TYPE]
    assert event_in(story, PAID_TYPE).cause == SETTLED[1]
    assert story.exit_code == 0


def test_usage_without_a_line_of_its_cause_came_in_a_file_as_it_seems() -> None:
    usage = ("ingestion-service", "u-1")
    booked_usage = line("billing-usage", 1, "handled", usage, "ingestion.usage.recorded", causation_id="row-1")
    story = story_of(evidence(booked_usage), event="u-1")

    assert event_in(story, "ingestion.usage.recorded").arrival.via == "file"
    assert len(story.gaps) == 1
    assert "row-1" in story.gaps[0]


def accepted(*events: str) -> Line:
    line_ = line("ingestion-api", 0.05, "accepted", ("", ""), "", role="api", correlation_id="", message_id="")
    return replace(line_, events_out=events, attempts=0)


def test_over_http_the_consumer_behind_the_api_acts_first() -> None:
    api = accepted(f"{PARTNER_TYPE} other", f"{PARTNER_TYPE} {PAYMENT[1]}")
    story = story_of(evidence(ingested(), api, booked(), relayed(), notified()))

    first = story.events[0]
    assert (first.arrival.via, first.arrival.by) == ("http", "ingestion-api")
    assert [visit.name for visit in first.visits] == ["ingestion"]
    assert "other" not in {event.id for event in story.walk()}


def test_a_contact_over_http_goes_on_under_its_own_name() -> None:
    contact, type_ = ("crm", "contact-1"), "customer.contact.updated"
    api = accepted(f"{type_} contact-1")
    forwarded = line("ingestion", 0.1, "handled", contact, type_, events_out=(f"{type_} contact-1",))

    waiting = story_of(evidence(replace(forwarded, events_out=(), outcome="retry"), api), event="contact-1")
    taken_in = story_of(evidence(forwarded, api), event="contact-1")

    assert [visit.name for visit in waiting.events[0].visits] == ["ingestion"]
    assert [(v.name, v.state) for v in taken_in.events[0].visits] == [
        ("ingestion", "handled"),
        ("notification-contacts", "expected"),
    ]
    assert taken_in.events[0].caused == ()


def test_nobody_is_expected_to_act_on_an_event_that_their_rule_keeps_out() -> None:
    """billing's rule takes payments from ingestion alone."""
    stranger = kept(paid_event(source="somebody-else", type=SETTLED_TYPE, id="x", causationid="y"))
    lines = [line("billing-relay", 1, "relayed", ("somebody-else", "x"), SETTLED_TYPE)]
    story = story_of(evidence(*lines, kept=[stranger]), event="x")

    assert [visit.name for visit in story.events[0].visits] == ["billing-relay"]


def test_a_message_that_was_refused_for_good_is_no_happy_end() -> None:
    type_ = "notification.message.failed"
    refused = notified(events_out=(f"{type_} {derived_id(*PAID, type_, 1)}",))
    story = story_of(evidence(ingested(), booked(), relayed(), refused))

    assert "cus_1 could not be told by webhook" in story.verdict.sentence
    assert story.exit_code == 1


def test_events_of_two_producers_with_one_id_are_chosen_from() -> None:
    others = [line("notification", 9, "handled", ("other-billing", PAID[1]), PAID_TYPE, correlation_id="")]
    question = Question(kind="event", value=PAID[1])

    told = choices_of(question, evidence(*the_whole_way(), *others))
    one = tell(replace(question, source="other-billing"), evidence(*the_whole_way(), *others))

    assert [story.events[0].source for story in told.stories] == ["other-billing", PAYMENT[0]]
    assert isinstance(one, Story)
    assert one.events[0].source == "other-billing"


def test_a_customers_stories_are_listed_newest_first_and_counted() -> None:
    lines = [
        line("notification-contacts", n, "handled", ("crm", f"c-{n}"), "customer.contact.updated", customer_id="cus_9")
        for n in range(5)
    ]
    told = choices_of(Question(kind="customer", value="cus_9"), evidence(*lines), most=3)

    assert [story.events[0].id for story in told.stories] == ["c-4", "c-3", "c-2"]
    assert (told.left_out, told.exit_code) == (2, 0)


def test_causes_that_go_round_in_a_circle_are_told_once() -> None:
    first = line("billing", 1, "handled", ("s", "a"), "t", causation_id="b")
    second = line("billing", 2, "handled", ("s", "b"), "t", causation_id="a")

    story = story_of(evidence(first, second), event="a")

    assert sorted(event.id for event in story.walk()) == ["a", "b"]


def test_an_event_that_is_its_own_cause_is_told_once() -> None:
    story = story_of(evidence(line("billing", 1, "handled", ("s", "a"), "t", causation_id="a")), event="a")

    assert [(event.id, event.cause, event.arrival.via) for event in story.walk()] == [("a", "", "bus")]
    assert story.gaps == ()


def test_of_two_causes_with_one_id_the_one_that_the_id_derives_from_is_meant() -> None:
    stranger = line("ingestion", 0.01, "handled", ("stranger", PAYMENT[1]), PARTNER_TYPE)
    lines = [stranger, replace(ingested(), events_out=()), booked()]

    told = choices_of(Question(kind="event", value=PAYMENT[1]), evidence(*lines))

    effects = {story.events[0].source: [e.type for e in story.events[0].caused] for story in told.stories}
    assert effects == {"stranger": [], PAYMENT[0]: [SETTLED_TYPE]}


def test_a_deep_chain_of_reused_ids_ends() -> None:
    chain = [line("billing", n, "handled", ("s", f"e{n}"), "t", causation_id=f"e{n - 1}") for n in range(300)]

    story = story_of(evidence(*chain, now=START + timedelta(hours=1)), event="e0")

    assert len(list(story.walk())) == 51


def test_nothing_is_known_of_an_event_that_left_no_trace() -> None:
    story = story_of(evidence(), event="nonsense")

    assert (story.exit_code, story.events) == (2, ())
    assert "no trace of event nonsense" in story.verdict.sentence


def test_a_story_is_json_with_times_in_rfc_3339() -> None:
    story = story_of(evidence(*the_whole_way()))

    members = json.loads(json.dumps(story.to_json()))

    first = members["events"][0]
    assert (first["id"], first["caused"][0]["id"]) == (PAYMENT[1], SETTLED[1])
    assert first["visits"][0]["steps"][0]["at"] == "2026-11-27T03:00:00.100000Z"
    assert members["exit_code"] == 0
    assert members["verdict"]["sentence"] == story.verdict.sentence


def test_a_storys_time_is_from_its_first_moment_to_its_last() -> None:
    story = story_of(evidence(*[replace(line_, age_ms=50.0) for line_ in the_whole_way()]))

    assert story.began == at(0.04)
    assert story.ended == at(0.4)
    assert millis(0.4) == round(story.ended.timestamp() * 1000)
    assert story.read_to == NOW
