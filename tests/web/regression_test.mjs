// regression_test.mjs - what once went wrong on the pages, one scene each.

import {
  api,
  assert,
  comments,
  commentWith,
  desk,
  focused,
  listed,
  loaded,
  postOf,
  queued,
  scene,
  site,
  textOf,
  until,
  withServer,
} from './support.mjs';

// The server gets each post, and its answer gets lost if it is a comment.
async function loseAnswers(page) {
  const lost = [];
  await page.clock.install();
  await page.route('**/api/v1/comments', async (route) => {
    const response = await route.fetch();
    if (response.status() === 422) return route.fulfill({ response });
    lost.push(response.status());
    return route.abort();
  });
  return lost;
}

// The widget tries again by itself.
async function postInVain(page, lost, times = 3) {
  const wanted = lost.length + times;
  await postOf(page).click();
  await until(async () => {
    await page.clock.runFor(500);
    return lost.length === wanted && (await postOf(page).textContent()) === 'Try again';
  }, 'it to give up');
}

scene('a post whose answer is lost stays one after a reload, with its name', async ({ page, id }) => {
  const lost = await loseAnswers(page);
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('my only comment');
  await page.getByLabel('Name').fill('Bob');
  await postInVain(page, lost);
  await page.unroute('**/api/v1/comments');
  await page.reload();
  await loaded(page);
  assert.equal(await page.getByLabel('Name').inputValue(), 'Bob');
  await postOf(page).click();
  await commentWith(page, 'my only comment').waitFor();
  assert.deepEqual((await listed(id)).map(({ body }) => body), ['my only comment']);
}, { fresh: true });

scene('a text that was changed after a lost answer is posted once, reload or not', async ({ page, id }) => {
  const lost = await loseAnswers(page);
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('one');
  await postInVain(page, lost);
  await textOf(page).fill('one two');
  await postInVain(page, lost, 2); // the first was answered: under that key there is another text
  await page.unroute('**/api/v1/comments');
  await page.reload();
  await loaded(page);
  await postOf(page).click();
  await until(async () => (await textOf(page).inputValue()) === '', 'the post');
  assert.deepEqual((await listed(id)).map(({ body }) => body), ['one', 'one two']);
}, { fresh: true });

for (const css of ['main{display:flex;flex-direction:column;align-items:center}', 'main{display:grid;justify-items:center}',
  'comment-thread{float:left}', 'comment-thread{display:inline-block}'])
  scene(`it has room on a page with ${css}`, async ({ page, id }) => {
    await site.open(page, api.thread(id), { head: `<style>${css}</style>` });
    await loaded(page);
    const width = await page.locator('comment-thread .thread').evaluate((one) => one.clientWidth);
    assert.ok(width > 500, `it is ${width} px wide`);
  });

scene('a late answer for the order before takes no comment away', async ({ page, id }) => {
  for (let i = 0; i < 5; ++i) await api.post(id, `number ${i}`);
  await site.open(page, api.thread(id));
  await loaded(page);
  const late = [];
  await page.route('**/api/v1/comments?*sort=*', (route) => late.push(route));
  const order = page.locator('comment-thread select');
  await order.selectOption('newest');
  await until(() => late.length === 1, 'the question');
  await order.selectOption('top');
  await until(() => late.length === 2, 'the other question');
  for (const route of late) {
    const answered = page.waitForResponse(route.request().url());
    await route.continue();
    await (await answered).finished();
  }
  await loaded(page);
  assert.equal(await comments(page).count(), 5);
});

scene('a comment of one’s own stands behind those that are loaded later', async ({ page, id }) => {
  for (let i = 0; i < 25; ++i) await api.post(id, `number ${i}.`);
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('mine');
  await postOf(page).click();
  await commentWith(page, 'mine').waitFor();
  await page.getByRole('button', { name: 'Show more comments' }).click();
  await commentWith(page, 'number 24.').waitFor();
  assert.match(await comments(page).last().textContent(), /mine/);
});

scene('own comments stay live when their edit window is over', async ({ page, id }) => {
  await withServer(['--edit-window', '1'], async (server) => {
    await site.open(page, server.thread(id));
    await loaded(page);
    await textOf(page).fill('soon not mine to edit');
    await postOf(page).click();
    const mine = commentWith(page, 'soon not mine');
    await mine.waitFor();
    await mine.getByRole('button', { name: 'Edit' }).waitFor({ state: 'hidden' });
    const [made] = await listed(id, server);
    await server.ask('PUT', `/api/v1/comments/${made.id}/vote`);
    await mine.getByRole('button', { name: 'Vote up, 1 vote' }).waitFor();
  });
});

