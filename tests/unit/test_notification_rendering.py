from __future__ import annotations

from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from functions.notification.domain import Contact, invoice_of
from functions.notification.rendering import Content, render
from tests.unit.event_builders import paid
from tests.unit.notification_builders import contact, issued, payment_failed

ALL = [paid(), issued(), payment_failed()]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "Bcc: all@example.com",
    "\u202egnp.exe",
    "O'Brien & Söhne <ops@example.com>",
    "a\u2028b\x85c\u2029d",
]


class Tags(HTMLParser):
    """The tags of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


def rendered(event=None, to: Contact | None = None) -> Content:
    event = event or paid()
    return render(event.type, invoice_of(event), to or contact())


def test_a_receipt_says_what_was_paid() -> None:
    content = rendered(paid(data={**paid().data, "paid_at": "2026-05-20T23:30:00-02:00", "payment_id": "pay_7"}))

    assert content.subject == "Receipt for invoice inv_20260520_001: USD 499.00"
    assert content.text == (
        "Dear Ada Lovelace,\n\n"
        "thank you: we have received your payment of USD 499.00 on 21 May 2026. Invoice inv_20260520_001 is paid.\n\n"
        "Payment: pay_7\n\n"
        "You get this message because this address is on file for customer cus_abc123.\n"
    )


def test_the_seed_event_s_receipt_has_no_gaps() -> None:
    content = rendered(paid())

    assert "payment of USD 499.00. Invoice inv_20260520_001 is paid.\n\nYou get" in content.text


def test_an_invoice_lists_its_lines_and_its_due_day() -> None:
    lines = [{"description": "API calls", "quantity": 1200, "amount": 49900, "meter": "api_calls"}]

    content = rendered(issued(period="2026-05", due_at="2026-06-14T00:00:00Z", lines=lines))

    assert content.subject == "Invoice inv_20260520_001 for USD 499.00"
    assert (
        "for 2026-05 comes to USD 499.00.\nIt is due on 14 June 2026.\n\n- API calls (1200): USD 499.00\n"
        in content.text
    )
    assert "<td>API calls</td>" in content.html


def test_an_invoice_says_less_when_it_knows_less() -> None:
    content = rendered(issued())

    assert "due" not in content.text
    assert "None" not in content.text + content.html
    assert "<table" not in content.html


def test_a_failed_payment_says_why() -> None:
    content = rendered(payment_failed(currency="JPY", amount=500))

    assert "payment of JPY 500 for invoice inv_20260520_001 did not go through: card declined" in content.text
    assert "card declined" in content.html


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.type)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(event, name: str) -> None:
    friendly = rendered(event)

    hostile = rendered(event, contact(name=name))

    assert Tags(hostile.html).found == Tags(friendly.html).found
    assert len(hostile.subject.splitlines()) == 1
    assert "49" not in hostile.text.replace("499.00", "")
    assert "\u202e" not in hostile.text + hostile.html + hostile.subject


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.type)
def test_a_subject_is_one_short_line_whatever_it_holds(event) -> None:
    invoice = invoice_of(event).model_copy(update={"invoice_id": "x\r\nBcc: all@example.com\r\n\r\n" + "y" * 2000})

    content = render(event.type, invoice, contact())

    assert len(content.subject.splitlines()) == 1
    assert len(content.subject) <= 200


def test_a_reason_is_escaped_in_html_and_plain_in_text() -> None:
    content = rendered(payment_failed(reason="<b>no & no</b>\x00"))

    assert "<b>no & no</b>\n" in content.text
    assert "&lt;b&gt;no &amp; no&lt;/b&gt;" in content.html


def test_rendering_fails_rather_than_leaving_a_gap_when_a_value_is_missing() -> None:
    with pytest.raises(UndefinedError):
        render("billing.invoice.payment_failed", invoice_of(paid()), contact())
