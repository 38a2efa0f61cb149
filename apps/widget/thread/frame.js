// frame.js - what stands around the comments: the title, the order, the form, what is new.

import { h } from './elements.js';

// Returns the frame. The comments belong into its `place`.
export function frameOf({ words, sort }, form, news, onOrder) {
  const { say, locale } = words;
  const title = h('h2.title', { tabIndex: -1 }, say('comments'));
  const order = h('select.sort', { onchange: () => onOrder(order.value), ariaLabel: say('sort') });
  for (const name of ['oldest', 'newest', 'top'])
    order.append(h('option', { value: name, selected: name === sort }, say(name)));
  const status = h('div.unseen', { role: 'status' });
  const notice = h('p.notice', { hidden: true });
  const place = h('div.place');
  const element = h(
    'section.thread',
    { lang: locale },
    h('div.top', {}, title, order),
    status,
    form,
    notice,
    h('div.float', {}, news),
    place,
  );

  // Shows what is known of the content: how many comments, and whether it takes more.
  function showContent({ comments, status: mode }) {
    title.textContent = comments ? say('count', { n: comments }) : say('comments');
    order.hidden = comments < 2;
    const isLocked = mode === 'locked';
    element.classList.toggle('locked', isLocked);
    form.hidden = isLocked;
    const word = remarkFor(mode, comments);
    notice.hidden = !word;
    notice.textContent = word && say(word);
  }

  return {
    element,
    place,
    showContent,
    announce: (text) => (status.textContent = text),
    focus: () => title.focus(),
  };
}

function remarkFor(mode, comments) {
  if (mode === 'locked') return 'content_locked';
  if (mode === 'premoderated') return mode;
  return comments ? '' : 'empty';
}

export function skeleton({ say }) {
  const bone = () => h('div.bone', {}, h('i'), h('div', {}, h('i'), h('i'), h('i')));
  return h('div', { role: 'img', ariaLabel: say('loading') }, bone(), bone(), bone());
}
