// composer.js - the form in which a comment, a reply or a change is written.

import { draftOf } from './draft.js';
import { alertLine, button, h, showHtml } from './elements.js';
import { explain } from './find.js';

const nearlyFull = 1_000; // bytes that are left

// Returns the form for a reply to `parent`, for a change of `edited`, or with neither for a comment
// that starts a thread. `onDone` gets the comment that the server returned. With `onClose` the form
// can be closed.
export function composer(thread, { parent, edited, onDone, onClose }) {
  const { say } = thread.words;
  const draft = draftOf(thread, parent, edited);
  const { text } = draft;
  text.placeholder = text.ariaLabel = labelOf(say, parent, edited);
  const hint = h('span.hint', {}, say('markdown'));
  const submit = submitOf(thread, draft, say(edited ? 'save' : 'post'));
  const preview = previewOf(thread, text, submit);
  const cancel = onClose && button('quiet', close, say('cancel'));
  const bar = h('div.bar', {}, hint, preview.look, cancel, submit.element);
  const more = h('div.more', {}, draft.isNamed && fieldsOf(say, draft), draft.trap, bar);
  const element = h('form.composer', { onsubmit: send, noValidate: true });
  element.append(text, preview.element, more, submit.problem);
  element.addEventListener('input', typed);
  element.addEventListener('focusin', open);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event);
    if (event.key === 'Escape' && onClose && !event.isComposing) close();
  });
  if (text.value) typed();
  return { element, focus: () => text.focus() };

  function open() {
    element.classList.add('open');
    return draft.ask();
  }

  function close() {
    draft.drop();
    onClose();
  }

  async function typed() {
    draft.keep();
    text.ariaInvalid = null;
    const limit = (await open())?.body_bytes_max; // without an answer no limit is shown
    const left = limit - new TextEncoder().encode(text.value).length;
    const word = left < 0 ? 'over' : left < nearlyFull ? 'left' : 'markdown';
    hint.textContent = say(word, { n: Math.abs(left) });
    hint.classList.toggle('over', left < 0);
  }

  async function send(event) {
    event.preventDefault();
    const made = await submit.send(element);
    if (!made) return;
    preview.close();
    hint.textContent = say('markdown');
    onDone(made);
  }
}

function labelOf(say, parent, edited) {
  if (edited) return say('change');
  return parent ? say('answer', { name: parent.author.name || say('anonymous') }) : say('write');
}

function fieldsOf(say, { name, email }) {
  const field = (input, word) =>
    h('label.field', {}, h('span', {}, `${say(word)} · ${say('optional')}`), input);
  return h('div.fields', {}, field(name, 'name'), field(email, 'email'));
}

// Returns a preview, which is shown in place of the text. `look` is the button that opens and
// closes it.
function previewOf(thread, text, { problem, complain }) {
  const { say } = thread.words;
  const element = h('div.body.preview', { hidden: true, dir: 'auto' });
  const look = button('quiet', toggle, say('preview'));
  look.ariaPressed = false;
  return { element, look, close: () => element.hidden || toggle() };

  async function toggle() {
    const isOn = element.hidden;
    try {
      if (isOn) {
        const made = await thread.ask('POST', '/api/v1/previews', { body: { body: text.value } });
        showHtml(element, made.body_html);
      }
      element.hidden = !isOn;
      text.hidden = isOn;
      look.ariaPressed = isOn;
      look.textContent = say(isOn ? 'writing' : 'preview');
      problem.textContent = '';
    } catch (why) {
      complain(why);
    }
  }
}

// Returns the button that sends the draft, and the line that says why that failed.
function submitOf(thread, draft, doing) {
  const { say } = thread.words;
  const element = h('button.primary', {}, doing);
  const problem = alertLine();
  let isBusy = false;
  return { element, problem, complain, send };

  // Returns the comment that the server made of the draft, or nothing if it refused.
  async function send(form) {
    if (isBusy || element.disabled) return undefined;
    const setBusy = (isSending) => {
      form.ariaBusy = isBusy = isSending;
      element.textContent = isSending ? say('sending') : doing;
    };
    setBusy(true);
    const made = await draft.send().catch(complain);
    setBusy(false);
    return made;
  }

  function complain(why) {
    const at = {
      '/body': [draft.text, 'text'],
      '/author/name': [draft.name, 'name'],
      '/author/email': [draft.email, 'email'],
    };
    const known = why.errors.filter(({ pointer }) => at[pointer]);
    const words = known.map(({ pointer, code }) => {
      const [input, word] = at[pointer];
      input.ariaInvalid = true;
      return `${say(word)} ${say(/^(required|too_long|format)$/.test(code) ? code : 'wrong')}.`;
    });
    if (!words.length) words.push(explain(thread, why));
    if (why.mayPass) words.push(say('draft'));
    problem.textContent = words.join(' ');
    if (known[0]) at[known[0].pointer][0].focus();
    if (why.code === 'rate_limited') waitFor(why.wait || 1);
    else if (why.mayPass) setTimeout(() => (element.textContent = say('again')));
  }

  // Disables the button for so many seconds and shows in it how many are left.
  function waitFor(seconds) {
    const end = Date.now() + seconds * 1_000;
    element.disabled = true;
    thread.ticks.add(() => {
      const n = Math.ceil((end - Date.now()) / 1_000);
      element.textContent = n > 0 ? say('later', { n }) : doing;
      element.disabled = n > 0;
      return n > 0 && element.isConnected;
    });
  }
}
