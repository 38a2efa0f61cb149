// selection.js - the card that keys are about, and the cards that are selected.

import { button, h } from '../thread/elements.js';
import { decisionsFor } from './card.js';

// Makes a card the current one. Without a card no card is current.
export function point(desk, card) {
  if (desk.current) {
    desk.current.element.classList.remove('current');
    desk.current.element.tabIndex = -1;
  }
  desk.current = card;
  if (!card) return;
  card.element.classList.add('current');
  card.element.tabIndex = 0;
}

// Moves the focus by so many cards. If the focus is not in the current card, it goes there first.
export function move({ cards, current }, by) {
  const order = [...cards.values()];
  const at = order.indexOf(current);
  const isThere = current?.element.contains(document.activeElement);
  const to = order[isThere ? Math.min(Math.max(at + by, 0), order.length - 1) : Math.max(at, 0)];
  to?.element.focus();
  to?.element.scrollIntoView({ block: 'nearest' });
}

// Returns the cards that are selected.
export function selection({ cards }) {
  return [...cards.values()].filter(({ box }) => box.checked);
}

export function toggleBox(desk, card) {
  card.box.checked = !card.box.checked;
  selectionChanged(desk);
}

export function selectAll(desk) {
  for (const { box } of desk.cards.values()) box.checked = desk.all.checked;
  selectionChanged(desk);
}

export function clearSelection(desk) {
  for (const { box } of desk.cards.values()) box.checked = false;
  selectionChanged(desk);
}

// Shows the decisions that are possible about the selected cards.
export function selectionChanged(desk) {
  const { all, bulk, cards } = desk;
  const { say } = desk.words;
  const chosen = selection(desk);
  all.checked = chosen.length > 0 && chosen.length === cards.size;
  all.indeterminate = chosen.length > 0 && !all.checked;
  bulk.hidden = !chosen.length;
  const possible = ['approve', 'hold', 'spam', 'remove'].filter((decision) =>
    chosen.some(({ comment }) => decisionsFor(comment).includes(decision)),
  );
  const buttonFor = (decision) =>
    button(
      `do-${decision}`,
      () => desk.decide(decision, selection(desk)),
      say(decision === 'spam' ? 'markSpam' : decision),
    );
  bulk.replaceChildren(
    h('span', {}, say('selected', { n: chosen.length })),
    button('quiet', () => clearSelection(desk), say('clear')),
    ...possible.map(buttonFor),
  );
}
