#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/violations.hpp"

using namespace comments;

namespace {

// The least that is a store: one vector, in the order of posting. It knows no keys, no replies, no
// pages and no changes, and needs nothing but this header to say so.
class least_store final : public store {
 public:
  result<post_result> insert(const insertion& wanted, instant now) override {
    const draft& draft = wanted.said;
    if (draft.parent) return parent_not_found();
    const std::int64_t version = count(draft.content_id) + 1;
    return post_result{.stored = kept_.emplace_back(comment{.id = make_comment_id(now),
                                                            .content_id = draft.content_id,
                                                            .position = version,
                                                            .author = draft.author,
                                                            .body = draft.body,
                                                            .created_at = now,
                                                            .version = version})};
  }
  result<comment> amend(const comment_id&, const decider&, instant) override {
    return comment_not_found();
  }
  result<comment> vote(const comment_id&, const voter&, bool, instant) override {
    return comment_not_found();
  }
  result<comment> report(const comment_id&, const voter&, const std::string&, instant) override {
    return comment_not_found();
  }
  result<content> set_status(const std::string&, std::optional<content_status>,
                             std::optional<std::int64_t>, const event&, instant) override {
    return version_moved();
  }
  result<std::size_t> forget_origins(instant, std::size_t) override { return std::size_t{0}; }
  result<done> forget_reporter(const std::string&) override { return ok(); }
  result<comment> find(const comment_id& id) const override {
    const auto found = std::ranges::find(kept_, id, &comment::id);
    if (found == kept_.end()) return comment_not_found();
    return *found;
  }
  result<page> list(const query& query) const override {
    page answer{.content = describe(query.content_id)};
    std::ranges::copy_if(kept_, std::back_inserter(answer.items), [&](const comment& comment) {
      return comment.content_id == query.content_id;
    });
    return answer;
  }
  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    std::vector<content> found;
    for (const std::string& id : ids) found.push_back(describe(id));
    return found;
  }
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    std::vector<event> found;
    for (const comment& made : kept_)
      if (made.content_id == content_id && made.position > after && found.size() < limit)
        found.push_back(
            {made.content_id, made.position, event_kind::posted, made.id, made.created_at});
    return found;
  }
  result<std::vector<event>> history(const comment_id&, std::int64_t, std::size_t) const override {
    return std::vector<event>{};
  }
  result<decision_page> decisions(const decision_query&) const override { return decision_page{}; }
  result<std::vector<comments::report>> reports_of(const comment_id&, std::size_t) const override {
    return std::vector<comments::report>{};
  }
  result<search_result> find_all(const search&) const override {
    return search_result{.items = kept_};
  }
  result<std::vector<comments::vote>> votes_of(const std::string&, std::optional<comment_id>,
                                               std::size_t) const override {
    return std::vector<comments::vote>{};
  }
  result<std::vector<made_report>> reports_by(const std::string&, std::optional<comment_id>,
                                              std::size_t) const override {
    return std::vector<made_report>{};
  }
  std::string_view signing_key() const override { return "only for tests, 32 bytes of key."; }

 private:
  std::int64_t count(std::string_view content_id) const {
    return std::ranges::count(kept_, content_id, &comment::content_id);
  }
  content describe(const std::string& id) const {
    return {.content_id = id, .version = count(id), .comments = count(id)};
  }

  std::vector<comment> kept_{};
};

}  // namespace

TEST_CASE("a store of one's own needs this header and the standard library only") {
  const std::unique_ptr<store> own = std::make_unique<least_store>();
  const instant now = from_milliseconds(1'700'000'000'000);
  const auto posted = own->insert({{.content_id = "1", .body = "Primeiro post!"}}, now);
  REQUIRE(posted);
  CHECK_FALSE(posted->replayed);
  REQUIRE(own->insert({{.content_id = "2", .body = "outro"}}, now));
  const comment_id id = posted->stored.id;

  CHECK(own->find(id)->body == "Primeiro post!");
  CHECK(own->find(comment_id{}).error().code == errc::not_found);
  const auto listed = own->list({.content_id = "1"});
  REQUIRE(listed->items.size() == 1);
  CHECK(listed->items[0] == posted->stored);
  CHECK(listed->content.version == 1);
  const std::vector<std::string> ids{"2", "3", "1"};
  const auto contents = own->contents(ids);
  REQUIRE(contents->size() == 3);
  CHECK((*contents)[1] == content{.content_id = "3"});
  CHECK((*contents)[2] == listed->content);
  CHECK(own->events("1", 0, 10)->front() == event{"1", 1, event_kind::posted, id, now});
  CHECK(own->events("1", 1, 10)->empty());
  const event closed{.kind = event_kind::moderated};
  CHECK(own->amend(id, {}, now).error().code == errc::not_found);
  CHECK(own->vote(id, {"ana"}, true, now).error().code == errc::not_found);
  CHECK(own->report(id, {"ana"}, "rude", now).error().code == errc::not_found);
  CHECK(own->set_status("1", {}, 1, closed, now).error().code == errc::version_mismatch);
  CHECK(own->forget_origins(now, 10).value() == 0u);
  CHECK(own->forget_reporter("ana"));
  CHECK(own->history(id, 0, 10)->empty());
  CHECK(own->decisions({})->items.empty());
  CHECK(own->reports_of(id, 10)->empty());
  CHECK(own->find_all({})->items.size() == 2);
  CHECK(own->votes_of("ana", {}, 10)->empty());
  CHECK(own->reports_by("ana", {}, 10)->empty());
  CHECK(own->signing_key().size() == 32);
  CHECK(own->is_writable());
  CHECK(own->insert({{.content_id = "1", .parent = id, .body = "re"}}, now).error().code ==
        errc::not_found);
}

