#include <comments/testing/failing_store.hpp>

#include <comments/service.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

using namespace comments;

TEST_CASE("the call that is named fails, and those before and after do not") {
  memory_store kept;
  failing_store store{kept};
  const insertion wanted{.said = {.content_id = "1", .body = "x"}};
  store.fail_at(2, {errc::rate_limited, "Slowly."});
  CHECK(store.insert(wanted, from_milliseconds(0)));
  CHECK(store.insert(wanted, from_milliseconds(0)).error() == error{errc::rate_limited, "Slowly."});
  CHECK(store.insert(wanted, from_milliseconds(0)));
  CHECK(store.calls() == 3);
  CHECK(store.list({.content_id = "1"})->items.size() == 2);
}

TEST_CASE("a call whose answer is lost is done all the same, and a key ends the doubt") {
  memory_store kept;
  failing_store store{kept};
  const insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"}};
  store.fail_at(1, {errc::in_doubt, "Who knows."}, failed_call::is_done);
  CHECK(store.insert(wanted, from_milliseconds(0)).error().code == errc::in_doubt);
  CHECK(store.insert(wanted, from_milliseconds(0))->replayed);
}

TEST_CASE("whichever call of a post fails, the post fails, and made again it is made once") {
  for (std::int64_t n = 1;; ++n) {
    memory_store kept;
    failing_store store{kept};
    service api{store};
    store.fail_at(n);
    const draft written{.content_id = "1", .body = "x", .key = "k"};
    if (api.post(written)) {
      CHECK(n > 1);
      return;
    }
    CHECK(api.post(written));
    CHECK(kept.list({.content_id = "1"})->items.size() == 1);
  }
}
