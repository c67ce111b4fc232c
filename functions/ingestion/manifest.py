"""What ingestion takes in, runs and sends out."""

from typing import Final

from runtime.manifest import Consumer, Function, HttpApi, Service, Slo, Subscription, event_types

SOURCE: Final = "ingestion-service"

#: Where in the bucket files are put, and where the answers to them are.
INCOMING: Final = "incoming/"
REJECTS: Final = "rejects/"
RESULTS: Final = "results/"

CONSUMER: Final = Consumer(
    function=Function(name="ingestion", handler="functions.ingestion.handler.consume", timeout=30),
    subscriptions=(
        Subscription(
            name="partner-records",
            pattern=event_types("partner.usage.reported", "partner.payment.settled", "partner.payment.failed"),
        ),
    ),
    dedup="state",
    # Everything comes in here: ten times 50,000 a minute are 8,300 records a second, and a batch takes 30 ms.
    max_concurrency=100,
    sent_directly=("customer.contact.updated",),  # by the API, as everything that comes in over HTTP
    slo=Slo(critical_p95_ms=280),
)

#: Seconds of an invocation that go into a file. The rest are to end what it is at: at worst one call each to the
#: bucket, the bus and the table.
FILE_SECONDS: Final = 240

#: A file takes as many invocations as it needs: each stops in time, at a checkpoint. The memory is for the processor
#: that comes with it, a whole one; the work itself needs less than 100 MiB, whatever the file.
FILES: Final = Consumer(
    function=Function(
        name="ingestion-files", handler="functions.ingestion.files.consume", timeout=300, memory_mib=1769
    ),
    subscriptions=(
        Subscription(
            name="uploads",
            bus="default",
            pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"object": {"key": [{"prefix": INCOMING}]}},
            },
        ),
    ),
    dedup="state",
    batch_size=1,
    max_concurrency=5,
    slo=Slo(without_dead_letter=0.99),  # files are few, and a bad line is no bad file
)

API: Final = HttpApi(
    function=Function(name="ingestion-api", handler="functions.ingestion.api.handle", timeout=25),
    routes=("POST /events", "GET /openapi.json"),
)

#: Usage comes in masses. An entry each would be half of the whole bill.
BATCHED: Final = ("ingestion.usage.recorded",)

SERVICE: Final = Service(
    name="ingestion",
    emits=(
        "ingestion.usage.recorded",
        "ingestion.payment.settled",
        "ingestion.payment.failed",
        "ingestion.record.rejected",
        "customer.contact.updated",
    ),
    consumers=(CONSUMER, FILES),
    batched=BATCHED,
    apis=(API,),
)
