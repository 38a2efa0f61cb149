// desk.js - the desk of a moderator: its elements, its keys, and what ends it.
//
// The parts of the desk share the object `desk`: the words, the server, the cards that are on the
// page, the decisions that can be undone. queue.js reads comments, selection.js chooses cards, and
// decisions.js decides.

import { alertLine, button, h } from '../thread/elements.js';
import { actionList } from './actions.js';
import { decide, sendRemovals, undo } from './decisions.js';
import { listenToKeys } from './keys.js';
import { choose, load, look, statuses } from './queue.js';
import {
  clearSelection,
  move,
  selectAll,
  selection,
  selectionChanged,
  toggleBox,
} from './selection.js';

const lookEvery = 5_000;
const typingPause = 250;

// `base` is where the server is, `ask` asks it in the moderator's name, and `refused` is called
// when it does not take the token any more. Returns `close`.
export function openDesk({ main, words, explain, base, ask, refused }) {
  const desk = {
    ...{ words, explain, base, ask, refused },
    cards: new Map(), // by id, in the order of the page
    done: [], // decisions that can be undone, the last one last
    status: 'pending', // of the comments that are shown
    next: null, // the cursor of the page behind
    current: undefined, // the card that keys are about
    undoable: undefined, // the decision that the toast offers to undo
    looks: 0,
    isClosed: false,
    decide: (decision, chosen) => decide(desk, decision, chosen),
    selectionChanged: () => selectionChanged(desk),
    undo: (step) => undo(desk, step),
    complain: (why) => complain(desk, why),
  };
  addElements(desk, main);
  const looking = setInterval(() => !document.hidden && look(desk), lookEvery);
  const stopListening = listenToKeys(keysOf(desk));
  const onLeave = () => sendRemovals(desk);
  addEventListener('pagehide', onLeave);
  choose(desk, 'pending');
  tellOfProxy(desk);
  return {
    close() {
      desk.isClosed = true;
      clearInterval(looking);
      sendRemovals(desk);
      stopListening();
      removeEventListener('pagehide', onLeave);
    },
  };
}

function addElements(desk, main) {
  const { say } = desk.words;
  const reload = () => load(desk).catch(desk.complain);
  desk.tabs = statuses.map((status) => {
    const number = h('b');
    const tab = button('tab', () => choose(desk, status), `${say(status)} `, number);
    return { status, tab, number };
  });
  desk.search = searchOf(say, reload);
  desk.all = h('input', { type: 'checkbox', onchange: () => selectAll(desk) });
  desk.list = h('ol.queue', { role: 'list', ariaLabel: say('queue') });
  desk.more = button('more', () => load(desk, desk.next).catch(desk.complain), say('more'));
  desk.news = button('primary', reload);
  desk.bulk = h('div.bulk', { hidden: true, role: 'group', ariaLabel: say('selectAll') });
  desk.toast = h('div.toast', { role: 'status' });
  desk.problem = alertLine();
  desk.notice = h('p.notice', { hidden: true, role: 'status' });
  main.replaceChildren(
    h('h1.unseen', {}, say('moderation')),
    h('div.tools', {}, h('div.tabs', {}, ...desk.tabs.map(({ tab }) => tab)), desk.search),
    h('div.line', {}, h('label', {}, desk.all, ` ${say('selectAll')}`), keyList(say)),
    desk.notice,
    actionList(desk),
    desk.problem,
    h('div.news', {}, desk.news),
    desk.list,
    desk.more,
    h('div.foot', {}, desk.toast, desk.bulk),
  );
}

// Tells of a proxy that the server does not hear, so that all readers count as one.
async function tellOfProxy({ ask, notice, words }) {
  const { items } = await ask('GET', '/api/v1/moderation/notices').catch(() => ({ items: [] }));
  for (const { code, header, address } of items) {
    const word = code === 'untrusted_proxy' ? 'untrustedProxy' : 'unreadProxy';
    notice.textContent = words.say(word, { header, address: address || words.say('itsAddress') });
    notice.hidden = false;
  }
}

// Returns the search field. It searches once the moderator stops typing for a moment.
function searchOf(say, reload) {
  let typing;
  const search = h('input', { type: 'search', placeholder: say('search'), maxLength: 200 });
  search.ariaLabel = say('search');
  search.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(reload, typingPause);
  };
  return search;
}

function keyList(say) {
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

function keysOf(desk) {
  return {
    move: (by) => move(desk, by),
    decide(decision) {
      const chosen = selection(desk);
      if (chosen.length) desk.decide(decision, chosen);
      else desk.current?.decide(decision);
    },
    select: () => desk.current && toggleBox(desk, desk.current),
    history: () => desk.current?.toggleHistory(),
    undo: () => desk.undo(),
    search: () => desk.search.focus(),
    escape() {
      clearSelection(desk);
      desk.current?.close();
    },
  };
}

function complain(desk, why) {
  if (why.code === 'unauthenticated' || why.code === 'forbidden') return desk.refused();
  const again = button('quiet', () => load(desk).catch(desk.complain), desk.words.say('again'));
  desk.problem.textContent = desk.explain(why);
  desk.problem.append(' ', again);
}
