// composer.js - the form in which a comment, a reply or a change is written.
//
// What is typed is kept through a reload, together with the key under which it is posted, so that
// sending it again after a failure never makes two comments of it.

import { randomKey } from './api.js';
import { alarm, button, h, showHtml } from './elements.js';

const isNearlyFull = (left) => left < 1_000;
const pauses = [1_000, 3_000]; // between tries, where nobody answered
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

// For a reply to `parent`, a change of `edited`, or with neither a comment of its own. `onDone` gets
// what the server made of it; `onClose` is there where the form can be closed.
export function composer(thread, { parent, edited, onDone, onClose }) {
  const { say } = thread.words;
  const place = edited ? `edit ${edited.id}` : (parent?.id ?? '');
  const kept = thread.kept.take('draft', place);
  const person = kept ?? thread.kept.take('person', '') ?? {};
  const isNamed = !edited && !thread.token;
  let key = kept?.key ?? randomKey();
  let form; // when it was shown, signed by the server; and how long a text may be
  let isBusy = false;

  const label = edited
    ? say('change')
    : parent
      ? say('answer', { name: parent.author.name || say('anonymous') })
      : say('write');
  const text = h('textarea.input', {
    value: kept?.body ?? edited?.body ?? '',
    placeholder: label,
    ariaLabel: label,
    rows: 1,
    dir: 'auto',
  });
  const preview = h('div.body.preview', { hidden: true, dir: 'auto' });
  const name = h('input.input', { value: person.name ?? '', autocomplete: 'nickname' });
  const email = h('input.input', { value: person.email ?? '', autocomplete: 'email' });
  email.type = 'email';
  const trap = h('input.trap', { tabIndex: -1, autocomplete: 'off', ariaHidden: true });
  const field = (input, word) =>
    h('label.field', {}, h('span', {}, `${say(word)} · ${say('optional')}`), input);
  const problem = alarm();
  const hint = h('span.hint', {}, say('markdown'));
  const look = button('quiet', togglePreview, say('preview'));
  look.ariaPressed = false;
  const doing = say(edited ? 'save' : 'post');
  const submit = h('button.primary', {}, doing);
  const cancel = onClose && button('quiet', close, say('cancel'));
  const element = h(
    'form.composer',
    { onsubmit: send, noValidate: true },
    text,
    preview,
    h(
      'div.more',
      {},
      isNamed && h('div.fields', {}, field(name, 'name'), field(email, 'email')),
      trap,
      h('div.bar', {}, hint, look, cancel, submit),
    ),
    problem,
  );

  element.addEventListener('input', typed);
  element.addEventListener('focusin', open);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event);
    if (event.key === 'Escape' && onClose && !event.isComposing) close();
  });
  if (text.value) typed();

  function open() {
    element.classList.add('open');
    form ??= thread.ask('GET', '/api/v1/form').catch(() => {
      form = undefined; // asked for again with the next key
    });
  }

  function close() {
    thread.kept.put('draft', place, null);
    onClose();
  }

  // With the name, too: under one key the server takes one comment, by one author.
  function keepDraft() {
    const isNew = text.value && text.value !== edited?.body;
    const draft = { body: text.value, key, name: name.value, email: email.value };
    thread.kept.put('draft', place, isNew ? draft : null);
  }

  async function typed() {
    open();
    keepDraft();
    text.ariaInvalid = null;
    const limit = (await form)?.body_bytes_max; // unknown: it is not told
    const left = limit - new TextEncoder().encode(text.value).length;
    hint.textContent =
      left < 0
        ? say('over', { n: -left })
        : say(isNearlyFull(left) ? 'left' : 'markdown', { n: left });
    hint.classList.toggle('over', left < 0);
  }

  async function togglePreview() {
    const isOn = preview.hidden;
    try {
      if (isOn) {
        const made = await thread.ask('POST', '/api/v1/previews', { body: { body: text.value } });
        showHtml(preview, made.body_html);
      }
      preview.hidden = !isOn;
      text.hidden = isOn;
      look.ariaPressed = isOn;
      look.textContent = say(isOn ? 'writing' : 'preview');
      problem.textContent = '';
    } catch (why) {
      complain(why);
    }
  }

  async function send(event) {
    event.preventDefault();
    if (isBusy || submit.disabled) return;
    setBusy(true);
    try {
      const made = await (edited ? change() : post());
      thread.kept.put('draft', place, null);
      if (isNamed) thread.kept.put('person', '', { name: name.value, email: email.value });
      reset();
      onDone(made);
    } catch (why) {
      complain(why);
    }
    setBusy(false);
  }

  function change() {
    return thread.ask('PATCH', `/api/v1/comments/${edited.id}`, {
      body: { body: text.value },
      token: thread.proofOf(edited.id),
    });
  }

  async function post() {
    const author = isNamed ? { name: name.value.trim(), email: email.value.trim() } : {};
    const body = { content_id: thread.contentId, body: text.value, author };
    if (parent) body.parent_id = parent.id;
    if (trap.value) body.trap = trap.value;
    open();
    body.form = (await form)?.form;
    for (let tries = 0; ; ++tries) {
      try {
        return await thread.ask('POST', '/api/v1/comments', { body, key, token: thread.token });
      } catch (why) {
        const isOther = why.code === 'idempotency_reuse'; // the text before this one had got through
        if (tries >= pauses.length || !(why.mayPass || isOther)) throw why;
        if (isOther) {
          key = randomKey();
          keepDraft();
        } else await sleep(pauses[tries]);
      }
    }
  }

  function reset() {
    text.value = '';
    key = randomKey();
    form = undefined;
    if (!preview.hidden) togglePreview();
    hint.textContent = say('markdown');
    problem.textContent = '';
  }

  function setBusy(is) {
    isBusy = is;
    element.ariaBusy = is;
    submit.textContent = is ? say('sending') : doing;
  }

  function complain(why) {
    const at = { '/body': [text, 'text'], '/author/name': [name, 'name'] };
    at['/author/email'] = [email, 'email'];
    const known = why.errors.filter(({ pointer }) => at[pointer]);
    const words = known.map(({ pointer, code }) => {
      const [input, word] = at[pointer];
      input.ariaInvalid = true;
      return `${say(word)} ${say(/^(required|too_long|format)$/.test(code) ? code : 'wrong')}.`;
    });
    if (!words.length) words.push(thread.explain(why));
    if (why.mayPass) words.push(say('draft'));
    problem.textContent = words.join(' ');
    if (known[0]) at[known[0].pointer][0].focus();
    if (why.code === 'rate_limited') waitFor(why.wait || 1);
    else if (why.mayPass) queueMicrotask(() => (submit.textContent = say('again')));
  }

  // Nothing is sent before the server takes it again; the button says how long that is.
  function waitFor(seconds) {
    const end = Date.now() + seconds * 1_000;
    submit.disabled = true;
    thread.eachSecond(() => {
      const n = Math.ceil((end - Date.now()) / 1_000);
      submit.textContent = n > 0 ? say('later', { n }) : doing;
      submit.disabled = n > 0;
      return n > 0 && element.isConnected;
    });
  }

  return { element, focus: () => text.focus() };
}
