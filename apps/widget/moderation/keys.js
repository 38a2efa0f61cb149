// keys.js - keys for everything that moderators do often, except while they type.

export function listenToKeys({ move, decide, select, history, undo, search, escape }) {
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    a: () => decide('approve'),
    s: () => decide('spam'),
    d: () => decide('remove'),
    u: undo,
    x: select,
    h: history,
    '/': search,
  };
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      event.preventDefault(); // or a search field would lose its text unnoticed
      event.target.blur?.();
      return escape();
    }
    const isTyping = event.target.closest?.('select, textarea, input:not([type=checkbox])');
    if (isTyping || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}
