// draft.js - a text that is being written, and how it is sent.
//
// The text and the key under which it is posted are kept through a reload. So the text can be sent
// again after a failure, and never becomes two comments.

import { randomKey } from './api.js';
import { h } from './elements.js';

const pauses = [1_000, 3_000]; // milliseconds between tries, if no answer came

// The draft of a reply to `parent`, of a change of `edited`, or with neither of a comment that
// starts a thread.
export function draftOf(thread, parent, edited) {
  const place = edited ? `edit ${edited.id}` : (parent?.id ?? '');
  const kept = thread.kept.take('draft', place);
  const isNamed = !edited && !thread.token;
  const known = kept ?? { ...thread.kept.take('person', ''), body: edited?.body };
  const text = h('textarea.input', { value: known.body ?? '', rows: 1, dir: 'auto' });
  const name = h('input.input', { value: known.name ?? '', autocomplete: 'nickname' });
  const email = h('input.input', { value: known.email ?? '', autocomplete: 'email' });
  email.type = 'email';
  const trap = h('input.trap', { tabIndex: -1, autocomplete: 'off', ariaHidden: true });
  let key = kept?.key ?? randomKey();
  let form; // the signed time at which it was shown, and how long a text may be
  return { text, name, email, trap, isNamed, ask, keep, drop, send };

  function ask() {
    // Without an answer it is asked for again with the next key.
    return (form ??= thread.ask('GET', '/api/v1/form').catch(() => (form = undefined)));
  }

  // Keeps the name, too, because the server takes one comment by one author under a key.
  function keep() {
    const isNew = text.value && text.value !== edited?.body;
    const draft = { body: text.value, key, name: name.value, email: email.value };
    thread.kept.put('draft', place, isNew ? draft : null);
  }

  function drop() {
    thread.kept.put('draft', place, null);
  }

  // Returns the comment that the server made of it. Then the draft is empty and has a new key.
  async function send() {
    const body = { body: text.value };
    const made = await (edited ? change(thread, edited, body) : post(body));
    drop();
    if (isNamed) thread.kept.put('person', '', { name: name.value, email: email.value });
    text.value = '';
    key = randomKey();
    form = undefined;
    return made;
  }

  async function post(body) {
    body.content_id = thread.contentId;
    body.author = isNamed ? { name: name.value.trim(), email: email.value.trim() } : {};
    if (parent) body.parent_id = parent.id;
    if (trap.value) body.trap = trap.value;
    body.form = (await ask())?.form;
    return insist(thread, body, key, renew);
  }

  function renew() {
    key = randomKey();
    keep();
    return key;
  }
}

// Posts it, again if no answer came, or without what the server does not know. If the key belongs to
// an earlier text that did arrive, it is renewed.
async function insist(thread, body, key, renew) {
  for (let tries = 0; ; ++tries) {
    try {
      return await thread.ask('POST', '/api/v1/comments', { body, key, token: thread.token });
    } catch (why) {
      const isNewer =
        why.errors[0] &&
        why.errors.every(
          ({ pointer, code }) =>
            code === 'unknown' && /form|trap/.test(pointer) && delete body[pointer.slice(1)],
        );
      const isOther = why.code === 'idempotency_reuse';
      if (!pauses[tries] || !(why.mayPass || isNewer || (isOther && (key = renew())))) throw why;
      if (why.mayPass) await new Promise((done) => setTimeout(done, pauses[tries]));
    }
  }
}

function change(thread, { id }, body) {
  return thread.ask('PATCH', `/api/v1/comments/${id}`, { body, token: thread.proofOf(id) });
}
