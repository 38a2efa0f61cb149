// writing_test.mjs - posting, changing, removing, voting, reporting, and failures of these.

import {
  api,
  assert,
  comments,
  commentWith,
  composerOf,
  focused,
  listed,
  loaded,
  postOf,
  scene,
  signedIn,
  site,
  textOf,
  until,
  withServer,
} from './support.mjs';

const status = (page) => page.locator('comment-thread [role=status]');

async function write(page, text) {
  await loaded(page);
  await textOf(page).fill(text);
  await postOf(page).click();
}

scene('a comment is posted: it is there, has the focus, and is announced', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('My **first** comment');
  await page.getByLabel('Name').fill('Guilherme');
  await page.getByLabel('E-mail').fill('guilherme@example.com');
  await postOf(page).click();
  const made = commentWith(page, 'My first comment');
  await made.locator('strong').waitFor();
  await made.getByText('Guilherme').waitFor();
  await until(async () => (await focused(page)).tag === 'article', 'the focus on the comment');
  assert.equal(await status(page).textContent(), 'Your comment is posted.');
  assert.equal(await textOf(page).inputValue(), '');
  await until(async () => (await page.locator('h2').textContent()) === '1 comment', 'the count');
  await page.reload();
  await loaded(page);
  await textOf(page).focus();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Guilherme', 'the name is remembered');
});

scene('everything is done by keyboard alone', async ({ page, id }) => {
  await api.post(id, 'to be answered');
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.keyboard.press('Tab');
  while ((await focused(page)).tag !== 'textarea') await page.keyboard.press('Tab');
  await page.keyboard.type('by keys');
  await page.keyboard.press('Control+Enter');
  await commentWith(page, 'by keys').waitFor();
  await until(async () => (await focused(page)).tag === 'article', 'the focus on the comment');
  const press = async (label, from = 'Shift+Tab') => {
    for (let i = 0; i < 20 && !(await focused(page)).text?.startsWith(label); ++i)
      await page.keyboard.press(from);
    const { text } = await focused(page);
    assert.ok(text.startsWith(label), `no way to ${label}, only to ${text}`);
    await page.keyboard.press('Enter');
  };
  await press('Reply');
  assert.equal((await focused(page)).label, 'Reply to Ana');
  await page.keyboard.press('Escape');
  assert.equal((await focused(page)).text, 'Reply');
  await page.keyboard.press('Enter');
  await page.keyboard.type('an answer by keys');
  await page.keyboard.press('Control+Enter');
  await commentWith(page, 'an answer by keys').waitFor();
  await until(async () => /an answer by keys/.test((await focused(page)).text), 'the focus there');
  await press('Remove', 'Tab');
  await press('Keep it', 'Tab');
  assert.equal((await focused(page)).text, 'Remove');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await commentWith(page, 'an answer by keys').waitFor({ state: 'detached' });
  await press('Report');
  assert.equal((await focused(page)).tag, 'input');
  await page.keyboard.type('Rude.');
  await page.keyboard.press('Enter');
  await page.getByText('Thanks.').first().waitFor();
});

scene('a reply stands below what it answers', async ({ page, id }) => {
  const root = await api.post(id, 'the question', { name: 'Bruno' });
  await site.open(page, api.thread(id));
  await commentWith(page, 'the question').getByRole('button', { name: 'Reply' }).click();
  await page.getByPlaceholder('Reply to Bruno').fill('the answer');
  await page.locator('.comment .composer .primary').click();
  await page.locator(`#comment-${root.id} .comment`).getByText('the answer').waitFor();
  await page.getByRole('button', { name: 'Hide replies' }).waitFor();
});

