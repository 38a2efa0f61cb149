// live.js - the events of a content while it is read (server-sent events).
//
// A browser has few connections to a server, and tabs share them. So only a page that the reader
// looks at has one. It goes on where it was when the reader looks at it again.

const kinds = ['posted', 'edited', 'moderated', 'voted', 'removed', 'reset'];
const closed = 2; // EventSource.CLOSED
const retryAfter = 30_000; // a browser gives up for good after a 503

// Calls `onEvent` with each event after `thread.version`, which it keeps up to date. One without a
// kind says that the comments were restored, so that all of them must be read again. Returns a
// function that ends it.
export function follow(thread, onEvent) {
  let source;
  let retry;
  let isNear = false;

  function settle() {
    const isWanted = isNear && !document.hidden;
    if (isWanted && !source) open();
    else if (!isWanted) close();
  }

  function open() {
    const wanted = new URLSearchParams({ content_id: thread.contentId, after: thread.version });
    source = new EventSource(`${thread.base}/api/v1/events?${wanted}`);
    for (const kind of kinds)
      source.addEventListener(kind, (said) => {
        thread.version = said.lastEventId;
        onEvent(JSON.parse(said.data));
      });
    source.onerror = () => {
      if (source?.readyState !== closed) return;
      close();
      retry = setTimeout(settle, retryAfter);
    };
  }

  function close() {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  }

  const sight = new IntersectionObserver(
    (seen) => {
      isNear = seen[0].isIntersecting;
      settle();
    },
    { rootMargin: '1000px' },
  );
  sight.observe(thread.host);
  document.addEventListener('visibilitychange', settle);
  return () => {
    sight.disconnect();
    document.removeEventListener('visibilitychange', settle);
    close();
  };
}
