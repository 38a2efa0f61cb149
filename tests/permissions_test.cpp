#include <comments/permissions.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace comments;
using namespace std::chrono_literals;

namespace {

using role = enum principal::role;
const instant noon = from_milliseconds(1'700'000'000'000);
const principal stranger{};
const principal moderator{.role = role::moderator};
const principal ana{.role = role::user, .subject = "17", .email = "ana@example.com"};

std::string code(const result<done>& allowed) {
  if (allowed) return "ok";
  switch (allowed.error().code) {
    case errc::unauthenticated: return "unauthenticated";
    case errc::forbidden: return "forbidden";
    case errc::not_found: return "not_found";
    case errc::edit_window_closed: return "edit_window_closed";
    default: return "other";
  }
}

}  // namespace

TEST_CASE("moderators may; for known callers it is forbidden, unknown ones may prove themselves") {
  CHECK(code(need_moderator(moderator)) == "ok");
  CHECK(code(need_moderator({.role = role::moderator, .subject = "ana"})) == "ok");
  CHECK(code(need_moderator(stranger)) == "unauthenticated");
  for (const role known : {role::editor, role::user, role::pipeline})
    CHECK(code(need_moderator({.role = known, .subject = "ana"})) == "forbidden");
}

TEST_CASE("what is a user's is for that user and for moderators") {
  CHECK(code(need_user(ana, "17")) == "ok");
  CHECK(code(need_user(ana, "18")) == "forbidden");
  CHECK(code(need_user(ana, "")) == "forbidden");
  CHECK(code(need_user(moderator, "17")) == "ok");
  CHECK(code(need_user({.role = role::moderator, .subject = "17"}, "18")) == "ok");
  CHECK(code(need_user(stranger, "")) == "unauthenticated");
  CHECK(code(need_user({.subject = "17"}, "17")) == "unauthenticated");
  CHECK(code(need_user({.role = role::editor, .subject = "17"}, "17")) == "forbidden");
}

TEST_CASE("whether a comment may be changed depends on the caller, its status and its age") {
  comment mine{.id = comment_id{{1}}, .author = {.verified = true, .subject = "17"}};
  const principal editor{.role = role::editor, .comment = mine.id};
  const principal other_editor{.role = role::editor, .comment = comment_id{{2}}};
  const principal bob{.role = role::user, .subject = "18"};
  const principal pipeline{.role = role::pipeline};
  const struct {
    const principal& who;
    std::string published, hidden;
  } table[] = {{stranger, "unauthenticated", "not_found"},
               {other_editor, "forbidden", "not_found"},
               {bob, "forbidden", "not_found"},
               {pipeline, "forbidden", "not_found"},
               {editor, "ok", "ok"},
               {ana, "ok", "ok"},
               {moderator, "ok", "ok"}};
  for (const auto& row : table)
    for (const status stands :
         {status::published, status::pending, status::spam, status::removed}) {
      mine.status = stands;
      CHECK(code(may_change(row.who, mine, instant{}, 15min)) ==
            (stands == status::removed     ? "not_found"
             : stands == status::published ? row.published
                                           : row.hidden));
    }
}

TEST_CASE("an author's time is the edit window, to the ms; a moderator has all time") {
  const comment mine{.author = {.verified = true, .subject = "17"}, .created_at = noon};
  CHECK(code(may_change(ana, mine, noon + 2min, 2min)) == "ok");
  CHECK(code(may_change(ana, mine, noon + 2min + 1ms, 2min)) == "edit_window_closed");
  CHECK(code(may_change(moderator, mine, noon + 100h, 2min)) == "ok");
  CHECK(code(may_change(stranger, mine, noon + 100h, 2min)) == "unauthenticated");
}
