#include <comments/review.hpp>

#include <doctest/doctest.h>

#include <comments/store/memory.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/faulty_store.hpp"
#include "support/violations.hpp"

using namespace comments;
using namespace std::chrono_literals;

namespace {

// Both steps of a post.
result<review> review_post(const reviewer& reviews, const draft& written, const principal& who,
                           const arrival& how) {
  auto found = reviews.review_text(written, who, how);
  if (!found) return found;
  return reviews.review_place(written, who, std::move(*found));
}

using role = enum principal::role;
const instant noon = from_milliseconds(1'700'000'000'000);
const principal stranger{};
const principal moderator{.role = role::moderator};
const principal ana{.role = role::user, .subject = "17", .email = "ana@example.com"};

rule always(verdict what) {
  return [what](const draft&, const arrival&) { return what; };
}

// A reviewer of an empty store.
struct entrance {
  explicit entrance(service_options chosen = {}) : options{std::move(chosen)} {}

  memory_store store{};
  const service_options options;
  const reviewer reviews{store, options};

  comment put(insertion wanted) {
    if (wanted.said.content_id.empty()) wanted.said.content_id = "1";
    return store.insert(wanted, noon)->stored;
  }
  comment put(draft written) { return put(insertion{std::move(written)}); }
  void become(const comment_id& id, status then) {
    const auto decide = [then](comment stands) -> result<amendment> {
      stands.status = then;
      return amendment{std::move(stands), {.kind = event_kind::moderated}};
    };
    REQUIRE(store.amend(id, decide, noon));
  }
  // Moderators publish a comment of the browser that waited.
  void approve(std::string content_id, std::string browser) {
    const comment held = put({.said = {.content_id = std::move(content_id), .body = "x"},
                              .status = status::pending,
                              .browser = std::move(browser)});
    become(held.id, status::published);
  }
  void set_status(std::optional<content_status> status) {
    REQUIRE(store.set_status("1", status, {}, {.kind = event_kind::moderated}, noon));
  }
  // "published", "pending (links)", or the refusal.
  std::string judge(author by = {}, const principal& who = stranger) const {
    draft written{.content_id = "1", .author = std::move(by), .body = "x"};
    sign(written, who);
    return said(review_post(reviews, written, who, {.now = noon}));
  }
  static std::string said(const result<review>& judged) {
    if (!judged) {
      if (judged.error().code == errc::content_locked) return "locked";
      if (judged.error().code == errc::conflict) return "conflict";
      return judged.error().code == errc::invalid ? to_line(judged.error().violations) : "other";
    }
    const std::string text{to_text(judged->status)};
    return judged->reason.empty() ? text : text + " (" + judged->reason + ")";
  }
};

}  // namespace

TEST_CASE("each mode, as default and of the content, against each author") {
  const principal known{.browser = "known"}, unknown{.browser = "new"};
  const struct {
    content_status mode;
    std::string of_known, of_unknown;
  } table[] = {{content_status::open, "published", "published"},
               {content_status::premoderated, "pending (premoderated)", "pending (premoderated)"},
               {content_status::first_comment, "published", "pending (first comment)"},
               {content_status::locked, "locked", "locked"}};
  for (const auto& row : table)
    for (const auto& own : {std::optional<content_status>{}, std::optional{row.mode}}) {
      // With a mode of its own, the default does not count.
      entrance one{{.mode = own ? content_status::premoderated : row.mode}};
      one.approve("2", "known");
      if (own) one.set_status(own);
      CHECK(one.judge({}, known) == row.of_known);
      CHECK(one.judge({}, unknown) == row.of_unknown);
      CHECK(one.judge({}) == row.of_unknown);
      CHECK(one.judge({}, moderator) == "published");
    }
}

TEST_CASE("a content that was given its default back has it") {
  entrance one;
  one.set_status(content_status::locked);
  CHECK(one.judge() == "locked");
  one.set_status(std::nullopt);
  CHECK(one.judge() == "published");
}

// Whoever wrote an approved person's e-mail address was let in.
TEST_CASE("an account with a published comment is known, and a name or an address opens nothing") {
  entrance one{{.mode = content_status::first_comment}};
  CHECK(one.judge({}, ana) == "pending (first comment)");
  // A stranger under her address does not make her known, nor anyone else, …
  one.put({.author = {.name = "Ana", .email = "ana@example.com"}, .body = "x"});
  CHECK(one.judge({}, ana) == "pending (first comment)");
  CHECK(one.judge({.name = "Ana", .email = "ana@example.com"}) == "pending (first comment)");
  // … and neither does she a stranger.
  draft signed_in{.author = {.url = ""}, .body = "x"};
  sign(signed_in, {.role = role::user, .subject = "18", .email = "eva@example.com"});
  one.put(signed_in);
  CHECK(one.judge({.email = "eva@example.com"}) == "pending (first comment)");
  CHECK(one.judge({}, {.role = role::user, .subject = "18"}) == "published");
  CHECK(one.judge({}, {.role = role::user, .subject = "1"}) == "pending (first comment)");
}

TEST_CASE("a browser is known once moderators published a comment of it, as long as that stands") {
  entrance one{{.mode = content_status::first_comment}};
  const principal browser{.browser = "b"}, other{.browser = "c"};
  one.put({.said = {.body = "x"}, .browser = "b"});  // which nobody has read
  CHECK(one.judge({}, browser) == "pending (first comment)");
  const comment held = one.put({.said = {.body = "x"}, .status = status::pending, .browser = "b"});
  CHECK(one.judge({}, browser) == "pending (first comment)");
  one.become(held.id, status::published);
  CHECK(one.judge({}, browser) == "published");
  CHECK(one.judge({}, other) == "pending (first comment)");
  CHECK(one.judge() == "pending (first comment)");
  one.become(held.id, status::spam);
  CHECK(one.judge({}, browser) == "pending (first comment)");
}

