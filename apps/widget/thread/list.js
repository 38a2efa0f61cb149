// list.js - comments below one another: those that start a thread, or the replies to one.

import { commentView } from './comment.js';
import { alertLine, button, h } from './elements.js';
import { explain } from './find.js';

const pageSize = 20;

// The list of the replies to `parent`; with null, of the comments that start a thread. It is empty
// until `more` is called. Votes move comments past the cursor between two pages, and those are on
// no page; so where votes count, the list is read again behind the last one if anything changed.
export function commentList(thread, parent) {
  let next; // the cursor of the next page; null behind the last page
  let last; // the last item that came in a page; new comments may stand behind it
  let isAsking, version; // the second is the content's when the first page came
  const items = h('ol.items', { role: 'list' });
  const problem = alertLine();
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

  // Loads the next page, and returns it.
  async function more(limit = pageSize, isAgain) {
    const order = parent ? { parent_id: parent.id } : { sort: thread.sort };
    const wanted = new URLSearchParams({ content_id: thread.contentId, limit, ...order });
    if (next) wanted.set('cursor', next);
    const { views } = thread;
    const page = await thread.ask('GET', `/api/v1/comments?${wanted}`);
    if (views !== thread.views) return page; // another order was asked for meanwhile
    next = page.next;
    goOn.hidden = !next;
    for (const comment of page.items) insert(comment, false, true);
    const isMoved = (version ??= page.content.version) !== page.content.version && !isAgain;
    return (next ? isAgain : isMoved && thread.sort === 'top') ? more(limit, true) : page;
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
