// lint.mjs PACKAGES FILE - what Redocly's recommended rules and Spectral's default ruleset say about
// a description in OpenAPI, one line each. Exits with 1 if there is anything.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [packages, file] = process.argv.slice(2);
const require = createRequire(join(resolve(packages), 'package.json'));
const lines = [];

const redocly = require('@redocly/openapi-core');
const config = await redocly.createConfig({ extends: ['recommended'] });
for (const { ruleId, message, location } of await redocly.lint({ ref: resolve(file), config }))
  lines.push(`redocly ${ruleId} ${location[0]?.pointer ?? ''}: ${message}`);

const { Spectral, Document } = require('@stoplight/spectral-core');
const { Json } = require('@stoplight/spectral-parsers');
const { oas } = require('@stoplight/spectral-rulesets');
const spectral = new Spectral();
spectral.setRuleset({ extends: [oas] });
const described = new Document(readFileSync(file, 'utf8'), Json, file);
for (const { code, message, path } of await spectral.run(described))
  lines.push(`spectral ${code} ${path.join('/')}: ${message}`);

for (const line of lines) console.log(line);
process.exitCode = lines.length > 0 ? 1 : 0;
