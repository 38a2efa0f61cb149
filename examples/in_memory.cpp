// in_memory - comments inside a program, with nothing but the standard library.
//
// Shows a comment, a reply to it, both lists, and a draft that is refused with all its mistakes at
// once.

#include <comments/comments.hpp>

#include <iostream>

int main() {
  comments::memory_store store;
  comments::service service{store};

  const auto first = service.post(
      {.content_id = "1", .author = {.email = "guilherme@example.com"}, .body = "Primeiro Post!"});
  if (!first) return 1;
  const comments::comment_id id = first->stored.id;
  const auto reply = service.post({.content_id = "1",
                                   .parent = id,
                                   .author = {.email = "matheus@example.com"},
                                   .body = "Parabens pelo novo post!"});
  if (!reply) return 1;

  const auto roots = service.list({.content_id = "1"});
  const auto replies =
      service.list({.content_id = "1", .scope = comments::scope::replies, .parent = id});
  if (!roots || roots->items.size() != 1 || !replies || replies->items.size() != 1) return 1;
  std::cout << roots->items[0].body << "\n  " << replies->items[0].body << "\n"
            << "content 1 has " << roots->content.comments << " comments and is at version "
            << roots->content.version << "\n";

  const auto refused = service.post({.author = {.email = "a@b@c"}, .body = " "});
  if (refused || refused.error().code != comments::errc::invalid) return 1;
  std::cout << refused.error().message << "\n";
  for (const auto& [pointer, code] : refused.error().violations)
    std::cout << "  " << pointer << " " << code << "\n";
  return refused.error().violations.size() == 3 ? 0 : 1;
}
