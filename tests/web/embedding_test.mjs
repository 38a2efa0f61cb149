// embedding_test.mjs - on other people's pages: strict, hostile, slow, narrow, from right to left.

import {
  api,
  assert,
  assertNoSidewaysScroll,
  comments,
  commentWith,
  composerOf,
  hostOrigin,
  loaded,
  scene,
  site,
  until,
} from './support.mjs';

// What the page's policy has refused.
const violations = (page) =>
  page.addInitScript(() => {
    globalThis.refused = [];
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.refused.push(`${event.effectiveDirective} ${event.blockedURI}`),
    );
  });

async function postOne(page, text) {
  await loaded(page);
  await composerOf(page).locator('textarea').fill(text);
  await composerOf(page).locator('.primary').click();
  await commentWith(page, text).waitFor();
}

const policies = {
  'its address': (base) => [`script-src ${base}`, ''],
  'a nonce': () => ["script-src 'nonce-r4nd0m' 'strict-dynamic'", 'nonce="r4nd0m"'],
};
for (const [what, policyFor] of Object.entries(policies))
  scene(`under a strict policy that names ${what} everything works`, async ({ page, id }) => {
    const [script, nonce] = policyFor(api.base);
    const policy = `default-src 'none'; ${script}; connect-src ${api.base}; base-uri 'none'`;
    const headers = {
      'Content-Security-Policy':
        policy + "; require-trusted-types-for 'script'; trusted-types comments-thread",
    };
    await violations(page);
    await api.post(id, 'a **first** one');
    await site.open(page, api.thread(id).replace('<script ', `<script ${nonce} `), { headers });
    await postOne(page, 'under a strict policy');
    await commentWith(page, 'under a strict policy').getByRole('button', { name: 'Reply' }).click();
    const shown = await comments(page).first().evaluate((one) => getComputedStyle(one).display);
    assert.equal(shown, 'grid', 'its styles are there');
    assert.deepEqual(await page.evaluate(() => globalThis.refused), []);
  }, { fresh: true });

scene('no cookies, no requests to other servers, and none of its secrets in an address', async ({ page, context, id }) => {
  const asked = [];
  const ended = [];
  page.on('request', (one) => asked.push(one.url()));
  page.on('requestfinished', (one) => one.url().startsWith(api.base) && ended.push(one));
  await context.addCookies([{ name: 'of-the-server', value: '1', url: api.base }]);
  await api.post(id, 'hello https://elsewhere.example.com/ ![](https://elsewhere.example.com/x.png)');
  await site.open(page, api.thread(id));
  await postOne(page, 'no traces');
  assert.equal((await context.cookies()).length, 1, 'no cookie but the one from before');
  await until(() => ended.length > 2, 'the requests to end');
  const cookies = await Promise.all(ended.map(async (one) => (await one.allHeaders()).cookie));
  assert.deepEqual([...new Set(cookies)], [undefined]);
  assert.deepEqual(
    [...new Set(asked.map((url) => new URL(url).origin))].sort(),
    [api.base, hostOrigin].sort(),
  );
  const tokens = await page.evaluate(() => JSON.stringify(localStorage).match(/"token[^,]*/g));
  assert.ok(tokens.length > 0);
  assert.ok(asked.every((url) => !/token|edit/.test(url)));
}, { fresh: true });

scene('where the page may store nothing, it works all the same', async ({ page, id }) => {
  await page.addInitScript(() =>
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('no', 'SecurityError');
      },
    }),
  );
  await site.open(page, api.thread(id));
  await postOne(page, 'nothing is kept');
  await commentWith(page, 'nothing is kept').getByRole('button', { name: 'Edit' }).waitFor();
}, { fresh: true });

