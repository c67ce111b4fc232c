// A program of another team: what it sends and is answered, as lines of JSON.
import {
  derivedId,
  IngestionClient,
  InvalidEvent,
  parseEvent,
  partnerUsageReportedV1,
  PublishError,
  putEvents,
  toEventBridgeEntry,
  type BreakwaterEvent,
  type PartnerUsageReportedV1Event,
  type PutEventsEntry,
} from "@breakwater/events";

declare const process: { readonly argv: readonly string[] };

const url = process.argv[2] ?? "";
const slept: number[] = [];
const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds);
const client = new IngestionClient(url, { sleep, authorize: async ({ body }) => ({ "x-signed": `${body.length}` }) });

function usage(id: string, quantity = 3): PartnerUsageReportedV1Event {
  return partnerUsageReportedV1({
    id,
    source: "/partners/acme",
    time: "2026-05-20T14:30:00Z",
    data: { customer_id: "cus_Zoë".replace("ë", "e"), meter: "api_calls", quantity, used_at: "2026-05-20T14:30:00Z" },
  });
}

async function refused(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const { status, title, detail, errors, retryable } = error;
    return { status, title, detail, errors, retryable };
  }
}

function described(event: BreakwaterEvent): string {
  switch (event.type) {
    case "partner.usage.reported":
      return `${event.data.meter}: ${event.data.quantity}`;
    case "customer.contact.updated":
      return event.dataschema === "urn:breakwater:schema:customer.contact.updated:v2"
        ? `${event.data.channels.email}`
        : `${event.data.email}`;
    default:
      return event.id;
  }
}

const entries: PutEventsEntry[][] = [];
const bus = {
  async putEvents({ Entries }: { Entries: PutEventsEntry[] }) {
    entries.push(Entries);
    const again = entries.length === 1;
    const code = (id: string) => (id.includes("wrong") ? "MalformedDetail" : "ThrottlingException");
    return {
      FailedEntryCount: 2,
      Entries: Entries.map(({ Detail }) =>
        /wrong|again/.test(Detail) && (again || !Detail.includes("again")) ? { ErrorCode: code(Detail) } : { EventId: "1" },
      ),
    };
  },
};

const told = {
  published: (await client.publish(usage("u-1"))) ?? null,
  rejected: await refused(() => client.publish(usage("u-2", -1))),
  batch: await client.publishBatch([usage("u-3"), usage("u-4", -1), usage("u-5")]),
  closed: await refused(() => new IngestionClient("http://127.0.0.1:9", { sleep }).publish(usage("u-6"))),
  slept: [...slept],
  derived: await derivedId("Zoë 𝒵\u2028\x7f", 7, 'a"b\\\n'),
  unpublished: (await putEvents(bus, "b", [usage("ok"), usage("wrong"), usage("again")], { sleep })).map(
    ({ event, code }) => [event.id, code],
  ),
  calls: entries.map((call) => call.map(({ Detail }) => JSON.parse(Detail).id)),
  tooLarge: (await putEvents(bus, "b", [usage("large")], { sleep, maxBytes: 100 })).map(({ code }) => code),
  entry: toEventBridgeEntry(usage("u-7"), "b"),
  described: described(parseEvent(JSON.stringify({ ...usage("u-8"), traceparent: "00-1" }))),
  invalid: ((): unknown => {
    try {
      return parseEvent("{");
    } catch (error) {
      return error instanceof InvalidEvent ? error.problems.map(({ field }) => field) : error;
    }
  })(),
};
console.log(JSON.stringify(told));
