#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include "support/sqlite_maker.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

// Random operations on a store and on `memory_store`, whose answers must be the same as they go,
// and again after the store was closed and opened. Each run prints the seed it came from;
// COMMENTS_TEST_SEED=<seed> runs that one again.

using namespace comments;

namespace {

// One of the two stores, and the ids it gave: what they answer is compared as text, in which a
// comment is named by the number of its insert.
struct side {
  comments::store* store{};
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
        << " at " << c.position << " " << to_text(c.status) << " by " << by.name << "," << by.email
        << "," << by.url << "," << by.verified << ": " << c.body << ", votes " << c.votes
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
  std::string text(const posting& p) const {
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
  model(store& reference, store& tested, std::uint64_t seed) : random_{seed} {
    sides_[0].store = &reference;
    sides_[1].store = &tested;
  }

  void reopened(store& tested) { sides_[1].store = &tested; }

  void step() {
    switch (below(8)) {
      case 0: return find();
      case 1: return list();
      case 2: return contents();
      case 3: return events();
      default: return insert();
    }
  }

  // Everything that there is to see, on both sides.
  void compare_all() {
    for (std::size_t i = 0; i < sides_[0].made.size(); ++i)
      compare([&](side& on) { return on.text(on.store->find(on.made[i])); });
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

  // What `ask` answers must be the same on both sides.
  template <typename Ask>
  void compare(Ask&& ask) {
    const std::string expected = ask(sides_[0]);
    REQUIRE(ask(sides_[1]) == expected);
  }

  void insert() {
    draft written{.content_id = content_id(), .body = "body " + std::to_string(below(3))};
    if (one_in(4))
      written.author = {"Someone", "someone@example.com", "https://example.com/", true};
    if (one_in(2)) written.key = "key " + std::to_string(below(40));
    const bool is_reply = one_in(2);
    const std::size_t parent = any_comment();
    const instant now = from_milliseconds(static_cast<std::int64_t>(below(2'000'000'000'000)));
    compare([&](side& on) {
      draft own = written;
      if (is_reply) own.parent = id_on(on, parent);
      const auto answer = on.store->insert(own, now);
      if (answer) on.note(answer->stored);
      return on.text(answer);
    });
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
};

std::vector<std::uint64_t> seeds() {
  if (const char* chosen = std::getenv("COMMENTS_TEST_SEED"))
    return {std::strtoull(chosen, nullptr, 10)};
  return {1, 2, 3, 4, std::random_device{}()};
}

}  // namespace

TEST_CASE_TEMPLATE("a store answers as the memory store does, whatever is done to both", Maker,
                   testing::sqlite_maker) {
  for (const std::uint64_t seed : seeds()) {
    MESSAGE("COMMENTS_TEST_SEED=" << seed);
    CAPTURE(seed);
    Maker maker;
    memory_store reference;
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
    CHECK(both.inserts() > 100);
  }
}
