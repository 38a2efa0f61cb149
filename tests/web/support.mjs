// support.mjs - what the browser tests share: one browser, servers, a host site, and its pages.
//
//   scene('a comment is posted', async ({ page, site, api }) => {
//     await site.open(page, api.thread('a-content'));
//     …
//   });
//
// Each scene has a page and a content of its own, so scenes run side by side. Nothing waits for time
// to pass: Playwright's locators wait for what is to be there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

export { assert };

// How much a test tries: less in `./dev test`, all of it in `./dev test long`, which sets this.
export const isLong = 'COMMENTS_TEST_LONG' in process.env;

// One in `parts` of the things, from a beginning by COMMENTS_TEST_SEED or by chance.
export function sample(things, parts) {
  if (isLong) return things;
  const seed = Number((process.env.COMMENTS_TEST_SEED ??= String(Math.floor(Math.random() * 1e6))));
  console.log(`COMMENTS_TEST_SEED=${seed}`);
  return things.filter((_, i) => i % parts === seed % parts);
}

const closing = []; // what is to be done when all is over
const patience = 90_000; // only so that what is broken ends at all; a busy machine takes long

const { COMMENTS_SERVER, COMMENTS_NODE_MODULES, COMMENTS_CHROMIUM } = process.env;
const require = createRequire(join(COMMENTS_NODE_MODULES, 'x.js'));
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core/axe.min.js');

export const moderator = 'a-token-for-moderators';
export const siteSecret = 'a-secret-of-the-host-site-of-32-bytes';

export const browser = await chromium.launch({
  executablePath: COMMENTS_CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
closing.push(() => browser.close());

// --- a site that has a thread on its pages ---

const pages = new Map();

// Another origin than the server's: whatever it serves is set by the scenes.
const host = createServer((asked, answer) => {
  const { html, headers } = pages.get(asked.url.split('?')[0]) ?? { html: '', headers: {} };
  answer.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers });
  answer.end(html);
});
await new Promise((listening) => host.listen(0, '127.0.0.1', listening));
closing.push(() => {
  host.close();
  host.closeAllConnections();
});
export const hostOrigin = `http://127.0.0.1:${host.address().port}`;

let pageCount = 0;
export const site = {
  // A page of the host's with `body`; `headers` are its own, `head` and `lang` what it is like.
  put(body, { headers = {}, head = '', lang = 'en', dir = 'ltr' } = {}) {
    const path = `/page-${++pageCount}`;
    const html =
      `<!doctype html><html lang="${lang}" dir="${dir}"><head><meta charset="utf-8">` +
      '<meta name="viewport" content="width=device-width, initial-scale=1">' +
      `<title>A page</title>${head}</head><body><main><h1>An article</h1>` +
      `<p>It says something.</p>${body}</main></body></html>`;
    pages.set(path, { html, headers });
    return hostOrigin + path;
  },
  async open(page, body, options = {}) {
    await page.goto(site.put(body, options) + (options.hash ?? ''));
  },
};

// --- the server ---

export class Server {
  static async start(...options) {
    const server = new Server();
    await server.run('127.0.0.1:0', options);
    return server;
  }

  async run(listen, options) {
    this.options = options;
    this.child = spawn(
      COMMENTS_SERVER,
      [
        ...['--store', 'memory:', '--drain-delay', '0', '--guard', 'off', '--listen', listen],
        ...['--origins', hostOrigin, '--moderator-token', moderator, '--sso-secret', siteSecret],
        ...options,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    this.base = await new Promise((listening, failed) => {
      this.child.on('exit', () => failed(new Error(`the server left:\n${said}`)));
      this.child.stderr.on('data', (text) => {
        said += text;
        const found = /"address":"([^"]+)"/.exec(said);
        if (found) listening(`http://${found[1]}`);
      });
    });
  }

  async stop() {
    const gone = new Promise((exited) => this.child.once('exit', exited));
    this.child.kill('SIGINT');
    await gone;
  }

  async ask(method, path, body, headers = {}) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  // A comment of `content_id`; `name` is its author's.
  post(content_id, body, { name = 'Ana', ...more } = {}) {
    return this.ask('POST', '/api/v1/comments', { content_id, body, author: { name }, ...more });
  }

  moderate(ids, action) {
    const headers = { Authorization: `Bearer ${moderator}` };
    return this.ask('POST', '/api/v1/moderation/actions', { ids, action }, headers);
  }

  setMode(content_id, status) {
    const headers = { Authorization: `Bearer ${moderator}` };
    const path = `/api/v1/contents/${encodeURIComponent(content_id)}`;
    return this.ask('PATCH', path, { status }, headers);
  }

  // The two lines that a site pastes, with more attributes for the element.
  thread(content_id, attributes = '') {
    const escaped = content_id.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
    return (
      `<script type="module" src="${this.base}/embed.js"></script>` +
      `<comment-thread content-id="${escaped}" ${attributes}></comment-thread>`
    );
  }
}

export const api = await Server.start('--links-max', '3');
closing.push(() => api.stop());

// A server of a scene's own, gone when the scene is over.
export async function withServer(options, use) {
  const server = await Server.start(...options);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

export function signedIn(subject, name) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const text = `${part({ alg: 'HS256' })}.${part({ sub: subject, name, exp })}`;
  return `${text}.${createHmac('sha256', siteSecret).update(text).digest('base64url')}`;
}

