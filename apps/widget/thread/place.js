// place.js - where a comment belongs on the page, and how to get there.

import { explain, find, refresh } from './find.js';

const jumpPages = 20; // pages that are loaded for a link to a comment, of 200 each

// Puts a comment where it belongs. Returns its view, or nothing if it cannot be shown.
export async function putInPlace(thread, comment) {
  if (!comment.parent_id) return thread.roots.insert(comment, thread.sort !== 'oldest');
  const above = thread.views.get(comment.parent_id);
  if (!above) return reach(thread, comment.id);
  const view = (await above.openReplies()).insert(comment);
  await refresh(thread, comment.parent_id); // it has one reply more
  return view;
}

// Loads the pages up to the comment, at most `jumpPages`; a comment behind them is inserted alone.
// Returns its view, or nothing if it is not of this content.
async function reach(thread, id) {
  const chain = [];
  for (let at = id; at;) {
    const found = await find(thread, at).catch(() => {});
    if (found?.content_id !== thread.contentId) return undefined;
    chain.unshift(found);
    at = found.parent_id;
  }
  const { views } = thread;
  let list = thread.roots;
  for (const comment of chain) {
    for (let pages = 0; !views.has(comment.id) && list.hasMore() && pages < jumpPages; ++pages)
      await list.more(200);
    list.insert(comment);
    if (comment.id !== id) list = await views.get(comment.id).openReplies();
  }
  return views.get(id);
}

// Goes to the comment that the page's address names.
export async function jump(thread) {
  const id = /^#comment-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  if (!id || thread.isOver) return;
  try {
    const view = await reach(thread, id);
    if (!view) return;
    for (const other of thread.views.values())
      other.element.classList.toggle('marked', other === view);
    view.focus('center');
  } catch (why) {
    thread.announce(explain(thread, why));
  }
}
