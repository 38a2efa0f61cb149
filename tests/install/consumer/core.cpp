// A program that needs nothing but the core: one comment, kept in memory.

#include <comments/comments.hpp>

#include <iostream>

int main() {
  comments::memory_store store;
  comments::service service{store};
  const auto posted = service.post({.content_id = "1", .body = "Primeiro Post!"});
  const auto page = service.list({.content_id = "1"});
  std::cout << comments::library_version << "\n";
  return posted && page && page->items.size() == 1 ? 0 : 1;
}
