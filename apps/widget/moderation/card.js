// card.js - one comment on the desk: what it says, what was said against it, what may be done.

import { avatar } from '../thread/avatar.js';
import { alarm, button, h, showHtml } from '../thread/elements.js';

// What may be decided about a comment, as the server has it (`moves` in moderation.hpp).
const decisions = {
  pending: ['approve', 'spam', 'remove'],
  published: ['hold', 'spam', 'remove'],
  spam: ['approve', 'hold', 'remove'],
  removed: [],
};
const modes = ['open', 'premoderated', 'first-comment', 'locked'];

export function decisionsFor(comment) {
  const isReported = comment.status === 'published' && comment.reports > 0;
  return isReported ? ['approve', ...decisions.published] : decisions[comment.status];
}

export function cardOf(desk, comment) {
  const { say, ago, exact } = desk.words;
  const box = h('input', { type: 'checkbox', onchange: desk.selectionChanged });
  const name = comment.author.name || say('anonymous');
  const below = h('div.below');
  const element = h('article.card', { tabIndex: -1, id: `comment-${comment.id}` });
  const card = { element, box, comment, decide, toggleHistory, close };
  box.ariaLabel = `${say('select')}: ${name}`;
  element.ariaLabel = name;
  element.append(h('label.box', {}, box), avatar(comment.author.key), main());
  return card;

  function main() {
    const time = h('time', { dateTime: comment.created_at, title: exact(comment.created_at) });
    time.textContent = ago(comment.created_at);
    const body = h('div.body', { dir: 'auto' });
    if (comment.status === 'removed') body.append(h('i', {}, say('gone')));
    else showHtml(body, comment.body_html);
    return h(
      'div.main',
      {},
      h(
        'header',
        {},
        h('bdi.author', {}, name),
        comment.author.verified && h('span.verified', { title: say('verified') }, '✓'),
        time,
        comment.edited_at && h('span', {}, say('edited')),
        comment.parent_id && h('span', {}, say('reply')),
        h('span.where', { title: comment.content_id }, comment.content_id),
        comment.reports > 0 && h('span.reports', {}, say('reports', { n: comment.reports })),
        h(`span.status.${comment.status}`, {}, say(comment.status)),
      ),
      body,
      comment.reasons.length > 0 &&
        h('ul.reasons', {}, ...comment.reasons.map((reason) => h('li', { dir: 'auto' }, reason))),
      actions(),
      below,
    );
  }

  function actions() {
    const word = (decision) =>
      decision === 'spam'
        ? 'markSpam'
        : decision === 'approve' && comment.status === 'published'
          ? 'settle'
          : decision;
    const decide_ = (decision) =>
      button(`do-${decision}`, () => desk.decide(decision, [card]), say(word(decision)));
    const history = button('quiet', toggleHistory, say('history'));
    const content = button('quiet', toggleContent, say('content'));
    return h('div.actions', {}, ...decisionsFor(comment).map(decide_), history, content);
  }

  function decide(decision) {
    if (decisionsFor(comment).includes(decision)) desk.decide(decision, [card]);
  }

  function close() {
    below.replaceChildren();
  }

  // Opens what `make` gives, or closes it if it is what is open.
  async function toggle(kind, make) {
    if (below.firstElementChild?.classList.contains(kind)) return close();
    try {
      below.replaceChildren(await make());
    } catch (why) {
      below.replaceChildren(alarm(desk.explain(why)));
    }
  }

  function toggleHistory() {
    return toggle('history', async () => {
      const { items } = await desk.ask('GET', `/api/v1/comments/${comment.id}/history`);
      return h('ol.history', {}, ...items.map(eventOf));
    });
  }

  function eventOf({ at, kind, status, by, reason, before }) {
    const words = [kind, status && `→ ${status}`, by && say('by', { name: by })];
    return h(
      'li',
      {},
      h('time', { dateTime: at, title: exact(at) }, ago(at)),
      h('b', {}, words.filter(Boolean).join(' ')),
      reason && h('span', { dir: 'auto' }, reason),
      before && h('del', { dir: 'auto' }, before),
    );
  }

  function toggleContent() {
    return toggle('content', async () => {
      const path = `/api/v1/contents/${encodeURIComponent(comment.content_id)}`;
      const { status } = await desk.ask('GET', path);
      const choice = h('select');
      for (const mode of [...modes, 'standard']) {
        const label = say(mode === 'first-comment' ? 'firstComment' : mode);
        choice.append(h('option', { value: mode, selected: mode === status }, label));
      }
      const said = h('span', { role: 'status' });
      choice.onchange = async () => {
        const mode = choice.value === 'standard' ? null : choice.value;
        try {
          await desk.ask('PATCH', path, { body: { status: mode } });
          said.textContent = say('saved');
        } catch (why) {
          said.textContent = desk.explain(why);
        }
      };
      const label = say('mode', { name: comment.content_id });
      const href = `${desk.base}/contents?content_id=${encodeURIComponent(comment.content_id)}`;
      return h(
        'div.content',
        {},
        h('label.field', {}, h('span', {}, label), choice),
        h('a', { href: `${href}#comment-${comment.id}` }, say('page')),
        said,
      );
    });
  }
}
