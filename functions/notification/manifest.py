"""What notification takes in, runs and sends out."""

from typing import Final

from runtime.manifest import Consumer, Function, Service, Slo, Subscription, event_types

SOURCE: Final = "notification-service"

# The time limit lets a whole batch of endpoints keep us waiting as long as they may.
MESSAGES: Final = Consumer(
    function=Function(name="notification", handler="functions.notification.handler.consume", timeout=60),
    subscriptions=(
        Subscription(
            name="invoices",
            pattern={
                "source": ["billing-service"],
                **event_types("billing.invoice.issued", "billing.invoice.paid", "billing.invoice.payment_failed"),
            },
        ),
    ),
    dedup="record",
    slo=Slo(critical_p95_ms=2_000, without_dead_letter=0.99),  # mail servers and endpoints are other people's
)

CONTACTS: Final = Consumer(
    function=Function(name="notification-contacts", handler="functions.notification.contacts.consume", timeout=30),
    subscriptions=(Subscription(name="contacts", pattern=event_types("customer.contact.updated")),),
    dedup="state",
    slo=Slo(critical_p95_ms=560),
)

SERVICE: Final = Service(
    name="notification",
    emits=("notification.message.sent", "notification.message.failed"),
    consumers=(MESSAGES, CONTACTS),
)
