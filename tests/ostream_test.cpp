#include <comments/ostream.hpp>

#include <comments/moderation.hpp>
#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using namespace comments;

namespace {

template <typename T>
std::string written(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

TEST_CASE("enumerations are written by their names") {
  CHECK(written(errc::malformed) == "malformed");
  CHECK(written(errc::in_doubt) == "in_doubt");
  CHECK(written(status::spam) == "spam");
  CHECK(written(content_status::first_comment) == "first-comment");
  CHECK(written(event_kind::voted) == "voted");
  CHECK(written(decision::approve) == "approve");
  CHECK(written(action::refuse) == "refuse");
  CHECK(written(sort::top) == "top");
}

TEST_CASE("an error says its code, its sentence and what it is about") {
  CHECK(written(error{}) == "unavailable");
  CHECK(written(error{errc::invalid, "No.", {{"/body", "required"}, {"limit", "format"}}}) ==
        "invalid: No. (/body: required) (limit: format)");
  CHECK(written(violation{"/body", "required"}) == "/body: required");
}

TEST_CASE("ids, comments, contents and events say what they are") {
  CHECK(written(comment_id{}) == "00000000-0000-0000-0000-000000000000");
  const comment said{
      .content_id = "1", .position = 2, .author = {.name = "Ana"}, .body = "Oi", .version = 3};
  CHECK(written(said) ==
        "published comment 00000000-0000-0000-0000-000000000000 on \"1\" at 2, "
        "version 3, by \"Ana\": \"Oi\"");
  CHECK(written(content{"1", 3, 2, {}}) == "content \"1\", version 3, 2 comments");
  CHECK(written(content{"1", 3, 2, content_status::locked}) ==
        "content \"1\", version 3, 2 comments, locked");
  CHECK(
      written(event{.content_id = "1", .version = 4, .by = "author"}) ==
      "posted at version 4 of \"1\", comment 00000000-0000-0000-0000-000000000000, by \"author\"");
}

TEST_CASE("a result is written as its value, or as its error") {
  CHECK(written(result<status>{status::spam}) == "spam");
  CHECK(written(result<done>{ok()}) == "done");
  CHECK(written(result<int>{error{errc::conflict, "No."}}) == "conflict: No.");
  CHECK(written(result<std::vector<int>>{std::vector<int>{}}) == "a value");
}
