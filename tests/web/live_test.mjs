// live_test.mjs - changes by others while a reader reads.

import { api, assert, comments, commentWith, focused, loaded, scene, site, until } from './support.mjs';

// Resolves when the page follows the content.
const follows = (page) => page.waitForRequest(/\/api\/v1\/events/);

scene('new comments announce themselves, and nothing moves before one asks', async ({ page, id }) => {
  for (let i = 0; i < 15; ++i) await api.post(id, `earlier ${i}`);
  const following = follows(page);
  await site.open(page, api.thread(id, 'sort="newest"'));
  await loaded(page);
  await following;
  await page.locator('.comment').nth(8).scrollIntoViewIfNeeded();
  const place = () => page.locator('.comment').nth(8).evaluate((one) => one.getBoundingClientRect().top);
  const before = await place();
  for (let i = 1; i <= 3; ++i) await api.post(id, `later ${i}`);
  const bar = page.getByRole('button', { name: '3 new comments' });
  await bar.waitFor();
  assert.equal(await place(), before);
  assert.equal(await comments(page).count(), 15);
  await until(async () => (await page.locator('h2').textContent()) === '18 comments', 'the count');
  await bar.click();
  await commentWith(page, 'later 3').waitFor();
  await until(async () => /later 1/.test((await focused(page)).text), 'the focus on the first of them');
  assert.ok(await bar.isHidden());
  assert.equal(await comments(page).count(), 18);
});

scene('changes, votes and removals of others show where they are', async ({ page, id }) => {
  const changed = await api.post(id, 'before');
  const removed = await api.post(id, 'soon gone');
  const following = follows(page);
  await site.open(page, api.thread(id));
  await loaded(page);
  await following;
  const proof = { Authorization: `Bearer ${changed.edit_token}` };
  await api.ask('PATCH', `/api/v1/comments/${changed.id}`, { body: 'after' }, proof);
  await api.ask('PUT', `/api/v1/comments/${changed.id}/vote`);
  await api.moderate([removed.id], 'remove');
  await commentWith(page, 'after').waitFor();
  await page.getByRole('button', { name: 'Vote up, 1 vote' }).waitFor();
  await commentWith(page, 'soon gone').waitFor({ state: 'detached' });
});

scene('a reply that comes is put below what it answers', async ({ page, id }) => {
  const root = await api.post(id, 'the root');
  const following = follows(page);
  await site.open(page, api.thread(id));
  await loaded(page);
  await following;
  await api.post(id, 'the live reply', { parent_id: root.id });
  await page.getByRole('button', { name: '1 new comment' }).click();
  await page.locator(`#comment-${root.id} .comment`).getByText('the live reply').waitFor();
});

scene('two threads on one page keep to themselves', async ({ page, id }) => {
  await api.post(`${id} 1`, 'in the first');
  await api.post(`${id} 2`, 'in the second');
  await site.open(page, api.thread(`${id} 1`) + api.thread(`${id} 2`));
  const [first, second] = [0, 1].map((n) => page.locator('comment-thread').nth(n));
  await first.getByText('in the first').waitFor();
  await second.getByText('in the second').waitFor();
  await second.locator('textarea').fill('written in the second');
  assert.equal(await first.locator('textarea').inputValue(), '');
  await second.locator('.thread > .composer .primary').click();
  await second.locator('.comment').getByText('written in the second').waitFor();
  assert.equal(await first.locator('.comment').count(), 1);
  await first.evaluate((one) => one.remove());
  await api.post(`${id} 2`, 'after the first is gone');
  await first.getByRole('button', { name: '1 new comment' }).waitFor(); // which was the second
});

scene('a page that is not looked at holds no connection, and misses nothing', async ({ page, id }) => {
  await api.post(id, 'the first');
  const asked = [];
  page.on('request', (one) => one.url().includes('/events') && asked.push(new URL(one.url())));
  await site.open(page, api.thread(id));
  await loaded(page);
  await until(() => asked.length === 1, 'the stream');
  const look = (isHidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  await look(true);
  await api.post(id, 'meanwhile');
  await look(false);
  await page.getByRole('button', { name: '1 new comment' }).waitFor();
  assert.equal(asked.length, 2);
  assert.match(asked[1].searchParams.get('after'), /^1-[0-9a-f]{16}$/);
});

scene('comments that were restored are read again', async ({ page, id }) => {
  await api.post(id, 'of before');
  // What a server says that was restored since the page was read. The browser then connects to ours,
  // for which that is another epoch.
  let isTold = false;
  await page.route(/\/api\/v1\/events/, (route) => {
    if (isTold) return route.continue();
    isTold = true;
    const body = `id: 1-0123456789abcdef\nevent: reset\ndata: {"content_id":"${id}","version":1}\n\n`;
    return route.fulfill({ status: 200, contentType: 'text/event-stream', body });
  });
  let lists = 0;
  page.on('request', (one) => (lists += one.url().includes('/api/v1/comments?')));
  await site.open(page, api.thread(id));
  await until(() => lists === 2, 'the second reading');
  await loaded(page);
  assert.equal(await page.locator('.comment').count(), 1);
  await api.post(id, 'after it');
  await page.locator('.comment').getByText('after it').waitFor();
});
