// Each line after a marker is an error that the compiler has to find.
import { type BreakwaterEvent, isBillingInvoicePaidV1, partnerUsageReportedV1 } from "@breakwater/events";

const data = { customer_id: "c", meter: "m", quantity: 1, used_at: "2026-05-20T14:30:00Z" };
// @ts-expect-error an event has a source
partnerUsageReportedV1({ id: "1", data });
// @ts-expect-error a quantity is a number
partnerUsageReportedV1({ id: "1", source: "/x", data: { ...data, quantity: "1" } });
// @ts-expect-error a misspelt field of a literal
partnerUsageReportedV1({ id: "1", source: "/x", data: { customer_id: "c", metre: "m", quantity: 1, used_at: "x" } });
// @ts-expect-error undefined is not the same as left out
partnerUsageReportedV1({ id: "1", source: "/x", subject: undefined, data });

export function f(event: BreakwaterEvent): string | null | undefined {
  // @ts-expect-error not every event has an invoice
  event.data.invoice_id;
  // @ts-expect-error events are read-only
  event.id = "2";
  return isBillingInvoicePaidV1(event) ? event.data.payment_id : "";
}
