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

#: What may be due to be closed, as the types of messages that never leave billing (see due.py).
SHARD_DUE: Final = "billing.shard.due"
ACCOUNT_DUE: Final = "billing.account.due"

#: Seconds that one message may keep an invocation. A long ledger takes several: each stops in time, at a checkpoint.
ACCOUNT_SECONDS: Final = 20

#: Closes what is due, one account a message. Each of them reads a ledger page after page, and a page is read as fast
#: as its JSON is parsed: the memory is for the processor that comes with it, a whole one. So many at a time take half
#: of the reads that a table gives by default, and leave the other half to everybody else.
ACCOUNTS: Final = Consumer(
    function=Function(
        name="billing-accounts", handler="functions.billing.accounts.consume", timeout=60, memory_mib=1769
    ),
    subscriptions=(),
    sent_directly=(SHARD_DUE, ACCOUNT_DUE),  # by the schedule, and by itself
    dedup="state",
    batch_size=1,
    max_concurrency=10,
    backlog=6 * 3600,  # all of a month's accounts come at once
    slo=Slo(),
)

#: Says that everything is due: what is, is found and closed from the queue.
CLOSE: Final = Schedule(
    function=Function(name="billing-close", handler="functions.billing.close.handle", timeout=30),
    expression="cron(0 7 * * ? *)",  # an hour after the grace that an ended month has (periods.GRACE)
)

RELAY: Final = Relay(
    function=Function(name="billing-relay", handler="functions.billing.relay.handle", timeout=30), event_types=EMITS
)

SERVICE: Final = Service(
    name="billing",
    emits=EMITS,
    consumers=(PAYMENTS, USAGE, ACCOUNTS),
    apis=(API,),
    schedules=(CLOSE,),
    relays=(RELAY,),
)
