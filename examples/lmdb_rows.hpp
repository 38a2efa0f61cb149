#pragma once
// lmdb_rows.hpp - comments as rows of LMDB, for lmdb_store.hpp.
//
// Keys are made of parts whose bytes order as their values do. So each list, log and search is one
// walk from where it starts to where it ends, and costs what it shows.

#include <comments/json/record.hpp>
#include <comments/principal.hpp>
#include <comments/store.hpp>
#include <comments/store/algorithms.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lmdb_transaction.hpp"

namespace lmdb {

// --- parts of keys and values ---

// Returns 8 bytes that order as the numbers do.
inline std::string number(std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63;
  std::string bytes(8, '\0');
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, bits >>= 8)
    *byte = static_cast<char>(bits & 0xff);
  return bytes;
}
inline std::string number(instant at) { return number(to_milliseconds(at)); }

inline std::string bytes(const comment_id& id) { return {id.bytes.begin(), id.bytes.end()}; }

// Returns bytes that order as the texts do, and an end that no text has in it: so what follows in a
// key is never taken for a part of the text.
inline std::string text(std::string_view value) {
  std::string bytes;
  for (const char c : value) bytes.append(1, c).append(c == '\0' ? 1 : 0, '\1');
  return bytes.append(2, '\0');
}

// Returns what stands in a key for a text that a key may have no room for: its 64-bit FNV-1a. Two
// texts may have the same, so the row has the text as well, to be compared.
inline std::string hash(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return number(static_cast<std::int64_t>(sum));
}

// Returns a key behind all that begin so.
inline std::string behind(std::string prefix) { return prefix.append(32, '\xff'); }

// These read the parts again. What a damaged file lacks is read as nothing.
inline std::string_view rest(std::string_view of, std::size_t at) {
  return of.substr(std::min(at, of.size()));
}
inline std::int64_t number_in(std::string_view from, std::size_t at = 0) {
  std::uint64_t bits = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    bits = bits << 8 | (i < from.size() ? static_cast<unsigned char>(from[i]) : 0u);
  return static_cast<std::int64_t>(bits ^ std::uint64_t{1} << 63);
}
inline comment_id first_id(std::string_view key) {
  comment_id id;
  std::copy_n(key.begin(), std::min(key.size(), id.bytes.size()), id.bytes.begin());
  return id;
}
inline comment_id last_id(std::string_view key) {
  return first_id(rest(key, key.size() - std::min(key.size(), comment_id{}.bytes.size())));
}

// LMDB takes keys of up to 511 bytes. So much of one may be the content, which is 255 bytes for
// `service`, and one more for each zero byte in it.
constexpr std::size_t content_key_bytes_max = 400;

// --- rows ---

// A vote or a report.
struct opinion {
  std::string key{};     // of its row
  std::string by{};      // the voter or the reporter
  std::string detail{};  // the voter's browser, or the reason
  std::string content_id{};

  comment_id about() const { return first_id(key); }
  instant at() const { return from_milliseconds(number_in(key, sizeof(comment_id))); }
};
struct opinion_tables {
  table all{}, by{};
  char kind{};  // in the table `aged`
};
constexpr opinion_tables votes{table::vote, table::vote_by, 'v'};
constexpr opinion_tables reports{table::report, table::report_by, 'r'};
constexpr char origins = 'o';  // in the table `aged`

// A key in one of the tables that only lead to comments.
using signpost = std::pair<table, std::string>;

// Returns what the keys of a list begin with.
inline std::string list_prefix(std::string_view content_id, scope in, sort by,
                               const std::optional<comment_id>& parent) {
  if (in == scope::replies && !parent) in = scope::roots;
  return text(content_id) + static_cast<char>('0' + static_cast<int>(in)) +
         (by == sort::top ? 't' : 'o') + (in == scope::replies ? bytes(*parent) : "");
}

// Returns where a search for the property of that kind walks.
inline std::string property_prefix(char kind, std::string_view value) { return kind + hash(value); }

