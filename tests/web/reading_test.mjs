// reading_test.mjs - a thread as its readers see it.

import { api, assert, comments, commentWith, focused, loaded, scene, site, until } from './support.mjs';

async function fill(id, count) {
  for (let i = 1; i <= count; ++i) await api.post(id, `comment ${i}.`);
}

scene('comments are shown by the page, and the next page on demand', async ({ page, id }) => {
  await fill(id, 25);
  await site.open(page, api.thread(id));
  await loaded(page);
  assert.equal(await comments(page).count(), 20);
  assert.equal(await page.locator('h2').textContent(), '25 comments');
  await page.getByRole('button', { name: 'Show more comments' }).click();
  await until(async () => (await comments(page).count()) === 25, 'all comments');
  assert.match((await focused(page)).text, /comment 21\./);
  assert.ok(await page.getByRole('button', { name: 'Show more comments' }).isHidden());
});

scene('replies are shown on demand, and hidden again', async ({ page, id }) => {
  const root = await api.post(id, 'the root');
  const reply = await api.post(id, 'the reply', { parent_id: root.id });
  await api.post(id, 'the deepest', { parent_id: reply.id });
  await site.open(page, api.thread(id));
  const toggle = page.getByRole('button', { name: '1 reply' });
  assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
  await toggle.click();
  await commentWith(page, 'the reply').getByRole('button', { name: '1 reply' }).click();
  await commentWith(page, 'the deepest').waitFor();
  await page.getByRole('button', { name: 'Hide replies' }).first().click();
  await commentWith(page, 'the deepest').waitFor({ state: 'hidden' });
});

scene('replies, too, come a page at a time', async ({ page, id }) => {
  const root = await api.post(id, 'the root');
  for (let i = 1; i <= 21; ++i) await api.post(id, `reply ${i}.`, { parent_id: root.id });
  await site.open(page, api.thread(id));
  await page.getByRole('button', { name: '21 replies' }).click();
  await commentWith(page, 'reply 20.').waitFor();
  assert.equal(await comments(page).count(), 21);
  await page.getByRole('button', { name: 'Show more replies' }).click();
  await until(async () => /reply 21\./.test((await focused(page)).text), 'the focus on the next');
  assert.ok(await page.getByRole('button', { name: 'Show more replies' }).isHidden());
});

scene('the order is chosen: oldest, newest, most votes', async ({ page, id }) => {
  await fill(id, 3);
  const { items } = await api.ask('GET', `/api/v1/comments?content_id=${encodeURIComponent(id)}`);
  await api.ask('PUT', `/api/v1/comments/${items[1].id}/vote`);
  await site.open(page, api.thread(id));
  await loaded(page);
  const texts = async () => (await page.locator('.comment .body').allTextContents()).map((t) => t.trim());
  const expected = {
    newest: ['comment 3.', 'comment 2.', 'comment 1.'],
    top: ['comment 2.', 'comment 1.', 'comment 3.'],
    oldest: ['comment 1.', 'comment 2.', 'comment 3.'],
  };
  for (const [sort, wanted] of Object.entries(expected)) {
    await page.getByLabel('Order').selectOption(sort);
    await until(async () => `${await texts()}` === `${wanted}`, `the order ${sort}`);
  }
  await site.open(page, api.thread(id, 'sort="newest"'));
  await loaded(page);
  assert.deepEqual(await texts(), expected.newest);
});

// What was voted past the cursor between two pages was on none of them.
scene('with the most votes first each comment is met once, whatever is voted meanwhile', async ({ page, id }) => {
  await fill(id, 45);
  const { items } = await api.ask('GET', `/api/v1/comments?content_id=${encodeURIComponent(id)}`);
  const vote = (number) => api.ask('PUT', `/api/v1/comments/${items[number - 1].id}/vote`);
  const more = page.getByRole('button', { name: 'Show more comments' });
  const { browser } = await vote(2);
  await site.open(page, api.thread(id, 'sort="top"'));
  await loaded(page);
  await vote(40); // from behind the cursor to before it
  const own = { 'Comments-Browser': browser };
  await api.ask('DELETE', `/api/v1/comments/${items[1].id}/vote`, null, own); // and the other way
  await more.click();
  await until(async () => (await comments(page).count()) === 40, 'the second page');
  await vote(45);
  await more.click();
  await until(async () => (await comments(page).count()) === 45, 'all comments');
  const texts = await page.locator('.comment .body').allTextContents();
  assert.equal(new Set(texts).size, 45);
  assert.ok(await more.isHidden());
});

