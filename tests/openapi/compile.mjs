// compile.mjs PACKAGES FILE FOLDER - makes types of a description in OpenAPI and compiles client.ts
// with them into FOLDER. Exits with 1 and what the compiler says if it cannot.
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [packages, file, folder] = process.argv.slice(2);
const modules = join(resolve(packages), 'node_modules');
const require = createRequire(join(modules, 'x.js'));
const types = await import(pathToFileURL(join(modules, 'openapi-typescript/dist/index.mjs')));
const ts = require('typescript');

const made = await types.default(JSON.parse(readFileSync(file, 'utf8')));
writeFileSync(join(folder, 'api.ts'), types.astToString(made));
symlinkSync(modules, join(folder, 'node_modules'));
writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
const client = join(folder, 'client.ts');
copyFileSync(join(dirname(fileURLToPath(import.meta.url)), 'client.ts'), client);
// Node's own types are not among the packages.
writeFileSync(
  join(folder, 'node.d.ts'),
  "declare const process: { argv: string[] };\n" +
    "declare module 'node:assert/strict' {\n  const assert: any;\n  export default assert;\n}\n",
);
const program = ts.createProgram([client, join(folder, 'node.d.ts'), join(folder, 'api.ts')], {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  skipLibCheck: true, // of others' declarations
});
const said = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
for (const { file: at, start, messageText } of said) {
  const where = at && `${at.fileName}:${at.getLineAndCharacterOfPosition(start).line + 1}: `;
  console.log(`${where ?? ''}${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}
process.exitCode = said.length > 0 ? 1 : 0;
