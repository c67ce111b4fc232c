import { type Problem, toJson } from "./envelope.js";
import type { BreakwaterEvent } from "./events.js";
import { delay, pause } from "./retrying.js";

/** What became of one event of a request. `failed`: nothing is wrong with it, send it again. */
export interface EventResult {
  readonly index: number;
  readonly id?: string;
  readonly source?: string;
  readonly status: "accepted" | "rejected" | "failed";
  readonly problems: readonly Problem[];
}

/** One result for each event, in the order of the request. */
export interface Receipt {
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  readonly results: readonly EventResult[];
}

/** The API's problem details (RFC 9457). `retryable`: the same event may be accepted later. `status` 0: no answer. */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly Problem[];
  readonly retryable: boolean;

  constructor(status: number, details: ProblemDetails, options?: ErrorOptions) {
    super([status || undefined, details.title, details.detail].filter(Boolean).join(" "), options);
    this.status = status;
    this.title = details.title ?? "";
    this.detail = details.detail;
    this.errors = details.errors ?? [];
    this.retryable = status === 0 || status === 429 || status >= 500;
  }
}

interface ProblemDetails {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly Problem[];
  readonly results?: readonly EventResult[];
}

/** A request before it is sent, for those who sign it. */
export interface OutgoingRequest {
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ClientOptions {
  /** Sends a request: the global `fetch` when left out. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Headers that let the request in, such as those of AWS Signature Version 4. Asked anew for every attempt. */
  readonly authorize?: (request: OutgoingRequest) => Promise<Readonly<Record<string, string>>>;
  /** Attempts for what may pass: no answer, 429, 5xx, and events that have failed. 3 when left out. */
  readonly attempts?: number;
  /** Milliseconds that one attempt may take: 30,000 when left out. */
  readonly timeout?: number;
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: number;
}

/** What the API takes in one batch. */
const MAX_BATCH = 1000;

/** Sends events to the ingestion API over HTTP. A retry sends the very same bytes, so the same `id`. */
export class IngestionClient {
  readonly #url: string;
  readonly #fetch: NonNullable<ClientOptions["fetch"]>;
  readonly #authorize: ClientOptions["authorize"];
  readonly #attempts: number;
  readonly #timeout: number;
  readonly #sleep: (milliseconds: number) => Promise<void>;

  /** `url` is the API's, without `/events`. */
  constructor(url: string, options: ClientOptions = {}) {
    this.#url = `${url.replace(/\/+$/, "")}/events`;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#authorize = options.authorize;
    this.#attempts = options.attempts ?? 3;
    this.#timeout = options.timeout ?? 30_000;
    this.#sleep = options.sleep ?? pause;
  }

  /** Resolves when the event is accepted: then it will not be lost. Throws PublishError otherwise. */
  async publish(event: BreakwaterEvent): Promise<void> {
    const body = toJson(event);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#answer("application/cloudevents+json", body);
      if (answer.status === 202) return;
      const error = asError(answer);
      if (!error.retryable || attempt >= this.#attempts) throw error;
      await this.#sleep(delay(attempt, answer.retryAfter));
    }
  }

  /**
   * One result for each event, in their order: look at those that are `rejected` (at fault) and `failed` (no attempt
   * has succeeded). Throws PublishError when the API refuses a whole request; to send all of them again is safe.
   */
  async publishBatch(events: readonly BreakwaterEvent[]): Promise<Receipt> {
    const results: EventResult[] = [];
    for (let start = 0; start < events.length; start += MAX_BATCH) {
      const batch = await this.#batch(events.slice(start, start + MAX_BATCH));
      results.push(...batch.map((result) => ({ ...result, index: result.index + start })));
    }
    return receiptOf(results);
  }

  async #batch(events: readonly BreakwaterEvent[]): Promise<EventResult[]> {
    const results: EventResult[] = [];
    let open = events.map((event, index) => ({ event, index }));
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const answer = await this.#answer("application/cloudevents-batch+json", toJson(open.map(({ event }) => event)));
      const told = resultsOf(answer);
      if (told === undefined && !(asError(answer).retryable && attempt < this.#attempts)) throw asError(answer);
      for (const result of told ?? []) {
        const sent = open[result.index];
        if (sent !== undefined) results[sent.index] = { ...result, index: sent.index };
      }
      open = open.filter(({ index }) => (results[index]?.status ?? "failed") === "failed");
      if (attempt >= this.#attempts) break;
      if (open.length > 0) await this.#sleep(delay(attempt, answer.retryAfter));
    }
    for (const { event, index } of open) {
      results[index] ??= { index, id: event.id, source: event.source, status: "failed", problems: [] };
    }
    return results;
  }

  async #answer(mediaType: string, body: string): Promise<Answer> {
    const plain: OutgoingRequest = { method: "POST", url: this.#url, headers: { "content-type": mediaType }, body };
    const headers = { ...plain.headers, ...(await this.#authorize?.(plain)) };
    try {
      const signal = AbortSignal.timeout(this.#timeout);
      const response = await this.#fetch(plain.url, { method: plain.method, headers, body, signal });
      const retryAfter = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0;
      return { status: response.status, body: parsed(await response.text()), retryAfter };
    } catch (error) {
      return { status: 0, body: error, retryAfter: 0 };
    }
  }
}

function asError(answer: Answer): PublishError {
  if (answer.status === 0) return new PublishError(0, { title: "no answer" }, { cause: answer.body });
  return new PublishError(answer.status, details(answer.body));
}

/** One result for each event where the answer has them: also when none was accepted. */
function resultsOf(answer: Answer): readonly EventResult[] | undefined {
  const { results } = details(answer.body);
  return Array.isArray(results) && answer.status !== 0 ? results : undefined;
}

function receiptOf(results: readonly EventResult[]): Receipt {
  const count = (status: EventResult["status"]) => results.filter((result) => result.status === status).length;
  return { accepted: count("accepted"), rejected: count("rejected"), failed: count("failed"), results };
}

function details(body: unknown): ProblemDetails {
  return typeof body === "object" && body !== null ? body : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
