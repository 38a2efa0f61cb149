// own_store - comments in a store of your own.
//
// own_store.hpp shows what such a store has to do. Here it is one like any other: a service keeps
// its comments there, and the test of the library's own stores passes on it, too.

#include <comments/comments.hpp>

#include <iostream>

#include "own_store.hpp"

int main() {
  own_store store;
  comments::service service{store};

  const comments::draft first{.content_id = "1", .body = "Primeiro Post!", .key = "k1"};
  const auto posted = service.post(first);
  const auto again = service.post(first);  // a retry, with the same key
  if (!posted || !again) return 1;
  const auto reply = service.post(
      {.content_id = "1", .parent = posted->stored.id, .body = "Segundo!", .key = "k2"});
  const auto page = service.list({.content_id = "1"});
  if (!reply || !page) return 1;
  std::cout << page->content.comments << " comments, " << page->items.front().replies
            << " of them a reply\n";
  return again->replayed && page->content.comments == 2 ? 0 : 1;
}
