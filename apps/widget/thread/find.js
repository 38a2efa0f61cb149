// find.js - one comment as it is now, and sentences about errors.

// Returns the comment. The browser that it came from sees it also while it waits.
export function find(thread, id) {
  return thread.ask('GET', `/api/v1/comments/${id}`);
}

// Shows the comment as it is now, if it is on the page.
export async function refresh(thread, id) {
  try {
    thread.views.get(id)?.update(await find(thread, id));
  } catch (why) {
    if (why.code === 'not_found') thread.views.get(id)?.vanish();
  }
}

// Returns a sentence for the reader about a request that failed. Throws any other error, which is a
// mistake of this script.
export function explain({ words }, why) {
  if (!why.code) throw why;
  if (words.has(why.code)) return words.say(why.code);
  const isHelpful = why.code !== 'validation'; // whose detail only says that fields are wrong
  return (isHelpful && why.detail) || words.say('failed');
}
