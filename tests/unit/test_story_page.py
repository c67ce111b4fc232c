"""Stories as people read them."""

from __future__ import annotations

import json
from dataclasses import replace

import typer

from contracts.lines import lines_in
from ops.story.page import pages
from ops.story.telling import Question
from tests.unit.story_builders import (
    PAID,
    PAYMENT,
    SENT,
    SETTLED,
    booked,
    choices_of,
    evidence,
    ingested,
    letter,
    line,
    notified,
    story_of,
    the_whole_way,
)


def plain(lines: list[str]) -> list[str]:
    """Without styles and without what stands at the ends of lines."""
    return [_unstyled(text).rstrip() for text in lines]


def _unstyled(text: str) -> str:
    return "".join(part.partition("m")[2] if i else part for i, part in enumerate(text.split("\x1b[")))


def test_the_page_is_the_answer_and_then_the_tree_by_time() -> None:
    lines = [replace(each, age_ms=20.0) for each in the_whole_way()]

    told = plain(list(pages(story_of(evidence(*lines)))))

    assert told == [
        "Invoice inv_1 was paid and cus_1 was told by e-mail 330 ms later.",
        "",
        "      0 ms  partner.payment.settled pay-1  inv_1  put on the bus by payment-provider",
        "    +20 ms  ├ ingestion: handled in 10 ms, after 20 ms on the way",
        f"    +30 ms  └ ingestion.payment.settled {SETTLED[1][:12]}…  sent by ingestion",
        "   +120 ms    ├ billing: handled in 10 ms, after 20 ms on the way",
        f"   +200 ms    └ billing.invoice.paid {PAID[1][:12]}…  cus_1  out of the outbox, by billing-relay",
        "   +220 ms      ├ billing-relay: published in 10 ms, after 20 ms on the way",
        "   +320 ms      ├ notification: handled in 10 ms, after 20 ms on the way",
        f"   +330 ms      └ notification.message.sent {SENT[1][:12]}…  sent by notification  (nobody has to act on it)",
    ]


def test_a_page_says_what_is_wrong_where_it_lies_and_what_is_missing() -> None:
    dead = notified(outcome="dead_letter", reason="unreadable", error_message="data.amount: wrong")
    known = evidence(dead, letters=[letter()], gaps=("the queues could not be read: no",), options="--stage prod")

    told = plain(list(pages(story_of(known, event=PAID[1]))))

    assert told[0].startswith(
        "Stopped: notification could not read it (data.amount: wrong). It waits in notification-dlq"
    )
    assert "  → python -m ops dlq show letter-1 --stage prod" in told
    assert any(text.endswith("notification: dead letter on try 1 in 10 ms") for text in told)
    assert any(text.endswith("unreadable: data.amount: wrong") for text in told)
    assert any("now in notification-dlq since 03:00:00" in text for text in told)
    assert told[told.index("What is missing:") + 1] == "  - the queues could not be read: no"


def test_what_has_yet_to_happen_stands_last_and_has_no_time() -> None:
    told = plain(list(pages(story_of(evidence(ingested(), booked(outcome="retry", reason="conflict"))))))

    assert told[-1].startswith(" " * 12)
    assert "now in billing since" in told[-1]


def test_ids_that_others_wrote_cannot_become_commands() -> None:
    mean = "x; rm -rf ~"
    lines = [line("notification", n, "handled", (source, mean), "t") for n, source in enumerate(("a", "b"))]

    told = plain(list(pages(choices_of(Question(kind="event", value=mean), evidence(*lines)))))

    assert any("python -m ops why 'x; rm -rf ~' --source a" in text for text in told)


def test_texts_that_others_wrote_cannot_draw_on_the_terminal() -> None:
    written = json.dumps({"consumer": "billing", "event_id": "e\x1b[2J", "customer_id": "\u202egnp.exe"})

    (read,) = lines_in(written, function="billing", at=1)

    assert (read.event_id, read.customer_id) == ("e\ufffd[2J", "\ufffdgnp.exe")


def test_styles_are_ansi_that_can_be_taken_off() -> None:
    told = next(pages(story_of(evidence(*the_whole_way()))))

    assert told == typer.style(_unstyled(told), fg=typer.colors.GREEN)
    assert PAYMENT[1] not in told
