// embed.js - <comment-thread content-id="1">: the custom element that a site puts into its page.
//
//   <script type="module" src="https://comments.example.com/embed.js"></script>
//   <comment-thread content-id="1"></comment-thread>
//
// Attributes: content-id; api (the server, if it is not the script's own); lang; theme (light,
// dark); sort (oldest, newest, top); token (a JWT that signs the reader in). A site's own words are
// the property `strings` or, as JSON, the attribute of that name. Changing any of them starts anew.

import css from './thread.css' with { type: 'text' };
import { startThread } from './thread.js';

// Where the server is: this script lies at its root, or in its folder of assets.
const home = new URL(import.meta.url.replace(/(assets\/)?[^/]*$/, ''));
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

class CommentThread extends HTMLElement {
  static observedAttributes = ['content-id', 'api', 'lang', 'sort', 'strings', 'token'];
  #end;
  #strings;
  #isDue = false;

  get strings() {
    return this.#strings;
  }
  set strings(words) {
    this.#strings = words;
    this.#restart();
  }

  connectedCallback() {
    this.#restart();
  }
  attributeChangedCallback() {
    if (this.#end) this.#restart();
  }
  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#stop()); // it may only have been moved
  }

  // Several changes at once start the thread anew once.
  #restart() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#stop();
      if (this.isConnected) this.#start();
    });
  }

  #stop() {
    this.#end?.();
    this.#end = undefined;
  }

  #start() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    const attribute = (name, other) => this.getAttribute(name) ?? other;
    this.#end = startThread(this, root, {
      base: attribute('api', home.href).replace(/\/+$/, ''),
      contentId: attribute('content-id', location.pathname),
      lang: this.closest('[lang]')?.lang || navigator.language,
      strings: this.#strings ?? this.#readStrings(),
      sort: attribute('sort', 'oldest'),
      token: attribute('token'),
      reserve: () => this.#reserve(),
      release: () => this.#release(),
    });
  }

  #readStrings() {
    try {
      return JSON.parse(this.getAttribute('strings') ?? '{}');
    } catch (mistake) {
      console.error('comment-thread: strings is no JSON', mistake);
      return {};
    }
  }

  // Until the comments are there, the content below is kept out of sight, so that it does not jump.
  // If the comments are few, it stays below the window's edge while they are in sight.
  #reserve() {
    this.shadowRoot.lastChild.style.minHeight = '100vh';
  }
  #release() {
    const { style } = this.shadowRoot.lastChild;
    style.minHeight = '';
    const { top, bottom } = this.getBoundingClientRect();
    if (Math.max(top, bottom) >= innerHeight) return;
    style.minHeight = `${innerHeight - top}px`;
    const sight = new IntersectionObserver(([seen]) => {
      if (seen.isIntersecting) return;
      style.minHeight = '';
      sight.disconnect();
    });
    sight.observe(this);
  }
}

if (!customElements.get('comment-thread')) customElements.define('comment-thread', CommentThread);
