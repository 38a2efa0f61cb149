#include <comments/store/forwarding.hpp>

#include <doctest/doctest.h>

#include <comments/store/memory.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

#include "support/contract.hpp"
#include "support/faulty_store.hpp"

using namespace comments;
using comments::contract::noon;

namespace {

// A store that passes everything on owes what the one inside owes.
class forwarding_maker final {
 public:
  comments::store& store() { return front_; }

 private:
  memory_store inside_{};
  forwarding_store front_{inside_};
};

}  // namespace

STORE_CONTRACT(forwarding_store, forwarding_maker);

TEST_CASE("the time of all processes is passed on") {
  struct ahead final : forwarding_store {
    using forwarding_store::forwarding_store;
    instant shared_time(instant own) const override { return own + std::chrono::minutes{4}; }
  };
  memory_store memory;
  ahead inside{memory};
  const forwarding_store front{static_cast<store&>(inside)};
  CHECK(front.shared_time(noon) == noon + std::chrono::minutes{4});
}

TEST_CASE("each function is passed on, and its error comes back") {
  memory_store memory;
  faulty_store inside{memory};  // counts
  inside.is_read_only = true;
  forwarding_store front{static_cast<store&>(inside)};
  std::size_t calls = 0;
  const auto is_passed_on = [&](const auto&) { return inside.calls() == ++calls; };
  const auto made = front.insert({{.content_id = "1", .body = "x"}}, noon);
  CHECK(is_passed_on(made));
  const comment_id id = made->stored.id;
  const std::vector<std::string> ids{"1"};
  CHECK(is_passed_on(front.amend(id, comments::contract::rewrite("y"), noon)));
  CHECK(is_passed_on(front.vote(id, {"ana"}, true, noon)));
  CHECK(is_passed_on(front.report(id, {"ana"}, "rude", noon)));
  CHECK(is_passed_on(front.set_status("1", content_status::locked, {}, {}, noon)));
  CHECK(is_passed_on(front.forget_origins(noon, 10)));
  CHECK(is_passed_on(front.forget_reporter("ana")));
  CHECK(is_passed_on(front.lease_chores({})));
  CHECK(is_passed_on(front.find(id)));
  CHECK(is_passed_on(front.list({.content_id = "1"})));
  CHECK(is_passed_on(front.contents(ids)));
  CHECK(is_passed_on(front.events("1", 0, 10)));
  CHECK(is_passed_on(front.history(id, 0, 10)));
  CHECK(is_passed_on(front.decisions({})));
  CHECK(is_passed_on(front.reports_of(id, 10)));
  CHECK(is_passed_on(front.find_all({})));
  CHECK(is_passed_on(front.votes_of("ana", {}, 10)));
  CHECK(is_passed_on(front.reports_by("ana", {}, 10)));
  CHECK(front.signing_key() == memory.signing_key());
  CHECK_FALSE(front.is_writable());
  CHECK_FALSE(front.activity().is_away);
  inside.done.is_away = true;
  CHECK(front.activity().is_away);
  front.recover();
  CHECK(inside.recoveries == 1);
  faulty_store broken{memory, 1};
  const forwarding_store behind{static_cast<store&>(broken)};
  CHECK(behind.find(id).error().code == errc::unavailable);
}

TEST_CASE("a store before a store is never a copy of it") {
  CHECK_FALSE(std::is_constructible_v<forwarding_store, forwarding_store&>);
  CHECK_FALSE(std::is_constructible_v<faulty_store, const faulty_store&>);
  CHECK(std::is_constructible_v<forwarding_store, store&>);
}

TEST_CASE("what is overridden is done in its own way, the rest is passed on") {
  class deaf_store final : public forwarding_store {
   public:
    using forwarding_store::forwarding_store;
    result<post_result> insert(const insertion&, instant) override { return parent_not_found(); }
  };
  memory_store memory;
  deaf_store front{memory};
  CHECK(front.insert({{.content_id = "1", .body = "x"}}, noon).error().code == errc::not_found);
  CHECK(memory.insert({{.content_id = "1", .body = "x"}}, noon));
  CHECK(front.list({.content_id = "1"})->items.size() == 1);
}
