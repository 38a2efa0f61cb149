// bundle_test.mjs - the server's bundles are made of these sources, and small.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { api, assert, check } from './support.mjs';

const widget = resolve(dirname(fileURLToPath(import.meta.url)), '../../apps/widget');
const budget = 12_000; // bytes: script, style and both languages, as they are sent

check('the committed bundles are what the sources become, byte for byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'comments-widget-'));
  try {
    execFileSync(process.execPath, [join(widget, 'build.mjs'), folder]);
    assert.deepEqual(readdirSync(folder).sort(), readdirSync(join(widget, 'dist')).sort());
    for (const name of readdirSync(folder)) {
      const [made, kept] = [folder, join(widget, 'dist')].map((at) => readFileSync(join(at, name)));
      assert.ok(made.equals(kept), `dist/${name} is not of these sources: node build.mjs`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

check('embed.js takes at most 12 KB on the wire', async () => {
  const answer = await fetch(`${api.base}/embed.js`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(answer.headers.get('Content-Encoding'), 'gzip');
  const sent = Number(answer.headers.get('Content-Length'));
  const text = await answer.text();
  assert.ok(sent <= budget, `${sent} bytes, at most ${budget}`);
  assert.ok(sent > gzipSync(text, { level: 9 }).length * 0.98, 'that was not all of it');
});

check('the widget asks for nothing else: no import, no address but its own', () => {
  const text = readFileSync(join(widget, 'dist/embed.js'), 'utf8');
  assert.doesNotMatch(text, /\bimport\s*\(|\bimport\s*["'{]|@import|url\(/);
  const addresses = text.match(/https?:\/\/[^"'`\s)]+/g) ?? [];
  assert.deepEqual([...new Set(addresses)], ['http://www.w3.org/2000/svg']);
});

check('the address with a hash is for good, the other is asked for again', async () => {
  const page = await (await fetch(`${api.base}/`)).text();
  const [path] = /assets\/embed\.[0-9a-f]{16}\.js/.exec(page);
  const known = await fetch(`${api.base}/${path}`);
  assert.match(known.headers.get('Cache-Control'), /max-age=31536000, immutable/);
  assert.equal(known.headers.get('Access-Control-Allow-Origin'), '*');
  assert.equal(known.headers.get('Content-Type'), 'text/javascript; charset=utf-8');
  const plain = await fetch(`${api.base}/embed.js`);
  assert.equal(await plain.text(), await known.text());
  assert.equal(plain.headers.get('Cache-Control'), 'public, max-age=300');
  const again = await fetch(`${api.base}/embed.js`, {
    headers: { 'If-None-Match': plain.headers.get('ETag') },
  });
  assert.equal(again.status, 304);
  const other = await fetch(`${api.base}/assets/embed.0000000000000000.js`);
  assert.equal(other.headers.get('Cache-Control'), 'no-cache');
  assert.equal((await fetch(`${api.base}/assets/nothing.js`)).status, 404);
});
