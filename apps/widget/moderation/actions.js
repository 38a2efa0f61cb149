// actions.js - what moderators decided: an event as a line, and the list of all on the desk.

import { alertLine, button, h } from '../thread/elements.js';

// Returns an event as an item: when, what, by whom, why, and of an edit the text before. `where` is
// shown behind it.
export function eventOf({ say, ago, exact }, { at, kind, status, by, reason, before }, where) {
  const words = [kind, status && `→ ${status}`, by && say('by', { name: by })];
  return h(
    'li',
    {},
    h('time', { dateTime: at, title: exact(at) }, ago(at)),
    h('b', {}, words.filter(Boolean).join(' ')),
    where && h('span.where', { title: where }, where),
    reason && h('span', { dir: 'auto' }, reason),
    before && h('del', { dir: 'auto' }, before),
  );
}

// Asks for a page of decisions, the latest first; of one content, if there is a `contentId`.
export function askForActions({ ask }, { cursor, contentId }) {
  const wanted = new URLSearchParams();
  if (contentId) wanted.set('content_id', contentId);
  if (cursor) wanted.set('cursor', cursor);
  return ask('GET', `/api/v1/moderation/actions?${wanted}`);
}

// Returns the list of all, which is read each time that it is opened.
export function actionList(desk) {
  const { say } = desk.words;
  let next;
  const items = h('ol.past', { role: 'list', ariaLabel: say('actions') });
  const problem = alertLine();
  const goOn = button('more', show, say('more'));
  const element = h('details.keys', {}, h('summary', {}, say('actions')), items, problem, goOn);
  element.ontoggle = () => {
    if (!element.open) return;
    next = undefined;
    items.replaceChildren();
    show();
  };
  return element;

  async function show() {
    try {
      const page = await askForActions(desk, { cursor: next });
      items.append(...page.items.map((event) => eventOf(desk.words, event, event.content_id)));
      next = page.next;
      problem.textContent = '';
    } catch (why) {
      problem.textContent = desk.explain(why);
    }
    goOn.hidden = !next;
  }
}