// Returns all that leads to a comment as it stands.
inline std::set<signpost> signposts_to(const comment& stands) {
  std::set<signpost> all;
  const auto add_place = [&](scope in, sort by) {
    const std::pair<std::int64_t, std::int64_t> place = rank(by, stands);
    all.emplace(table::place, list_prefix(stands.content_id, in, by, stands.parent) +
                                  number(place.first) + number(place.second) + bytes(stands.id));
  };
  const auto add_property = [&](char kind, std::string_view value) {
    if (!value.empty())
      all.emplace(table::property, property_prefix(kind, value) + bytes(stands.id));
  };
  for (const sort by : {sort::oldest, sort::top}) {
    if (is_visible(stands)) add_place(scope::all, by);
    if (is_listed(stands)) add_place(scope::replies, by);
  }
  add_property('u', stands.author.subject);
  add_property('e', to_lower_ascii(stands.author.email));
  if (stands.held) add_property('b', stands.browser);
  if (!is_visible(stands)) add_property('s', to_text(stands.status));
  if (!stands.origin.empty())
    all.emplace(table::aged, origins + number(stands.created_at) + bytes(stands.id));
  return all;
}

// Returns all that leads to a vote or a report.
inline std::set<signpost> signposts_to(const opinion& said, const opinion_tables& in) {
  std::set<signpost> all{{in.by, hash(said.by) + said.key}};
  if (said.by.starts_with(address_prefix))
    all.emplace(table::aged, in.kind + number(said.at()) + said.key);
  return all;
}

// A transaction about comments.
class rows final : public transaction {
 public:
  using transaction::transaction;

  // An unknown content is empty, at version 0.
  content find_content(std::string_view id) {
    content found{.content_id = std::string{id}};
    const auto row = get(table::content, text(id));
    if (!row) return found;
    found.version = number_in(*row);
    found.comments = number_in(*row, 8);
    const std::int64_t status = number_in(*row, 16);
    if (status >= 0) found.status = static_cast<content_status>(status);
    return found;
  }
  void save(const content& changed) {
    const auto status = changed.status ? static_cast<std::int64_t>(*changed.status) : -1;
    put(table::content, text(changed.content_id),
        number(changed.version) + number(changed.comments) + number(status));
  }

  std::optional<comment> find(const comment_id& id) {
    return decode(get(table::comment, bytes(id)), json::decode_comment_record);
  }
  // Stores a comment that stood as `before` says, or is new. Moves what leads to it.
  void save(const std::optional<comment>& before, const comment& after) {
    put(table::comment, bytes(after.id), json::encode_record(after));
    const auto old_ones = before ? signposts_to(*before) : std::set<signpost>{};
    const auto new_ones = signposts_to(after);
    for (const signpost& one : old_ones)
      if (!new_ones.contains(one)) erase(one.first, one.second);
    for (const signpost& one : new_ones)
      if (!old_ones.contains(one)) put(one.first, one.second, "");
  }

  // Calls `use` with each comment of a list, in its order, until it returns false.
  template <typename Use>
  void walk_list(const query& wanted, Use&& use) {
    const bool is_newest = wanted.sort == sort::newest;  // the oldest, backwards
    const sort by = is_newest ? sort::oldest : wanted.sort;
    const std::string prefix = list_prefix(wanted.content_id, wanted.scope, by, wanted.parent);
    std::string from = is_newest ? behind(prefix) : prefix;
    if (wanted.after) {
      const auto [first, second] = rank(by, *wanted.after);
      from = prefix + number(first) + number(second);
      if (!is_newest) from = behind(from);
    }
    walk(table::place, prefix, from, is_newest ? way::down : way::up, [&](auto key, auto) {
      auto listed = must_find(last_id(key));
      return listed && use(*std::move(listed));
    });
  }

  // Calls `use` with each comment that a search may ask for, by its id, until it returns false.
  template <typename Use>
  void walk_search(const search& wanted, Use&& use) {
    table in = table::property;
    std::string prefix;
    if (!wanted.subject.empty())
      prefix = property_prefix('u', wanted.subject);
    else if (!wanted.email.empty())
      prefix = property_prefix('e', to_lower_ascii(wanted.email));
    else if (!wanted.browser.empty())
      prefix = property_prefix('b', wanted.browser);
    else if (wanted.status && *wanted.status != status::published)
      prefix = property_prefix('s', to_text(*wanted.status));
    else
      in = table::comment;
    const std::string from = wanted.after ? behind(prefix + bytes(*wanted.after)) : prefix;
    walk(in, prefix, from, way::up, [&](auto key, auto) {
      auto found = must_find(last_id(key));
      return found && use(*std::move(found));
    });
  }

