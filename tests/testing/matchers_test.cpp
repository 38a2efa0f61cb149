#include <comments/testing/matchers.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using namespace comments;

namespace {

std::string shown(const auto& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

TEST_CASE("a result is compared with what a test expects of it") {
  const result<int> value{7};
  const result<int> refused = error{errc::invalid, "No.", {{"/body", "required"}, {"/a", "long"}}};
  CHECK(value == succeeds());
  CHECK(succeeds() == value);
  CHECK(refused != succeeds());
  CHECK(refused == fails_with(errc::invalid));
  CHECK(refused == fails_with(errc::invalid, "/body"));
  CHECK(refused == fails_with(errc::invalid, "/a"));
  CHECK(refused != fails_with(errc::invalid, "/b"));
  CHECK(refused != fails_with(errc::not_found));
  CHECK(value != fails_with(errc::invalid));
}

TEST_CASE("a comment, posted or found, is compared with a status") {
  comment spam;
  spam.status = status::spam;
  const result<comment> found{spam};
  const result<post_result> posted{post_result{.stored = spam}};
  const result<comment> missing = comment_not_found();
  CHECK(found == has_status(status::spam));
  CHECK(found != has_status(status::published));
  CHECK(posted == has_status(status::spam));
  CHECK(posted != has_status(status::published));
  CHECK(missing != has_status(status::published));
}

TEST_CASE("what is expected is said in words") {
  CHECK(shown(succeeds()) == "any value");
  CHECK(shown(fails_with(errc::not_found)) == "an error not_found");
  CHECK(shown(fails_with(errc::invalid, "/body")) == "an error invalid about /body");
  CHECK(shown(has_status(status::pending)) == "a comment that is pending");
}
