// comment.js - one comment: who, when, what, what one may do about it, and its replies.

import { avatar } from './avatar.js';
import { composer } from './composer.js';
import { alarm, button, h, icon, showHtml } from './elements.js';
import { commentList } from './list.js';
import { removalOf, reportOf } from './questions.js';

const upwards = 'M6 14l6-6 6 6';

// `comment` as the server gave it; `parent`, whose replies it is listed among, or null.
export function commentView(thread, comment, parent) {
  const { say, ago, exact } = thread.words;
  const path = `/api/v1/comments/${comment.id}`;
  let shown; // the HTML that is on the page
  let replies; // the list of replies, once it was asked for
  let opening; // while they are asked for
  let opener; // which button opened what is below the text

  const author = h('bdi.author');
  const verified = h('span.verified', { role: 'img', title: say('verified') }, '✓');
  verified.ariaLabel = say('verified');
  const time = h('time');
  const edited = h('span', {}, `(${say('edited')})`);
  const pending = h('span.badge', {}, say('pending'));
  const link = h('a.time', { href: `#comment-${comment.id}` }, time);
  const title = h('header', {}, author, verified, link, edited, pending);
  const body = h('div.body', { dir: 'auto' });
  const votes = h('span');
  const vote = button('quiet.vote', toggleVote, icon(upwards), votes);
  const countdown = h('span.countdown', { ariaHidden: true });
  const reply = button('quiet', () => open(reply, replyForm()), say('reply'));
  const edit = button('quiet', () => open(edit, editForm()), say('edit'), countdown);
  const remove = button('quiet', () => open(remove, removalOf(thread, path, { close, done })));
  remove.textContent = say('remove');
  const report = button('quiet', () => open(report, reportOf(thread, path, { close, tell })));
  report.textContent = say('report');
  const actions = h('div.actions', {}, vote, reply, edit, remove, report);
  const below = h('div');
  const toggle = button('toggle', toggleReplies);
  const element = h(
    'article.comment',
    { id: `comment-${comment.id}`, tabIndex: -1 },
    avatar(comment.author.key),
    h('div.main', {}, title, body, actions, below, toggle),
  );
  const view = {
    element,
    update,
    openReplies,
    vanish,
    focus,
  };
  update(comment);
  thread.eachSecond(tick);
  return view;

  function update(made) {
    comment = made;
    const isMine = thread.own.has(comment.id);
    const isThere = comment.status === 'published' || (isMine && comment.body);
    const name = comment.author.name || say('anonymous');
    element.classList.toggle('gone', !isThere);
    element.ariaLabel = isThere ? name : say('removed');
    author.textContent = name;
    title.hidden = actions.hidden = !isThere;
    verified.hidden = !comment.author.verified;
    edited.hidden = !comment.edited_at;
    edited.title = comment.edited_at ? exact(comment.edited_at) : '';
    pending.hidden = comment.status === 'published';
    time.dateTime = comment.created_at;
    time.title = exact(comment.created_at);
    const html = isThere ? comment.body_html : '';
    if (html !== shown) showHtml(body, html);
    if (!isThere) body.textContent = say('removed');
    shown = html;
    report.hidden = isMine;
    showVotes();
    showToggle();
    tick();
    return view;
  }

  function showVotes() {
    votes.textContent = comment.votes ? thread.words.number(comment.votes) : '';
    vote.ariaLabel = `${say('vote')}, ${say('votes', { n: comment.votes })}`;
    vote.ariaPressed = !!thread.kept.take('vote', comment.id);
    vote.title = say('vote');
  }

  function showToggle() {
    const isOpen = !!replies && !replies.element.hidden;
    toggle.hidden = !comment.replies && (!replies || replies.isEmpty());
    toggle.textContent = isOpen ? say('hide') : say('replies', { n: comment.replies });
    toggle.ariaExpanded = isOpen;
  }

  // The list of its replies, on the page.
  async function openReplies() {
    if (!replies) {
      const list = commentList(thread, comment);
      opening ??= list.more().then(() => (replies = list));
      await opening.finally(() => (opening = null));
      toggle.after(replies.element);
    }
    replies.element.hidden = false;
    showToggle();
    return replies;
  }

  async function toggleReplies() {
    if (replies && !replies.element.hidden) {
      replies.element.hidden = true;
      return showToggle();
    }
    await openReplies().catch(complain);
  }

  async function toggleVote() {
    const isMine = vote.ariaPressed === 'true';
    try {
      const method = isMine ? 'DELETE' : 'PUT';
      const made = await thread.ask(method, `${path}/vote`, { token: thread.token });
      thread.kept.put('vote', comment.id, isMine ? null : 1);
      update(made);
    } catch (why) {
      complain(why);
    }
  }

  function replyForm() {
    return composer(thread, { parent: comment, onClose: close, onDone: (made) => done(made, true) });
  }

  function editForm() {
    body.hidden = true;
    return composer(thread, { edited: comment, onClose: close, onDone: (made) => done(made) });
  }

  // Below the text, one at a time; `close` goes back to the button that opened it.
  function open(from, form) {
    below.replaceChildren(form.element);
    body.hidden = from === edit;
    opener = from;
    form.focus();
  }

  function close() {
    below.replaceChildren();
    body.hidden = false;
    if (opener.hidden) focus();
    else opener.focus();
  }

  // It was changed, removed (nothing was `made`), or answered.
  async function done(made, isReply) {
    close();
    if (isReply) return thread.added(made);
    thread.announce(say(made ? 'saved' : 'gone'));
    if (!made) return thread.refresh(comment.id);
    update(made);
    focus();
  }

  function tell(what) {
    close();
    below.replaceChildren(h('p.hint', {}, what));
    thread.announce(what);
  }

  function complain(why) {
    below.replaceChildren(alarm(thread.explain(why)));
  }

  function focus(block = 'nearest') {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block, behavior: thread.scrolling() });
  }

  // It is not there any more, and holds nothing that is.
  function vanish() {
    const hadFocus = element.contains(element.getRootNode().activeElement);
    element.parentElement.remove();
    thread.views.delete(comment.id);
    const above = parent && thread.views.get(parent.id);
    if (above) thread.refresh(parent.id);
    if (hadFocus) (above ?? thread).focus();
  }

  // What the clock changes; false ends it.
  function tick() {
    const label = ago(comment.created_at);
    if (time.textContent !== label) time.textContent = label;
    const left = Math.ceil(((thread.own.get(comment.id)?.end ?? 0) - Date.now()) / 1_000);
    edit.hidden = remove.hidden = !(left > 0);
    const seconds = String(left % 60).padStart(2, '0');
    countdown.textContent = left > 0 ? ` ${Math.floor(left / 60)}:${seconds}` : '';
    return thread.views.get(comment.id) === view;
  }
}
