// screenshots_test.mjs - each page as it looks, for people to look at: build/screenshots/*.png.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Server, assert, commentWith, composerOf, loaded, moderator, scene, site } from './support.mjs';

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

function picture(name, options, play) {
  scene(`a picture of ${name}`, async ({ page }) => {
    const server = await Server.start();
    try {
      await play(page, server);
      await page.evaluate(() => document.activeElement?.blur());
      const path = join(folder, `${name}.png`);
      const taken = await page.screenshot({ path, fullPage: options.fullPage ?? true });
      assert.ok(taken.length > 5_000);
    } finally {
      await server.stop();
    }
  }, options);
}

async function thread(page, server) {
  const { asked, answered } = await talk(server, 'a');
  const head = '<style>body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui }' +
    '@media (prefers-color-scheme: dark) { body { background: #1b1917; color: #eceae8 } }</style>';
  await site.open(page, server.thread('a'), { head });
  await loaded(page);
  for (const { id } of [asked, answered])
    await page.locator(`#comment-${id} > .main > .toggle`).click();
  await commentWith(page, 'what I wanted to know').waitFor();
  await page.locator('.comment').first().getByRole('button', { name: /^Vote/ }).click();
  await composerOf(page).locator('textarea').fill('It even keeps *this* through a reload.');
}

picture('light', { viewport: { width: 860, height: 900 } }, thread);
picture('dark', { viewport: { width: 860, height: 900 }, colorScheme: 'dark' }, thread);
picture('phone', { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 }, thread);

for (const [name, options] of Object.entries({
  demo: { viewport: { width: 1200, height: 900 } },
  'demo-dark': { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' },
  'demo-phone': { viewport: { width: 360, height: 740 } },
}))
  picture(name, options, async (page, server) => {
    await talk(server, 'demo');
    await page.goto(`${server.base}/`);
    await loaded(page);
  });

picture('without-script', { javaScriptEnabled: true, viewport: { width: 860, height: 900 } }, async (page, server) => {
  await talk(server, 'a-post');
  await page.goto(`${server.base}/contents/a-post`);
});

picture('what-went-wrong', { viewport: { width: 860, height: 700 } }, async (page, server) => {
  await page.goto(`${server.base}/contents/a-post`);
  await page.locator('[name=body]').fill('Almost posted.');
  await page.locator('[name=name]').fill('A\u200bna');
  await page.getByRole('button', { name: 'Post' }).click();
  await page.getByRole('alert').waitFor();
});

async function queue(page, server) {
  await talk(server, 'a-post');
  await server.setMode('news', 'premoderated');
  await server.post('news', 'Is this thing on? I have **two** questions about the import.', { name: 'Ana' });
  await server.post('news', 'Buy cheap watches at https://watches.example.com now!', { name: 'Watches' });
  await server.post('news', 'Ótimo texto, obrigada.\n\n- um\n- dois', { name: 'Carla' });
  await page.goto(`${server.base}/moderation`);
  await page.locator('input').fill(moderator);
  await page.keyboard.press('Enter');
  await page.locator('.card').nth(2).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('s');
  await page.locator('.toast .quiet').waitFor();
  await page.keyboard.press('x');
  await page.keyboard.press('h');
  await page.locator('.history').waitFor();
}
picture('moderation', { viewport: { width: 1100, height: 800 }, fullPage: false }, queue);
picture('moderation-phone', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', fullPage: false }, queue);
picture('sign-in', { viewport: { width: 860, height: 640 } }, async (page, server) => {
  await page.goto(`${server.base}/moderation`);
  await page.getByLabel('Moderator token').waitFor();
});