scene('a time is told from now, and exactly on hover', async ({ page, id }) => {
  const made = await api.post(id, 'some time ago');
  await page.clock.install({ time: Date.parse(made.created_at) + 2 * 3_600_000 + 1_000 });
  await site.open(page, api.thread(id));
  const time = page.locator('.comment time');
  assert.equal(await time.textContent(), '2 hours ago');
  assert.equal(await time.getAttribute('datetime'), made.created_at);
  assert.match(await time.getAttribute('title'), new RegExp(`${new Date(made.created_at).getFullYear()}`));
  await page.clock.fastForward(3_600_000);
  await until(async () => (await time.textContent()) === '3 hours ago', 'the clock to go on');
}, { fresh: true });

scene('a browser has a face that is drawn here, the same each time', async ({ page, id }) => {
  const { browser } = await api.post(id, 'one');
  const again = { content_id: id, body: 'two', author: { name: 'Anita' } };
  await api.ask('POST', '/api/v1/comments', again, { 'Comments-Browser': browser });
  await api.post(id, 'three');
  await site.open(page, api.thread(id));
  await loaded(page);
  const faces = await page.locator('.comment svg.avatar path').evaluateAll((all) =>
    all.map((one) => one.getAttribute('d')),
  );
  assert.equal(faces[0], faces[1]);
  assert.notEqual(faces[0], faces[2]);
});

scene('a link leads to a comment on a later page, and marks it', async ({ page, id }) => {
  await fill(id, 30);
  const last = await api.post(id, 'the linked root');
  const reply = await api.post(id, 'the linked reply', { parent_id: last.id });
  await fill(id, 5);
  await site.open(page, api.thread(id), { hash: `#comment-${reply.id}` });
  const linked = commentWith(page, 'the linked reply');
  await until(async () => (await linked.getAttribute('class'))?.includes('marked'), 'the mark');
  assert.equal((await focused(page)).id, `comment-${reply.id}`);
  await until(
    () =>
      linked.evaluate((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      }),
    'the comment to be in sight',
  );
  assert.equal(await comments(page).count(), 37);
  const link = commentWith(page, 'the linked root').locator('header a').first();
  assert.equal(await link.getAttribute('href'), `#comment-${last.id}`);
  await link.click();
  await until(
    async () =>
      `${await page.locator('.marked').evaluateAll((all) => all.map((one) => one.id))}` ===
      `comment-${last.id}`,
    'the other mark',
  );
});

scene('what was removed leaves its place to the replies', async ({ page, id }) => {
  const root = await api.post(id, 'to be removed');
  await api.post(id, 'a reply that stays', { parent_id: root.id });
  await api.moderate([root.id], 'remove');
  await site.open(page, api.thread(id));
  await page.getByText('This comment is not here any more.').waitFor();
  await page.getByRole('button', { name: '1 reply' }).click();
  await commentWith(page, 'a reply that stays').waitFor();
});

scene('it speaks Portuguese where the page does', async ({ page, id }) => {
  await api.post(id, 'Oi', { name: '' });
  await site.open(page, api.thread(id), { lang: 'pt-BR' });
  await loaded(page);
  assert.equal(await page.locator('h2').textContent(), '1 comentário');
  await page.getByText('Anônimo').waitFor();
  await page.getByRole('button', { name: 'Responder' }).click();
  await page.getByPlaceholder('Responda a Anônimo').waitFor();
  assert.equal(await page.locator('.comment time').textContent(), 'agora');
});

scene('a site brings words of its own, by attribute and by property', async ({ page, id }) => {
  await api.post(id, 'salut');
  const words = JSON.stringify({ count: { one: '{n} mot', other: '{n} mots' }, reply: 'Répondre' });
  await site.open(page, api.thread(id, `lang="fr" strings='${words}'`));
  await loaded(page);
  assert.equal(await page.locator('h2').textContent(), '1 mot');
  await page.getByRole('button', { name: 'Répondre' }).waitFor();
  assert.match(await page.locator('.comment time').textContent(), /maintenant/);
  await page.locator('comment-thread').evaluate((one) => (one.strings = { reply: 'À toi' }));
  await page.getByRole('button', { name: 'À toi' }).waitFor();
});

scene('an attribute that changes starts the thread anew', async ({ page, id }) => {
  await api.post(`${id} a`, 'of the first');
  await api.post(`${id} b`, 'of the second');
  await site.open(page, api.thread(`${id} a`));
  await commentWith(page, 'of the first').waitFor();
  await page.locator('comment-thread').evaluate((one, to) => one.setAttribute('content-id', to), `${id} b`);
  await commentWith(page, 'of the second').waitFor();
  assert.equal(await comments(page).count(), 1);
});

scene('a thread without comments says so; a locked one takes nothing', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await page.getByText('No comments yet.').waitFor();
  await api.post(id, 'the last word');
  await api.setMode(id, 'locked');
  await page.reload();
  await page.getByText('Comments are closed.').waitFor();
  assert.ok(await page.locator('.composer').isHidden());
  assert.ok(await page.getByRole('button', { name: 'Reply' }).isHidden());
});
