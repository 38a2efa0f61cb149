#pragma once
// store/model.hpp - random operations on a store and on `memory_store`, whose answers must be the
// same as they go, and again after the store was closed and opened.
//
// Each run prints the seed it came from; COMMENTS_TEST_SEED=<seed> runs that one again. The maker
// is one of `contract.hpp`:
//
//   STORE_MODEL(my_maker);

#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/size.hpp"

namespace store_model {

using namespace comments;

// One of the two stores, and the ids it gave: what they answer is compared as text, in which a
// comment is named by the number of its insert.
struct side {
  comments::store* store{};
  deployment_log* log{};
  std::vector<comment_id> made{};
  std::map<comment_id, std::size_t> names{};

  void note(const comment& comment) {
    if (names.emplace(comment.id, made.size()).second) made.push_back(comment.id);
  }
  std::string name(const comment_id& id) const {
    const auto found = names.find(id);
    return found == names.end() ? "unknown" : "#" + std::to_string(found->second);
  }

  std::string text(const comment& c) const {
    std::ostringstream out;
    const author& by = c.author;
    out << name(c.id) << " in " << c.content_id << " below " << (c.parent ? name(*c.parent) : "-")
        << ", to " << (c.reply_to ? name(*c.reply_to) : "-") << ", depth " << c.depth << " at "
        << c.position << " " << to_text(c.status) << " by " << by.name << "," << by.email << ","
        << by.url << "," << by.verified << "," << by.subject << ": " << c.body << ", " << c.encoded
        << ", from " << c.origin << ", reports " << c.reports << ", votes " << c.votes
        << ", replies " << c.replies << ", " << to_rfc3339(c.created_at) << ", edited "
        << c.edited_at.has_value() << ", version " << c.version << "\n";
    return out.str();
  }
  std::string text(const content& c) const {
    return c.content_id + " " + std::to_string(c.version) + " " + std::to_string(c.comments) + " " +
           (c.status ? std::string{to_text(*c.status)} : "default") + "\n";
  }
  std::string text(const event& e) const {
    return e.content_id + " " + std::to_string(e.version) + " " + std::string{to_text(e.kind)} +
           " " + name(e.comment) + " " + to_rfc3339(e.at) + " by " + e.by + " because " + e.reason +
           ", now " + e.status + ", before " + e.before + "\n";
  }
  std::string text(const comments::report& c) const {
    return c.reporter + ": " + c.reason + " " + to_rfc3339(c.at) + "\n";
  }
  std::string text(const comments::vote& b) const {
    return name(b.comment) + " in " + b.content_id + " " + to_rfc3339(b.at) + "\n";
  }
  std::string text(const search_result& f) const {
    return text(f.items) + (f.next ? name(*f.next) : "");
  }
  std::string text(const deployment& d) const {
    return std::to_string(d.position) + " " + d.component + " " + d.version + " by " +
           d.responsible + ": " + std::string{to_text(d.status)} + " in " + d.run + " " +
           to_rfc3339(d.date) + "\n";
  }
  std::string text(const record_result& r) const {
    return text(r.stored) + (r.replayed ? "replayed" : "new");
  }
  std::string text(const deployment_page& p) const {
    return text(p.items) + (p.next ? std::to_string(*p.next) : "");
  }
  std::string text(done) const { return "done"; }
  std::string text(std::size_t count) const { return std::to_string(count); }
  std::string text(const post_result& p) const {
    return text(p.stored) + (p.replayed ? "replayed" : "new");
  }
  std::string text(const page& p) const {
    return text(p.content) + text(p.items) +
           (p.next ? std::to_string(p.next->position) + " " + std::to_string(p.next->votes) : "");
  }
  template <typename T>
  std::string text(const std::vector<T>& all) const {
    std::string joined;
    for (const T& one : all) joined += text(one);
    return joined;
  }
  template <typename T>
  std::string text(const result<T>& answer) const {
    if (answer) return text(*answer);
    return std::to_string(static_cast<int>(answer.error().code)) + " " + answer.error().message;
  }
};

// Both stores, and the dice.
class model final {
 public:
  // Of each: the store, which is a deployment log as well.
  template <typename Reference, typename Tested>
  model(Reference& reference, Tested& tested, std::uint64_t seed) : random_{seed} {
    sides_[0].store = &reference;
    sides_[0].log = &reference;
    reopened(tested);
  }

