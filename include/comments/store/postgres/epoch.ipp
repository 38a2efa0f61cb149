#pragma once
// store/postgres/epoch.ipp - definitions of store/postgres/epoch.hpp.

#include <comments/store/postgres/epoch.hpp>

#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/schema.hpp>
#include <comments/store/postgres/values.hpp>

#include <optional>
#include <string>

namespace comments::inline v0::postgres {

namespace detail {

// Where a database is: "system/database/timeline". The timeline is the first part of the names of
// the files of the log. A standby writes none, and is nowhere.
#define COMMENTS_PLACE                                                                           \
  "(SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE system_identifier::text || '/' || oid || " \
  "'/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END "                       \
  "FROM pg_control_system(), pg_database WHERE datname = current_database())"

// Returns that; empty where it tells nothing.
inline std::string find_place(connection& on) {
  transaction asking{on, transaction::autocommit};
  const auto asked = asking.send("SELECT " COMMENTS_PLACE
                                 " WHERE NOT EXISTS (SELECT 1 FROM pg_extension"
                                 " WHERE extname = 'citus')");
  if (!asking.receive() || asking.rows(asked).empty()) return "";
  return asking.rows(asked).text(0, 0);
}

inline error unreadable(connection& on) {
  return unusable(on.check_lost() ? no_answer : "its epoch cannot be read");
}

struct kept_epoch {
  std::string made_at{};
  std::uint64_t epoch{};
};

inline void add_epoch(transaction& writing) {
  constexpr std::string_view add = "INSERT INTO setting VALUES ($1, '') ON CONFLICT DO NOTHING";
  writing.send(add, "epoch_place");
  writing.send(add, "epoch");
}

inline void set_epoch(transaction& writing, std::string_view epoch, std::string_view place) {
  constexpr std::string_view update = "UPDATE setting SET value = $2 WHERE name = $1";
  writing.send(update, "epoch", epoch);
  writing.send(update, "epoch_place", place);
}

// Returns what `setting` holds; nothing if the transaction failed. `lock` is as for `read_setting`.
inline std::optional<kept_epoch> find_epoch(transaction& in, std::string_view lock) {
  const auto made_at = read_setting(in, "epoch_place", lock);
  const auto epoch = read_setting(in, "epoch", lock);
  if (in.failed() != failure::none) return std::nullopt;
  return kept_epoch{made_at.value_or(""), parse_epoch(epoch.value_or("")).value_or(0)};
}

}  // namespace detail

COMMENTS_INLINE result<known_epoch> settle_epoch(connection& on, bool is_new) {
  const std::string place = detail::find_place(on);
  if (on.check_lost()) return unusable(no_answer);
  const auto is_good = [&](const detail::kept_epoch& kept) {
    return kept.epoch != 0 && !is_new && (place.empty() || kept.made_at == place);
  };
  {
    transaction reading{on, transaction::autocommit};
    const auto kept = detail::find_epoch(reading, "");
    if (!kept) return detail::unreadable(on);
    if (is_good(*kept)) return known_epoch{kept->epoch, !place.empty()};
  }
  transaction writing{on, transaction::writing};
  detail::add_epoch(writing);
  const auto kept = detail::find_epoch(writing, " FOR UPDATE");  // others wait here
  if (!kept) return detail::unreadable(on);
  const std::uint64_t epoch = is_good(*kept) ? kept->epoch : make_epoch();
  detail::set_epoch(writing, epoch_text(epoch), place);
  if (!writing.commit()) return unusable("its epoch cannot be written");
  return known_epoch{epoch, !place.empty()};
}

COMMENTS_INLINE bool take_epoch(connection& on, std::string_view text) {
  const std::string place = detail::find_place(on);
  transaction writing{on, transaction::writing};
  detail::add_epoch(writing);
  detail::set_epoch(writing, text, place);
  return writing.commit();
}

COMMENTS_INLINE std::size_t ask_epoch(transaction& reading, bool is_placed) {
  if (!is_placed) return reading.send("SELECT value, '', '' FROM setting WHERE name = 'epoch'");
  return reading.send(
      "SELECT value, (SELECT value FROM setting WHERE name = 'epoch_place'), " COMMENTS_PLACE
      " FROM setting WHERE name = 'epoch'");
}

COMMENTS_INLINE std::uint64_t read_epoch(transaction& reading, std::size_t asked) {
  const rows found = reading.rows(asked);
  if (found.empty()) return 0;
  const std::string made_at = found.text(0, 1), place = found.text(0, 2);
  if (!place.empty() && made_at != place) return 0;
  return parse_epoch(found.text(0, 0)).value_or(0);
}

}  // namespace comments::inline v0::postgres
