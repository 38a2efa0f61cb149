// screenshots_test.mjs - each page as it looks, for people to look at: build/screenshots/*.png.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  api,
  assert,
  commentWith,
  composerOf,
  loaded,
  moderator,
  scene,
  site,
  withServer,
} from './support.mjs';

const folder = process.env.COMMENTS_SCREENSHOTS;
mkdirSync(folder, { recursive: true });

async function talk(server, content) {
  const say = (body, name, more) => server.post(content, body, { name, ...more });
  const first = await say(
    'What a **lovely** little engine. I moved my blog over in an afternoon and deleted 60 KB of JavaScript.',
    'Ana Souza',
  );
  const asked = await say(
    'Does it keep working while a moderator is asleep?\n\n> comments wait in the queue\n\nThen `premoderated` is for me.',
    'Bruno',
  );
  const answered = await say(
    'It does: what is held waits, everything else appears at once.\n\n```sh\n./dev run --mode premoderated\n```',
    'Chiara',
    { parent_id: asked.id },
  );
  await say('Thanks! *That* is what I wanted to know.', 'Bruno', { parent_id: answered.id });
  await say('مرحبا، شكرا على هذا المقال.', 'ليلى');
  await say('Primeiro post! Bom, quase.', 'Guilherme');
  await server.ask('PUT', `/api/v1/comments/${first.id}/vote`);
  return { asked, answered };
}

// A page made once and taken in several guises: { name: [width, height, colorScheme] }. `own`: with
// a server of its own that has nothing else to show, and these options.
function pictures(guises, make, { own, fullPage = true } = {}) {
  const names = Object.keys(guises);
  scene(`pictures of ${names.join(', ')}`, async ({ page, id }) => {
    const take = async (server) => {
      for (const [i, name] of names.entries()) {
        const [width, height, colorScheme = 'light'] = guises[name];
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        if (i === 0) await make(page, server, id);
        await page.evaluate(() => {
          document.activeElement?.blur();
          scrollTo(0, 0);
        });
        const path = join(folder, `${name}.png`);
        assert.ok((await page.screenshot({ path, fullPage })).length > 4_000);
      }
    };
    await (own ? withServer(own, take) : take(api));
  });
}

const head =
  '<style>body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui }' +
  '@media (prefers-color-scheme: dark) { body { background: #1b1917; color: #eceae8 } }</style>';

pictures({ light: [860, 900], dark: [860, 900, 'dark'], phone: [360, 740] }, async (page, server, id) => {
  const { asked, answered } = await talk(server, id);
  await site.open(page, server.thread(id), { head });
  await loaded(page);
  for (const { id: one } of [asked, answered])
    await page.locator(`#comment-${one} > .main > .toggle`).click();
  await commentWith(page, 'what I wanted to know').waitFor();
  await page.locator('.comment').first().getByRole('button', { name: /^Vote/ }).click();
  await composerOf(page).locator('textarea').fill('It even keeps *this* through a reload.');
});

pictures({ empty: [860, 500], 'empty-phone': [360, 500, 'dark'] }, async (page, server, id) => {
  await site.open(page, server.thread(id), { head });
  await page.getByText('No comments yet.').waitFor();
});

const demo = { demo: [1200, 900], 'demo-dark': [1200, 900, 'dark'], 'demo-phone': [360, 740] };
pictures(demo, async (page, server) => {
  await talk(server, 'demo');
  await page.goto(`${server.base}/`);
  await loaded(page);
}, { own: [] });

pictures({ 'without-script': [860, 900], 'without-script-phone': [360, 740] }, async (page, server, id) => {
  await talk(server, id);
  await page.goto(`${server.base}/contents/${encodeURIComponent(id)}`);
});

pictures({ 'what-went-wrong': [860, 700] }, async (page, server, id) => {
  await page.goto(`${server.base}/contents/${encodeURIComponent(id)}`);
  await page.locator('[name=body]').fill('Almost posted.');
  await page.locator('[name=name]').fill('A\u200bna');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByRole('alert').waitFor();
});

const status = { status: [1100, 700], 'status-dark': [1100, 700, 'dark'], 'status-phone': [360, 740] };
pictures(status, async (page, server) => {
  const proof = { Authorization: 'Bearer a-token-for-the-pipeline' };
  const steps = [['1.1.0', 'failure', '16'], ['1.2.0', 'in_progress', '17'], ['1.2.0', 'success', '17']];
  for (const [version, step, run] of steps) {
    const record = { component: 'comments', version, responsible: 'Ana Souza', status: step, run };
    await server.ask('POST', '/api/v1/deployments', record, proof);
  }
  await page.goto(`${server.base}/status`);
}, { own: ['--deploy-token', 'a-token-for-the-pipeline'] });

const desk = { moderation: [1100, 740], 'moderation-phone': [360, 740, 'dark'] };
pictures(desk, async (page, server) => {
  await talk(server, 'a-post');
  await server.setMode('news', 'premoderated');
  await server.post('news', 'Is this thing on? I have **two** questions about the import.', { name: 'Ana' });
  await server.post('news', 'Buy cheap watches at https://watches.example.com now!', { name: 'Watches' });
  await server.post('news', 'Ótimo texto, obrigada.\n\n- um\n- dois', { name: 'Carla' });
  await page.goto(`${server.base}/moderation`);
  await page.locator('input').fill(moderator);
  await page.keyboard.press('Enter');
  await page.locator('.card').nth(2).waitFor();
  for (const key of ['j', 'j', 's']) await page.keyboard.press(key);
  await page.locator('.toast .quiet').waitFor();
  await page.keyboard.press('x');
  await page.keyboard.press('h');
  await page.locator('.history').waitFor();
}, { own: [], fullPage: false });

pictures({ 'sign-in': [860, 640] }, async (page, server) => {
  await page.goto(`${server.base}/moderation`);
  await page.getByLabel('Moderator token').waitFor();
});

pictures({ 'moderation-empty': [1100, 600] }, async (page, server) => {
  await page.goto(`${server.base}/moderation`);
  await page.locator('input').fill(moderator);
  await page.keyboard.press('Enter');
  await page.getByText('Nothing here.').waitFor();
}, { own: [] });
