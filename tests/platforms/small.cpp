// small.cpp - a comment section in memory, as a program on any platform has it. It neither throws
// nor needs run-time types, and says what went wrong.

#include <comments/comments.hpp>
#include <comments/rules/links.hpp>
#include <comments/store/content_cache.hpp>
#include <comments/store/copy.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/testing/failing_store.hpp>
#include <comments/testing/service.hpp>

#include <cstddef>
#include <cstdio>

namespace {

bool check(bool is_true, const char* claim) {
  if (!is_true) std::printf("not true: %s\n", claim);
  return is_true;
}

bool keeps_comments() {
  using namespace comments;
  const principal user{.role = principal::role::user, .subject = "ana"};
  memory_store store;
  service service{store, {.rules = {rules::links(1)}}};
  const principal moderator{.role = principal::role::moderator};
  const auto first = service.post({.content_id = "1", .author = {.name = "Ana"}, .body = "Oi"});
  if (!check(first.has_value(), "a comment is posted")) return false;
  const comment_id id = first->stored.id;
  const auto reply = service.post({.content_id = "1", .parent = id, .body = "Bom dia"});
  const auto held = service.post({.content_id = "1", .body = "http://a.example http://b.example"});
  const auto refused = service.post({.content_id = "1", .body = ""});
  const auto listed = service.list({.content_id = "1"});
  return check(parse_comment_id(to_string(id)) == id, "its id is read back") &&
         check(reply && reply->stored.parent == id, "it is answered") &&
         check(held && held->stored.status == status::pending, "a rule holds a comment") &&
         check(!refused && refused.error().code == errc::invalid, "an empty one is refused") &&
         check(listed && listed->items.size() == 1,
               "a list has the comments that are no replies") &&
         check(service.vote(id, user, true).has_value(), "a vote counts") &&
         check(service.remove(id, moderator).has_value(), "a moderator removes it");
}

bool uses_threads() {
  using namespace comments;
  bool is_done = false;
  {
    background beside;
    beside.begin([&] { is_done = true; });
  }
  group_commit<int, int> commits{{}, [](auto works, auto outcomes) {
                                   for (std::size_t i = 0; i < works.size(); ++i)
                                     outcomes[i] = 2 * *works[i];
                                 }};
  const auto outcome = commits.submit(21).outcome;
  return check(is_done, "work is done in the background") &&
         check(outcome == 42, "a commit has an outcome") &&
         check(guarded([] { return 7; }) == 7, "a guarded call returns");
}

}  // namespace

int main() { return keeps_comments() && uses_threads() ? 0 : 1; }
