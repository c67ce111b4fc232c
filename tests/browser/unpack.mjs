// Unpacks the browser of @sparticuz/chromium, with its libraries and fonts, into TMPDIR.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const entry = createRequire(`${process.argv[2]}/`).resolve("@sparticuz/chromium");
const { inflate } = await import(pathToFileURL(entry));
const parts = ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"];
await Promise.all(parts.map((part) => inflate(join(dirname(entry), "..", "bin", part))));
