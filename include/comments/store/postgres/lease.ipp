#pragma once
// store/postgres/lease.ipp - definitions of store/postgres/lease.hpp.

#include <comments/store/postgres/lease.hpp>

#include <charconv>
#include <cstdint>
#include <string_view>

namespace comments::inline v0::postgres {

// The row `chores` of `setting` is the end of the lease, a space, and who has it.
COMMENTS_INLINE bool take_lease(transaction& writing, const std::string& node,
                                std::chrono::milliseconds lasts) {
  writing.send("INSERT INTO setting VALUES ('chores', '0 ') ON CONFLICT (name) DO NOTHING");
  const auto held = writing.send("SELECT value FROM setting WHERE name = 'chores' FOR UPDATE");
  const auto clock = writing.send("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
  if (!writing.receive()) return false;
  const std::string value = writing.rows(held).text(0, 0);
  const std::int64_t now = writing.rows(clock).number(0, 0);
  std::int64_t end = 0;
  std::from_chars(value.data(), value.data() + value.size(), end);
  const std::string_view holder = std::string_view{value}.substr(value.find(' ') + 1);
  if (holder != node && end > now) return false;
  const std::int64_t new_end = lasts.count() > 0 ? now + lasts.count() : 0;
  writing.send("UPDATE setting SET value = $1 WHERE name = 'chores'",
               std::to_string(new_end) + " " + node);
  return true;
}

}  // namespace comments::inline v0::postgres
