const BASE_DELAY = 200;
const MAX_DELAY = 20_000;

/** Exponential with full jitter, and not before the server asks for it. */
export function delay(attempt: number, retryAfter: number): number {
  return Math.max(retryAfter, Math.random() * Math.min(MAX_DELAY, BASE_DELAY * 2 ** attempt));
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
