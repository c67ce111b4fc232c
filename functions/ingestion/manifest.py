"""What ingestion takes in, runs and sends out."""

from typing import Final

from runtime.manifest import Consumer, Function, HttpApi, Service, Subscription, event_types

SOURCE: Final = "ingestion-service"

CONSUMER: Final = Consumer(
    function=Function(name="ingestion", handler="functions.ingestion.handler.consume", timeout=30),
    subscriptions=(
        Subscription(
            name="partner-records",
            pattern=event_types("partner.usage.reported", "partner.payment.settled", "partner.payment.failed"),
        ),
    ),
    dedup="state",
)

API: Final = HttpApi(
    function=Function(name="ingestion-api", handler="functions.ingestion.api.handle", timeout=25),
    routes=("POST /events", "GET /openapi.json"),
)

SERVICE: Final = Service(
    name="ingestion",
    emits=(
        "ingestion.usage.recorded",
        "ingestion.payment.settled",
        "ingestion.payment.failed",
        "ingestion.record.rejected",
        "customer.contact.updated",
    ),
    consumers=(CONSUMER,),
    apis=(API,),
)
