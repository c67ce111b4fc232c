// For each event of a file, a line: the fields at fault, or the event as it was read.
import { readFileSync } from "node:fs";
import { InvalidEvent, parseEvent } from "@breakwater/events";

for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  try {
    console.log(JSON.stringify({ event: parseEvent(line) }));
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    console.log(JSON.stringify({ fields: error.problems.map(({ field }) => field) }));
  }
}
