// Prints what AsyncAPI's parser says of each document: [{file, diagnostics: [{severity, code, message, path}]}].
// Severities are 0 error, 1 warning, 2 information, 3 hint.
const fs = require("node:fs");
const { createRequire } = require("node:module");
const [home, ...files] = process.argv.slice(2);
const { Parser } = createRequire(`${home}/`)("@asyncapi/parser");

(async () => {
  const reports = [];
  for (const file of files) {
    const diagnostics = await new Parser().validate(fs.readFileSync(file, "utf8"));
    reports.push({
      file,
      diagnostics: diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join(".") })),
    });
  }
  console.log(JSON.stringify(reports));
})();
