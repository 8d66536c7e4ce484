// Parses diagrams. Standard input is a JSON array of texts; standard output is an array
// of the same length: null, or the parser's message.
//
// usage: node check.mjs FOLDER-OF-node_modules

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = createRequire(join(process.argv[2], "package.json"));
const load = (name) => import(pathToFileURL(packages.resolve(name)).href);

// The parser cleans labels with the means of a browser.
const { JSDOM } = await load("jsdom");
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await load("mermaid");

let text = "";
for await (const chunk of process.stdin) text += chunk;
const results = [];
for (const diagram of JSON.parse(text)) {
  try {
    await mermaid.parse(diagram);
    results.push(null);
  } catch (error) {
    results.push(String(error?.message ?? error));
  }
}
process.stdout.write(JSON.stringify(results) + "\n", () => process.exit(0));
