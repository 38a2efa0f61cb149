// thread.js - a content's comments: reading, writing, and what happens meanwhile.
//
// `startThread` fills a shadow root and returns a function that ends the thread. The parts of a
// thread share the object `thread`: the words, the server, what this browser keeps, the views of
// comments by id.

import { ask } from './api.js';
import { composer } from './composer.js';
import { alertLine, button, h } from './elements.js';
import { explain, find } from './find.js';
import { frameOf, skeleton } from './frame.js';
import { keepFor } from './keep.js';
import { follow } from './live.js';
import { commentList } from './list.js';
import { newsOf } from './news.js';
import { jump, putInPlace } from './place.js';
import { wordsFor } from './words.js';

const ownFor = 30 * 86_400_000; // how long a browser knows which comments are its reader's
const freshMax = 20; // new comments that are shown one by one; for more the list is loaded anew

// Returns when the edit token ends, by this browser's clock, which may differ from the server's.
function endOf({ edit_token, created_at }) {
  const end = Number(atob(edit_token.split('.')[0]));
  return Date.now() + end - Date.parse(created_at);
}

export function startThread(host, root, settings) {
  const thread = makeThread(host, settings);
  const { ticks } = thread;
  const news = newsOf(thread, (ids) => showFresh(thread, ids));
  thread.news = news;
  const form = composer(thread, { onDone: thread.added }).element;
  const onOrder = (sort) => {
    thread.sort = sort;
    load(thread);
  };
  Object.assign(thread, frameOf(thread, form, news.element, onOrder));
  root.append(thread.element);
  const clock = setInterval(() => {
    for (const tick of ticks) if (!tick()) ticks.delete(tick);
  }, 1_000);
  const onHash = () => jump(thread);
  addEventListener('hashchange', onHash);
  load(thread).then(onHash);
  return () => {
    thread.isOver = true;
    clearInterval(clock);
    news.end();
    removeEventListener('hashchange', onHash);
    thread.unfollow?.();
    thread.element.remove();
  };
}

function makeThread(host, settings) {
  const { base, contentId, lang, strings } = settings;
  const thread = {
    ...settings, // `sort` is the order that the reader chose last
    host,
    words: wordsFor(lang, strings),
    kept: keepFor(base, contentId),
    views: new Map(), // of comments, by id
    own: new Map(), // proofs of authorship, by id
    ticks: new Set(),
    ask: (...request) => askAsBrowser(thread, ...request),
    listOf: (parent) => commentList(thread, parent),
    proofOf: (id) => thread.own.get(id)?.token ?? thread.token,
    scrolling: () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'),
    added: (made) => added(thread, made),
    count: () => count(thread),
  };
  for (const id of thread.kept.idsOf('own')) thread.own.set(id, thread.kept.take('own', id));
  return thread;
}

// Asks as the browser that was here before, and keeps the proof of that which comes back. A reader
// without a comment here reads without it: the answer is the same, and other sites' pages would have
// to ask first whether they may send it.
async function askAsBrowser(thread, method, path, options) {
  const proof = (method !== 'GET' || thread.own.size) && thread.kept.take('proof', '');
  const headers = proof ? { 'Comments-Browser': proof } : {};
  const made = await ask(thread.base, method, path, { ...options, headers });
  if (made?.browser) thread.kept.put('proof', '', made.browser);
  return made;
}

// Loads the first page. Shows a skeleton, then the comments or an error.
async function load(thread) {
  const { place, words, news } = thread;
  thread.views = new Map();
  news.clear();
  const roots = thread.listOf(null);
  thread.roots = roots;
  place.replaceChildren(skeleton(words));
  thread.reserve();
  try {
    const { content } = await roots.more();
    if (thread.isOver || roots !== thread.roots) return;
    thread.version = `${content.version}-${content.epoch ?? ''}`;
    place.replaceChildren(roots.element);
    thread.showContent(content);
    thread.unfollow ??= follow(thread, (event) =>
      event.kind ? news.note(event) : load(thread),
    );
  } catch (why) {
    if (thread.isOver || roots !== thread.roots) return;
    const reload = () => load(thread).then(() => jump(thread));
    const retry = button('primary', reload, words.say('again'));
    place.replaceChildren(h('div.notice', {}, alertLine(explain(thread, why)), retry));
  }
  thread.release();
}

// Asks how many comments there are now.
async function count(thread) {
  const wanted = new URLSearchParams({ content_id: thread.contentId, limit: 1 });
  const found = await thread.ask('GET', `/api/v1/comments?${wanted}`).catch(() => {});
  if (found && !thread.isOver) thread.showContent(found.content);
}

// Shows a comment that this reader has just posted.
async function added(thread, made) {
  if (made.edit_token) {
    const proof = { token: made.edit_token, end: endOf(made), until: Date.now() + ownFor };
    thread.own.set(made.id, proof);
    thread.kept.put('own', made.id, proof);
  }
  thread.news.forget(made.id);
  const isPublished = made.status === 'published';
  if (isPublished) count(thread);
  thread.announce(thread.words.say(isPublished ? 'posted' : 'waits'));
  (await putInPlace(thread, made))?.focus();
}

async function showFresh(thread, ids) {
  if (ids.length > freshMax) {
    await load(thread);
    return thread.focus();
  }
  let first;
  for (const id of ids) {
    const found = await find(thread, id).catch(() => {});
    const view = found && (await putInPlace(thread, found));
    view?.element.classList.add('marked');
    first ??= view;
  }
  (first ?? thread).focus();
}
