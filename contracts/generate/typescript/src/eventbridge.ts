import { type AnyEvent, toJson } from "./envelope.js";
import type { BreakwaterEvent } from "./events.js";
import { delay, pause } from "./retrying.js";

/** An entry of EventBridge's PutEvents. */
export interface PutEventsEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
  Time?: Date;
}

/**
 * What is needed of an EventBridge client. `EventBridge` of `@aws-sdk/client-eventbridge` has it; with the bare
 * `EventBridgeClient`, pass `{ putEvents: (input) => client.send(new PutEventsCommand(input)) }`.
 */
export interface PutEventsClient {
  putEvents(input: { Entries: PutEventsEntry[] }): Promise<{
    readonly Entries?:
      | readonly { readonly ErrorCode?: string | undefined; readonly ErrorMessage?: string | undefined }[]
      | undefined;
  }>;
}

/** An event that the bus did not take, and why. */
export interface Unpublished {
  readonly event: BreakwaterEvent;
  readonly code: string;
  readonly message: string;
}

export interface PutEventsOptions {
  readonly attempts?: number;
  /** The bytes that one call must stay under: 1,000,000 when left out; some regions have 256,000. */
  readonly maxBytes?: number;
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

const MAX_ENTRIES = 10;
const TIME_BYTES = 14;
const MAY_PASS: ReadonlySet<string> = new Set(["ThrottlingException", "InternalFailure"]);

/** The event as a PutEvents entry: whole in `Detail`, mirrored where rules look. */
export function toEventBridgeEntry(event: AnyEvent, busName: string): PutEventsEntry {
  const entry = { EventBusName: busName, Source: event.source, DetailType: event.type, Detail: toJson(event) };
  return event.time === undefined ? entry : { ...entry, Time: new Date(event.time) };
}

/**
 * Puts events on a bus, in as few calls as AWS allows. Entries that may pass are sent again, with the same ids; what
 * the bus did not take is in the answer. Throws what the client throws: to put all of them again is safe. A bus that
 * does not exist takes everything: name yours with care.
 */
export async function putEvents(
  client: PutEventsClient,
  busName: string,
  events: readonly BreakwaterEvent[],
  options: PutEventsOptions = {},
): Promise<readonly Unpublished[]> {
  const { attempts = 3, maxBytes = 1_000_000, sleep = pause } = options;
  const unpublished: Unpublished[] = [];
  for (const whole of chunks(events, busName, maxBytes, unpublished)) {
    let open: readonly BreakwaterEvent[] = whole;
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const refused = await put(client, busName, open);
      const final = attempt >= attempts ? refused : refused.filter(({ code }) => !MAY_PASS.has(code));
      unpublished.push(...final);
      open = refused.filter((one) => !final.includes(one)).map(({ event }) => event);
      if (open.length > 0) await sleep(delay(attempt, 0));
    }
  }
  return unpublished;
}

async function put(
  client: PutEventsClient,
  busName: string,
  events: readonly BreakwaterEvent[],
): Promise<readonly Unpublished[]> {
  const answer = await client.putEvents({ Entries: events.map((event) => toEventBridgeEntry(event, busName)) });
  return events.flatMap((event, index) => {
    const { ErrorCode: code, ErrorMessage: message = "" } = answer.Entries?.[index] ?? {};
    return code === undefined ? [] : [{ event, code, message }];
  });
}

function* chunks(
  events: readonly BreakwaterEvent[],
  busName: string,
  maxBytes: number,
  unpublished: Unpublished[],
): Generator<readonly BreakwaterEvent[]> {
  let chunk: BreakwaterEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = sizeOf(toEventBridgeEntry(event, busName));
    if (size >= maxBytes) {
      unpublished.push({ event, code: "TooLarge", message: `${size} bytes are over the limit of ${maxBytes}` });
      continue;
    }
    if (chunk.length >= MAX_ENTRIES || bytes + size >= maxBytes) {
      if (chunk.length > 0) yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(event);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/** Bytes as AWS counts them. */
function sizeOf(entry: PutEventsEntry): number {
  const text = entry.Source + entry.DetailType + entry.Detail;
  return new TextEncoder().encode(text).length + (entry.Time === undefined ? 0 : TIME_BYTES);
}
