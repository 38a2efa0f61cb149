#include <comments/moderation.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/violations.hpp"

using namespace comments;

namespace {

const draft fine{.content_id = "1", .body = "Primeiro post!"};

rule saying(verdict what) {
  return [what](const draft&, const arrival&) { return what; };
}
verdict judged(std::vector<verdict> verdicts) {
  std::vector<rule> rules;
  for (verdict& one : verdicts) rules.push_back(saying(std::move(one)));
  return judge(rules, fine, {}).value();
}

// "published" … , or "" for a move that is not legal.
std::string moved(status from, decision what) {
  const auto to = comments::move(from, what);
  return to ? std::string{to_text(*to)} : "";
}

}  // namespace

TEST_CASE("each decision takes each status where the table says, and nowhere else") {
  const struct {
    status from;
    std::string approve, hold, spam, remove;
  } table[] = {{status::published, "published", "pending", "spam", "removed"},
               {status::pending, "published", "", "spam", "removed"},
               {status::spam, "published", "pending", "", "removed"},
               {status::removed, "", "", "", ""}};
  for (const auto& row : table) {
    CHECK(moved(row.from, decision::approve) == row.approve);
    CHECK(moved(row.from, decision::hold) == row.hold);
    CHECK(moved(row.from, decision::spam) == row.spam);
    CHECK(moved(row.from, decision::remove) == row.remove);
  }
}

TEST_CASE("the table is there when a program is compiled") {
  static_assert(comments::move(status::pending, decision::approve) == status::published);
  static_assert(comments::move(status::removed, decision::approve) == std::nullopt);
}

TEST_CASE("decisions and actions have names, and names their values") {
  for (const auto* name : {"approve", "hold", "spam", "remove"})
    CHECK(to_text(*parse<decision>(name)) == name);
  for (const auto* name : {"accept", "hold", "spam", "refuse"})
    CHECK(to_text(*parse<action>(name)) == name);
  CHECK_FALSE(parse<decision>("refuse"));
  CHECK_FALSE(parse<action>("approve"));
}

TEST_CASE("an action says how a draft is stored, and a refused one is not") {
  CHECK(to_status(action::accept) == status::published);
  CHECK(to_status(action::hold) == status::pending);
  CHECK(to_status(action::spam) == status::spam);
  CHECK(to_status(action::refuse) == std::nullopt);
}

TEST_CASE("without rules, and with rules that accept, a draft is accepted") {
  CHECK(judged({}) == accept());
  CHECK(judged({accept(), accept()}) == accept());
}

TEST_CASE("the worst verdict wins, wherever it stands") {
  const verdict all[] = {accept(), hold("a"), as_spam("b"), refuse({{"/body", "c"}})};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j)
      CHECK(judged({all[i], all[j]}).action == all[std::max(i, j)].action);
}

TEST_CASE("reasons are joined in the order of the rules that do not accept and give one") {
  CHECK(judged({hold("links"), accept(), as_spam("trap"), hold("")}).reason == "links, trap");
  CHECK(judged({{.action = action::accept, .reason = "fine"}}).reason == "");
  CHECK(judged({refuse({}, "repeated"), hold("links")}).reason == "repeated, links");
}

TEST_CASE("a refusal names the violations of every rule") {
  const auto found = judged({refuse({{"/body", "repeated"}}), hold("links"),
                             refuse({{"/author/name", "taken"}, {"/author/url", "format"}})});
  CHECK(found.action == action::refuse);
  CHECK(to_line(found.violations) == "/body repeated, /author/name taken, /author/url format");
}

TEST_CASE("a rule sees the draft and how it came") {
  const arrival how{.now = from_milliseconds(5),
                    .client = "c",
                    .is_honeypot_filled = true,
                    .form_shown_at = from_milliseconds(3)};
  int calls = 0;
  const std::vector<rule> rules(2, [&](const draft& seen, const arrival& came) {
    ++calls;
    CHECK(&seen == &fine);
    CHECK(&came == &how);
    return accept();
  });
  CHECK(judge(rules, fine, how).value() == accept());
  CHECK(calls == 2);
}

TEST_CASE("a rule that throws, or is empty, is an error, whatever the others say") {
  const rule throwing = [](const draft&, const arrival&) -> verdict {
    throw std::runtime_error{"secret"};
  };
  for (const rule& broken : {throwing, rule{}})
    for (const rule& other : {saying(accept()), saying(refuse({{"/body", "repeated"}}))}) {
      const std::vector<rule> orders[] = {{broken, other}, {other, broken}};
      for (const std::vector<rule>& rules : orders) {
        const auto failed = judge(rules, fine, {});
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == errc::unavailable);
        CHECK(failed.error().message == "A rule failed.");
      }
    }
}

TEST_CASE("rules that remember a draft forget it if another rule refuses it or fails") {
  const rule refusing = saying(refuse({{"/body", "repeated"}})), broken{};
  for (const rule& last : {refusing, broken}) {
    int forgotten = 0;
    const rule remembering = [&](const draft&, const arrival&) {
      verdict accepted = accept();
      accepted.forget = [&] { ++forgotten; };
      return accepted;
    };
    (void)judge(std::vector{remembering, remembering, last}, fine, {});
    CHECK(forgotten == 2);
  }
}
