// list.js - comments below one another: those that start a thread, or the replies to one.

import { commentView } from './comment.js';
import { button, h } from './elements.js';

const pageSize = 20;

// `parent`: whose replies; null: what starts a thread. Empty until `more` was called.
export function commentList(thread, parent) {
  const { say } = thread.words;
  let next; // the cursor of the page to come; null behind the last
  const items = h('ol.items', { role: 'list' });
  const goOn = button('more', showMore, say(parent ? 'moreReplies' : 'more'));
  goOn.hidden = true;

  async function showMore() {
    const before = items.lastElementChild;
    goOn.disabled = true;
    try {
      await more();
      (before?.nextElementSibling ?? items.lastElementChild)?.firstElementChild.focus();
    } catch (why) {
      thread.announce(thread.explain(why));
    }
    goOn.disabled = false;
  }

  // The next page: its answer, whole.
  async function more(limit = pageSize) {
    const wanted = new URLSearchParams({ content_id: thread.contentId, limit });
    if (parent) wanted.set('parent_id', parent.id);
    else wanted.set('sort', thread.sort);
    if (next) wanted.set('cursor', next);
    const page = await thread.ask('GET', `/api/v1/comments?${wanted}`);
    next = page.next;
    goOn.hidden = !next;
    for (const one of page.items) insert(one);
    return page;
  }

  // What is here already is shown anew where it is.
  function insert(comment, isFirst) {
    const known = thread.views.get(comment.id);
    if (known) return known.update(comment);
    const view = commentView(thread, comment, parent);
    thread.views.set(comment.id, view);
    const item = h('li', {}, view.element);
    if (isFirst) items.prepend(item);
    else items.append(item);
    return view;
  }

  return {
    element: h('div.list', {}, items, goOn),
    more,
    insert,
    hasMore: () => next !== null,
    isEmpty: () => !items.firstElementChild,
  };
}
