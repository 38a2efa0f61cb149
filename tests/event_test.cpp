#include <comments/event.hpp>

#include <doctest/doctest.h>

using namespace comments;

TEST_CASE("the kinds of events keep their names and their order") {
  CHECK(to_text(event_kind::posted) == "posted");
  CHECK(to_text(event_kind::edited) == "edited");
  CHECK(to_text(event_kind::moderated) == "moderated");
  CHECK(to_text(event_kind::voted) == "voted");
  CHECK(to_text(event_kind::removed) == "removed");
  CHECK(names_of(event_kind{}).size() == 5);
  for (const auto name : names_of(event_kind{})) CHECK(to_text(*parse<event_kind>(name)) == name);
  CHECK_FALSE(parse<event_kind>("burned"));
}

TEST_CASE("events are equal if all that they record is") {
  const event first{"1", 1, event_kind::posted, comment_id{{1}}, from_milliseconds(5)};
  CHECK(first == event{"1", 1, event_kind::posted, comment_id{{1}}, from_milliseconds(5)});
  CHECK(first != event{"2", 1, event_kind::posted, comment_id{{1}}, from_milliseconds(5)});
  CHECK(first != event{"1", 2, event_kind::posted, comment_id{{1}}, from_milliseconds(5)});
  CHECK(first != event{"1", 1, event_kind::edited, comment_id{{1}}, from_milliseconds(5)});
  CHECK(first != event{"1", 1, event_kind::posted, comment_id{{2}}, from_milliseconds(5)});
  CHECK(first != event{"1", 1, event_kind::posted, comment_id{{1}}, from_milliseconds(6)});
  const event full{"1", 1, event_kind::edited, {}, {}, "moderator ana", "rude", "pending", "x"};
  CHECK(full == event{full});
  const auto differs = [&](auto change) {
    event changed = full;
    change(changed);
    return changed != full;
  };
  CHECK(differs([](event& e) { e.by = "author"; }));
  CHECK(differs([](event& e) { e.reason.clear(); }));
  CHECK(differs([](event& e) { e.status.clear(); }));
  CHECK(differs([](event& e) { e.before.clear(); }));
}
