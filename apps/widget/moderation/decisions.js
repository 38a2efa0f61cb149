// decisions.js - makes decisions, and undoes them.
//
// Nothing brings a removed comment back. So a removal is sent some seconds after the click, or when
// the moderator leaves the page; until then it can be undone like every other decision.

import { button, h } from '../thread/elements.js';
import { decisionsFor } from './card.js';
import { count, look, showState, statuses } from './queue.js';
import { point } from './selection.js';

const removeAfter = 6_000;
const toastFor = 12_000;
const decisionsMax = 100; // in one request
const back = { pending: 'hold', published: 'approve', spam: 'spam' };

// Decides about those of `chosen` for which the decision is possible.
export async function decide(desk, decision, chosen) {
  const cards = chosen.filter(({ comment }) => decisionsFor(comment).includes(decision));
  if (!cards.length) return;
  const places = cards.map((card) => takeAway(desk, card));
  const step = { decision, cards, places, isAsSeen: true };
  if (decision === 'remove') step.timer = setTimeout(() => sendRemoval(desk, step), removeAfter);
  else if (!(await send(desk, step))) return putBackAnew(desk, step);
  desk.done.push(step);
  tell(desk, `did_${decision}`, step.cards.length, step);
  count(desk);
}

// --- sending ---

// Returns headers that make the decision count only for the version that the moderator saw.
function asSeen({ comment }) {
  return { 'If-Match': `"${comment.version}"` };
}

// Sends a decision. Returns whether that succeeded. Comments about which the server refused to
// decide leave the step.
async function send(desk, step, isLast) {
  const refusals = [];
  try {
    for (let at = 0; at < step.cards.length; at += decisionsMax) {
      const ids = step.cards.slice(at, at + decisionsMax).map(({ comment }) => comment.id);
      const { items } = await desk.ask('POST', '/api/v1/moderation/actions', {
        body: { ids, action: step.decision },
        keepalive: isLast,
        headers: step.isAsSeen && ids.length === 1 ? asSeen(step.cards[0]) : {},
      });
      refusals.push(...items.filter(({ error }) => error));
    }
  } catch (why) {
    desk.complain(why);
    return false;
  }
  if (refusals.length) {
    const isRefused = ({ comment }) => refusals.some(({ id }) => id === comment.id);
    step.cards = step.cards.filter((card) => !isRefused(card));
    desk.complain({ message: refusals[0].error });
  }
  return true;
}

async function sendRemoval(desk, step, isLast) {
  const at = desk.done.indexOf(step);
  if (at < 0) return;
  clearTimeout(step.timer);
  desk.done.splice(at, 1);
  if (desk.undoable === step) desk.toast.replaceChildren();
  if (!(await send(desk, step, isLast))) putBackAnew(desk, step);
  else if (!isLast) count(desk);
}

// Sends the removals that wait, because the moderator leaves the page.
export function sendRemovals(desk) {
  for (const step of desk.done.filter(({ timer }) => timer)) sendRemoval(desk, step, true);
}

// Takes a decision back: the last one, by default.
export async function undo(desk, step = desk.done.at(-1)) {
  const { done } = desk;
  const at = done.indexOf(step);
  if (at < 0) return;
  clearTimeout(step.timer);
  done.splice(at, 1);
  for (const was of step.timer ? [] : statuses) {
    const cards = step.cards.filter(({ comment }) => comment.status === was);
    if (cards.length && !(await send(desk, { decision: back[was], cards }))) {
      done.splice(at, 0, step);
      return;
    }
  }
  putBack(desk, step);
  tell(desk, 'undone');
  count(desk);
}

// --- on the page ---

// Takes a card off the page. Returns its place: the item before which it stood.
function takeAway(desk, card) {
  const item = card.element.parentElement;
  const place = item.nextElementSibling;
  const hadFocus = card.element.contains(document.activeElement);
  const wasCurrent = card === desk.current;
  const order = [...desk.cards.values()];
  const after = order[order.indexOf(card) + 1] ?? order[order.indexOf(card) - 1];
  item.remove();
  desk.cards.delete(card.comment.id);
  card.box.checked = false;
  if (wasCurrent) point(desk, after);
  if (hadFocus || wasCurrent) after?.element.focus();
  showState(desk);
  return place;
}

// Puts the cards back after a refusal, and looks what has changed.
function putBackAnew(desk, step) {
  putBack(desk, step);
  look(desk);
}

// Puts the cards back where they stood, if that place is still there, and leaves out cards of a
// status that is not shown.
function putBack(desk, step) {
  const { cards, list, status } = desk;
  for (let i = step.cards.length - 1; i >= 0; --i) {
    const card = step.cards[i];
    if (card.comment.status !== status || cards.has(card.comment.id)) continue;
    const place = step.places[i]?.isConnected ? step.places[i] : null;
    list.insertBefore(card.element.parentElement, place);
    cards.set(card.comment.id, card);
  }
  sortCards(desk);
  showState(desk);
  const first = step.cards.find((card) => cards.get(card.comment.id) === card);
  if (first) point(desk, first);
  first?.element.focus();
}

// Brings the cards into the order of the page.
function sortCards({ cards, list }) {
  const order = [...list.querySelectorAll('.card')].map(({ id }) => id.slice('comment-'.length));
  const sorted = order.map((id) => [id, cards.get(id)]);
  cards.clear();
  for (const [id, card] of sorted) cards.set(id, card);
}

// Says what was done; `step` can be undone.
function tell(desk, word, n = 2, step = undefined) {
  const { toast } = desk;
  const { say } = desk.words;
  const parts = [h('span', {}, say(word, { n }))];
  if (step)
    parts.push(button('quiet', () => desk.undo(step), say('undo'), ' ', h('kbd', {}, 'u')));
  desk.undoable = step;
  toast.replaceChildren(...parts);
  clearTimeout(desk.fading);
  desk.fading = setTimeout(() => toast.replaceChildren(), toastFor);
}
