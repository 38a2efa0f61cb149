// questions.js - the questions below a comment before it is reported or removed.

import { alertLine, button, h } from './elements.js';
import { explain } from './find.js';

// Returns a handler that closes the question. The handler returns nothing, because false would stop
// all other keys.
const escape = (close) => (event) => {
  if (event.key === 'Escape') close();
};

// Asks why the comment is reported. Calls `tell` with the words of thanks.
export function reportOf(thread, path, { close, tell }) {
  const { say } = thread.words;
  const reason = h('input.input', { required: true, maxLength: 250 });
  const problem = alertLine();
  const element = h(
    'form.ask',
    { onsubmit: send, onkeydown: escape(close) },
    h('label.field', {}, h('span', {}, say('reason')), reason),
    h('button.primary', {}, say('send')),
    button('quiet', close, say('cancel')),
    problem,
  );
  return { element, focus: () => reason.focus() };

  async function send(event) {
    event.preventDefault();
    try {
      const body = { reason: reason.value };
      await thread.ask('POST', `${path}/reports`, { body, token: thread.token });
      tell(say('reported'));
    } catch (why) {
      problem.textContent = explain(thread, why);
    }
  }
}

// Asks whether to remove the comment, because nothing brings it back.
export function removalOf(thread, path, { close, done }) {
  const { say } = thread.words;
  const problem = alertLine();
  const yes = button('primary.danger', send, say('remove'));
  const element = h(
    'div.ask',
    { role: 'group', 'aria-label': say('removing'), onkeydown: escape(close) },
    h('span', {}, say('removing')),
    yes,
    button('quiet', close, say('keep')),
    problem,
  );
  return { element, focus: () => yes.focus() };

  async function send() {
    try {
      await thread.ask('DELETE', path, { token: thread.proofOf(path.split('/').pop()) });
      await done();
    } catch (why) {
      problem.textContent = explain(thread, why);
    }
  }
}
