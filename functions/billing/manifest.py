"""What billing takes in, runs and sends out."""

from typing import Final

from runtime.manifest import Consumer, Function, HttpApi, Relay, Schedule, Service, Slo, Subscription, event_types

SOURCE: Final = "billing-service"
EMITS: Final = ("billing.invoice.issued", "billing.invoice.paid", "billing.invoice.payment_failed")

PAYMENTS: Final = Consumer(
    function=Function(name="billing", handler="functions.billing.handler.consume", timeout=30),
    subscriptions=(
        Subscription(
            name="payments",
            pattern={
                "source": ["ingestion-service"],
                **event_types("ingestion.payment.settled", "ingestion.payment.failed"),
            },
        ),
    ),
    dedup="state",
    slo=Slo(critical_p95_ms=560),  # twice ingestion's: its events have passed ingestion
)

# Usage comes in masses and nobody waits for it: large batches, written 25 records a call.
USAGE: Final = Consumer(
    function=Function(name="billing-usage", handler="functions.billing.usage.consume", timeout=30),
    subscriptions=(
        Subscription(
            name="usage", pattern={"source": ["ingestion-service"], **event_types("ingestion.usage.recorded")}
        ),
    ),
    dedup="state",
    batch_size=100,
    batching_window=1,
    max_concurrency=50,
    slo=Slo(),
)

API: Final = HttpApi(
    function=Function(name="billing-api", handler="functions.billing.api.handle", timeout=25),
    routes=(
        "POST /invoices",
        "GET /invoices",
        "GET /invoices/{invoice_id}",
        "POST /invoices/{invoice_id}/void",
        "GET /customers/{customer_id}/usage",
        "GET /openapi.json",
    ),
)

CLOSE: Final = Schedule(
    function=Function(name="billing-close", handler="functions.billing.close.handle", timeout=300),
    expression="cron(0 7 * * ? *)",  # an hour after the grace that an ended month has (periods.GRACE)
)

RELAY: Final = Relay(
    function=Function(name="billing-relay", handler="functions.billing.relay.handle", timeout=30), event_types=EMITS
)

SERVICE: Final = Service(
    name="billing",
    emits=EMITS,
    consumers=(PAYMENTS, USAGE),
    apis=(API,),
    schedules=(CLOSE,),
    relays=(RELAY,),
)
