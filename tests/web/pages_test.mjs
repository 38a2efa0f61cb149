// pages_test.mjs - the thread without script, what goes wrong in it, and the page at /.

import {
  api,
  assert,
  assertNoSidewaysScroll,
  listed,
  loaded,
  scene,
  site,
  until,
  withServer,
} from './support.mjs';

const noScript = { javaScriptEnabled: false };
const address = (id, server = api) => `${server.base}/contents/${encodeURIComponent(id)}`;

scene('without script a thread is read, replies and all', async ({ page, id }) => {
  const root = await api.post(id, 'a **strong** root');
  const reply = await api.post(id, 'a reply', { parent_id: root.id, name: 'Bruno' });
  await api.post(id, 'the deepest', { parent_id: reply.id });
  await page.goto(address(id));
  assert.equal(await page.title(), `3 comments · ${id}`);
  assert.equal(await page.locator(`#comment-${root.id} strong`).textContent(), 'strong');
  assert.equal(await page.locator(`#comment-${root.id} #comment-${reply.id} .comment`).count(), 1);
  assert.equal(await page.locator('script').count(), 0);
  const feed = await page.locator('link[rel=alternate]').getAttribute('href');
  assert.equal((await fetch(new URL(feed, page.url()))).status, 200);
}, noScript);

scene('a page of the site’s leads there who has no script', async ({ page, id }) => {
  await api.post(id, 'to be read anyway');
  const link = `<noscript><a href="${address(id)}">Comments</a></noscript>`;
  await site.open(page, api.thread(id) + link);
  await page.getByRole('link', { name: 'Comments' }).click();
  await page.locator('.comment').getByText('to be read anyway').waitFor();
}, noScript);

scene('pages lead to the next until there is none, and orders are links', async ({ page, id }) => {
  for (let i = 1; i <= 45; ++i) await api.post(id, `comment ${i}.`);
  await page.goto(address(id));
  const seen = [];
  for (;;) {
    seen.push(...(await page.locator('.comment .body').allTextContents()).map((text) => text.trim()));
    if (!(await page.locator('main > a[rel=next]').count())) break;
    await page.locator('main > a[rel=next]').click();
  }
  assert.deepEqual(seen, Array.from({ length: 45 }, (_, i) => `comment ${i + 1}.`));
  await page.getByRole('link', { name: 'Newest first' }).click();
  assert.match(await page.locator('.comment').first().textContent(), /comment 45\./);
}, noScript);

scene('more replies than there is room for have a page of their own', async ({ page, id }) => {
  const root = await api.post(id, 'the root');
  for (let i = 1; i <= 60; ++i) await api.post(id, `reply ${i}.`, { parent_id: root.id });
  await page.goto(address(id));
  assert.equal(await page.locator('.comment').count(), 51);
  await page.getByRole('link', { name: 'More replies' }).click();
  assert.match(await page.locator('.comment').first().textContent(), /reply 1\./);
  await page.getByRole('link', { name: 'More replies' }).click();
  assert.match(await page.locator('.comment').first().textContent(), /reply 21\./);
  await page.getByRole('link', { name: 'All comments' }).click();
  assert.match(await page.locator('.comment').first().textContent(), /the root/);
}, noScript);

scene('without script a comment is posted, and a reply below it', async ({ page, id }) => {
  await page.goto(address(id));
  await page.locator('[name=body]').fill('one line\nanother');
  await page.locator('[name=name]').fill('Ana');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByText('Your comment is posted.').waitFor();
  const [made] = await listed(id);
  assert.equal(made.body, 'one line\nanother');
  assert.ok(page.url().endsWith(`#comment-${made.id}`));
  await page.getByRole('link', { name: 'Reply' }).click();
  await page.getByRole('heading', { name: 'Reply to Ana' }).waitFor();
  await page.locator('[name=body]').fill('and a reply');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.locator(`#comment-${made.id} .comment`).getByText('and a reply').waitFor();
}, noScript);

