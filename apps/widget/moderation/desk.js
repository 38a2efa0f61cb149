// desk.js - the queue: what waits, what is decided, and how to take it back.
//
// Nothing brings a removed comment back, so a removal is sent some seconds after it was asked for,
// or when the page is left; until then it can be undone like every other decision.

import { alarm, button, h } from '../thread/elements.js';
import { cardOf, decisionsFor } from './card.js';
import { listenToKeys } from './keys.js';

const statuses = ['pending', 'published', 'spam', 'removed'];
const pageSize = 50;
const countMax = 200; // what the server counts at once; more is "200+"
const lookEvery = 5_000;
const countEvery = 12; // looks
const removeAfter = 6_000;
const toastFor = 12_000;
const decisionsMax = 100; // in one request
const back = { pending: 'hold', published: 'approve', spam: 'spam' };

export function openDesk({ main, words, explain, base, ask, refused }) {
  const { say } = words;
  const cards = new Map(); // by id, in the order of the page
  const done = []; // decisions that can be undone, the last one last
  let status = 'pending';
  let next = null;
  let current;
  let isClosed = false;
  let fading;
  let told; // the decision that the toast offers to undo
  let looks = 0;

  const desk = { words, explain, ask, base, decide, selectionChanged };
  const tabs = statuses.map((one) => {
    const number = h('b');
    const tab = button('tab', () => choose(one), `${say(one)} `, number);
    return { one, tab, number };
  });
  const search = h('input', { type: 'search', placeholder: say('search'), maxLength: 200 });
  search.ariaLabel = say('search');
  const all = h('input', { type: 'checkbox', onchange: selectAll });
  const list = h('ol.queue', { role: 'list', ariaLabel: say('queue') });
  const more = button('more', () => load(next).catch(complain), say('more'));
  const news = button('primary', () => load().catch(complain));
  const bulk = h('div.bulk', { hidden: true, role: 'group', ariaLabel: say('selectAll') });
  const toast = h('div.toast', { role: 'status' });
  const problem = alarm();
  main.replaceChildren(
    h('h1.unseen', {}, say('moderation')),
    h('div.tools', {}, h('div.tabs', {}, ...tabs.map(({ tab }) => tab)), search),
    h('div.line', {}, h('label', {}, all, ` ${say('selectAll')}`), keyList()),
    problem,
    h('div.news', {}, news),
    list,
    more,
    h('div.foot', {}, toast, bulk),
  );
  let typing;
  search.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => load().catch(complain), 250);
  };
  const looking = setInterval(() => !document.hidden && look(), lookEvery);
  const stopListening = listenToKeys({
    move,
    decide: (decision) => {
      const chosen = selection();
      if (chosen.length) decide(decision, chosen);
      else current?.decide(decision);
    },
    select: () => current && toggleBox(current),
    history: () => current?.toggleHistory(),
    undo: () => undo(),
    search: () => search.focus(),
    escape: () => {
      clearSelection();
      current?.close();
    },
  });
  addEventListener('pagehide', sendRemovals);
  choose('pending');
  return { close };

  function close() {
    isClosed = true;
    clearInterval(looking);
    sendRemovals();
    stopListening();
    removeEventListener('pagehide', sendRemovals);
  }

  function complain(why) {
    if (why.code === 'unauthenticated' || why.code === 'forbidden') return refused();
    problem.textContent = explain(why);
    problem.append(' ', button('quiet', () => load().catch(complain), say('again')));
  }

  function keyList() {
    const keys = Object.entries({
      j: 'next',
      k: 'previous',
      a: 'approve',
      s: 'markSpam',
      d: 'remove',
      u: 'undo',
      x: 'select',
      h: 'history',
      '/': 'search',
    });
    const items = keys.map(([key, word]) => h('span', {}, h('kbd', {}, key), ` ${say(word)}`));
    return h('details.keys', {}, h('summary', {}, say('keys')), h('div', {}, ...items));
  }

  // --- reading ---

  function choose(one) {
    status = one;
    for (const { one: of, tab } of tabs) tab.ariaPressed = of === one;
    load().catch(complain);
    count();
  }

  function queue(of, limit, { cursor, text } = {}) {
    const wanted = new URLSearchParams({ status: of, limit });
    if (text) wanted.set('q', text);
    if (cursor) wanted.set('cursor', cursor);
    return ask('GET', `/api/v1/moderation/queue?${wanted}`);
  }

  // The first page anew, or the one behind `cursor`.
  async function load(cursor) {
    const [of, text] = [status, search.value.trim()];
    const page = await queue(of, pageSize, { cursor, text });
    // Meanwhile something else may have been asked for.
    if (isClosed || of !== status || text !== search.value.trim()) return;
    problem.textContent = '';
    if (!cursor) {
      cards.clear();
      list.replaceChildren();
      current = undefined;
    }
    next = page.next;
    news.hidden = true;
    for (const one of page.items) if (!isGoing(one.id)) add(one);
    showState();
  }

  // Whether it is removed, as far as its moderator knows.
  function isGoing(id) {
    return done.some(({ timer, cards: some }) => timer && some.some((one) => one.comment.id === id));
  }

  function add(comment) {
    if (cards.has(comment.id)) return;
    const card = makeCard(comment);
    list.append(h('li', {}, card.element));
    if (!current) point(card);
  }

  function makeCard(comment) {
    const card = cardOf(desk, comment);
    cards.set(comment.id, card);
    card.element.addEventListener('focusin', () => point(card));
    return card;
  }

  // Shows what its author, or a reporter, has made of it meanwhile.
  function renew(card, comment) {
    const hadFocus = card.element.contains(document.activeElement);
    const made = makeCard(comment);
    made.box.checked = card.box.checked;
    card.element.replaceWith(made.element);
    if (card === current) point(made);
    if (hadFocus) made.element.focus();
  }

  function showState() {
    more.hidden = !next;
    const isEmpty = !cards.size && !next;
    if (isEmpty) list.replaceChildren(h('li.notice', {}, say('empty')));
    else list.querySelector(':scope > .notice')?.remove();
    all.disabled = isEmpty;
    selectionChanged();
  }

  // How many there are of each.
  async function count() {
    for (const { one } of tabs) await queue(one, countMax).then((page) => showCount(one, page), () => {});
  }

  function showCount(of, { items, next: isMore }) {
    const { number } = tabs.find(({ one }) => one === of);
    number.textContent = isMore ? `${items.length}+` : items.length;
  }

  // What changed meanwhile: what others decided goes, what is new is announced, and stays out of
  // the way until it is wanted.
  async function look() {
    const [of, text] = [status, search.value.trim()];
    const page = await queue(of, countMax, { text }).catch(() => null);
    if (!page || isClosed || of !== status || text !== search.value.trim()) return;
    if (!text) showCount(of, page);
    if (++looks % countEvery === 0) count();
    const there = new Set(page.items.map(({ id }) => id));
    if (!page.next)
      for (const [id, card] of cards)
        if (!there.has(id) && !card.element.contains(document.activeElement)) drop(card);
    for (const one of page.items) {
      const { comment } = cards.get(one.id) ?? {};
      if (!comment) continue;
      const isSame = comment.body_html === one.body_html && comment.reports === one.reports;
      if (isSame) comment.version = one.version;
      else renew(cards.get(one.id), one);
    }
    const waiting = new Set(done.flatMap(({ cards: some }) => some.map((one) => one.comment.id)));
    const fresh = next ? [] : page.items.filter(({ id }) => !cards.has(id) && !waiting.has(id));
    news.hidden = !fresh.length;
    news.textContent = say('fresh', { n: fresh.length });
    showState();
  }

  // --- which one, which ones ---

  function point(card) {
    if (current) current.element.classList.remove('current');
    if (current) current.element.tabIndex = -1;
    current = card;
    if (!card) return;
    card.element.classList.add('current');
    card.element.tabIndex = 0;
  }

  function move(by) {
    const order = [...cards.values()];
    const at = order.indexOf(current);
    const isThere = current?.element.contains(document.activeElement);
    const to = order[isThere ? Math.min(Math.max(at + by, 0), order.length - 1) : Math.max(at, 0)];
    to?.element.focus();
    to?.element.scrollIntoView({ block: 'nearest' });
  }

  function selection() {
    return [...cards.values()].filter(({ box }) => box.checked);
  }

  function toggleBox(card) {
    card.box.checked = !card.box.checked;
    selectionChanged();
  }

  function selectAll() {
    for (const { box } of cards.values()) box.checked = all.checked;
    selectionChanged();
  }

  function clearSelection() {
    for (const { box } of cards.values()) box.checked = false;
    selectionChanged();
  }

  function selectionChanged() {
    const chosen = selection();
    all.checked = chosen.length > 0 && chosen.length === cards.size;
    all.indeterminate = chosen.length > 0 && !all.checked;
    bulk.hidden = !chosen.length;
    const possible = ['approve', 'hold', 'spam', 'remove'].filter((decision) =>
      chosen.some(({ comment }) => decisionsFor(comment).includes(decision)),
    );
    const one = (decision) =>
      button(
        `do-${decision}`,
        () => decide(decision, selection()),
        say(decision === 'spam' ? 'markSpam' : decision),
      );
    bulk.replaceChildren(
      h('span', {}, say('selected', { n: chosen.length })),
      button('quiet', clearSelection, say('clear')),
      ...possible.map(one),
    );
  }

  // --- deciding ---

  async function decide(decision, chosen) {
    const some = chosen.filter(({ comment }) => decisionsFor(comment).includes(decision));
    if (!some.length) return;
    const step = { decision, cards: some, places: some.map(takeAway), isAsSeen: true };
    if (decision === 'remove') step.timer = setTimeout(() => sendRemoval(step), removeAfter);
    else if (!(await send(step))) return putBackAnew(step);
    done.push(step);
    tell(`did_${decision}`, step.cards.length, step);
    count();
  }

  // A decision is about what the moderator saw, and not about what its author made of it since.
  function asSeen({ comment }) {
    return { 'If-Match': `"${comment.version}"` };
  }

  // Sends a decision; whether the server took it. What it took of it alone stays in the step.
  async function send(step, isLast) {
    const refusals = [];
    try {
      for (let at = 0; at < step.cards.length; at += decisionsMax) {
        const ids = step.cards.slice(at, at + decisionsMax).map(({ comment }) => comment.id);
        const { items } = await ask('POST', '/api/v1/moderation/actions', {
          body: { ids, action: step.decision },
          keepalive: isLast,
          headers: step.isAsSeen && ids.length === 1 ? asSeen(step.cards[0]) : {},
        });
        refusals.push(...items.filter(({ error }) => error));
      }
    } catch (why) {
      complain(why);
      return false;
    }
    if (refusals.length) {
      const isRefused = (card) => refusals.some(({ id }) => id === card.comment.id);
      step.cards = step.cards.filter((card) => !isRefused(card));
      complain({ message: refusals[0].error });
    }
    return true;
  }

  async function sendRemoval(step, isLast) {
    const at = done.indexOf(step);
    if (at < 0) return;
    clearTimeout(step.timer);
    done.splice(at, 1);
    if (told === step) toast.replaceChildren();
    if (!(await send(step, isLast))) putBackAnew(step);
    else if (!isLast) count();
  }

  function sendRemovals() {
    for (const step of done.filter(({ timer }) => timer)) sendRemoval(step, true);
  }

  async function undo(step = done.at(-1)) {
    const at = done.indexOf(step);
    if (at < 0) return;
    clearTimeout(step.timer);
    done.splice(at, 1);
    for (const was of step.timer ? [] : statuses) {
      const some = step.cards.filter(({ comment }) => comment.status === was);
      if (some.length && !(await send({ decision: back[was], cards: some }))) {
        done.splice(at, 0, step);
        return;
      }
    }
    putBack(step);
    tell('undone');
    count();
  }

  // Off the page; the place is the item before which it stood.
  function takeAway(card) {
    const item = card.element.parentElement;
    const place = item.nextElementSibling;
    const hadFocus = card.element.contains(document.activeElement);
    const wasCurrent = card === current;
    const order = [...cards.values()];
    const after = order[order.indexOf(card) + 1] ?? order[order.indexOf(card) - 1];
    item.remove();
    cards.delete(card.comment.id);
    card.box.checked = false;
    if (wasCurrent) point(after);
    if (hadFocus || wasCurrent) after?.element.focus();
    showState();
    return place;
  }

  function drop(card) {
    card.element.parentElement.remove();
    cards.delete(card.comment.id);
    if (card === current) point([...cards.values()][0]);
  }

  // After a refusal: they may not be any more what they were.
  function putBackAnew(step) {
    putBack(step);
    look();
  }

  // Where they stood, as far as that is still there; not into the queue of another status.
  function putBack({ cards: some, places }) {
    for (let i = some.length - 1; i >= 0; --i) {
      if (some[i].comment.status !== status || cards.has(some[i].comment.id)) continue;
      const place = places[i]?.isConnected ? places[i] : null;
      list.insertBefore(some[i].element.parentElement, place);
      cards.set(some[i].comment.id, some[i]);
    }
    const order = [...list.querySelectorAll('.card')].map(({ id }) => id.slice('comment-'.length));
    const sorted = order.map((id) => [id, cards.get(id)]);
    cards.clear();
    for (const [id, card] of sorted) cards.set(id, card);
    showState();
    const first = some.find((card) => cards.get(card.comment.id) === card);
    if (first) point(first);
    first?.element.focus();
  }

  function tell(word, n = 2, step = undefined) {
    const parts = [h('span', {}, say(word, { n }))];
    if (step) parts.push(button('quiet', () => undo(step), say('undo'), ' ', h('kbd', {}, 'u')));
    told = step;
    toast.replaceChildren(...parts);
    clearTimeout(fading);
    fading = setTimeout(() => toast.replaceChildren(), toastFor);
  }
}
