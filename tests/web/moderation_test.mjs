// moderation_test.mjs - the moderators' page, at a desk and on a phone.

import { api, assert, assertNoSidewaysScroll, desk, moderator, queued, scene, until } from './support.mjs';

const cards = (page) => page.locator('.card');
const cardWith = (page, text) => page.locator('.card').filter({ hasText: text });
const toast = (page) => page.locator('.toast');
const statusOf = async (server, made) =>
  (await queued(server)).find(({ id }) => id === made.id).status;

scene('only the right token gets in, and no other tab knows it', async ({ page, context }) => {
  await page.goto(`${api.base}/moderation`);
  await page.getByLabel('Moderator token').fill('a wrong one');
  await page.keyboard.press('Enter');
  await page.getByText('The server does not take this token.').waitFor();
  await page.getByLabel('Moderator token').fill(moderator);
  await page.keyboard.press('Enter');
  await page.locator('.tab').first().waitFor();
  await page.reload();
  await page.locator('.tab').first().waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  assert.deepEqual(await context.cookies(), []);
  const other = await context.newPage();
  await other.goto(`${api.base}/moderation`);
  await other.getByLabel('Moderator token').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.reload();
  await page.getByLabel('Moderator token').waitFor();
});

desk('each decision has a key, and each is undone by another', async ({ page, server, post, signIn }) => {
  const [one, two, three] = [await post('the first'), await post('the second'), await post('the third')];
  await signIn();
  await cards(page).nth(2).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await toast(page).getByText('1 approved').waitFor();
  await until(async () => (await statusOf(server, one)) === 'published', 'the approval');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('s');
  await toast(page).getByText('1 marked as spam').waitFor();
  await until(async () => (await statusOf(server, two)) === 'spam', 'the spam');
  await page.keyboard.press('u');
  await toast(page).getByText('Undone').waitFor();
  await until(async () => (await statusOf(server, two)) === 'pending', 'the second to be back');
  await page.keyboard.press('u');
  await until(async () => (await statusOf(server, one)) === 'pending', 'the first to be back');
  await cards(page).nth(2).waitFor();
  assert.match(await cards(page).first().textContent(), /the first/);
  assert.equal(await statusOf(server, three), 'pending');
});

desk('a removal waits, so that it can be undone; leaving the page does it', async ({ page, server, post, signIn }) => {
  const made = await post('not wanted');
  await signIn();
  await cards(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await toast(page).getByText('1 will be removed').waitFor();
  assert.equal(await statusOf(server, made), 'pending');
  await page.keyboard.press('u');
  await cardWith(page, 'not wanted').waitFor();
  await page.keyboard.press('d');
  await toast(page).getByText('1 will be removed').waitFor();
  await page.goto('about:blank');
  await until(async () => (await statusOf(server, made)) === 'removed', 'the removal');
});

desk('a removal that is not undone is done', async ({ page, server, post, signIn }) => {
  const made = await post('not wanted');
  await page.clock.install();
  await signIn();
  await cards(page).first().waitFor();
  await cards(page).first().getByRole('button', { name: 'Remove' }).click();
  await toast(page).getByText('1 will be removed').waitFor();
  await page.clock.runFor(6_100);
  await until(async () => (await statusOf(server, made)) === 'removed', 'the removal');
}, { fresh: true });

desk('many are decided about at once', async ({ page, server, post, signIn }) => {
  const made = [];
  for (let i = 0; i < 5; ++i) made.push(await post(`number ${i}`));
  await signIn();
  await cards(page).nth(4).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByText('2 selected').waitFor();
  await page.getByLabel('Select all', { exact: true }).first().click();
  await page.getByText('5 selected').waitFor();
  await page.locator('.bulk').getByRole('button', { name: 'Approve' }).click();
  await toast(page).getByText('5 approved').waitFor();
  await page.getByText('Nothing here. Well done.').waitFor();
  for (const one of made) assert.equal(await statusOf(server, one), 'published');
  await until(async () => /^Published 5$/.test(await page.locator('.tab').nth(1).textContent()), 'the counts');
});

desk('the queue is searched and told apart by status', async ({ page, server, post, signIn }) => {
  const made = await post('a needle');
  await post('some hay', { name: 'Nadel' });
  await signIn();
  await cards(page).nth(1).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('needle');
  await until(async () => (await cards(page).count()) === 1, 'the one');
  await page.keyboard.press('Escape');
  await page.getByLabel('Search').fill('');
  await until(async () => (await cards(page).count()) === 2, 'both');
  await server.moderate([made.id], 'spam');
  await page.locator('.tab').nth(2).click();
  await until(async () => (await cards(page).count()) === 1, 'the spam alone');
  await cardWith(page, 'a needle').getByRole('button', { name: 'Hold' }).waitFor();
});

desk('a comment has its history, and what readers said', async ({ page, server, post, signIn }) => {
  const made = await post('before the change');
  await server.moderate([made.id], 'approve');
  await server.ask('PATCH', `/api/v1/comments/${made.id}`, { body: 'after the change' }, {
    Authorization: `Bearer ${made.edit_token}`,
  });
  await server.moderate([made.id], 'approve'); // it waits again
  await server.ask('POST', `/api/v1/comments/${made.id}/reports`, { reason: 'It is <b>rude</b>.' });
  await signIn();
  await page.locator('.tab').nth(1).click();
  await cardWith(page, 'after the change').waitFor();
  await page.getByText('1 report').waitFor();
  await page.getByText('It is <b>rude</b>.').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('h');
  await page.locator('.history del').getByText('before the change').waitFor();
  assert.ok((await page.locator('.history li').count()) >= 3);
  await page.keyboard.press('h');
  await page.locator('.history').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'It is fine' }).click();
  await toast(page).getByText('1 approved').waitFor();
});

