// access_test.mjs - every page and every state of the widget under axe-core.

import {
  api,
  assert,
  assertAccessible,
  commentWith,
  composerOf,
  loaded,
  moderator,
  scene,
  site,
} from './support.mjs';

scene('axe finds nothing in a thread, whatever is open in it', async ({ page, id }) => {
  const root = await api.post(id, 'A root with `code`, a [link](https://example.com) and\n\n> a quote');
  await api.post(id, 'a reply', { parent_id: root.id });
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.getByRole('button', { name: '1 reply' }).click();
  await commentWith(page, 'a reply').getByRole('button', { name: /^Vote/ }).click();
  await commentWith(page, 'a reply').getByRole('button', { name: 'Reply' }).click();
  await commentWith(page, 'a link').getByRole('button', { name: 'Report' }).first().click();
  await assertAccessible(page);
  await composerOf(page).locator('textarea').fill('mine');
  await page.getByLabel('E-mail').first().fill('wrong');
  await composerOf(page).locator('.primary').click();
  await page.getByText('is not valid').waitFor();
  await page.getByLabel('E-mail').first().fill('');
  await composerOf(page).locator('.primary').click();
  const own = commentWith(page, 'mine');
  await own.getByRole('button', { name: 'Remove' }).click();
  await assertAccessible(page);
});

scene('tables and tasks are told to who listens', async ({ page, id }) => {
  await api.post(id, '|a||\n|-|-:|\n|b|c|\n\n- [ ] open\n- [x] **done**\n\n  and well');
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.getByRole('columnheader', { name: 'a' }).waitFor();
  await page.getByRole('checkbox', { name: 'open', checked: false, disabled: true }).waitFor();
  await page.getByRole('checkbox', { name: 'done', checked: true, disabled: true }).waitFor();
  await assertAccessible(page);
});

scene('who listens hears what is what', async ({ page, id }) => {
  const root = await api.post(id, 'of Ana', { name: 'Ana' });
  await api.post(id, 'of Bruno', { name: 'Bruno', parent_id: root.id });
  await site.open(page, api.thread(id));
  await page.getByRole('heading', { name: '2 comments', level: 2 }).waitFor();
  const toggle = page.getByRole('button', { name: '1 reply', expanded: false });
  await toggle.click();
  const answer = page.getByRole('list').getByRole('article', { name: 'Ana' }).getByRole('article');
  await answer.and(page.getByRole('article', { name: 'Bruno' })).waitFor();
  await page.getByRole('textbox', { name: 'Write a comment' }).click();
  for (const name of ['Name · optional', 'E-mail (not shown) · optional'])
    await page.getByRole('textbox', { name }).waitFor();
  await page.getByRole('combobox', { name: 'Order' }).waitFor();
  await answer.getByRole('button', { name: 'Vote up, 0 votes', pressed: false }).waitFor();
  assert.equal(await page.getByRole('status').count(), 1, 'one live region');
});

scene('axe finds nothing while it loads, and when it cannot', async ({ page, id }) => {
  let goOn;
  const asked = new Promise((go) => (goOn = go));
  await page.route('**/api/v1/comments?*', async (route) => {
    await asked;
    return route.abort();
  });
  await site.open(page, api.thread(id));
  await page.getByRole('img', { name: 'Loading comments' }).waitFor();
  await assertAccessible(page);
  goOn();
  await page.getByText('The comments cannot be reached.').waitFor();
  await assertAccessible(page);
});

scene('axe finds nothing on the pages for readers', async ({ page, id }) => {
  const root = await api.post('demo', 'Hello');
  await api.post('demo', 'Hello yourself', { parent_id: root.id });
  await page.goto(`${api.base}/`);
  await page.locator('comment-thread .comment').first().waitFor();
  await assertAccessible(page);
  await page.goto(`${api.base}/contents/demo?reply=${root.id}`);
  await assertAccessible(page);
  await page.locator('[name=body]').fill('fine');
  await page.locator('[name=name]').fill('A\u200bna');
  await page.locator('button').click();
  await page.getByRole('alert').waitFor();
  await assertAccessible(page);
  await page.goto(`${api.base}/status`);
  await assertAccessible(page);
}, { bypassCSP: true });

scene('axe finds nothing on the page for moderators', async ({ page, id }) => {
  await api.setMode(id, 'premoderated');
  await api.post(id, 'waits');
  await page.goto(`${api.base}/moderation`);
  await assertAccessible(page);
  await page.locator('input').fill(moderator);
  await page.keyboard.press('Enter');
  await page.locator('.card').first().waitFor();
  await page.locator('.card input').first().check();
  await page.getByRole('button', { name: 'History' }).first().click();
  await page.locator('.history').waitFor();
  await page.getByText('Keys').click();
  await assertAccessible(page);
  assert.equal(await page.locator('h1').count(), 1);
}, { bypassCSP: true });