scene('an own comment is changed; a countdown shows for how long', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await write(page, 'with a mitsake');
  const own = commentWith(page, 'with a mitsake');
  const edit = own.getByRole('button', { name: 'Edit' });
  assert.match(await edit.textContent(), /^Edit 1[45]:\d\d$/);
  await edit.click();
  const field = page.getByLabel('Edit your comment');
  assert.equal(await field.inputValue(), 'with a mitsake');
  await field.fill('without a mistake');
  await page.getByRole('button', { name: 'Save' }).click();
  const changed = commentWith(page, 'without a mistake');
  await changed.getByText('(edited)').waitFor();
  await page.reload();
  await commentWith(page, 'without a mistake').getByRole('button', { name: 'Edit' }).waitFor();
});

scene('when its time is over, a comment is not changed any more', async ({ page, id }) => {
  await withServer(['--edit-window', '2'], async (server) => {
    await site.open(page, server.thread(id));
    await write(page, 'soon to be set in stone');
    const edit = commentWith(page, 'set in stone').getByRole('button', { name: 'Edit' });
    await edit.waitFor();
    await edit.waitFor({ state: 'hidden' });
    assert.ok(await page.getByRole('button', { name: 'Remove' }).isHidden());
  });
});

scene('an own comment is removed, after a question', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await write(page, 'better not');
  const own = commentWith(page, 'better not');
  await own.getByRole('button', { name: 'Remove' }).click();
  assert.equal((await focused(page)).text, 'Remove');
  await page.getByRole('button', { name: 'Keep it' }).click();
  assert.equal((await listed(id)).length, 1);
  await own.getByRole('button', { name: 'Remove' }).click();
  await own.locator('.danger').click();
  await own.waitFor({ state: 'detached' });
  assert.equal(await status(page).textContent(), 'Your comment is removed.');
  assert.equal((await listed(id)).length, 0);
});

scene('a vote is given, remembered and taken back', async ({ page, id }) => {
  await api.post(id, 'worth a vote');
  await site.open(page, api.thread(id));
  const vote = page.getByRole('button', { name: /^Vote up/ });
  await vote.click();
  await page.getByRole('button', { name: 'Vote up, 1 vote', exact: true }).waitFor();
  assert.equal(await vote.getAttribute('aria-pressed'), 'true');
  await page.reload();
  await until(async () => (await vote.getAttribute('aria-pressed')) === 'true', 'the vote again');
  await vote.click();
  await until(async () => (await vote.getAttribute('aria-pressed')) === 'false', 'no vote');
  assert.equal((await listed(id))[0].votes, 0);
});

scene('a comment is reported, with a reason', async ({ page, id }) => {
  const made = await api.post(id, 'something rude');
  await site.open(page, api.thread(id));
  await page.getByRole('button', { name: 'Report' }).click();
  await page.getByLabel('What is wrong with it?').fill('It is rude.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('.comment').getByText('Thanks.').waitFor();
  const { items } = await api.ask('GET', `/api/v1/moderation/queue?status=published&q=something`, null, {
    Authorization: 'Bearer a-token-for-moderators',
  });
  assert.deepEqual(items.find((one) => one.id === made.id).reasons, ['It is rude.']);
});

scene('a preview is made by the server, and shown before anything is posted', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('~~old~~ `new` <b>no</b>');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.locator('.preview del').waitFor();
  assert.equal((await page.locator('.preview').textContent()).trim(), 'old new <b>no</b>');
  assert.ok(await textOf(page).isHidden());
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  assert.equal(await textOf(page).inputValue(), '~~old~~ `new` <b>no</b>');
  assert.deepEqual(await listed(id), []);
});

scene('what waits for a moderator says so, also after a reload, until it is approved', async ({ page, id }) => {
  await api.post(id, 'the first');
  await api.setMode(id, 'premoderated');
  await site.open(page, api.thread(id));
  await page.getByText('A moderator reads each comment').waitFor();
  await write(page, 'may I?');
  const own = commentWith(page, 'may I?');
  await own.getByText('Waits for a moderator').waitFor();
  assert.equal(await status(page).textContent(), 'Your comment waits for a moderator.');
  await page.reload();
  await own.getByText('Waits for a moderator').waitFor();
  const made = (await own.getAttribute('id')).replace('comment-', '');
  await api.moderate([made], 'approve');
  await own.getByText('Waits for a moderator').waitFor({ state: 'hidden' });
});

