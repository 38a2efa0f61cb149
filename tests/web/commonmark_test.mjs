// commonmark_test.mjs - the examples of CommonMark's specification, as comments show them.
//
// npm's commonmark-spec has them; cmark-gfm reads an older version. Examples in which HTML stands
// are left out, because comments show HTML as text. What we do otherwise everywhere is done to the
// expected HTML, too (`asOurs`); the other differences are listed one by one.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { api, assert, check } from './support.mjs';

const require = createRequire(join(process.env.COMMENTS_NODE_MODULES, 'x.js'));
const { tests: examples } = require('commonmark-spec');

// The numbers of the examples that differ, and why each does.
const differences = new Map(Object.entries({
  'a comment that would show nothing is shown as it was written':
    [11, 43, 47, 50, 51, 52, 53, 54, 79, 98, 126, 129, 130, 144, 239, 240, 284, 334, 487],
  'a definition that no link uses stays as it was typed':
    [207, 208, 210, 317, 537, 538, 544, 545, 563, 565, 567, 571, 592],
  'a definition that leads to no http, https or mailto stays as it was typed':
    [33, 194, 200, 203, 204, 206, 573, 576, 577],
  'bare addresses are links':
    [197, 209, 508, 511, 513, 518, 519, 546, 547, 548, 551, 552, 590, 602, 608, 611, 612],
  'the description of a picture keeps its emphasis': [585, 589],
  'the language of a code block is of ASCII letters': [34],
  'brackets in an address are not encoded': [526, 603],
  'a reference to a character has up to eight digits, as CommonMark 0.29 had it': [28],
  'a currency sign is no punctuation, as CommonMark 0.29 had it': [354],
}).flatMap(([why, numbers]) => numbers.map((number) => [number, why])));

// Addresses in the examples are relative, which a comment's must not be.
const site = 'https://example.com';
const relative = /(?<=[(<" :\n]|^)\/((?:\w+-)?(?:url\d?|uri)|bar|foo|train)\b/gm;
const absolute = (text) => text.replace(relative, `${site}/$1`);
const sourceOf = ({ markdown }) => absolute(markdown.replaceAll('→', '\t'));

// Whether HTML stands in an example. An autolink is none.
const tag = /<(?:[a-z][a-z0-9-]*(?:[\s/>]|$)|\/[a-z]|[!?])/i;
const hasHtml = ({ section, markdown }) => section.includes('HTML') || tag.test(markdown);

// Returns what `change` makes of the HTML, but for code blocks.
const outsideOfCode = (html, change) => html
  .split(/(<pre>[^]*?<\/pre>)/)
  .map((part) => part.startsWith('<pre>') ? part : change(part))
  .join('');

// Returns HTML without what no reader sees: line breaks beside blocks, and how characters are
// escaped. Each line break within a paragraph is one in comments, so it does not matter either how
// that is written.
function simplify(html) {
  const block = '</?(?:p|ul|ol|li|blockquote|h[1-6]|hr)\\b[^>]*>|<pre>[^]*?</pre>';
  return outsideOfCode(html, (part) => part.replace(/<br(?: \/)?>\n?/g, '\n'))
    .replace(new RegExp(`\\n*(${block})\\n*`, 'g'), '$1')
    .replaceAll('&#39;', "'").replaceAll('&quot;', '"')
    .trim();
}

// Returns what the specification expects, as comments have it everywhere: headings begin at h3,
// links have no title and lead to http, https or mailto, and pictures are links.
function asOurs(html) {
  const link = (href, text) => /^(?:https?:\/\/.|mailto:.)/i.test(href)
    ? `<a href="${href}" rel="nofollow ugc noopener noreferrer">${text || href}</a>` : text || href;
  return outsideOfCode(absolute(html.replaceAll('→', '\t')), (part) => part
    .replace(/<img src="([^"]*)" alt="([^"]*)"(?: title="[^"]*")? \/>/g,
      (_, href, alt) => link(href, alt))
    .replace(/<a href="([^"]*)"(?: title="[^"]*")?>([^]*?)<\/a>/g,
      (_, href, text) => link(href, text))
    .replace(/<(\/?)h([1-6])>/g, (_, end, level) => `<${end}h${Math.min(Number(level) + 2, 6)}>`)
    .replaceAll('<hr />', '<hr>'));
}

async function render(body) {
  const answer = await fetch(`${api.base}/api/v1/previews`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ body }),
  });
  return (await answer.json()).body_html;
}

check("CommonMark's own examples are rendered as it says, but for what is listed", async () => {
  const different = [];
  let tried = 0;
  for (const example of examples.filter((one) => !hasHtml(one))) {
    const html = await render(sourceOf(example));
    ++tried;
    const isSame = simplify(html) === simplify(asOurs(example.html));
    if (isSame === !differences.has(example.number)) continue;
    different.push(`${example.number} (${differences.get(example.number) ?? example.section})`,
      ...[example.markdown, simplify(html), simplify(asOurs(example.html))].map((text) =>
        `  ${JSON.stringify(text)}`));
  }
  assert.ok(tried > 500, `${tried} examples`);
  assert.equal(different.join('\n'), '');
});