const ids = ['/a/path?with=query&more#hash', 'ünïcödé 日本 🎉', '"><b>x</b>', '..', '%2F%00', "it's"];
scene('a content has whatever id it has', async ({ page, id }) => {
  for (const odd of ids) {
    const contentId = odd === '..' ? odd : `${odd} ${id}`;
    await site.open(page, api.thread(contentId));
    await postOne(page, 'under an odd name');
    const { counts } = await api.ask(
      'GET',
      `/api/v1/counts?content_id=${encodeURIComponent(contentId)}`,
    );
    assert.deepEqual(counts, { [contentId]: 1 });
    await page.reload();
    await commentWith(page, 'under an odd name').waitFor();
  }
});

scene('styles of the page do not reach it', async ({ page, id }) => {
  await api.post(id, 'unimpressed');
  const look = () =>
    page.locator('comment-thread .comment .body').evaluate((one) => {
      const { color, fontFamily, fontSize, textTransform, letterSpacing, lineHeight, textAlign, cursor,
        visibility } = getComputedStyle(one);
      return { color, fontFamily, fontSize, textTransform, letterSpacing, lineHeight, textAlign,
        cursor, visibility, height: one.offsetHeight };
    });
  await site.open(page, api.thread(id));
  await loaded(page);
  const plain = await look();
  const head =
    '<style>* { color: lime !important; font: 40px/3 fantasy !important; text-transform: uppercase;' +
    'letter-spacing: 1em; text-align: center; cursor: none; word-spacing: 2em }' +
    'button, textarea, article, ol, li, p, svg { display: none !important; position: fixed }' +
    '.comment, .body, .thread, #comment { display: none !important } html { font-size: 62.5% !important }' +
    '</style>';
  await site.open(page, api.thread(id), { head });
  await loaded(page);
  assert.deepEqual(await look(), plain);
  await postOne(page, 'still here');
});

scene('a site sets colours, corners and parts', async ({ page, id }) => {
  await api.post(id, 'in purple');
  const head =
    '<style>comment-thread { --comments-accent: rgb(102, 51, 153); --comments-radius: 0px }' +
    'comment-thread::part(author) { text-decoration: underline }</style>';
  await site.open(page, api.thread(id), { head });
  await loaded(page);
  await composerOf(page).locator('textarea').focus();
  const style = (selector, name) =>
    page.locator(selector).first().evaluate((one, of) => getComputedStyle(one)[of], name);
  assert.equal(await style('.composer .primary', 'backgroundColor'), 'rgb(102, 51, 153)');
  assert.equal(await style('.composer', 'borderTopLeftRadius'), '0px');
  assert.match(await style('.author', 'textDecoration'), /underline/);
});

for (const [scheme, other] of [['light', 'dark'], ['dark', 'light']])
  scene(`it is ${scheme} with the system, and ${other} if the site says so`, async ({ page, id }) => {
    const isDark = () =>
      page.locator('comment-thread .thread').evaluate((one) => {
        const [red] = getComputedStyle(one).backgroundColor.match(/\d+/g);
        return Number(red) < 128 ? 'dark' : 'light';
      });
    await site.open(page, api.thread(id));
    await loaded(page);
    assert.equal(await isDark(), scheme);
    await site.open(page, api.thread(id, `theme="${other}"`));
    await loaded(page);
    assert.equal(await isDark(), other);
  }, { colorScheme: scheme });

scene('on a slow network there is a skeleton, then comments, and nothing jumps', async ({ page, context, id }) => {
  for (let i = 0; i < 8; ++i) await api.post(id, `number ${i}\n\nwith two paragraphs`);
  let skeletons = 0;
  await page.route('**/api/v1/comments?*', async (route) => {
    await page.getByRole('img', { name: 'Loading comments' }).waitFor();
    ++skeletons;
    return route.continue();
  });
  const wire = await context.newCDPSession(page);
  await wire.send('Network.enable');
  const slow = { offline: false, latency: 300, downloadThroughput: 50_000, uploadThroughput: 50_000 };
  await wire.send('Network.emulateNetworkConditions', slow);
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) if (!one.hadRecentInput) globalThis.shift += one.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const text = '<p>A paragraph of the article.</p>'.repeat(6);
  for (const contentId of [id, `${id}, empty`]) {
    const body = `${text}${api.thread(contentId)}<footer><h2>The foot</h2>${text}</footer>`;
    const head = '<style>comment-thread { display: block; min-height: 100vh }</style>';
    await site.open(page, body, { head });
    await loaded(page);
    const shift = await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(globalThis.shift)))),
    );
    assert.ok(shift < 0.05, `a shift of ${shift}`);
  }
  assert.equal(skeletons, 2);
}, { fresh: true });

