// news.js - changes of the comments while the reader reads them.
//
// A change is shown at once. A new comment is announced, and waits until the reader wants to see
// it.

import { button } from './elements.js';
import { refresh } from './find.js';

// `onShow` gets the ids of the new comments once the reader wants to see them.
export function newsOf(thread, onShow) {
  const fresh = new Set(); // ids of comments that wait to be seen
  const changed = new Map(); // the last event of each comment, by id, until it is looked at
  let timer;
  const element = button('primary.news', () => {
    const ids = [...fresh];
    clear();
    onShow(ids);
  });
  element.hidden = true;

  function show() {
    const word = thread.words.say('fresh', { n: fresh.size });
    element.hidden = !fresh.size;
    if (fresh.size && element.textContent !== word) thread.announce(word);
    element.textContent = word;
  }

  function clear() {
    fresh.clear();
    show();
  }

  async function lookAtChanges() {
    const events = [...changed.values()];
    changed.clear();
    for (const { comment_id: id, status, kind } of events) {
      if (thread.views.has(id)) await refresh(thread, id);
      else if (status === 'published' && kind !== 'edited') fresh.add(id);
      else fresh.delete(id);
    }
    if (events.some(({ kind }) => kind !== 'voted' && kind !== 'edited')) thread.count();
    show();
  }

  return {
    element,
    clear,
    forget(id) {
      fresh.delete(id);
      show();
    },
    // Takes note of an event. Several that come together are looked at together.
    note(event) {
      changed.set(event.comment_id, event);
      clearTimeout(timer);
      timer = setTimeout(lookAtChanges, 200);
    },
    end: () => clearTimeout(timer),
  };
}
