/** What every event has beside its type and its data: CloudEvents 1.0, and the extensions that are carried. */
export interface Attributes {
  /**
   * Identity is the pair (`source`, `id`), nothing else. Mint it before the first send and keep it for every retry:
   * then sending again is always safe. `derivedId` makes ids that a second attempt at the same work gives again.
   */
  readonly id: string;
  /** A URI-reference that names the sender, such as `/partners/acme`. */
  readonly source: string;
  /** When it happened: RFC 3339. */
  readonly time?: string;
  readonly subject?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly correlationid?: string;
  readonly causationid?: string;
}

/** One event of one type and version. */
export interface CloudEvent<Type extends string, Schema extends string, Data> extends Attributes {
  readonly specversion: "1.0";
  readonly type: Type;
  readonly datacontenttype?: string;
  readonly dataschema: Schema;
  readonly data: Data;
}

/** The same of a first version, for which `dataschema` may be left out. */
export type FirstCloudEvent<Type extends string, Schema extends string, Data> = Omit<
  CloudEvent<Type, Schema, Data>,
  "dataschema"
> & { readonly dataschema?: Schema };

/** An event as the functions here need it, whatever its type. */
export interface AnyEvent extends Attributes {
  readonly specversion: "1.0";
  readonly type: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly data: object;
}

/** What is wrong with one field. `field` is a path from the event's root: `data.amount`. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/** It is no event of the contract. `problems` names the fields at fault. */
export class InvalidEvent extends Error {
  override readonly name = "InvalidEvent";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${problem.field}: ${problem.message}`).join("; "));
    this.problems = problems;
  }
}

const OUR_SCHEMA = /^urn:breakwater:schema:(.+):v([1-9][0-9]*)$/;

/** The payload version that `dataschema` names: 1 without one, or with one that is not Breakwater's. */
export function versionOf(event: { readonly type: string; readonly dataschema?: string | undefined }): number {
  const [, type, version] = OUR_SCHEMA.exec(event.dataschema ?? "") ?? [];
  if (type !== undefined && type !== event.type) {
    throw new InvalidEvent([{ field: "dataschema", message: `names ${type}, but type is ${event.type}` }]);
  }
  return version === undefined ? 1 : Number(version);
}

/** The event as JSON text, in characters that a queue message may hold. */
export function toJson(event: AnyEvent | readonly AnyEvent[]): string {
  return JSON.stringify(event).replace(/[\ufffe\uffff]/g, escaped);
}

/**
 * The id that these parts always give: 32 hexadecimal digits, collision-free in practice.
 * Two attempts at one piece of work derive the same ids, so their events are duplicates, not twins.
 */
export async function derivedId(...parts: readonly (string | number)[]): Promise<string> {
  const text = JSON.stringify(parts).replace(/[^\x20-\x7e]/g, escaped);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
