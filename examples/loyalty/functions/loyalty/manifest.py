"""What loyalty takes in, runs and sends out."""

from typing import Final

from runtime.manifest import Consumer, Function, Service, Subscription, event_types

SOURCE: Final = "loyalty-service"

CONSUMER: Final = Consumer(
    function=Function(name="loyalty", handler="functions.loyalty.handler.consume", timeout=30),
    subscriptions=(
        Subscription(
            name="paid-invoices", pattern={"source": ["billing-service"], **event_types("billing.invoice.paid")}
        ),
    ),
    dedup="state",
)

SERVICE: Final = Service(name="loyalty", emits=("loyalty.points.earned",), consumers=(CONSUMER,))