TEST_CASE("rules come before modes, and the worse of both counts") {
  entrance held{{.mode = content_status::premoderated, .rules = {always(hold("links"))}}};
  CHECK(held.judge() == "pending (links)");
  entrance spam{{.mode = content_status::premoderated, .rules = {always(as_spam("trap"))}}};
  CHECK(spam.judge() == "spam (trap)");
  entrance refused{{.rules = {always(refuse({{"/body", "repeated"}}))}}};
  CHECK(refused.judge() == "/body repeated");
  CHECK(refused.judge({}, moderator) == "published");
  entrance locked{{.mode = content_status::locked, .rules = {always(as_spam("trap"))}}};
  CHECK(locked.judge() == "locked");
}

TEST_CASE("rules see the draft and the arrival as they are, and none for a moderator") {
  std::vector<std::string> seen;
  entrance one{{.rules = {[&](const draft& written, const arrival& how) {
                  seen.push_back(written.body + " " + how.client + (how.is_edit ? " edit" : "") +
                                 " " + written.key);
                  return accept();
                }}}};
  const draft written{.content_id = "1", .body = "Oi", .key = "k"};
  REQUIRE(review_post(one.reviews, written, {.client = "c"}, {.now = noon}));
  REQUIRE(review_post(one.reviews, written, moderator, {.now = noon}));
  const comment kept = one.put(written);
  REQUIRE(one.reviews.review_edit(kept, "Tchau", {.client = "d"}, noon));
  CHECK(seen == std::vector<std::string>{"Oi c k", "Tchau d edit " + to_string(kept.id)});
}

TEST_CASE("an edit is judged as a post, and its text checked first") {
  entrance one{{.limits = {.body_bytes_max = 4}, .rules = {always(hold("links"))}}};
  const comment kept = one.put({.body = "x"});
  const auto judged = [&](const char* body, const principal& who = stranger) {
    return one.said(one.reviews.review_edit(kept, body, who, noon));
  };
  CHECK(judged("1234") == "pending (links)");
  CHECK(judged("1234", moderator) == "published");
  CHECK(judged("12345") == "/body too_long");
  CHECK(judged(" ", moderator) == "/body required");
  one.set_status(content_status::locked);
  CHECK(judged("1234") == "locked");
  CHECK(judged("1234", moderator) == "published");
}

TEST_CASE("edits_max changes are taken, and one more is a conflict, but for moderators") {
  for (const std::size_t most : {0u, 1u, 2u}) {
    entrance one{{.edits_max = most}};
    const comment kept = one.put({.body = "x"});
    const auto judged = [&](const principal& who) {
      return one.said(one.reviews.review_edit(kept, "y", who, noon));
    };
    for (std::size_t changes = 0; changes < most; ++changes) {
      CHECK(judged(stranger) == "published");
      REQUIRE(one.store.amend(
          kept.id,
          [](const comment& stands) {
            return result<amendment>{amendment{stands, {.kind = event_kind::edited}}};
          },
          noon));
    }
    CHECK(judged(stranger) == "conflict");
    CHECK(judged(moderator) == "published");
  }
}

TEST_CASE("a rule may ask whether moderators know the author: by an account or a browser alone") {
  std::string known;
  entrance one{{.rules = {[&](const draft&, const arrival& how) {
                  const auto found = how.is_author_known();
                  known = found ? (*found ? "yes" : "no") : "unavailable";
                  return accept();
                }}}};
  const author typed{.name = "Ana", .email = "ana@example.com"};
  const author signed_in{.name = "Ana", .verified = true, .subject = "17"};
  one.judge({}, ana);
  CHECK(known == "no");
  one.put({.author = signed_in, .body = "x"});
  one.judge({}, ana);
  CHECK(known == "yes");
  one.put({.author = typed, .body = "x"});
  one.judge(typed);
  CHECK(known == "no");
  one.approve("2", "known");
  one.judge(typed, {.browser = "known"});
  CHECK(known == "yes");
  one.judge(typed, {.browser = "new"});
  CHECK(known == "no");

  // An edit is judged by the browser that the comment came from, whoever holds its token.
  const comment stands = one.put({.said = {.content_id = "1", .body = "x"}, .browser = "new"});
  CHECK(one.reviews.review_edit(stands, "y", {.browser = "known"}, noon));
  CHECK(known == "no");
}

TEST_CASE("where the store does not answer, nothing is let in") {
  memory_store kept;
  const service_options options{.mode = content_status::first_comment};
  const comment stored = kept.insert({{.content_id = "1", .body = "x"}}, noon)->stored;
  const draft written{.content_id = "1", .body = "x"};
  for (const std::size_t n : {1u, 2u}) {
    const faulty_store store{kept, n};
    CHECK(review_post(reviewer{store, options}, written, {.browser = "b"}, {}).error().code ==
          errc::unavailable);
  }
  for (const std::size_t n : {1u, 2u}) {
    const faulty_store store{kept, n};
    CHECK(reviewer{store, options}.review_edit(stored, "y", stranger, noon).error().code ==
          errc::unavailable);
  }
}
