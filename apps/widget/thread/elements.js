// elements.js - makes elements from a tag, properties and children. HTML enters the page only here.

// h('button.vote', { onclick, 'aria-pressed': true }, 'Up'): a class is a ::part, too. A name
// with a dash is an attribute, every other name a property. Children that are null, undefined or
// false are left out.
export function h(tag, properties, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes[0]) element.className = element.part = classes.join(' ');
  for (const key in properties) {
    if (/-/.test(key)) element.setAttribute(key, properties[key]);
    else element[key] = properties[key];
  }
  element.append(...children.filter((child) => child || child === ''));
  return element;
}

// Returns a button that submits nothing.
export const button = (kind, onclick, ...children) =>
  h(`button.${kind}`, { type: 'button', onclick }, ...children);

// Returns a line for an error. Screen readers read it aloud once it has a text.
export const alertLine = (text = '') => h('p.problem', { role: 'alert' }, text);

// Returns a drawing of one path in a square of 24.
export function icon(path) {
  const [svg, line] = ['svg', 'path'].map((name) =>
    document.createElementNS('http://www.w3.org/2000/svg', name),
  );
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.ariaHidden = true;
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

let policy;

// Pages that demand Trusted Types name the policy "comments-thread" in their CSP.
function trusted(html) {
  policy ??= globalThis.trustedTypes?.createPolicy('comments-thread', {
    createHTML: (text) => text,
  });
  return policy ? policy.createHTML(html) : html;
}

// Puts into `element` the HTML that the server made of a comment. It is safe as it is: the server
// writes 17 elements and four attributes, and nothing that runs.
export function showHtml(element, html) {
  element.innerHTML = trusted(html);
}