desk('a content is locked and opened', async ({ page, server, post, signIn }) => {
  await post('on a content');
  await signIn();
  await page.getByRole('button', { name: 'Content' }).click();
  const mode = page.getByLabel('New comments on a content');
  assert.equal(await mode.inputValue(), 'premoderated');
  for (const status of ['locked', 'open', 'first-comment', 'premoderated']) {
    await mode.selectOption(status);
    await until(
      async () => (await server.ask('GET', '/api/v1/contents/a%20content')).status === status,
      `the status ${status}`,
    );
  }
  await page.getByText('Saved').waitFor();
  assert.match(await page.getByRole('link', { name: 'Open the thread' }).getAttribute('href'), /^\/contents\?content_id=a%20content/);
});

desk('a content whose id is a path is locked, too', async ({ page, server, signIn }) => {
  await server.post('/blog/../a post/', 'on a path');
  await signIn();
  await page.getByRole('button', { name: 'Content' }).click();
  await page.getByLabel('New comments on /blog/../a post/').selectOption('locked');
  await page.getByText('Saved').waitFor();
  const { status } = await server.ask('GET', '/api/v1/contents?content_id=%2Fblog%2F..%2Fa%20post%2F');
  assert.equal(status, 'locked');
});

desk('a proxy that is not heard is told about', async ({ page, server, signIn }) => {
  await signIn();
  assert.equal(await page.locator('p.notice').isVisible(), false);
  await server.ask('GET', '/healthz', null, { 'X-Forwarded-For': '192.0.2.1' });
  await page.reload();
  await page.getByText('--trusted-proxies 127.0.0.1').waitFor();
});

desk('who locked a content, when and why can be read, and all that moderators did', async ({ page, server, post, signIn }) => {
  const made = await post('on a content');
  const headers = { Authorization: `Bearer ${moderator}` };
  const lock = { status: 'locked', reason: 'It gets <b>heated</b>.' };
  await server.ask('PATCH', '/api/v1/contents/a%20content', lock, headers);
  await server.moderate([made.id], 'hold').catch(() => {}); // it is pending already
  await server.moderate([made.id], 'spam');
  await server.moderate([made.id], 'hold');
  await signIn();
  await page.getByRole('button', { name: 'Content' }).click();
  const why = page.locator('.card .past');
  await why.getByText('It gets <b>heated</b>.').waitFor();
  assert.match(await why.textContent(), /moderated → locked by moderator/);
  await page.getByText('What moderators did').click();
  const done = page.getByRole('list', { name: 'What moderators did' }).locator('li');
  await done.nth(2).waitFor();
  const told = await done.allTextContents();
  assert.match(told[0], /→ pending by moderator.*a content/);
  assert.match(told[1], /→ spam by moderator.*a content/);
  assert.match(told[2], /→ locked by moderator.*a content.*heated/);
});

desk('what comes meanwhile is announced, what others decide goes', async ({ page, server, post, signIn }) => {
  const first = await post('the first');
  await post('the second');
  await page.clock.install();
  await signIn();
  await cards(page).nth(1).waitFor();
  await page.locator('.tab').first().focus();
  await post('the third');
  await server.moderate([first.id], 'approve');
  await page.clock.runFor(5_100);
  await page.getByRole('button', { name: '1 new in the queue' }).waitFor();
  await cardWith(page, 'the first').waitFor({ state: 'detached' });
  await until(async () => /^Pending 2$/.test(await page.locator('.tab').first().textContent()), 'the count');
  await page.getByRole('button', { name: '1 new in the queue' }).click();
  await cardWith(page, 'the third').waitFor();
}, { fresh: true });

desk('it speaks Portuguese, and fits a phone', async ({ page, post, server }) => {
  await post('x'.repeat(200));
  await page.goto(`${server.base}/moderation`);
  await page.getByLabel('Token de moderação').fill(moderator);
  await page.getByRole('button', { name: 'Entrar' }).click();
  await cards(page).first().getByRole('button', { name: 'Aprovar' }).waitFor();
  await cards(page).first().locator('.box input').check();
  await cards(page).first().getByRole('button', { name: 'Histórico' }).click();
  await page.locator('.history').waitFor();
  await assertNoSidewaysScroll(page);
  const { height } = await page.locator('.card .do-approve').boundingBox();
  assert.ok(height >= 44, 'fingers find the buttons');
}, { viewport: { width: 320, height: 640 }, locale: 'pt-BR' });

desk('with the server gone it says so, and what was decided comes back', async ({ page, post, signIn }) => {
  await post('to be approved');
  await signIn();
  await cards(page).first().waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await cards(page).first().getByRole('button', { name: 'Approve' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await cardWith(page, 'to be approved').waitFor();
  await page.unroute('**/api/**');
  await cards(page).first().getByRole('button', { name: 'Approve' }).click();
  await toast(page).getByText('1 approved').waitFor();
});
