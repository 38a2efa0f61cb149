// lint_workflows.mjs PACKAGES FILE… - what GitHub itself says about workflow and action files,
// one line each: FILE:LINE:COLUMN: what is wrong. Exits with 1 if there is any.
import { readFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// The language service imports .json files without saying that they are.
const jsonModules = `
  import { readFileSync } from "node:fs";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    const source = "export default " + readFileSync(new URL(url), "utf8");
    return { format: "module", shortCircuit: true, source };
  }`;
register("data:text/javascript," + encodeURIComponent(jsonModules));

const [packages, ...files] = process.argv.slice(2);
const service = join(resolve(packages), "node_modules/@actions/languageservice/dist/index.js");
const { validate } = await import(pathToFileURL(service));
const require = createRequire(join(resolve(packages), "package.json"));
const { TextDocument } = require("vscode-languageserver-textdocument");

let isClean = true;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const document = TextDocument.create(pathToFileURL(resolve(file)).href, "yaml", 1, text);
  for (const { range, message } of await validate(document)) {
    isClean = false;
    console.log(`${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
  }
}
process.exitCode = isClean ? 0 : 1;