  // Moves the version of a content by one, and appends the event that says why.
  void append(content& to, event cause, const comment_id& about, instant now) {
    cause.content_id = to.content_id;
    cause.version = ++to.version;
    cause.comment = about;
    cause.at = now;
    const std::string content = text(to.content_id), version = number(to.version);
    const std::string key = content + version;
    put(table::event, key, json::encode_record(cause));
    if (about != comment_id{} && cause.kind != event_kind::voted)
      put(table::history, bytes(about) + version, key);
    if (!is_decision(cause)) return;
    put(table::decision, "a" + number(now) + key, key);
    put(table::decision, "c" + content + number(now) + version, key);
  }
  // Returns at most `limit` events over a version, by a table that has them in that order.
  std::vector<event> find_events(table by, const std::string& prefix, std::int64_t after,
                                 std::size_t limit) {
    std::vector<event> found;
    walk(by, prefix, behind(prefix + number(after)), way::up, [&](auto key, auto value) {
      if (found.size() == limit) return false;
      auto next = find_event(by == table::event ? key : value);
      if (next) found.push_back(*std::move(next));
      return next.has_value();
    });
    return found;
  }
  std::optional<event> find_event(std::string_view key) {
    return must_be(decode(get(table::event, key), json::decode_event_record));
  }

  // Calls `use` with each decision that a page may ask for, the latest first, until it returns
  // false. It may have to pass some of the moment at which the page before ended.
  template <typename Use>
  void walk_decisions(const decision_query& wanted, Use&& use) {
    const std::string one = wanted.content_id.empty() ? "" : "c" + text(wanted.content_id);
    const std::string prefix = one.empty() ? "a" : one;
    const std::string from = wanted.after ? prefix + number(wanted.after->at) : prefix;
    walk(table::decision, prefix, behind(from), way::down, [&](auto, auto key) {
      auto done = find_event(key);
      return done && use(*std::move(done));
    });
  }

  // A draft's key, the comment that it made, and the draft's fingerprint.
  struct used_key {
    comment_id made{};
    std::int64_t fingerprint{};
  };
  std::optional<used_key> find_key(const draft& wanted) {
    std::optional<used_key> found;
    if (wanted.key.empty()) return found;
    const std::string prefix = text(wanted.content_id) + hash(wanted.key);
    walk(table::key, prefix, prefix, way::up, [&](auto key, auto) {
      const comment_id made = last_id(key);
      const auto row = get(table::draft, bytes(made));
      if (row && rest(*row, 8) == wanted.key) found = used_key{made, number_in(*row)};
      return !found;
    });
    return found;
  }
  void save_key(const draft& used, const comment_id& made) {
    if (used.key.empty()) return;
    put(table::key, text(used.content_id) + hash(used.key) + bytes(made), "");
    put(table::draft, bytes(made), number(fingerprint(used)) + used.key);
  }

  // Calls `use` with each vote for a comment, or each report against it, the latest first, until it
  // returns false.
  template <typename Use>
  void walk_opinions(const opinion_tables& of, const comment_id& about, Use&& use) {
    walk(of.all, bytes(about), behind(bytes(about)), way::down,
         [&](auto key, auto value) { return use(to_opinion(key, value)); });
  }
  // Returns at most `limit` opinions under a name, by the ids of their comments, over `after`.
  std::vector<opinion> opinions_by(const opinion_tables& of, std::string_view name,
                                   const std::optional<comment_id>& after, std::size_t limit) {
    std::vector<opinion> found;
    const std::string prefix = hash(name);
    const std::string from = after ? behind(prefix + bytes(*after)) : prefix;
    walk(of.by, prefix, from, way::up, [&](auto key, auto) {
      if (found.size() == limit) return false;
      const auto said = find_opinion(of, rest(key, prefix.size()));
      if (said && said->by == name) found.push_back(*said);
      return said.has_value();
    });
    return found;
  }
  // The key is made here: `said` has none.
  void add(const opinion_tables& to, opinion said, const comment_id& about, instant now) {
    const std::string prefix = bytes(about) + number(now);
    std::int64_t next = 0;
    walk(to.all, prefix, behind(prefix), way::down, [&](auto key, auto) {
      next = number_in(key, prefix.size()) + 1;
      return false;
    });
    said.key = prefix + number(next);
    put(to.all, said.key,
        number(std::ssize(said.by)) + said.by + number(std::ssize(said.detail)) + said.detail +
            said.content_id);
    for (const signpost& one : signposts_to(said, to)) put(one.first, one.second, "");
  }
  void erase(const opinion_tables& from, std::string_view key) {
    const auto said = find_opinion(from, key);
    if (!said) return;
    for (const signpost& one : signposts_to(*said, from)) erase(one.first, one.second);
    erase(from.all, key);
  }
  using transaction::erase;

