// run.mjs - the tests that need a browser: node run.mjs PATH_TO_SERVER
//
// With Debian's Chromium and the packages of apps/widget/package-lock.json. Where they are missing
// it says so and leaves with 77, which counts as skipped, never as passed.

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
process.env.COMMENTS_SERVER ??= resolve(process.argv[2] ?? join(root, 'build/apps/server/comments-server'));
process.env.COMMENTS_NODE_MODULES ??= join(root, 'build/node/web/node_modules');
process.env.COMMENTS_SCREENSHOTS ??= join(root, 'build/screenshots');
process.env.COMMENTS_CHROMIUM ??= ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find(existsSync) ?? '';

function skip(why) {
  console.log(`web: skipped: ${why}`);
  process.exit(77);
}

if (!existsSync(process.env.COMMENTS_CHROMIUM)) skip('there is no Chromium');
for (const name of ['playwright-core', 'axe-core', 'commonmark-spec', 'esbuild', 'terser'])
  if (!existsSync(join(process.env.COMMENTS_NODE_MODULES, name)))
    skip(`${name} is not installed; ./dev test web installs it from the npm registry`);

const files = ['sources', 'bundle', 'reading', 'writing', 'live', 'embedding', 'access', 'security', 'pages',
  'moderation', 'commonmark', 'regression'];
if (process.env.COMMENTS_TEST_LONG) files.push('screenshots');
for (const file of files)
  if (!process.env.COMMENTS_WEB_ONLY || process.env.COMMENTS_WEB_ONLY.split(',').includes(file))
    await import(`./${file}_test.mjs`);
(await import('./support.mjs')).play();
