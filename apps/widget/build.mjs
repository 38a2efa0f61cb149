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

// `languages` and `table`: the words of a section of languages/*.json, as `import … from 'words:thread'`
// gets them. A word is a list, one text for each language, in which forms for one and for others stand
// as "one|other": that is less to send than a file for each.
const languages = ['en', 'pt-BR'];
const wordTables = {
  name: 'word tables',
  setup(build) {
    build.onResolve({ filter: /^words:/ }, ({ path }) => ({ path, namespace: 'words' }));
    build.onLoad({ filter: /.*/, namespace: 'words' }, async ({ path }) => {
      const section = path.slice('words:'.length);
      const files = languages.map((lang) => join(here, 'languages', `${lang}.json`));
      const all = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
      const flat = (word) => (word.other ? `${word.one}|${word.other}` : word);
      const keys = Object.keys(all[0][section]);
      const table = Object.fromEntries(keys.map((key) => [key, all.map((words) => flat(words[section][key]))]));
      const contents =
        `export const languages = ${JSON.stringify(languages)};\n` +
        `export const table = ${JSON.stringify(table)};\n`;
      return { contents, loader: 'js' };
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
  plugins: [cssText, wordTables],
  logLevel: 'warning',
});