  // Returns the keys of at most `limit` of what is to be forgotten, older than `before`.
  std::vector<std::string> aged(char what, instant before, std::size_t limit) {
    std::vector<std::string> found;
    const std::string prefix(1, what), end = prefix + number(before);
    walk(table::aged, prefix, prefix, way::up, [&](auto key, auto) {
      if (found.size() == limit || key >= end) return false;
      found.emplace_back(rest(key, end.size()));
      return true;
    });
    return found;
  }

  // Counts a comment below `parent` that was shown or hidden. `visible` and `listed` are 1 if it
  // became that, -1 if it ceased to be, else 0. A hidden comment is listed as long as it has
  // replies, so the ancestors may be listed or not from now on, too.
  void settle(content& of, std::optional<comment_id> parent, int visible, int listed) {
    of.comments += visible;
    while (parent && listed != 0) {
      const auto before = must_find(*parent);
      if (!before) return;
      comment above = *before;
      above.replies += listed;
      above.version = of.version;
      save(before, above);
      listed = int{is_listed(above)} - int{is_listed(*before)};
      parent = above.parent;
    }
  }

  // Erases what a removed comment leaves elsewhere. Its key must still replay it.
  void erase_traces(const comment_id& id) {
    std::vector<std::string> events, complaints;
    walk(table::history, bytes(id), bytes(id), way::up, [&](auto, auto key) {
      events.emplace_back(key);
      return true;
    });
    for (const std::string& key : events) {
      auto row = find_event(key);
      if (!row || row->before.empty()) continue;
      row->before.clear();
      put(table::event, key, json::encode_record(*row));
    }
    if (const auto row = get(table::draft, bytes(id)))
      put(table::draft, bytes(id), number(0) + std::string{rest(*row, 8)});
    walk_opinions(reports, id, [&](const opinion& said) {
      complaints.push_back(said.key);
      return true;
    });
    for (const std::string& key : complaints) erase(reports, key);
  }

  // Returns a comment that another row leads to.
  std::optional<comment> must_find(const comment_id& id) { return must_be(find(id)); }

 private:
  static opinion to_opinion(std::string_view key, std::string_view value) {
    const auto take = [&value] {
      const auto size = static_cast<std::size_t>(number_in(value));
      const std::string field{rest(value, 8).substr(0, size)};
      value = rest(value, 8 + field.size());
      return field;
    };
    opinion said{.key = std::string{key}};
    said.by = take();
    said.detail = take();
    said.content_id = value;
    return said;
  }
  std::optional<opinion> find_opinion(const opinion_tables& in, std::string_view key) {
    const auto row = must_be(get(in.all, key));
    return row ? std::optional{to_opinion(key, *row)} : std::nullopt;
  }

  // Nothing where there must be something is a failure, as what LMDB fails to do is.
  template <typename T>
  std::optional<T> must_be(std::optional<T> found) {
    if (!found) note(MDB_CORRUPTED);
    return found;
  }
  template <typename T>
  std::optional<T> decode(const std::optional<std::string>& row,
                          result<T> (*read)(std::string_view)) {
    if (!row) return std::nullopt;
    result<T> read_row = read(*row);
    if (read_row) return *std::move(read_row);
    note(MDB_CORRUPTED);
    return std::nullopt;
  }
};

}  // namespace lmdb