  template <typename Tested>
  void reopened(Tested& tested) {
    sides_[1].store = &tested;
    sides_[1].log = &tested;
  }

  void step() {
    switch (below(27)) {
      case 0: return find();
      case 1:
      case 2: return list();
      case 3: return contents();
      case 4: return events();
      case 5: return history();
      case 6: return find_all();
      case 7: return votes_of();
      case 8: return set_status();
      case 9: return forget();
      case 10:
      case 11: return report();
      case 12:
      case 13: return vote();
      case 14:
      case 15:
      case 16: return amend();
      case 17:
      case 18: return record();
      case 19: return deployments();
      default: return insert();
    }
  }

  // Everything that there is to see, on both sides.
  void compare_all() {
    for (std::size_t i = 0; i < sides_[0].made.size(); ++i)
      compare([&](side& on) {
        const comment_id& id = on.made[i];
        return on.text(on.store->find(id)) + on.text(on.store->reports_of(id, 100)) +
               on.text(on.store->history(id, 0, 1000));
      });
    compare([&](side& on) { return (found_on(on, {.limit = 10'000})); });
    compare([&](side& on) { return on.text(on.log->deployments({.limit = 10'000})); });
    for (std::size_t i = 0; i < 8; ++i)
      compare([&](side& on) { return (ballots_on(on, "voter " + std::to_string(i))); });
    compare([&](side& on) { return on.text(on.store->contents(content_ids)); });
    for (const std::string& id : content_ids) {
      compare([&](side& on) { return on.text(on.store->events(id, 0, 10'000)); });
      for (const scope scope : {scope::all, scope::roots})
        compare([&](side& on) {
          return on.text(on.store->list({.content_id = id, .scope = scope, .limit = 10'000}));
        });
    }
  }

  std::size_t inserts() const { return sides_[0].made.size(); }

 private:
  static inline const std::vector<std::string> content_ids{"1", "2", "ção", "nowhere"};
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::string content_id() { return content_ids[below(3)]; }

  // The number of a comment, of the latest ones more often, or `none`: one that is not there.
  std::size_t any_comment() {
    const std::size_t count = inserts();
    if (count == 0 || one_in(20)) return none;
    return one_in(2) ? below(count) : count - 1 - below(std::min<std::size_t>(count, 5));
  }
  static comment_id id_on(const side& on, std::size_t number) {
    return number == none ? comment_id{} : on.made[number];
  }

  instant any_time() {
    return from_milliseconds(static_cast<std::int64_t>(below(2'000'000'000'000)));
  }
  status any_status() { return static_cast<status>(below(4)); }
  author any_author() {
    const std::string number = std::to_string(below(3));
    return {"Someone " + number, (one_in(2) ? "Ana" : "ana") + number + "@example.com",
            "https://example.com/", one_in(2), number};
  }
  std::string any_reader() { return (one_in(2) ? "voter " : "a:") + std::to_string(below(8)); }

  // What `ask` answers must be the same on both sides.
  template <typename Ask>
  void compare(Ask&& ask) {
    const std::string expected = ask(sides_[0]);
    REQUIRE(ask(sides_[1]) == expected);
  }

  void insert() {
    insertion written{{.content_id = content_id(), .body = "body " + std::to_string(below(3))}};
    if (one_in(4)) written.said.author = any_author();
    if (one_in(5)) written.status = any_status();
    if (written.status == status::removed) written.status = status::published;
    if (one_in(2)) written.origin = "origin";
    if (one_in(4)) written.depth_max = 1 + static_cast<std::int64_t>(below(4));
    written.encoded = "1 " + written.said.body;
    if (one_in(2)) written.said.key = "key " + std::to_string(below(40));
    const bool is_reply = one_in(2);
    const std::size_t parent = any_comment();
    const instant now = any_time();
    compare([&](side& on) {
      insertion own = written;
      if (is_reply) own.said.parent = id_on(on, parent);
      const auto answer = on.store->insert(own, now);
      if (answer) on.note(answer->stored);
      return on.text(answer);
    });
  }

  // Decides for anything that an amendment may be, from an edit to a removal that is taken back.
  void amend() {
    const std::size_t number = any_comment();
    const instant now = any_time();
    const status wanted = any_status();
    const bool edits = one_in(3), refuses = one_in(10), resets = one_in(3);
    const std::string body = "edited " + std::to_string(below(3));
    const author by = any_author();
    const auto decide = [&](const comment& before) -> result<amendment> {
      if (refuses) return version_moved();
      amendment made{before, {.kind = event_kind::moderated, .by = "moderator", .reason = "why"}};
      made.changed.status = wanted;
      if (wanted == status::removed) made.cause.kind = event_kind::removed;
      if (resets) made.changed.reports = 0;
      made.cause.status = to_text(wanted);
      if (!edits) return made;
      made.cause.kind = event_kind::edited;
      made.cause.before = before.body;
      made.changed.body = body;
      made.changed.encoded = "1 " + body;
      made.changed.author = by;
      made.changed.edited_at = now;
      return made;
    };
    compare([&](side& on) { return on.text(on.store->amend(id_on(on, number), decide, now)); });
  }

  void vote() {
    const std::size_t number = any_comment();
    const std::string voter = any_reader();
    const bool is_there = !one_in(3);
    const instant now = any_time();
    compare([&](side& on) {
      return on.text(on.store->vote(id_on(on, number), {voter}, is_there, now));
    });
  }

  // No two at one moment: no store promises their order.
  void report() {
    const std::size_t number = any_comment();
    const comments::report said{any_reader(), "reason " + std::to_string(below(3)),
                                from_milliseconds(1'000'000'000'000 + ++reports_)};
    compare([&](side& on) {
      return on.text(on.store->report(id_on(on, number), {said.reporter}, said.reason, said.at));
    });
  }

  void set_status() {
    const std::string id = content_id();
    const auto wanted =
        one_in(3) ? std::nullopt : std::optional{static_cast<content_status>(below(4))};
    const auto expected =
        one_in(2) ? std::nullopt : std::optional{static_cast<std::int64_t>(below(inserts() + 1))};
    const event cause{.kind = event_kind::moderated, .by = "moderator", .status = "any"};
    const instant now = any_time();
    compare(
        [&](side& on) { return on.text(on.store->set_status(id, wanted, expected, cause, now)); });
  }

  // A part at a time, as many as it is; no store promises which of them a part has.
  void forget() {
    if (one_in(3)) {
      const std::string reporter = any_reader();
      return compare([&](side& on) { return on.text(on.store->forget_reporter(reporter)); });
    }
    const instant before = any_time();
    bool is_left = true;
    while (is_left)
      compare([&](side& on) {
        const auto count = on.store->forget_origins(before, 5);
        is_left = count && *count > 0;
        return on.text(count);
      });
  }

  void history() {
    const std::size_t number = any_comment();
    const auto after = static_cast<std::int64_t>(below(inserts() + 2));
    const std::size_t limit = below(6);
    compare([&](side& on) { return on.text(on.store->history(id_on(on, number), after, limit)); });
  }

  deployment any_deployment() {
    return {.component = "component " + std::to_string(below(3)),
            .version = "1." + std::to_string(below(2)),
            .responsible = "ana",
            .status = static_cast<deployment_status>(below(5)),
            .run = one_in(4) ? "" : "run " + std::to_string(below(8))};
  }

  void record() {
    const deployment said = any_deployment();
    const instant now = any_time();
    compare([&](side& on) { return on.text(on.log->record(said, now)); });
  }

  // Follows the pages, sometimes to the end.
  void deployments() {
    deployment_query asked{.limit = 1 + below(20)};
    if (one_in(2)) asked.component = any_deployment().component;
    do {
      std::optional<std::int64_t> next;
      compare([&](side& on) {
        const auto answer = on.log->deployments(asked);
        next = answer ? answer->next : std::nullopt;
        return on.text(answer);
      });
      asked.before = next;
    } while (asked.before && !one_in(8));
  }

  // Comments made at one moment stand in another order on each side, so all of them are found, and
  // compared in the order of their making.
  static std::string found_on(const side& on, search wanted) {
    std::vector<std::string> lines;
    do {
      const auto found = on.store->find_all(wanted);
      REQUIRE(found);
      REQUIRE(found->items.size() <= wanted.limit);
      for (const comment& one : found->items) lines.push_back(on.text(one));
      wanted.after = found->next;
    } while (wanted.after);
    return joined(std::move(lines));
  }
  static std::string ballots_on(const side& on, const std::string& voter) {
    std::vector<std::string> lines;
    for (std::optional<comment_id> after;;) {
      const auto found = on.store->votes_of(voter, after, 3);
      REQUIRE(found);
      if (found->empty()) return joined(std::move(lines));
      for (const comments::vote& one : *found) lines.push_back(on.text(one));
      after = found->back().comment;
    }
  }
  static std::string joined(std::vector<std::string> lines) {
    std::ranges::sort(lines);
    std::string all;
    for (const std::string& line : lines) all += line;
    return all;
  }

  void find_all() {
    search wanted{.limit = 1 + below(20)};
    if (one_in(2)) wanted.status = any_status();
    if (one_in(3)) wanted.subject = any_author().subject;
    if (one_in(3)) wanted.email = any_author().email;
    if (one_in(3)) wanted.verified = one_in(2);
    if (one_in(3)) wanted.text = one_in(2) ? "BODY 1" : "someone";
    compare([&](side& on) { return found_on(on, wanted); });
  }

  void votes_of() {
    const std::string voter = any_reader();
    compare([&](side& on) { return ballots_on(on, voter); });
  }

  void find() {
    const std::size_t number = any_comment();
    compare([&](side& on) { return on.text(on.store->find(id_on(on, number))); });
  }

  // Follows the pages, sometimes to the end.
  void list() {
    query asked{.content_id = one_in(10) ? content_ids.back() : content_id(),
                .scope = static_cast<scope>(below(3)),
                .sort = static_cast<sort>(below(3)),
                .limit = 1 + below(30)};
    const std::size_t parent = any_comment();
    do {
      std::optional<cursor> next;
      compare([&](side& on) {
        if (asked.scope == scope::replies) asked.parent = id_on(on, parent);
        const auto answer = on.store->list(asked);
        next = answer ? answer->next : std::nullopt;
        return on.text(answer);
      });
      asked.after = next;
    } while (asked.after && !one_in(8));
  }

  void contents() {
    std::vector<std::string> ids;
    for (std::size_t i = below(5); i > 0; --i) ids.push_back(content_ids[below(4)]);
    compare([&](side& on) { return on.text(on.store->contents(ids)); });
  }

  void events() {
    const std::string id = content_ids[below(4)];
    const auto after = static_cast<std::int64_t>(below(inserts() + 2));
    const std::size_t limit = below(20);
    compare([&](side& on) { return on.text(on.store->events(id, after, limit)); });
  }

  std::mt19937_64 random_;
  std::array<side, 2> sides_{};
  std::int64_t reports_{};
};

inline std::vector<std::uint64_t> seeds() {
  if (const char* chosen = std::getenv("COMMENTS_TEST_SEED"))
    return {std::strtoull(chosen, nullptr, 10)};
  std::vector<std::uint64_t> found{1, 2};
  while (found.size() < testing::size(3u, 200u)) found.push_back(std::random_device{}());
  return found;
}

TEST_CASE_TEMPLATE_DEFINE("a store answers as the memory store does, whatever is done to both" *
                              testing::one_thread,
                          Maker, answers_like_memory) {
  for (const std::uint64_t seed : seeds()) {
    MESSAGE("COMMENTS_TEST_SEED=" << seed);
    CAPTURE(seed);
    Maker maker;
    memory_store reference{maker.store().epoch()};
    model both{reference, maker.store(), seed};
    for (int step = 1; step <= 800; ++step) {
      CAPTURE(step);
      both.step();
      if (step % 400 != 0) continue;
      both.compare_all();
      maker.reopen();
      both.reopened(maker.store());
      both.compare_all();
    }
    CHECK(both.inserts() > 50);
  }
}

}  // namespace store_model

#define STORE_MODEL(Maker) TEST_CASE_TEMPLATE_INVOKE(store_model::answers_like_memory, Maker)
