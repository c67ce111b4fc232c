"""Two versions of one event on the emulator: as templates, rules and queues have it, not the memory cloud."""

from __future__ import annotations

from events.catalog import Channels, CustomerContactUpdated, dataschema, initial
from events.twins import in_versions
from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.stack import Stack
from tests.stack.stack_builders import MOMENT, SECONDS, dead_letters_of, invoice_paid, mails_to, soon

CONTACTS = "notification-contacts"


def test_a_customer_is_told_once_when_the_contact_comes_in_version_2_in_version_1_and_in_one_of_tomorrow(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = f"cus-{unique}"
    payload = CustomerContactUpdated(
        customer_id=customer, name="Ada Lovelace", channels=Channels(email=f"{customer}@example.com")
    )
    new, old = in_versions(initial(payload, id=f"contact-{unique}", source="crm", time=MOMENT))
    tomorrow = new.model_copy(
        update={"dataschema": dataschema(new.type, 3), "data": {}, "extensions": {"olderversions": "1,2"}}
    )

    for event in (tomorrow, old):
        client.put(event)
    answer = client.post(new)

    def outcomes() -> list[str]:
        hops = (hop for hop in watcher.hops if hop.identity == new.identity and hop.function == CONTACTS)
        return sorted(hop.outcome for hop in hops if hop.outcome != "retry")

    assert answer.status == 202
    soon(lambda: len(outcomes()) >= 3, "all three versions have come to notification")
    assert outcomes() == ["duplicate", "handled", "suppressed"]
    assert dead_letters_of(client, CONTACTS, new.id) == []
    client.put(invoice_paid(f"paid-{unique}", customer))
    watcher.wait_for(("billing-service", f"paid-{unique}"), "notification", timeout=SECONDS)
    soon(lambda: mails_to(stack, customer), "the receipt is sent")
    assert len(mails_to(stack, customer)) == 1
