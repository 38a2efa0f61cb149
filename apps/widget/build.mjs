// build.mjs - bundles the widget and the pages' scripts and styles: node build.mjs [FOLDER]
//
// FOLDER (dist, beside this file, by default) gets what the server is built with. esbuild is taken
// from where COMMENTS_NODE_MODULES says, so that no node_modules lies among the sources.

import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.COMMENTS_NODE_MODULES ?? join(here, '../../build/node/web/node_modules');
const esbuild = createRequire(join(modules, 'x.js'))('esbuild');

// A style sheet that a script imports is its minified text.
const cssText = {
  name: 'css text',
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path, with: { type } }) => {
      if (type !== 'text') return undefined;
      const source = await readFile(path, 'utf8');
      const { code } = await esbuild.transform(source, { loader: 'css', minify: true });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

// What our own objects call their members: nobody outside of a bundle sees it, so it is shortened.
const members = [
  ...['added', 'ago', 'announce', 'contentId', 'eachSecond', 'element', 'exact', 'explain'],
  ...['hasMore', 'insert', 'isEmpty', 'kept', 'locale', 'mayPass', 'onClose', 'onDone', 'onEvent'],
  ...['openReplies', 'own', 'proofOf', 'refresh', 'release', 'reserve', 'say', 'scrolling', 'take'],
  ...['vanish', 'views', 'words'],
];

await esbuild.build({
  entryPoints: [
    'thread/embed.js',
    'moderation/moderation.js',
    'moderation/moderation.css',
    'pages/demo.js',
    'pages/page.css',
  ],
  absWorkingDir: here,
  entryNames: '[name]',
  outdir: process.argv[2] ?? join(here, 'dist'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  charset: 'utf8',
  mangleProps: new RegExp(`^(${members.join('|')})$`),
  legalComments: 'none',
  plugins: [cssText],
  logLevel: 'warning',
});
