// below.js - what opens below the text of a comment: a form, a question, or an answer.

import { alertLine, h } from './elements.js';
import { explain } from './find.js';

export function belowOf(thread, view) {
  const element = h('div');
  let opener; // the button that opened what is there
  return { element, open, close, tell, complain };

  // Shows a form in place of the one before. When it is closed, the focus goes back to the button
  // that opened it.
  function open(from, form, hidesText) {
    element.replaceChildren(form.element);
    view.body.hidden = hidesText;
    opener = from;
    form.focus();
  }

  function close() {
    element.replaceChildren();
    view.body.hidden = false;
    if (opener.hidden) view.focus();
    else opener.focus();
  }

  function tell(text) {
    close();
    element.replaceChildren(h('p.hint', {}, text));
    thread.announce(text);
  }

  function complain(why) {
    element.replaceChildren(alertLine(explain(thread, why)));
  }
}
