#include <comments/testing/store_contract.hpp>

#include <comments/store/forwarding.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace comments;

namespace {

// What one careless line in a store of somebody's own does. Each member is one such line.
struct slips {
  std::function<void(insertion&, instant&)> before_insert = [](insertion&, instant&) {};
  std::function<void(result<post_result>&)> after_insert = [](result<post_result>&) {};
  std::function<void(result<comment>&)> after_change = [](result<comment>&) {};
  std::function<void(query&)> before_list = [](query&) {};
  std::function<void(page&)> after_list = [](page&) {};
  std::function<void(std::vector<event>&)> after_events = [](std::vector<event>&) {};
  std::function<void(search&)> before_search = [](search&) {};
  std::function<void(voter&)> before_vote = [](voter&) {};
  std::string key{};  // the signing key, if not the store's
};

class slipping_store final : public forwarding_store {
 public:
  slipping_store(store& inner, const slips& how) : forwarding_store{inner}, how_{how} {}

  result<post_result> insert(const insertion& wanted, instant now) override {
    insertion asked = wanted;
    how_.before_insert(asked, now);
    auto made = inner().insert(asked, now);
    how_.after_insert(made);
    return made;
  }
  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    auto changed = inner().amend(id, decide, now);
    how_.after_change(changed);
    return changed;
  }
  result<comment> vote(const comment_id& id, const voter& by, bool is_there, instant now) override {
    voter who = by;
    how_.before_vote(who);
    return inner().vote(id, who, is_there, now);
  }
  result<page> list(const query& query) const override {
    comments::query asked = query;
    how_.before_list(asked);
    auto found = inner().list(asked);
    if (found) how_.after_list(*found);
    return found;
  }
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    auto found = inner().events(content_id, after, limit);
    if (found) how_.after_events(*found);
    return found;
  }
  result<search_result> find_all(const search& wanted) const override {
    search asked = wanted;
    how_.before_search(asked);
    return inner().find_all(asked);
  }
  std::string_view signing_key() const override {
    return how_.key.empty() ? inner().signing_key() : how_.key;
  }

 private:
  const slips& how_;
};

class slipping_maker final : public contract::fresh<store> {
 public:
  explicit slipping_maker(const slips& how) : slipping_{kept_, how} {}
  comments::store& store() override { return slipping_; }
  void reopen() override {}

 private:
  memory_store kept_{};
  slipping_store slipping_;
};

// The names of the promises that a store with these slips breaks.
std::vector<std::string> broken(const slips& how) {
  const contract::maker<store> make = [&] { return std::make_unique<slipping_maker>(how); };
  std::vector<std::string> found;
  for (const auto& one : contract::promises_of<contract::promises_to_one_caller>(make)) try {
      one.keep();
    } catch (const contract::broken_promise& why) {
      CHECK(std::string{why.what()}.find(one.sentence) != std::string::npos);
      found.emplace_back(one.name);
    }
  return found;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

TEST_CASE("a store that slips in nothing keeps all promises to one caller") {
  CHECK(broken({}).empty());
}

TEST_CASE("each careless line of a store breaks the promise that is about it") {
  const std::pair<const char*, slips> careless[] = {
      {"insert_keeps_the_draft",
       {.before_insert = [](insertion& asked, instant&) { asked.said.author.email.clear(); }}},
      {"insert_keeps_the_draft",
       {.before_insert = [](insertion& asked, instant&) { asked.origin.clear(); }}},
      {"insert_trusts_no_clock",
       {.before_insert = [](insertion&, instant& now) { now += std::chrono::seconds{1}; }}},
      {"keys_replay",
       {.before_insert = [](insertion& asked, instant&) { asked.said.key.clear(); }}},
      {"keys_belong_to_their_content",
       {.before_insert =
            [](insertion& asked, instant&) {
              for (char& c : asked.said.key)
                if (c == 'K') c = 'k';
            }}},
      {"keys_replay",
       {.after_insert =
            [](result<post_result>& made) {
              if (made) made->replayed = false;
            }}},
      {"insert_takes_tokens",
       {.before_insert = [](insertion& asked, instant&) { asked.allowances.clear(); }}},
      {"insert_caps_the_depth",
       {.before_insert = [](insertion& asked, instant&) { asked.depth_max += 1; }}},
      {"insert_holds_to_the_status",
       {.before_insert = [](insertion& asked, instant&) { asked.expected = {}; }}},
      {"insert_keeps_hidden_drafts",
       {.before_insert = [](insertion& asked, instant&) { asked.status = status::published; }}},
      {"insert_takes_named_ids",
       {.before_insert = [](insertion& asked, instant&) { asked.id.reset(); }}},
      {"amend_changes_a_comment",
       {.after_change =
            [](result<comment>& changed) {
              if (changed) changed->version -= 1;
            }}},
      {"list_pages_in_order", {.before_list = [](query& asked) { asked.sort = sort::oldest; }}},
      {"list_pages_in_order",
       {.before_list = [](query& asked) { asked.limit += asked.limit < 9; }}},
      {"list_pages_in_order", {.after_list = [](page& found) { found.next.reset(); }}},
      {"list_pages_by_bytes", {.before_list = [](query& asked) { asked.bytes_max = 1 << 30; }}},
      {"list_after_the_last", {.after_list = [](page& found) { found.content.version = 0; }}},
      {"events_follow_a_version",
       {.after_events = [](std::vector<event>& found) { std::ranges::reverse(found); }}},
      {"amend_changes_a_comment",
       {.after_events =
            [](std::vector<event>& found) {
              for (event& one : found) one.before.clear();
            }}},
      {"find_all_finds", {.before_search = [](search& asked) { asked.verified.reset(); }}},
      {"networks_are_limited", {.before_vote = [](voter& by) { by.network_max = 0; }}},
      {"votes_are_taken_back_by_browser", {.before_vote = [](voter& by) { by.browser.clear(); }}},
      {"versions_have_the_epoch", {.after_list = [](page& found) { found.content.epoch = 1; }}},
      {"signing_key_is_stable", {.key = std::string(32, 'k')}},
  };
  for (const auto& one : careless) {
    const std::string promise{one.first};
    CAPTURE(promise);
    const auto found = broken(one.second);
    CHECK(has(found, promise));
  }
}

TEST_CASE("the lists have each promise once, and together all of them") {
  std::vector<std::string_view> names;
  const contract::maker<store> make;
  const auto add = [&](const auto& promises) {
    for (const auto& one : promises) names.push_back(one.name);
  };
  add(contract::promises_of<contract::store_promises>(make));
  add(contract::promises_of<contract::durable_store_promises>(make));
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
  CHECK(names.size() == 82);
}