TEST_CASE("a search asks for the first 50 of all comments") {
  const search plain;
  CHECK_FALSE(plain.status);
  CHECK(plain.subject + plain.email + plain.text == "");
  CHECK_FALSE(plain.verified);
  CHECK_FALSE(plain.after);
  CHECK(plain.limit == 50);
}

TEST_CASE("a store is an interface, and its owner need not know which store it is") {
  CHECK(std::is_abstract_v<store>);
  CHECK(std::has_virtual_destructor_v<store>);
}

TEST_CASE("the orders of a list keep their names") {
  CHECK(to_text(sort::oldest) == "oldest");
  CHECK(to_text(sort::newest) == "newest");
  CHECK(to_text(sort::top) == "top");
  for (const auto name : names_of(comments::sort{}))
    CHECK(to_text(*parse<comments::sort>(name)) == name);
  CHECK_FALSE(parse<comments::sort>("best"));
}

TEST_CASE("a query asks for the first 50 comments that start a thread, the oldest first") {
  const query plain;
  CHECK(plain.scope == scope::roots);
  CHECK(plain.sort == comments::sort::oldest);
  CHECK(plain.limit == 50);
  CHECK_FALSE(plain.parent);
  CHECK_FALSE(plain.after);
}

TEST_CASE("an empty page is one without a next") {
  CHECK(page{}.items.empty());
  CHECK_FALSE(page{}.next);
  CHECK_FALSE(post_result{}.replayed);
}

TEST_CASE("a reader's own comment stands in its place on a page, and only where that is") {
  const auto at = [](std::int64_t position) {
    return comment{.id = make_comment_id(from_milliseconds(position)), .position = position};
  };
  const query wanted{.after = cursor{.position = 1}};
  page shown{.items = {at(2), at(5)}, .next = cursor{.position = 5}};
  CHECK(insert_own(shown, wanted, at(4)));
  CHECK_FALSE(insert_own(shown, wanted, at(1)));
  CHECK_FALSE(insert_own(shown, wanted, at(6)));
  comment again = shown.items[1];
  again.body = "Oi";
  CHECK(insert_own(shown, wanted, again));  // instead of its tombstone
  REQUIRE(shown.items.size() == 3);
  CHECK(shown.items[1].body == "Oi");
  const comment reply{.parent = again.id, .status = status::pending};
  CHECK(count_own_reply(shown, reply));
  CHECK(shown.items[1].replies == 1);
  CHECK_FALSE(count_own_reply(shown, {.parent = at(9).id, .status = status::pending}));
}

TEST_CASE("cursors are equal if they are one place") {
  CHECK(cursor{1, 2} == cursor{1, 2});
  CHECK(cursor{1, 2} != cursor{2, 2});
  CHECK(cursor{1, 2} != cursor{1, 3});
}

TEST_CASE("all stores refuse in the same words") {
  CHECK(comment_not_found().code == errc::not_found);
  CHECK(comment_not_found().message == "There is no such comment.");
  CHECK(to_line(comment_not_found().violations) == "");
  CHECK(parent_not_found().code == errc::not_found);
  CHECK(parent_not_found().message == "The comment to reply to is not there.");
  CHECK(to_line(parent_not_found().violations) == "/parent_id not_found");
  CHECK(version_moved().code == errc::version_mismatch);
  CHECK(version_moved().message == "It has changed since the version that was expected.");
  CHECK(to_line(version_moved().violations) == "");
  CHECK(key_reused().code == errc::key_reused);
  CHECK(key_reused().message == "This key came with another draft before.");
  CHECK(to_line(key_reused().violations) == "key reused");
}