scene('a lock does not take the text away from who is editing it', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('to be edited');
  await postOf(page).click();
  const mine = commentWith(page, 'to be edited');
  await mine.getByRole('button', { name: 'Edit' }).click();
  await api.setMode(id, 'locked');
  await page.getByText('Comments are closed.').waitFor();
  assert.ok(await page.locator('comment-thread .comment textarea').isVisible());
});

scene('replies are counted as the server counts them', async ({ page, id }) => {
  await api.post(id, 'the first');
  await site.open(page, api.thread(id));
  const first = comments(page).first();
  await first.getByRole('button', { name: 'Reply' }).click();
  await first.locator('textarea').fill('an answer');
  await first.locator('form .primary').click();
  await commentWith(page, 'an answer').waitFor();
  const hide = first.getByRole('button', { name: 'Hide replies' });
  await hide.focus();
  await hide.click();
  const show = first.getByRole('button', { name: '1 reply' });
  await show.click();
  await hide.waitFor();
  assert.equal((await focused(page)).text, 'Hide replies', 'the focus stays on the button');
});

scene('a new answer to a hidden comment is shown when it is asked for', async ({ page, id }) => {
  const root = await api.post(id, 'the root');
  const child = await api.post(id, 'the child', { parent_id: root.id });
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.getByRole('button', { name: '1 reply' }).waitFor();
  await api.post(id, 'the grandchild', { parent_id: child.id });
  await page.getByRole('button', { name: /new comment/ }).click();
  await commentWith(page, 'the grandchild').waitFor();
});

scene('trying again goes to the comment that was linked to', async ({ page, id }) => {
  for (let i = 0; i < 25; ++i) await api.post(id, `number ${i}.`);
  const { id: wanted } = await api.post(id, 'the linked one');
  await page.route('**/api/v1/comments?*', (route) => route.abort());
  await site.open(page, api.thread(id), { hash: `#comment-${wanted}` });
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.unroute('**/api/v1/comments?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await until(async () => (await focused(page))?.id === `comment-${wanted}`, 'the linked comment');
});

scene('the way back from an error leads to the thread, whatever it is called', async ({ page }) => {
  await page.goto(`${api.base}/contents/javascript:alert(1)`);
  await page.locator('textarea').fill('   ');
  await page.locator('form button').last().click();
  await page.locator('[role=alert]').waitFor();
  const back = page.locator('main > p > a');
  assert.match(await back.getAttribute('href'), /^\.\/javascript:/);
  await back.click();
  assert.match(page.url(), /\/contents\/javascript:alert\(1\)/);
});

scene('an error of the form is shown in the frame of a listed site', async ({ page, id }) => {
  const src = `${api.base}/contents/${encodeURIComponent(id)}`;
  await site.open(page, `<iframe src="${src}" width="700" height="700"></iframe>`);
  const frame = page.frameLocator('iframe');
  await frame.locator('textarea').fill('   ');
  await frame.locator('form button').last().click();
  await frame.locator('[role=alert]').waitFor();
});

// --- the moderators' page ---

desk('a moderator decides about what was seen, and sees what it became', async ({ page, server, post, signIn }) => {
  const made = await post('a harmless text');
  await signIn();
  await page.locator('.card').first().waitFor();
  await server.ask('PATCH', `/api/v1/comments/${made.id}`, { body: 'another text' }, {
    Authorization: `Bearer ${made.edit_token}`,
  });
  await page.keyboard.press('a');
  await page.getByText('It was changed meanwhile. Look again.').waitFor();
  assert.equal((await queued(server))[0].status, 'pending');
  await page.locator('.card').filter({ hasText: 'another text' }).waitFor();
  await page.keyboard.press('a');
  await until(async () => (await queued(server))[0].status === 'published', 'the approval');
});

desk('the offer to undo ends with what it undoes', async ({ page, server, post, signIn }) => {
  await page.clock.install();
  await post('good');
  await post('bad');
  await signIn();
  await page.locator('.card').nth(1).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.locator('.toast').getByText('1 approved').waitFor();
  await page.keyboard.press('d');
  await page.locator('.toast').getByText('1 will be removed').waitFor();
  await page.clock.runFor(6_500);
  await until(async () => (await queued(server)).some(({ status }) => status === 'removed'), 'the end');
  assert.equal(await page.locator('.toast button').count(), 0);
  assert.ok((await queued(server)).some(({ status }) => status === 'published'));
}, { fresh: true });

desk('what is going away does not come back by changing the queue', async ({ page, server, post, signIn }) => {
  await post('bad');
  await signIn();
  await page.locator('.card').first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await page.locator('.tab').nth(2).click();
  await page.getByText('Nothing here.').waitFor();
  await page.keyboard.press('u');
  await page.locator('.toast').getByText('Undone').waitFor();
  assert.equal(await page.locator('.card').count(), 0, 'it belongs to another queue');
  await page.locator('.tab').first().click();
  await page.locator('.card').first().waitFor();
  assert.equal(await page.locator('.card').count(), 1);
});
