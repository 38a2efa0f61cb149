// card.js - one comment on the desk: its text, the reports against it, and the decisions.

import { avatar } from '../thread/avatar.js';
import { alertLine, button, h, showHtml } from '../thread/elements.js';
import { askForActions, eventOf } from './actions.js';

// The decisions about a comment of each status, as the server has them (`moves` in moderation.hpp).
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
  const { say } = desk.words;
  const name = comment.author.name || say('anonymous');
  const card = {
    comment,
    element: h('article.card', { tabIndex: -1, id: `comment-${comment.id}`, ariaLabel: name }),
    box: h('input', { type: 'checkbox', onchange: desk.selectionChanged }),
    below: h('div.below'), // a history, or the settings of the content
    decide(decision) {
      if (decisionsFor(comment).includes(decision)) desk.decide(decision, [card]);
    },
    toggleHistory: () => toggleBelow(desk, card, 'history', () => historyOf(desk, comment)),
    toggleContent: () => toggleBelow(desk, card, 'content', () => contentOf(desk, comment)),
    close: () => card.below.replaceChildren(),
  };
  card.box.ariaLabel = `${say('select')}: ${name}`;
  card.element.append(
    h('label.box', {}, card.box),
    avatar(comment.author.key),
    h(
      'div.main',
      {},
      headOf(desk.words, comment, name),
      bodyOf(say, comment),
      comment.reasons.length > 0 &&
        h('ul.reasons', {}, ...comment.reasons.map((reason) => h('li', { dir: 'auto' }, reason))),
      actionsOf(desk, card),
      card.below,
    ),
  );
  return card;
}

function headOf({ say, ago, exact }, comment, name) {
  const time = h('time', { dateTime: comment.created_at, title: exact(comment.created_at) });
  time.textContent = ago(comment.created_at);
  return h(
    'header',
    {},
    h('bdi.author', {}, name),
    comment.author.verified &&
      h('span.verified', { role: 'img', title: say('verified'), ariaLabel: say('verified') }),
    time,
    comment.edited_at && h('span', {}, say('edited')),
    comment.parent_id && h('span', {}, say('reply')),
    h('span.where', { title: comment.content_id }, comment.content_id),
    comment.reports > 0 && h('span.reports', {}, say('reports', { n: comment.reports })),
    h(`span.status.${comment.status}`, {}, say(comment.status)),
  );
}

function bodyOf(say, comment) {
  const body = h('div.body', { dir: 'auto' });
  if (comment.status === 'removed') body.append(h('i', {}, say('gone')));
  else showHtml(body, comment.body_html);
  return body;
}

function actionsOf(desk, card) {
  const { say } = desk.words;
  const { comment } = card;
  const wordFor = (decision) => {
    if (decision === 'spam') return 'markSpam';
    return decision === 'approve' && comment.status === 'published' ? 'settle' : decision;
  };
  const buttonFor = (decision) =>
    button(`do-${decision}`, () => desk.decide(decision, [card]), say(wordFor(decision)));
  return h(
    'div.actions',
    {},
    ...decisionsFor(comment).map(buttonFor),
    button('quiet', card.toggleHistory, say('history')),
    button('quiet', card.toggleContent, say('content')),
  );
}

// Opens what `make` returns below the text, or closes it if it is open already.
async function toggleBelow(desk, { below, close }, kind, make) {
  if (below.firstElementChild?.classList.contains(kind)) return close();
  try {
    below.replaceChildren(await make());
  } catch (why) {
    below.replaceChildren(alertLine(desk.explain(why)));
  }
}

async function historyOf({ ask, words }, { id }) {
  const { items } = await ask('GET', `/api/v1/comments/${id}/history`);
  return h('ol.history', {}, ...items.map((event) => eventOf(words, event)));
}

// Returns the latest decision about the content itself, if it is among the last of all about it.
async function findChoice(desk, contentId) {
  let cursor;
  for (let pages = 0; pages < 4; ++pages) {
    const { items, next } = await askForActions(desk, { contentId, cursor });
    const chosen = items.find((event) => !event.comment_id);
    if (chosen || !next) return chosen;
    cursor = next;
  }
  return undefined;
}

// Returns a link to the content, the choice of its mode, and who chose it last, when and why.
async function contentOf(desk, comment) {
  const { say } = desk.words;
  const id = encodeURIComponent(comment.content_id);
  const path = `/api/v1/contents?content_id=${id}`; // in a path, proxies decode slashes
  const { status } = await desk.ask('GET', path);
  const chosen = await findChoice(desk, comment.content_id);
  const outcome = h('span', { role: 'status' });
  const choice = h('select', { onchange: () => changeMode(desk, path, choice, outcome) });
  for (const mode of [...modes, 'standard']) {
    const label = say(mode === 'first-comment' ? 'firstComment' : mode);
    choice.append(h('option', { value: mode, selected: mode === status }, label));
  }
  const label = say('mode', { name: comment.content_id });
  const href = `${desk.base}/contents?content_id=${id}#comment-${comment.id}`;
  return h(
    'div.content',
    {},
    h('label.field', {}, h('span', {}, label), choice),
    h('a', { href }, say('page')),
    outcome,
    chosen && h('ol.past', {}, eventOf(desk.words, chosen)),
  );
}

async function changeMode({ ask, explain, words }, path, choice, outcome) {
  const mode = choice.value === 'standard' ? null : choice.value;
  try {
    await ask('PATCH', path, { body: { status: mode } });
    outcome.textContent = words.say('saved');
  } catch (why) {
    outcome.textContent = explain(why);
  }
}
