// sources_test.mjs - the scripts as they are written: functions fit on a screen, imports have no
// circle, and what the bundles shorten is ours.

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, check } from './support.mjs';

const widget = resolve(dirname(fileURLToPath(import.meta.url)), '../../apps/widget');
const { parse } = createRequire(join(process.env.COMMENTS_NODE_MODULES, 'x.js'))('acorn');
const linesMax = 60;

const files = ['thread', 'moderation', 'pages'].flatMap((folder) =>
  readdirSync(join(widget, folder))
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(widget, folder, name)),
);
const trees = new Map(
  files.map((file) => [
    file,
    parse(readFileSync(file, 'utf8'), {
      ecmaVersion: 'latest',
      sourceType: 'module',
      locations: true,
    }),
  ]),
);

// Every node of a syntax tree.
function* nodesOf(node) {
  if (!node || typeof node !== 'object') return;
  if (node.type) yield node;
  for (const [key, child] of Object.entries(node)) if (key !== 'loc') yield* nodesOf(child);
}

// The files that a file imports, of those that are here.
function importsOf(file) {
  return trees
    .get(file)
    .body.flatMap(({ source }) => (source ? [resolve(dirname(file), source.value)] : []))
    .filter((target) => trees.has(target));
}

// A circle of imports that can be reached, as a path of files; or nothing.
function circleFrom(file, path = []) {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  for (const target of importsOf(file)) {
    const circle = circleFrom(target, [...path, file]);
    if (circle) return circle;
  }
  return undefined;
}

check('a function fits on a screen', () => {
  let seen = 0;
  for (const [file, tree] of trees)
    for (const { type, id, loc } of nodesOf(tree)) {
      if (!type.includes('Function')) continue;
      const lines = loc.end.line - loc.start.line + 1;
      assert.ok(lines <= linesMax, `${file}:${loc.start.line}: ${id?.name} has ${lines} lines`);
      ++seen;
    }
  assert.ok(seen > 200, `only ${seen} functions were found`);
});

check('no files import one another in a circle', () => {
  assert.ok(importsOf(join(widget, 'thread/list.js')).includes(join(widget, 'thread/comment.js')));
  for (const file of files)
    assert.equal(circleFrom(file)?.map((name) => name.slice(widget.length + 1)).join(' > '), undefined);
});

// The names of all fields in a description of an API.
function* fieldsOf(description) {
  if (!description || typeof description !== 'object') return;
  if (description.in && description.name) yield description.name;
  for (const [key, child] of Object.entries(description)) {
    if (key === 'properties') yield* Object.keys(child);
    yield* fieldsOf(child);
  }
}

check('no name that the bundles shorten is one of the API', () => {
  const build = readFileSync(join(widget, 'build.mjs'), 'utf8');
  const members = /const members = `([^`]*)`/.exec(build)[1].trim().split(/\s+/);
  const api = JSON.parse(readFileSync(join(widget, '../server/openapi.json'), 'utf8'));
  const fields = new Set(fieldsOf(api));
  assert.ok(members.length > 50 && fields.size > 50);
  assert.deepEqual(members.filter((name) => fields.has(name)), []);
});
