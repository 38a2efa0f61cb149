// find.js - one comment as it is now, and sentences about errors.

// Returns the comment. `proof` is a token that lets its holder see a hidden comment.
export function find(thread, id, proof) {
  return thread.ask('GET', `/api/v1/comments/${id}`, { token: proof });
}

// Shows the comment as it is now, if it is on the page.
export async function refresh(thread, id) {
  try {
    const own = thread.own.get(id);
    const found = await find(thread, id, own?.end > Date.now() ? own.token : undefined);
    thread.views.get(id)?.update(found);
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