scene('a draft outlives a reload, and goes when it is posted', async ({ page, id }) => {
  await api.post(id, 'a root');
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('half a thou');
  await page.reload();
  await loaded(page);
  assert.equal(await textOf(page).inputValue(), 'half a thou');
  await page.locator('.comment').getByRole('button', { name: 'Reply' }).click();
  await page.getByPlaceholder('Reply to Ana').fill('half a reply');
  await page.reload();
  await page.locator('.comment').getByRole('button', { name: 'Reply' }).click();
  assert.equal(await page.getByPlaceholder('Reply to Ana').inputValue(), 'half a reply');
  await postOf(page).click();
  await commentWith(page, 'half a thou').waitFor();
  await page.reload();
  await loaded(page);
  assert.equal(await textOf(page).inputValue(), '');
});

scene('an answer that is lost on its way makes no second comment', async ({ page, id }) => {
  const keys = [];
  await page.route('**/api/v1/comments', async (route) => {
    const asked = route.request();
    if (asked.method() !== 'POST') return route.continue();
    keys.push(await asked.headerValue('Idempotency-Key'));
    if (keys.length > 1) return route.continue();
    await route.fetch(); // it is stored
    return route.abort('connectionreset'); // and the answer is lost
  });
  await site.open(page, api.thread(id));
  await write(page, 'exactly once');
  await commentWith(page, 'exactly once').waitFor();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal((await listed(id)).length, 1);
});

scene('with the server down nothing is lost: a message, the draft, and another try', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.clock.install();
  await page.route('**/api/**', (route) => route.abort());
  await textOf(page).fill('written in a tunnel');
  await postOf(page).click();
  const alert = composerOf(page).locator('[role=alert]');
  await until(async () => {
    await page.clock.runFor(1_000); // between tries
    return /cannot be reached/.test(await alert.textContent());
  }, 'the message');
  assert.match(await alert.textContent(), /Your text is kept/);
  await page.reload();
  await page.getByText('The comments cannot be reached.').waitFor();
  assert.equal(await textOf(page).inputValue(), 'written in a tunnel');
  await page.unroute('**/api/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await loaded(page);
  await postOf(page).click();
  await commentWith(page, 'written in a tunnel').waitFor();
  assert.equal((await listed(id)).length, 1);
}, { fresh: true });

scene('a limit is told before it is reached, and when', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  const hint = composerOf(page).locator('.hint');
  await textOf(page).fill('é'.repeat(8_000));
  await hint.getByText('384 bytes left').waitFor();
  await textOf(page).fill('x'.repeat(16_385));
  await hint.getByText('1 byte too long').waitFor();
  await postOf(page).click();
  await page.getByText('Comment is too long.').waitFor();
  assert.equal(await textOf(page).getAttribute('aria-invalid'), 'true');
  assert.equal((await textOf(page).inputValue()).length, 16_385);
});

scene('the limit that is told is the server’s own', async ({ page, id }) => {
  await withServer(['--body-bytes-max', '20'], async (server) => {
    await site.open(page, server.thread(id));
    await loaded(page);
    await textOf(page).fill('a text of 24 bytes, oh.');
    await page.getByText('3 bytes too long').waitFor();
  });
});

scene('who writes too often is told for how long to wait', async ({ page, id }) => {
  await withServer(['--write-rate', '1'], async (server) => {
    await site.open(page, server.thread(id));
    await write(page, 'the one of this minute');
    await commentWith(page, 'the one of this minute').waitFor();
    await write(page, 'too soon');
    await until(async () => /^Try again in \d+ s$/.test(await postOf(page).textContent()), 'the wait');
    assert.ok(await postOf(page).isDisabled());
    await page.getByText('That was too often.').waitFor();
    assert.equal(await textOf(page).inputValue(), 'too soon');
  });
});

