#include <comments/deployments/deployment.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/violations.hpp"

using namespace comments;

namespace {

const deployment fine{.component = "comments",
                      .version = "1.2.0-rc.1+74ea099",
                      .responsible = "Zoë \U0001F469\u200D\U0001F4BB",
                      .status = deployment_status::in_progress,
                      .run = "https://example.com/runs/1"};
const deployment_limits most{};

// A field, its name, the most of it, and whether it may be empty.
struct field {
  std::string deployment::*member;
  std::string pointer;
  std::size_t bytes_max;
  bool may_be_empty;
};
const field fields[] = {
    {&deployment::component, "/component", most.component_bytes_max, false},
    {&deployment::version, "/version", most.version_bytes_max, false},
    {&deployment::responsible, "/responsible", most.responsible_bytes_max, false},
    {&deployment::run, "/run", most.run_bytes_max, true},
};

std::vector<violation> found_in(const field& where, const std::string& text) {
  deployment said = fine;
  said.*where.member = text;
  return check(said, most);
}

}  // namespace

TEST_CASE("a record that is fine comes back as it was") {
  CHECK(check(fine, most).empty());
  CHECK(validate(fine, most).value() == fine);
  deployment of_no_run = fine;
  of_no_run.run.clear();
  CHECK(validate(of_no_run, most).value() == of_no_run);
}

TEST_CASE("each field may be as long as its limit, and not a byte longer") {
  for (const field& one : fields) {
    CAPTURE(one.pointer);
    CHECK(found_in(one, std::string(one.bytes_max, 'x')).empty());
    for (const char c : {'x', ' '})
      CHECK(to_line(found_in(one, std::string(one.bytes_max + 1, c))) == one.pointer + " too_long");
  }
}

TEST_CASE("all but the run must be there to be seen") {
  for (const field& one : fields) {
    CAPTURE(one.pointer);
    CHECK(found_in(one, "").empty() == one.may_be_empty);
    for (const std::string blank : {"", " ", "\t\n", "\u200b", "\u00a0"})
      if (!one.may_be_empty) CHECK(to_line(found_in(one, blank)) == one.pointer + " required");
  }
}

TEST_CASE("each field is one line of text that hides nothing") {
  for (const field& one : fields) {
    CAPTURE(one.pointer);
    for (const std::string& line :
         {std::string{"a\nb"}, std::string{"a\tb"}, std::string{"a\0b", 3}, std::string{"\x1b[2J"}})
      CHECK(to_line(found_in(one, line)) == one.pointer + " control_character");
    CHECK(to_line(found_in(one, "a\xff")) == one.pointer + " encoding");
    CHECK(to_line(found_in(one, "1.0\u202e0.1")) == one.pointer + " invisible_character");
  }
}

TEST_CASE("every mistake is named at once, in the order of the fields") {
  const deployment wrong{.component = " ",
                         .version = std::string(most.version_bytes_max + 1, 'x'),
                         .responsible = "\xff",
                         .run = "\n"};
  const auto refused = validate(wrong, most);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::invalid);
  CHECK(to_line(refused.error().violations) ==
        "/component required, /version too_long, /responsible encoding, /run control_character");
}

TEST_CASE("a status has its name, and a run ends with success, failure or cancellation") {
  const struct {
    deployment_status status;
    std::string name;
    bool ends;
  } table[] = {{deployment_status::pending, "pending", false},
               {deployment_status::in_progress, "in_progress", false},
               {deployment_status::success, "success", true},
               {deployment_status::failure, "failure", true},
               {deployment_status::cancelled, "cancelled", true}};
  for (const auto& row : table) {
    CHECK(to_text(row.status) == row.name);
    CHECK(parse<deployment_status>(row.name) == row.status);
    CHECK(is_final(row.status) == row.ends);
  }
  for (const std::string other : {"", "Success", "succeeded", "in progress"})
    CHECK_FALSE(parse<deployment_status>(other).has_value());
}
