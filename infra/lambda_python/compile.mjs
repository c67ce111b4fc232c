// Compiles every module below a folder, with the Python that Lambda runs (CPython 3.13, built for WebAssembly).
// Called as `node compile.mjs <node_modules/pyodide/pyodide.mjs> <folder> <file with the Python program>`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, folder, program] = process.argv.slice(2);
try {
  const { loadPyodide } = await import(pathToFileURL(pyodide).href);
  const python = await loadPyodide({ env: { HOME: "/", PYTHONHASHSEED: "0" } });
  python.mountNodeFS("/package", folder);
  python.globals.set("__name__", "compiling");
  python.runPython(readFileSync(program, "utf8") + '\ncompile_tree("/package")\n');
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