scene('without room reserved by the page, comments that come move nothing either', async ({ page, id }) => {
  for (let i = 0; i < 3; ++i) await api.post(id, `number ${i}`);
  await page.route('**/api/v1/comments?*', async (route) => {
    await page.locator('comment-thread .bone').first().waitFor();
    await page.evaluate(() => {
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) globalThis.shift += one.value;
      }).observe({ type: 'layout-shift' });
    });
    return route.continue();
  });
  await site.open(page, `${api.thread(id)}<footer><h2>The foot</h2></footer>`);
  await loaded(page);
  const shift = await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(globalThis.shift)))),
  );
  assert.ok(shift < 0.05, `a shift of ${shift}`);
});

// The narrowest phone; and a window of 1280 pixels at 200 %, which is one of 640.
for (const width of [320, 640])
  scene(`it fits into ${width} pixels, as deep as replies go`, async ({ page, id }) => {
    let parent_id;
    for (let depth = 0; depth < 7; ++depth)
      ({ id: parent_id } = await api.post(id, `depth ${depth} ${'long'.repeat(30)}`, { parent_id, name: 'A name that is long '.repeat(5) }));
    await api.post(id, '```\n' + 'a line of code that is long '.repeat(8) + '\n```');
    await site.open(page, api.thread(id), { hash: `#comment-${parent_id}`, lang: 'pt-BR' });
    await commentWith(page, 'depth 6').waitFor();
    await composerOf(page).locator('textarea').focus();
    await commentWith(page, 'depth 6').getByRole('button', { name: 'Denunciar' }).click();
    await assertNoSidewaysScroll(page);
    const { width: room } = await commentWith(page, 'depth 6').locator('.body').first().boundingBox();
    assert.ok(room > 120, `${room} pixels for the deepest text`);
  }, { viewport: { width, height: 700 } });

scene('from right to left it is its own mirror', async ({ page, id }) => {
  await api.post(id, 'مرحبا');
  await site.open(page, api.thread(id), { dir: 'rtl', lang: 'ar' });
  await loaded(page);
  const box = (selector) => page.locator(selector).first().boundingBox();
  const [face, body] = [await box('.comment .avatar'), await box('.comment .body')];
  assert.ok(face.x > body.x + body.width - 1, 'the face is on the right');
  await assertNoSidewaysScroll(page);
});

scene('who wants no motion gets none', async ({ page, id }) => {
  await page.route('**/api/v1/comments?*', async (route) => {
    await page.locator('comment-thread .bone').first().waitFor();
    return route.continue();
  });
  await site.open(page, api.thread(id));
  await page.locator('comment-thread .bone i').first().waitFor();
  await loaded(page);
  const moving = await page.locator('comment-thread .thread').evaluate((one) =>
    one.getAnimations({ subtree: true }).length,
  );
  assert.equal(moving, 0);
  const speeds = await page.locator('comment-thread .composer').evaluate((one) =>
    getComputedStyle(one).transitionDuration,
  );
  assert.equal(speeds, '0s');
}, { reducedMotion: 'reduce' });

scene('the script under its address with a hash finds its server, too', async ({ page, id }) => {
  const [path] = /assets\/embed\.[0-9a-f]{16}\.js/.exec(await (await fetch(`${api.base}/`)).text());
  await site.open(page, api.thread(id).replace('embed.js', path));
  await postOne(page, 'by hash');
});
