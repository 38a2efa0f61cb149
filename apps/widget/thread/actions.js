// actions.js - what a reader may do about a comment: vote, reply, edit, remove, report.

import { belowOf } from './below.js';
import { composer } from './composer.js';
import { button, h, icon } from './elements.js';
import { refresh } from './find.js';
import { removalOf, reportOf } from './questions.js';

const upwards = 'M6 14l6-6 6 6';

// `view` shows the comment: it has its `body`, and the `comment` as it was shown last.
export function actionsOf(thread, view, id) {
  const { say } = thread.words;
  const path = `/api/v1/comments/${id}`;
  const below = belowOf(thread, view);
  const { close } = below;
  const vote = voteOf(thread, path, view, below.complain);
  const countdown = h('span.countdown', { ariaHidden: true });
  const action = (word, make, ...more) => {
    const hidesText = word === 'edit';
    const from = button('quiet', () => below.open(from, make(), hidesText), say(word), ...more);
    return from;
  };
  const onReply = (made) => {
    close();
    thread.added(made);
  };
  const reply = action('reply', () =>
    composer(thread, { parent: view.comment, onClose: close, onDone: onReply }),
  );
  const edit = action(
    'edit',
    () => composer(thread, { edited: view.comment, onClose: close, onDone: done }),
    countdown,
  );
  const remove = action('remove', () => removalOf(thread, path, { close, done }));
  const report = action('report', () => reportOf(thread, path, { close, tell: below.tell }));
  const element = h('div.actions', {}, vote.element, reply, edit, remove, report);
  return { element, below, show, tick };

  function show(comment, isMine) {
    report.hidden = isMine;
    vote.show(comment);
  }

  function tick() {
    const left = Math.ceil(((thread.own.get(id)?.end ?? 0) - Date.now()) / 1_000);
    edit.hidden = remove.hidden = !(left > 0);
    const seconds = String(left % 60).padStart(2, '0');
    countdown.textContent = left > 0 ? ` ${Math.floor(left / 60)}:${seconds}` : '';
  }

  // `made` is the changed comment; it is nothing if the comment was removed.
  async function done(made) {
    close();
    thread.announce(say(made ? 'saved' : 'gone'));
    if (!made) return refresh(thread, id);
    view.update(made);
    view.focus();
  }
}

function voteOf(thread, path, view, complain) {
  const { say, number } = thread.words;
  const votes = h('span');
  const element = button('quiet.vote', toggle, icon(upwards), votes);
  return { element, show };

  function show(comment) {
    votes.textContent = comment.votes ? number(comment.votes) : '';
    element.ariaLabel = `${say('vote')}, ${say('votes', { n: comment.votes })}`;
    element.ariaPressed = !!thread.kept.take('vote', comment.id);
    element.title = say('vote');
  }

  async function toggle() {
    const isMine = element.ariaPressed === 'true';
    const method = isMine ? 'DELETE' : 'PUT';
    try {
      const made = await thread.ask(method, `${path}/vote`, { token: thread.token });
      thread.kept.put('vote', made.id, isMine ? null : 1);
      view.update(made);
    } catch (why) {
      complain(why);
    }
  }
}