scene('a field that is wrong is named and gets the focus', async ({ page, id }) => {
  await site.open(page, api.thread(id));
  await loaded(page);
  await textOf(page).fill('fine');
  await page.getByLabel('E-mail').fill('no address');
  await postOf(page).click();
  await page.getByText('E-mail (not shown) is not valid.').waitFor();
  assert.equal(await page.getByLabel('E-mail').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('E-mail').fill('');
  await textOf(page).fill('   ');
  await postOf(page).click();
  await page.getByText('Comment is missing.').waitFor();
  assert.deepEqual(await listed(id), []);
});

scene('whom the site signed in needs no name, and is shown as verified', async ({ page, id }) => {
  await site.open(page, api.thread(id, `token="${signedIn('17', 'Guilherme')}"`));
  await write(page, 'it is me');
  const own = commentWith(page, 'it is me');
  const mark = own.getByRole('img', { name: 'Signed in at this site' });
  await mark.waitFor();
  assert.equal(await mark.textContent(), '', 'it is drawn, so no name can bring one');
  await own.getByText('Guilherme').waitFor();
  assert.equal(await page.getByLabel('Name').count(), 0);
  await site.open(page, api.thread(id, 'token="forged.token.x"'));
  await write(page, 'it is not me');
  await page.getByText('Your sign-in is not valid any more.').waitFor();
});

scene('an older server gets the comment without what it does not know', async ({ page, id }) => {
  const sent = [];
  await page.route('**/api/v1/comments', (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    sent.push(route.request().postDataJSON());
    if (!sent.at(-1).form) return route.continue();
    const errors = [{ pointer: '/form', code: 'unknown' }];
    return route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: JSON.stringify({ code: 'validation', detail: 'It breaks rules.', errors }),
    });
  });
  await site.open(page, api.thread(id));
  await loaded(page);
  await write(page, 'from the future');
  await commentWith(page, 'from the future').waitFor();
  assert.equal(sent.length, 2);
  assert.ok(sent[0].form);
  assert.deepEqual(Object.keys(sent[1]).sort(), ['author', 'body', 'content_id']);
  assert.equal((await listed(id)).length, 1);
});

scene('a reply is not sent to a server that would make a comment of it', async ({ page, id }) => {
  const root = await api.post(id, 'root');
  let tries = 0;
  await page.route('**/api/v1/comments', (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    tries += 1;
    return route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        code: 'validation',
        detail: 'It breaks rules.',
        errors: [{ pointer: '/form', code: 'unknown' }, { pointer: '/parent_id', code: 'unknown' }],
      }),
    });
  });
  await site.open(page, api.thread(id));
  const own = commentWith(page, root.body);
  await own.getByRole('button', { name: 'Reply' }).click();
  await own.locator('textarea').fill('a reply');
  await own.getByRole('button', { name: 'Post' }).click();
  await own.getByRole('alert').filter({ hasText: /./ }).waitFor();
  assert.equal(tries, 1);
});

scene('what fills in the trap is no person, and the form has its time', async ({ page, id }) => {
  let sent;
  await page.route('**/api/v1/comments', (route) => {
    if (route.request().method() === 'POST') sent = route.request().postDataJSON();
    return route.continue();
  });
  await site.open(page, api.thread(id));
  await loaded(page);
  await page.locator('.trap').evaluate((one) => (one.value = 'https://spam.example.com'));
  await write(page, 'buy this');
  await until(() => sent, 'the comment to be sent');
  assert.equal(sent.trap, 'https://spam.example.com');
  assert.match(sent.form, /^[\w-]+\.[\w-]+$/);
  await until(async () => (await status(page).textContent()) !== '', 'an answer');
  assert.deepEqual(await listed(id), []);
  const { clipPath, position } = await page
    .locator('.trap')
    .evaluate((one) => getComputedStyle(one));
  assert.deepEqual([clipPath, position], ['inset(50%)', 'absolute'], 'people do not see it');
});
