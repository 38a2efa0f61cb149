// build.mjs - bundles the widget and the pages' scripts and styles: node build.mjs [FOLDER]
//
// FOLDER (dist, beside this file, by default) gets what the server is built with. esbuild puts the
// files together, and terser makes them smaller than it would. Both are taken from where
// COMMENTS_NODE_MODULES says, so that no node_modules lies among the sources.

import { createRequire } from 'node:module';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules =
  process.env.COMMENTS_NODE_MODULES ?? join(here, '../../build/node/web/node_modules');
const require = createRequire(join(modules, 'x.js'));
const esbuild = require('esbuild');
const { minify } = require('terser');

// A style sheet that a script imports is its minified text. esbuild leaves spaces and the names of
// variables in it; sites set those that begin with --comments, and a script sets --hue.
const cssText = {
  name: 'css text',
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path, with: { type } }) => {
      if (type !== 'text') return undefined;
      const source = await readFile(path, 'utf8');
      const { code } = await esbuild.transform(source, { loader: 'css', minify: true });
      const text = code.trim().replace(/(,|--[a-z-]+:|width:) /g, '$1');
      const names = [...new Set(text.match(/--(?!comments|hue)[a-z-]+/g))];
      const contents = text.replace(/--[a-z-]+/g, (name) =>
        names.includes(name) ? `--${names.indexOf(name).toString(36)}` : name,
      );
      return { contents, loader: 'text' };
    });
  },
};

// `import { languages, tables } from 'words:thread'` gets the words of a section of
// languages/*.json: an object for each language. They are sent as lines of text, because that is
// shortest.
const languages = ['en', 'pt-BR'];
const wordTables = {
  name: 'word tables',
  setup(build) {
    build.onResolve({ filter: /^words:/ }, ({ path }) => ({ path, namespace: 'words' }));
    build.onLoad({ filter: /.*/, namespace: 'words' }, async ({ path }) => {
      const section = path.slice('words:'.length);
      const files = languages.map((lang) => join(here, 'languages', `${lang}.json`));
      const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      const words = texts.map((text) => JSON.parse(text)[section]);
      const flat = (word) => (word.other ? `${word.one}|${word.other}` : word);
      const lines = words.map((table) => Object.values(table).map(flat).join('\n'));
      const contents = `
        const keys = ${JSON.stringify(Object.keys(words[0]).join(' '))}.split(' ');
        export const languages = ${JSON.stringify(languages)};
        export const tables = ${JSON.stringify(lines)}.map((lines) => {
          const words = lines.split('\\n');
          return Object.fromEntries(keys.map((key, at) => [key, words[at]]));
        });
      `;
      return { contents, loader: 'js' };
    });
  },
};

// Names of members of our own objects. No code outside of a bundle uses them, so they are
// shortened. None may be a name in the API's JSON; the suite `web` checks that.
const members = `
  added ago announce ask base below bulk complain contentId drop edited element exact forget
  hasMore host idsOf insert isAsSeen isClosed isEmpty isNamed isOver keep kept listOf locale look
  looks mayPass more news note number onClose onDone openReplies own parent place places problem
  proofOf put release reserve roots say scrolling selectionChanged send show showContent take
  tell tick ticks toast toggleContent toggleHistory undoable unfollow update vanish views words
`.trim().split(/\s+/);

const folder = process.argv[2] ?? join(here, 'dist');
const { outputFiles } = await esbuild.build({
  entryPoints: [
    'thread/embed.js',
    'moderation/moderation.js',
    'moderation/moderation.css',
    'pages/demo.js',
    'pages/page.css',
  ],
  absWorkingDir: here,
  entryNames: '[name]',
  outdir: folder,
  write: false,
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

// `unsafe` breaks code that changes built-in objects, or that needs a function not to be an arrow.
// No code here does. One pass: more passes make the scripts shorter, but longer once compressed.
const compress = { hoist_vars: true, pure_getters: true, unsafe: true, unsafe_arrows: true };

await mkdir(folder, { recursive: true });
for (const { path, text } of outputFiles) {
  const isScript = path.endsWith('.js');
  const made = isScript ? await minify(text, { module: true, ecma: 2022, compress }) : {};
  await writeFile(join(folder, basename(path)), made.code ?? text);
}
