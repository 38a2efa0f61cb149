// questions.js - what is asked below a comment before something is done about it.

import { alarm, button, h } from './elements.js';
import { explain } from './find.js';

// A handler that gave false would keep every other key from doing what it does.
const escape = (close) => (event) => void (event.key === 'Escape' && close());

// Why it is reported; `tell` says what came of it.
export function reportOf(thread, path, { close, tell }) {
  const { say } = thread.words;
  const reason = h('input.input', { required: true, maxLength: 250 });
  const problem = alarm();
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

// Whether it is to be removed, because nothing brings it back.
export function removalOf(thread, path, { close, done }) {
  const { say } = thread.words;
  const problem = alarm();
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
