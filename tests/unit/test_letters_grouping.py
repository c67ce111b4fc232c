"""What failures have in common, and which letters are meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops.letters.fingerprints import masked
from ops.letters.grouping import grouped
from ops.letters.selection import Selection
from ops.times import moment
from ops.wrong_use import WrongUse
from runtime.errors import BusinessRuleViolated, DependencyUnavailable
from tests.unit.event_builders import paid
from tests.unit.letter_builders import DIED, a_letter

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "mask"),
    [
        ("data.amount: Input should be a valid integer", "data.amount: Input should be a valid integer"),
        ("customer 'ada' has no invoice inv_20260520_001", "customer <value> has no invoice <id>"),
        ("4900 of 5,000.50 at 2026-05-20T14:30:00.123Z", "<n> of <n> at <time>"),
        ("since 2026-05-20 14:30:00+02:00, on 2026-05-20", "since <time>, on <time>"),
        ("5b7f1e9c-aaaa-4bbb-8ccc-0123456789ab is gone", "<id> is gone"),
        ("s3://bucket/payloads/0a1b is gone, see https://x.example/y?z=1", "<url> is gone, see <url>"),
        ("arn:aws:sqs:eu-central-1:123456789012:q refused", "<arn> refused"),
        ('said "no" and `never`', "said <value> and <value>"),
        ("two\n  lines", "two lines"),
        ("HTTP 503 from SES", "HTTP <n> from SES"),
    ],
)
def test_what_differs_from_case_to_case_is_masked(error: str, mask: str) -> None:
    assert masked(error) == mask


def test_errors_that_differ_in_more_than_ids_are_different_groups() -> None:
    letters = [
        a_letter(paid(id="a"), error=BusinessRuleViolated("invoice 'inv_1' is void")),
        a_letter(paid(id="b"), error=BusinessRuleViolated("invoice 'inv_2' is void")),
        a_letter(paid(id="c"), error=BusinessRuleViolated("invoice 'inv_2' is paid")),
        a_letter(paid(id="d"), error=DependencyUnavailable("invoice 'inv_2' is void")),
        a_letter(paid(id="e"), error=BusinessRuleViolated("invoice 'inv_2' is void"), place="billing-dlq"),
    ]

    assert [group.count for group in grouped(letters)] == [2, 1, 1, 1]


def test_a_group_knows_its_first_and_its_last_and_shows_the_newest() -> None:
    letters = [a_letter(paid(id=f"e-{h}"), failed_at=DIED + timedelta(hours=h)) for h in (1, 3, 2)]

    (group,) = grouped(letters)

    assert (group.first, group.last) == (DIED + timedelta(hours=1), DIED + timedelta(hours=3))
    assert group.example.subject.id == "e-3"


LETTER = a_letter(paid(id="evt-123456"), error=DependencyUnavailable("SES said 503"))


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(groups=("nope", LETTER.fingerprint)),
        Selection(ids=("evt-123456",)),
        Selection(ids=("evt-12",)),
        Selection(ids=(LETTER.id[:8],)),
        Selection(types=("billing.invoice.paid",)),
        Selection(places=("notification",)),
        Selection(error="ses SAID"),
        Selection(error="dependency_unavailable"),
        Selection(failed_before=NOW, failed_after=DIED),
    ],
)
def test_a_letter_is_meant_when_it_matches(selection: Selection) -> None:
    assert selection.matches(LETTER)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(groups=("nope",)),
        Selection(ids=("evt-1",)),
        Selection(types=("billing.invoice.issued",)),
        Selection(places=("billing",)),
        Selection(error="S3"),
        Selection(failed_before=DIED),
        Selection(failed_after=NOW),
        Selection(types=("billing.invoice.paid",), places=("billing",)),
    ],
)
def test_a_letter_is_not_meant_when_one_criterion_does_not_hold(selection: Selection) -> None:
    assert not selection.matches(LETTER)


def test_a_selection_survives_the_trail() -> None:
    selection = Selection(groups=("a",), ids=("b", "c"), error="d", failed_after=DIED)

    assert Selection.from_dict(selection.to_dict()) == selection


def test_ages_are_words_or_times() -> None:
    assert moment("30m", now=NOW) == NOW - timedelta(minutes=30)
    assert moment("3d", now=NOW) == NOW - timedelta(days=3)
    assert moment("2026-05-31T12:00:00Z", now=NOW) == DIED
    with pytest.raises(WrongUse, match="is no time: say 30m"):
        moment("yesterday", now=NOW)
