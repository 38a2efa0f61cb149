// queue.js - the comments of a status as the server has them, and their changes.

import { h } from '../thread/elements.js';
import { cardOf } from './card.js';
import { point, selectionChanged } from './selection.js';

export const statuses = ['pending', 'published', 'spam', 'removed'];
const pageSize = 50;
const countMax = 200; // what the server counts at once; more is "200+"
const countEvery = 12; // looks

// Shows the comments of a status.
export function choose(desk, status) {
  desk.status = status;
  for (const { status: of, tab } of desk.tabs) tab.ariaPressed = of === status;
  load(desk).catch(desk.complain);
  count(desk);
}

function ask(desk, status, limit, { cursor, text } = {}) {
  const wanted = new URLSearchParams({ status, limit });
  if (text) wanted.set('q', text);
  if (cursor) wanted.set('cursor', cursor);
  return desk.ask('GET', `/api/v1/moderation/queue?${wanted}`);
}

// Asks for the comments to show. Returns nothing if the moderator has chosen others meanwhile.
async function askForShown(desk, limit, cursor) {
  const { status } = desk;
  const text = desk.search.value.trim();
  const page = await ask(desk, status, limit, { cursor, text });
  const isSame = status === desk.status && text === desk.search.value.trim();
  return isSame && !desk.isClosed ? { ...page, text } : undefined;
}

// Shows the first page anew, or adds the page behind `cursor`.
export async function load(desk, cursor) {
  const page = await askForShown(desk, pageSize, cursor);
  if (!page) return;
  desk.problem.textContent = '';
  if (!cursor) {
    desk.cards.clear();
    desk.list.replaceChildren();
    desk.current = undefined;
  }
  desk.next = page.next;
  desk.news.hidden = true;
  for (const comment of page.items) if (!isGoing(desk, comment.id)) add(desk, comment);
  showState(desk);
}

// Whether the moderator has removed the comment and the removal is not sent yet.
function isGoing({ done }, id) {
  return done.some(({ timer, cards }) => timer && cards.some(({ comment }) => comment.id === id));
}

function add(desk, comment) {
  if (desk.cards.has(comment.id)) return;
  const card = makeCard(desk, comment);
  desk.list.append(h('li', {}, card.element));
  if (!desk.current) point(desk, card);
}

function makeCard(desk, comment) {
  const card = cardOf(desk, comment);
  desk.cards.set(comment.id, card);
  card.element.addEventListener('focusin', () => point(desk, card));
  return card;
}

// Shows a comment that its author or a reporter has changed meanwhile.
function renew(desk, card, comment) {
  const hadFocus = card.element.contains(document.activeElement);
  const made = makeCard(desk, comment);
  made.box.checked = card.box.checked;
  card.element.replaceWith(made.element);
  if (card === desk.current) point(desk, made);
  if (hadFocus) made.element.focus();
}

function drop(desk, card) {
  card.element.parentElement.remove();
  desk.cards.delete(card.comment.id);
  if (card === desk.current) point(desk, [...desk.cards.values()][0]);
}

// Shows whether there is more, or nothing, and what that means for the selection.
export function showState(desk) {
  const { cards, list, next } = desk;
  desk.more.hidden = !next;
  const isEmpty = !cards.size && !next;
  if (isEmpty) list.replaceChildren(h('li.notice', {}, desk.words.say('empty')));
  else list.querySelector(':scope > .notice')?.remove();
  desk.all.disabled = isEmpty;
  selectionChanged(desk);
}

// Shows how many comments there are of each status.
export async function count(desk) {
  for (const { status } of desk.tabs) {
    const page = await ask(desk, status, countMax).catch(() => {});
    if (page) showCount(desk, status, page);
  }
}

function showCount({ tabs }, status, { items, next }) {
  const { number } = tabs.find(({ status: of }) => of === status);
  number.textContent = next ? `${items.length}+` : items.length;
}

// Looks for changes. Comments that other moderators decided about go away. New ones are announced,
// and shown when the moderator asks for them.
export async function look(desk) {
  const page = await askForShown(desk, countMax).catch(() => {});
  if (!page) return;
  if (!page.text) showCount(desk, desk.status, page);
  if (++desk.looks % countEvery === 0) count(desk);
  if (!page.next) dropOthers(desk, new Set(page.items.map(({ id }) => id)));
  for (const comment of page.items) compare(desk, comment);
  announce(desk, page.items);
  showState(desk);
}

// Drops the cards whose ids are not in `waiting`, except the one that has the focus.
function dropOthers(desk, waiting) {
  for (const [id, card] of desk.cards)
    if (!waiting.has(id) && !card.element.contains(document.activeElement)) drop(desk, card);
}

function compare(desk, now) {
  const card = desk.cards.get(now.id);
  if (!card) return;
  const { comment } = card;
  const isSame = comment.body_html === now.body_html && comment.reports === now.reports;
  if (isSame) comment.version = now.version;
  else renew(desk, card, now);
}

function announce({ cards, done, next, news, words }, items) {
  const waiting = new Set(done.flatMap((step) => step.cards.map(({ comment }) => comment.id)));
  const fresh = next ? [] : items.filter(({ id }) => !cards.has(id) && !waiting.has(id));
  news.hidden = !fresh.length;
  news.textContent = words.say('fresh', { n: fresh.length });
}