scene('who posts is led to the page that shows it', async ({ page, id }) => {
  for (let i = 1; i <= 30; ++i) await api.post(id, `comment ${i}.`);
  await page.goto(address(id));
  await page.locator('[name=body]').fill('the last of all');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.locator('.comment').getByText('the last of all').waitFor();
  assert.equal(await page.locator('.comment').count(), 1);
  await page.getByRole('link', { name: 'All comments' }).click();
  assert.equal(await page.locator('.comment').count(), 20);
}, noScript);

scene('what is wrong is said on the page, and what was typed is kept', async ({ page, id }) => {
  await page.goto(address(id));
  const typed = '<b>"quotes" & \'more\'</b>\n</textarea><script>alert(1)</script>';
  await page.locator('[name=body]').fill(typed);
  await page.locator('[name=name]').fill('A\u200bna');
  await page.locator('[name=email]').fill('ana@example');
  await page.locator('[name=email]').evaluate((one) => (one.type = 'text'));
  await page.locator('[name=email]').fill('no address');
  await page.getByRole('button', { name: 'Post' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Name has characters that cannot be used. E-mail (not shown) is not valid.').waitFor();
  assert.equal(await page.locator('[name=body]').inputValue(), typed);
  assert.equal(await page.locator('[name=name]').getAttribute('aria-invalid'), 'true');
  await page.locator('[name=name]').fill('Ana');
  await page.locator('[name=email]').fill('');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByText('Your comment is posted.').waitFor();
  assert.equal((await listed(id))[0].body, typed);
}, { javaScriptEnabled: true });

scene('the same limits hold, and a page says so, the text kept', async ({ page, id }) => {
  await withServer(['--write-rate', '1'], async (server) => {
    for (const text of ['the one of this minute', 'too soon']) {
      await page.goto(address(id, server));
      await page.locator('[name=body]').fill(text);
      await page.getByRole('button', { name: 'Post' }).click();
    }
    await page.getByText(/That was too often. Seconds to wait: \d+/).waitFor();
    assert.equal(await page.locator('[name=body]').inputValue(), 'too soon');
  });
  await page.goto(address(id));
  await page.locator('[name=body]').fill('x'.repeat(16_385));
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByText('Comment is too long.').waitFor();
  assert.equal((await page.locator('[name=body]').inputValue()).length, 16_385);
}, noScript);

scene('a form that is sent twice posts once; with another text it asks', async ({ page, context, id }) => {
  await page.goto(address(id));
  await page.locator('[name=body]').fill('only once');
  const again = await context.newPage();
  const fields = {};
  for (const name of ['parent_id', 'answers', 'form', 'key'])
    fields[name] = await page.locator(`[name=${name}]`).inputValue();
  const send = (body) =>
    again.request.post(address(id), {
      form: { ...fields, body, name: '', email: '', trap: '' },
      headers: { Accept: 'text/html' },
      maxRedirects: 0,
    });
  assert.equal((await send('only once')).status(), 303);
  await page.getByRole('button', { name: 'Post' }).click();
  await page.locator('.comment').getByText('only once').waitFor();
  assert.equal((await listed(id)).length, 1);
  const other = await send('another text');
  assert.equal(other.status(), 422);
  const html = await other.text();
  assert.match(html, /This form has posted another comment already/);
  assert.match(html, /another text/);
  assert.ok(!html.includes(fields.key), 'it has a key of its own');
}, noScript);

scene('what waits is said, the trap is watched, a locked thread has no form', async ({ page, id }) => {
  await api.post(id, 'the first');
  await api.setMode(id, 'premoderated');
  await page.goto(address(id));
  await page.getByText('A moderator reads each comment').waitFor();
  await page.locator('[name=body]').fill('may I?');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByText('Your comment waits for a moderator.').waitFor();
  await api.setMode(id, 'open');
  const trapped = await page.request.post(address(id), {
    form: { body: 'buy this', trap: 'https://spam.example.com' },
    headers: { 'Sec-Fetch-Site': 'same-origin' },
    maxRedirects: 0,
  });
  assert.equal(trapped.headers().location, '?posted=pending#said');
  assert.equal((await listed(id)).length, 1);
  await page.goto(address(id));
  await page.locator('[name=body]').fill('too late');
  await api.setMode(id, 'locked');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByText('Comments are closed.').waitFor();
  await page.goto(address(id));
  await page.getByText('Comments are closed.').waitFor();
  assert.equal(await page.locator('form').count(), 0);
}, noScript);

scene('it speaks Portuguese to who asks for it', async ({ page, id }) => {
  await api.post(id, 'Oi', { name: '' });
  await page.goto(address(id));
  await page.getByRole('heading', { name: '1 comentário' }).waitFor();
  await page.getByText('Anônimo').waitFor();
  await page.goto(`${address(id)}?lang=en`);
  await page.getByRole('heading', { name: '1 comment' }).waitFor();
  await page.getByRole('link', { name: 'Reply' }).click();
  await page.getByRole('heading', { name: 'Reply to Anonymous' }).waitFor();
}, { ...noScript, locale: 'pt-BR' });

scene('a content is reached by parameter, too, where a path will not do', async ({ page, id }) => {
  const odd = `/blog/a post?&#/ ${id}`;
  await page.goto(`${api.base}/contents?content_id=${encodeURIComponent(odd)}`);
  await page.locator('[name=body]').fill('by parameter');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.locator('.comment').getByText('by parameter').waitFor();
  await page.getByRole('link', { name: 'Reply' }).click();
  await page.locator('[name=body]').fill('once more');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.locator('.comment .comment').getByText('once more').waitFor();
  await page.goto(address(odd));
  assert.equal(await page.locator('.comment').count(), 2);
}, noScript);

scene('a page that is known is not sent again', async ({ id }) => {
  await api.post(id, 'the first');
  const first = await fetch(address(id));
  const etag = first.headers.get('ETag');
  assert.equal((await fetch(address(id), { headers: { 'If-None-Match': etag } })).status, 304);
  await api.post(id, 'the second');
  assert.equal((await fetch(address(id), { headers: { 'If-None-Match': etag } })).status, 200);
});

scene('programs get problems, browsers get pages', async ({ page, id }) => {
  const odd = ['/nothing', `/contents/${encodeURIComponent(id)}?cursor=forged`, '/contents?content_id=',
    `/contents/x?comment=0192f0c1-7b2a-7c3d-9e4f-0123456789ab`];
  for (const path of odd) {
    const plain = await fetch(api.base + path);
    assert.equal(plain.headers.get('Content-Type'), 'application/problem+json', path);
    const answer = await page.goto(api.base + path);
    assert.equal(answer.status(), plain.status, path);
    await page.getByRole('alert').waitFor();
    await page.getByRole('link', { name: 'Home' }).click();
    await page.getByRole('heading', { name: 'A conversation for any page.' }).waitFor();
  }
  const json = await fetch(address(id), { method: 'POST', body: '{}' });
  assert.equal(json.status, 415);
  const broken = await fetch(address(id), {
    method: 'POST',
    body: 'body=%ff',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(broken.status, 400);
});

for (const width of [320, 1200])
  scene(`the pages fit into ${width} pixels`, async ({ page, id }) => {
    const root = await api.post(id, 'x'.repeat(300));
    await api.post(id, 'a reply', { parent_id: root.id });
    for (const url of [`${api.base}/`, address(id), `${api.base}/moderation`, `${api.base}/nothing`]) {
      await page.goto(url);
      await assertNoSidewaysScroll(page);
    }
  }, { viewport: { width, height: 700 } });

scene('the page at / shows the two lines, and they work as they stand', async ({ page, id }) => {
  await page.goto(`${api.base}/`);
  await until(async () => (await page.locator('#lines').textContent()).includes(api.base), 'the address');
  const lines = await page.locator('#lines').textContent();
  assert.equal(lines.split('\n').length, 2);
  await page.locator('comment-thread textarea').fill(`hello from ${id}`);
  await page.locator('comment-thread .thread > .composer .primary').click();
  await page.locator('comment-thread .comment').getByText(`hello from ${id}`).waitFor();
  for (const name of ['Docs', 'API', 'Status', 'Moderation']) {
    const link = page.getByRole('navigation').getByRole('link', { name });
    assert.ok(await link.isVisible());
    const answer = await page.request.get(await link.evaluate((one) => one.href));
    assert.equal(answer.status(), 200, name);
  }
  await site.open(page, lines.replace('my-first-post', id));
  await loaded(page);
});
