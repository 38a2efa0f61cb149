// list.js - comments below one another: those that start a thread, or the replies to one.

import { commentView } from './comment.js';
import { alarm, button, h } from './elements.js';
import { explain } from './find.js';

const pageSize = 20;

// `parent`: whose replies; null: what starts a thread. Empty until `more` was called.
export function commentList(thread, parent) {
  let next; // the cursor of the page to come; null behind the last
  let last; // of what came in pages; new ones may stand behind it
  let isAsking = false;
  const items = h('ol.items', { role: 'list' });
  const problem = alarm();
  const goOn = button('more', showMore, thread.words.say(parent ? 'moreReplies' : 'more'));
  goOn.hidden = true;

  async function showMore() {
    if (isAsking) return;
    isAsking = true;
    const before = last;
    problem.textContent = '';
    try {
      await more();
      (before?.nextElementSibling ?? last)?.firstElementChild.focus();
    } catch (why) {
      problem.textContent = explain(thread, why);
    }
    isAsking = false;
  }

  // Loads the next page. Returns the whole answer.
  async function more(limit = pageSize) {
    const wanted = new URLSearchParams({ content_id: thread.contentId, limit });
    if (parent) wanted.set('parent_id', parent.id);
    else wanted.set('sort', thread.sort);
    if (next) wanted.set('cursor', next);
    const { views } = thread;
    const page = await thread.ask('GET', `/api/v1/comments?${wanted}`);
    if (views !== thread.views) return page; // another order was asked for meanwhile
    next = page.next;
    goOn.hidden = !next;
    for (const one of page.items) insert(one, false, true);
    return page;
  }

  // Inserts a comment, or updates it where it stands already. Returns its view.
  function insert(comment, isFirst, isPaged) {
    const known = thread.views.get(comment.id);
    if (known) return known.update(comment);
    const view = commentView(thread, comment, parent);
    thread.views.set(comment.id, view);
    const item = h('li', {}, view.element);
    if (isPaged && last) last.after(item);
    else if (isPaged || isFirst) items.prepend(item);
    else items.append(item);
    if (isPaged) last = item;
    return view;
  }

  return {
    element: h('div.list', {}, items, problem, goOn),
    more,
    insert,
    hasMore: () => next !== null,
    isEmpty: () => !items.firstElementChild,
  };
}
