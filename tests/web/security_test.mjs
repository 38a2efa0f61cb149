// security_test.mjs - nothing that a user writes runs, on any page; and what pages may do.

import { readFileSync } from 'node:fs';
import { api, assert, comments, hostOrigin, isLong, loaded, moderator, sample, scene, site, until } from './support.mjs';

const corpus = new URL('../markdown/xss_corpus.txt', import.meta.url);
const escapes = { n: '\n', r: '\r', t: '\t', '\\': '\\' };
const written = readFileSync(corpus, 'utf8')
  .split('\n')
  .filter((line) => line.trim() && line !== '#' && !line.startsWith('# '));
const vectors = sample(written, 4).map((line) =>
  line.replace(/\\(n|r|t|\\|u\{([0-9a-f]+)\})/g, (_, name, point) =>
    point ? String.fromCodePoint(parseInt(point, 16)) : escapes[name],
  ),
);
const content = 'xss "><script>alert(1)</script>';

// Posted once, by whichever scene comes first; those that no comment may be are refused.
let posting;
async function postAll() {
  const names = ['<img src=x onerror=alert(1)>', '"><svg onload=alert(1)>', "javascript:alert('1')"];
  let taken = 0;
  const work = vectors.map((body, i) => async () => {
    const answer = await fetch(`${api.base}/api/v1/comments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ content_id: content, body, author: { name: names[i % 3] } }),
    });
    assert.ok([201, 422].includes(answer.status), `${answer.status} for ${body}`);
    taken += answer.status === 201;
  });
  while (work.length) await Promise.all(work.splice(-16).map((one) => one()));
  assert.ok(taken > 0.8 * vectors.length, `${taken} of ${vectors.length} were taken`);
  const { items } = await api.ask('GET', `/api/v1/moderation/queue?status=pending&limit=200`, null, {
    Authorization: `Bearer ${moderator}`,
  });
  const held = items.filter((one) => one.content_id === content).map((one) => one.id);
  if (held.length) await api.moderate(held.slice(0, 100), 'approve');
  return taken;
}

// Sees to it that a script that runs, or anything that is fetched from elsewhere, is noticed.
async function watch(page) {
  const noticed = [];
  page.on('dialog', (dialog) => {
    noticed.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await page.exposeFunction('noticed', (what) => noticed.push(what));
  await page.addInitScript(() => {
    for (const name of ['alert', 'confirm', 'prompt', 'print'])
      globalThis[name] = () => globalThis.noticed(name);
  });
  page.on('request', (one) => {
    const { origin, protocol } = new URL(one.url());
    if (protocol.startsWith('http') && ![api.base, hostOrigin].includes(origin))
      noticed.push(one.url());
  });
  page.on('framenavigated', (frame) => frame !== page.mainFrame() && noticed.push('a frame'));
  return noticed;
}

// Everything that could be waited for by a script: pointers, focus, and the elements themselves.
async function provoke(page, selector) {
  const found = await page.locator(selector).evaluateAll((all) => {
    const odd = [];
    const within = all.flatMap((one) => [...one.querySelectorAll('*')]);
    for (const one of within) {
      for (const name of ['mouseover', 'mouseenter', 'focus', 'click', 'toggle', 'animationend'])
        if (!one.closest('a, button') || name !== 'click') one.dispatchEvent(new Event(name));
      for (const { name, value } of one.attributes)
        if (/^on|^style$|^srcdoc$/i.test(name) || /^\s*(javascript|data|vbscript):/i.test(value))
          odd.push(one.outerHTML);
      const isTask = one.outerHTML.replace(' checked=""', '') === '<input type="checkbox" disabled="">';
      if (/^(script|style|iframe|object|embed|form|input|img|svg|math|base|link|meta)$/.test(one.localName) && !isTask)
        odd.push(one.outerHTML);
    }
    return odd;
  });
  assert.deepEqual(found, []);
}

scene('of all that attackers are known to write, nothing runs in the widget', async ({ page }) => {
  await (posting ??= postAll());
  const noticed = await watch(page);
  const wanted = `content_id=${encodeURIComponent(content)}&sort=newest&limit=1`;
  const { items, content: all } = await api.ask('GET', `/api/v1/comments?${wanted}`);
  assert.equal(all.comments, await posting);
  await site.open(page, api.thread(content), { hash: `#comment-${items[0].id}` }); // brings in all
  await until(async () => (await comments(page).count()) === all.comments, 'all comments');
  await provoke(page, 'comment-thread .body');
  assert.deepEqual(noticed, []);
}, { fresh: true });

scene('nor on the page without script, nor on the moderators’ page', async ({ page }) => {
  await (posting ??= postAll());
  const noticed = await watch(page);
  let seen = 0;
  await page.goto(`${api.base}/contents/${encodeURIComponent(content)}`);
  for (;;) {
    seen += await page.locator('.comment').count();
    await provoke(page, '.body');
    const next = page.locator('main > a[rel=next]');
    if (!(await next.count())) break;
    await page.goto(new URL(await next.getAttribute('href'), page.url()).href);
  }
  assert.equal(seen, await posting);
  await page.goto(`${api.base}/moderation`);
  await page.locator('input').fill(moderator);
  await page.keyboard.press('Enter');
  await page.locator('.tab').nth(1).click();
  await page.locator('.card').nth(20).waitFor();
  for (let i = 0; i < (isLong ? 3 : 1); ++i) {
    const before = await page.locator('.card').count();
    await page.locator('.more:visible').click();
    await until(async () => (await page.locator('.card').count()) > before, 'more cards');
  }
  await provoke(page, '.card .body');
  assert.deepEqual(noticed, []);
}, { fresh: true });

scene('each page says what it may do, and that is no more than it needs', async () => {
  const expected = {
    '/': { scripts: "'self'", ancestors: "'none'", referrer: 'same-origin' },
    '/moderation': { scripts: "'self'", ancestors: "'none'", referrer: 'no-referrer' },
    '/contents/1': { scripts: null, ancestors: "'self' http://127.0.0.1", referrer: 'same-origin' },
    '/nothing': { scripts: null, ancestors: "'self'", referrer: 'same-origin' },
  };
  for (const [path, { scripts, ancestors, referrer }] of Object.entries(expected)) {
    const { headers } = await fetch(api.base + path, { headers: { Accept: 'text/html' } });
    const policy = Object.fromEntries(
      headers.get('Content-Security-Policy').split('; ').map((one) => {
        const [name, ...values] = one.split(' ');
        return [name, values.join(' ')];
      }),
    );
    assert.equal(policy['default-src'], "'none'", path);
    assert.equal(policy['script-src'] ?? null, scripts, path);
    assert.equal(policy['base-uri'], "'none'", path);
    assert.ok(policy['frame-ancestors'].startsWith(ancestors), path);
    assert.doesNotMatch(headers.get('Content-Security-Policy'), /unsafe|\*|data:/);
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
    assert.equal(headers.get('Referrer-Policy'), referrer);
    assert.equal(headers.get('Set-Cookie'), null);
    assert.match(headers.get('Content-Type'), /^text\/html; charset=utf-8$/);
  }
});

scene('the server’s own pages keep to their policies', async ({ page }) => {
  await page.addInitScript(() => {
    globalThis.refused = [];
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.refused.push(`${event.effectiveDirective} ${event.blockedURI}`),
    );
  });
  const said = [];
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
  for (const path of ['/', '/contents/demo', '/moderation']) {
    await page.goto(api.base + path);
    await page.locator(path === '/' ? 'comment-thread h2' : 'main *').first().waitFor();
    assert.deepEqual(await page.evaluate(() => globalThis.refused), [], path);
  }
  assert.deepEqual(said, []);
}, { fresh: true });
