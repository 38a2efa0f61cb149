// replies.js - the replies to a comment, behind the button that opens them.

import { button } from './elements.js';

// Calls `complain` with the error if the replies cannot be loaded.
export function repliesOf(thread, complain) {
  const { say } = thread.words;
  let comment; // the one that they answer, as it was shown last
  let list; // once it is loaded
  let opening; // a promise, while the list is loaded
  const element = button('toggle', async () => {
    if (!list || list.element.hidden) return open().catch(complain);
    list.element.hidden = true;
    showToggle();
  });

  function showToggle() {
    const isOpen = !!list && !list.element.hidden;
    element.hidden = !comment.replies && (!list || list.isEmpty());
    element.textContent = isOpen ? say('hide') : say('replies', { n: comment.replies });
    element.ariaExpanded = isOpen;
  }

  // Returns the list, once it is on the page.
  async function open() {
    if (!list) {
      const made = thread.listOf(comment);
      opening ??= made.more().then(() => (list = made));
      await opening.finally(() => (opening = null));
      element.after(list.element);
    }
    list.element.hidden = false;
    showToggle();
    return list;
  }

  return {
    element,
    open,
    show(now) {
      comment = now;
      showToggle();
    },
  };
}