// --- scenes ---

const scenes = [];

// A test that needs no page.
export const check = (name, run) => scenes.push([name, run]);

// A test with a page of its own. What the page throws fails it. `options` are those of a browser
// context, and `fresh`: for a scene that leaves more in its page than leaving the page undoes
// (init scripts, clocks, exposed functions, another network, cookies).
export function scene(name, play, options = {}) {
  scenes.push([name, () => playAlone(name, play, options)]);
}

async function playAlone(name, play, { fresh = false, ...options }) {
  const page = await takePage(fresh, options);
  const thrown = [];
  page.on('pageerror', (error) => thrown.push(error));
  let isGood = false;
  try {
    await play({ page, context: page.context(), id: name });
    assert.deepEqual(thrown, []);
    isGood = true;
  } catch (fault) {
    if (thrown[0]) fault.message += `\nThe page had thrown: ${thrown[0].stack}`;
    throw fault;
  } finally {
    if (isGood && !fresh) isGood = await giveBack(page);
    if (!isGood || fresh) await page.context().close();
  }
}

// A page costs the browser more than most scenes do. So those that are done lie here for the next
// scene, by what can only be said when they are made.
const idle = new Map();

async function takePage(fresh, { viewport, ...more }) {
  const { colorScheme = 'light', reducedMotion = 'no-preference', ...lasting } = more;
  const kind = JSON.stringify(lasting);
  let page = fresh ? undefined : idle.get(kind)?.pop();
  if (!page) {
    const context = await browser.newContext(lasting);
    context.setDefaultTimeout(patience);
    page = await context.newPage();
    page.kind = kind;
  }
  await page.setViewportSize({ width: 800, height: 900, ...viewport });
  await page.emulateMedia({ colorScheme, reducedMotion });
  return page;
}

// Starts as a new reader: nothing is kept, and no page listens. Returns false if that fails.
async function giveBack(page) {
  for (const event of ['pageerror', 'request', 'console', 'dialog']) page.removeAllListeners(event);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  for (const other of page.context().pages()) if (other !== page) await other.close();
  try {
    await page.evaluate(() => [localStorage, sessionStorage].forEach((kept) => kept.clear()));
  } catch {
    return false; // it has been led to nowhere
  }
  idle.set(page.kind, [...(idle.get(page.kind) ?? []), page]);
  return true;
}

// Plays all, some at once.
export function play() {
  describe('web', { concurrency: 3 }, () => {
    after(async () => {
      for (const close of closing) await close();
    });
    for (const [name, run] of scenes) it(name, { timeout: 4 * patience }, run);
  });
}

// --- looking at a thread ---

export const comments = (page) => page.locator('comment-thread .comment');
export const commentWith = (page, text) =>
  page.locator('comment-thread .comment').filter({ hasText: text }).last();
export const composerOf = (page) => page.locator('comment-thread .thread > .composer');
export const textOf = (page) => composerOf(page).locator('textarea');
export const postOf = (page) => composerOf(page).locator('.primary');
export const loaded = (page) =>
  page.locator('comment-thread .place > .list').first().waitFor({ state: 'attached' });

// Waits until `look()`, asked again and again, is true.
export async function until(look, what) {
  const end = Date.now() + patience;
  while (!(await look())) {
    if (Date.now() > end) assert.fail(`in vain waited for ${what}`);
    await new Promise((soon) => setTimeout(soon, 20));
  }
}

// What the server lists of a content.
export const listed = async (id, server = api) =>
  (await server.ask('GET', `/api/v1/comments?content_id=${encodeURIComponent(id)}`)).items;

// --- looking at the desk ---

// A scene with a server of its own, for its queue is all that there is.
export function desk(name, play, options) {
  scene(name, ({ page, context, id }) =>
    withServer(['--mode', 'premoderated'], async (server) => {
      const post = (body, more) => server.post('a content', body, more);
      const signIn = async () => {
        await page.goto(`${server.base}/moderation`);
        await page.getByLabel('Moderator token').fill(moderator);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.locator('.tab').first().waitFor();
      };
      await play({ page, context, server, post, signIn, id });
    }), options);
}

// All that a moderator of `server` sees.
export const queued = async (server) => {
  const headers = { Authorization: `Bearer ${moderator}` };
  const path = '/api/v1/moderation/queue?status=all&limit=200';
  return (await server.ask('GET', path, null, headers)).items;
};

// The text of what has the focus, in whatever shadow it is.
export const focused = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at && { tag: at.localName, text: at.textContent, label: at.ariaLabel, id: at.id };
  });

// Under axe-core, by light and in the dark; what differs between the two is contrast alone.
export async function assertAccessible(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: axe });
  const findIn = (rules) =>
    page.evaluate(async (runOnly) => {
      const options = { resultTypes: ['violations'], ...(runOnly && { runOnly }) };
      const { violations } = await globalThis.axe.run(document, options);
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    }, rules);
  assert.deepEqual(await findIn(), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await findIn(['color-contrast']), [], 'in the dark');
  await page.emulateMedia({ colorScheme: 'light' });
}

export const assertNoSidewaysScroll = async (page) =>
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    'the page is wider than its window',
  );
