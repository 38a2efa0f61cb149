// thread.js - a content's comments: reading, writing, and what happens meanwhile.
//
// `startThread` fills a shadow root and gives what ends it. What the parts of a thread share is the
// object `thread`: the words, the server, what is kept, the views of comments by id.

import { ask } from './api.js';
import { composer } from './composer.js';
import { alarm, button, h } from './elements.js';
import { keepFor } from './keep.js';
import { follow } from './live.js';
import { commentList } from './list.js';
import { wordsFor } from './words.js';

const kept = 30 * 86_400_000; // how long a browser knows which comments are its reader's
const jumpPages = 20; // pages that are loaded for a link to a comment, of 200 each
const freshMax = 20; // new comments that are shown one by one; more are a list anew

// When the proof of authorship `token` ends, in this browser's time: the server's may be another.
function endOf({ edit_token, created_at }) {
  const end = Number(atob(edit_token.split('.')[0]));
  return Date.now() + end - Date.parse(created_at);
}

export function startThread(host, root, settings) {
  const words = wordsFor(settings.lang, settings.strings);
  const { say } = words;
  const { base, contentId, token } = settings;
  const ticks = new Set();
  const fresh = new Set(); // ids of comments that came while one reads
  const changed = new Map(); // what events were about, by id, until it is looked at
  let sort = settings.sort;
  let version = 0;
  let roots;
  let timer;
  let isOver = false;

  const thread = {
    ...{ host, base, contentId, token, words },
    kept: keepFor(base, contentId),
    views: new Map(),
    own: new Map(),
    get sort() {
      return sort;
    },
    ask: (...request) => ask(base, ...request),
    proofOf: (id) => thread.own.get(id)?.token ?? token,
    eachSecond: (tick) => ticks.add(tick),
    announce: (what) => (status.textContent = what),
    scrolling: () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'),
    focus: () => title.focus(),
    ...{ added, explain, refresh },
  };
  for (const id of thread.kept.ids('own')) thread.own.set(id, thread.kept.take('own', id));

  const title = h('h2.title', { tabIndex: -1 }, say('comments'));
  const order = h('select.sort', { onchange: reorder, ariaLabel: say('sort') });
  for (const one of ['oldest', 'newest', 'top'])
    order.append(h('option', { value: one, selected: one === sort }, say(one)));
  const status = h('div.unseen', { role: 'status' });
  const write = composer(thread, { onDone: added });
  const notice = h('p.notice', { hidden: true });
  const news = button('primary.news', showFresh);
  news.hidden = true;
  const place = h('div.place');
  const section = h(
    'section.thread',
    { lang: words.locale },
    h('div.top', {}, title, order),
    status,
    write.element,
    notice,
    h('div.float', {}, news),
    place,
  );
  root.append(section);

  const clock = setInterval(() => {
    for (const tick of ticks) if (!tick()) ticks.delete(tick);
  }, 1_000);
  addEventListener('hashchange', jump);
  let unfollow;
  load().then(jump);

  return () => {
    isOver = true;
    clearInterval(clock);
    clearTimeout(timer);
    removeEventListener('hashchange', jump);
    unfollow?.();
    section.remove();
  };

  // The first page: a skeleton, then what came, or why not.
  async function load() {
    thread.views = new Map();
    fresh.clear();
    news.hidden = true;
    const mine = (roots = commentList(thread, null));
    place.replaceChildren(skeleton());
    settings.reserve();
    try {
      const page = await mine.more();
      if (isOver || mine !== roots) return;
      version = page.content.version;
      place.replaceChildren(roots.element);
      showContent(page.content);
      showOwn();
      unfollow ??= follow(thread, { after: () => version, onEvent: note });
    } catch (why) {
      if (isOver || mine !== roots) return;
      const retry = button('primary', () => load().then(jump), say('again'));
      place.replaceChildren(h('div.notice', {}, alarm(explain(why)), retry));
    }
    settings.release();
  }

  function skeleton() {
    const bone = () => h('div.bone', {}, h('i'), h('div', {}, h('i'), h('i'), h('i')));
    return h('div', { role: 'img', ariaLabel: say('loading') }, bone(), bone(), bone());
  }

  function showContent({ comments, status: mode }) {
    title.textContent = comments ? say('count', { n: comments }) : say('comments');
    order.hidden = comments < 2;
    const isLocked = mode === 'locked';
    section.classList.toggle('locked', isLocked);
    write.element.hidden = isLocked;
    const word = isLocked ? 'content_locked' : mode === 'premoderated' ? mode : comments ? '' : 'empty';
    notice.hidden = !word;
    notice.textContent = word && say(word);
  }

  // Comments of this reader's that wait for a moderator are in no list.
  async function showOwn() {
    for (const [id, { token, end }] of thread.own) {
      if (thread.views.has(id) || !(end > Date.now())) continue;
      const found = await find(id, token).catch(() => {});
      if (found?.status === 'pending') await putInPlace(found);
    }
  }

  function reorder() {
    sort = order.value;
    load();
  }

  function explain(why) {
    if (!why.code) throw why; // a mistake of ours, not of anybody's request
    if (words.has(why.code)) return say(why.code);
    return (why.code !== 'validation' && why.detail) || say('failed'); // that one tells of a list
  }

  // A comment that this reader has just posted.
  async function added(made) {
    if (made.edit_token) {
      const proof = { token: made.edit_token, end: endOf(made), until: Date.now() + kept };
      thread.own.set(made.id, proof);
      thread.kept.put('own', made.id, proof);
    }
    fresh.delete(made.id);
    showNews();
    if (made.status === 'published') count();
    thread.announce(say(made.status === 'published' ? 'posted' : 'waits'));
    const view = await putInPlace(made);
    view?.focus();
  }

  // Puts a comment where it belongs.
  async function putInPlace(comment) {
    if (!comment.parent_id) return roots.insert(comment, sort !== 'oldest');
    const above = thread.views.get(comment.parent_id);
    if (!above) return reach(comment.id);
    const view = (await above.openReplies()).insert(comment);
    await refresh(comment.parent_id); // it has one reply more
    return view;
  }

  // --- what happens meanwhile ---

  function note(event) {
    version = event.version;
    changed.set(event.comment_id, event);
    clearTimeout(timer);
    timer = setTimeout(lookAtChanges, 200);
  }

  async function lookAtChanges() {
    const events = [...changed.values()];
    changed.clear();
    for (const { comment_id: id, status: now, kind } of events) {
      if (thread.views.has(id)) await refresh(id);
      else if (now === 'published' && kind !== 'edited') fresh.add(id);
      else fresh.delete(id);
    }
    if (events.some(({ kind }) => kind !== 'voted' && kind !== 'edited')) count();
    showNews();
  }

  function showNews() {
    news.hidden = !fresh.size;
    const word = say('fresh', { n: fresh.size });
    if (!news.hidden && news.textContent !== word) thread.announce(word);
    news.textContent = word;
  }

  async function count() {
    const wanted = new URLSearchParams({ content_id: contentId, limit: 1 });
    const found = await thread.ask('GET', `/api/v1/comments?${wanted}`).catch(() => {});
    if (found && !isOver) showContent(found.content);
  }

  function find(id, proof) {
    return thread.ask('GET', `/api/v1/comments/${id}`, { token: proof });
  }

  // Shows one comment as it is now.
  async function refresh(id) {
    try {
      const own = thread.own.get(id);
      const found = await find(id, own?.end > Date.now() ? own.token : undefined);
      thread.views.get(id)?.update(found);
    } catch (why) {
      if (why.code === 'not_found') thread.views.get(id)?.vanish();
    }
  }

  async function showFresh() {
    const ids = [...fresh];
    fresh.clear();
    showNews();
    if (ids.length > freshMax) {
      await load();
      return title.focus();
    }
    let first;
    for (const id of ids) {
      const found = await find(id).catch(() => {});
      const view = found && (await putInPlace(found));
      view?.element.classList.add('marked');
      first ??= view;
    }
    (first ?? thread).focus();
  }

  // --- links to a comment ---

  function jump() {
    const id = /^#comment-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
    if (id && !isOver) jumpTo(id).catch((why) => thread.announce(explain(why)));
  }

  async function jumpTo(id) {
    const view = await reach(id);
    if (!view) return;
    for (const other of thread.views.values()) other.element.classList.remove('marked');
    view.element.classList.add('marked');
    view.focus('center');
  }

  // Loads what stands between it and what is on the page, up to a bound; behind that, it alone.
  async function reach(id) {
    const chain = [];
    for (let at = id; at;) {
      const found = await find(at).catch(() => {});
      if (found?.content_id !== contentId) return undefined;
      chain.unshift(found);
      at = found.parent_id;
    }
    let list = roots;
    for (const one of chain) {
      for (let pages = 0; !thread.views.has(one.id) && list.hasMore() && pages < jumpPages; ++pages)
        await list.more(200);
      list.insert(one);
      const view = thread.views.get(one.id);
      if (one.id !== id) list = await view.openReplies();
    }
    return thread.views.get(id);
  }
}
