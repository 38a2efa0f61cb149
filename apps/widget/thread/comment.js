// comment.js - one comment: its author, its times, its text, what a reader may do, and its replies.

import { actionsOf } from './actions.js';
import { avatar } from './avatar.js';
import { h, showHtml } from './elements.js';
import { refresh } from './find.js';
import { repliesOf } from './replies.js';

// `comment` is as the server sent it. `parent` is the comment among whose replies it is listed, or
// null.
export function commentView(thread, comment, parent) {
  const { say } = thread.words;
  const head = headOf(thread.words, comment.id);
  const body = h('div.body', { dir: 'auto' });
  const view = { body, update, vanish, focus };
  const actions = actionsOf(thread, view, comment.id);
  const replies = repliesOf(thread, actions.below.complain);
  let shown; // the HTML that is on the page
  const element = h(
    'article.comment',
    { id: `comment-${comment.id}`, tabIndex: -1 },
    avatar(comment.author.key),
    h('div.main', {}, head.element, body, actions.element, actions.below.element, replies.element),
  );
  view.element = element;
  view.openReplies = replies.open;
  thread.ticks.add(tick);
  return update(comment);

  function update(made) {
    view.comment = comment = made;
    const isMine = thread.own.has(comment.id);
    const isThere = !!comment.body; // which is empty of what is hidden from this reader
    const name = comment.author.name || say('anonymous');
    element.classList.toggle('gone', !isThere);
    element.ariaLabel = isThere ? name : say('removed');
    head.element.hidden = actions.element.hidden = !isThere;
    head.show(comment, name);
    const html = isThere ? comment.body_html : '';
    if (html !== shown) showHtml(body, html);
    if (!isThere) body.textContent = say('removed');
    shown = html;
    actions.show(comment, isMine);
    replies.show(comment);
    tick();
    return view;
  }

  // Shows what changes with time. Returns whether the comment is still on the page.
  function tick() {
    head.tick(comment);
    actions.tick();
    return thread.views.get(comment.id) === view;
  }

  function focus(block = 'nearest') {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block, behavior: thread.scrolling() });
  }

  // Takes the comment off the page, because the server has it no more.
  function vanish() {
    const hadFocus = element.contains(element.getRootNode().activeElement);
    element.parentElement.remove();
    thread.views.delete(comment.id);
    const above = parent && thread.views.get(parent.id);
    if (above) refresh(thread, parent.id);
    if (hadFocus) (above ?? thread).focus();
  }
}

// The line above the text.
function headOf({ say, ago, exact }, id) {
  const author = h('bdi.author');
  const word = say('verified');
  const verified = h('span.verified', { role: 'img', title: word, ariaLabel: word });
  const time = h('time');
  const edited = h('span', {}, `(${say('edited')})`);
  const pending = h('span.badge', {}, say('pending'));
  const link = h('a.time', { href: `#comment-${id}` }, time);
  return {
    element: h('header', {}, author, verified, link, edited, pending),
    show(comment, name) {
      author.textContent = name;
      verified.hidden = !comment.author.verified;
      edited.hidden = !comment.edited_at;
      edited.title = comment.edited_at ? exact(comment.edited_at) : '';
      pending.hidden = comment.status === 'published';
      time.dateTime = comment.created_at;
      time.title = exact(comment.created_at);
    },
    tick(comment) {
      const label = ago(comment.created_at);
      if (time.textContent !== label) time.textContent = label;
    },
  };
}
