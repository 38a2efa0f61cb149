#pragma once
// store/sqlite.hpp - comments in one SQLite file: the store for one process on one machine.
//
// Write-ahead log, synchronous=FULL: an acknowledged comment is on disk, and comments that come at
// the same moment share the sync that puts them there. One connection writes and several read, so
// readers see a snapshot and never wait for writers. The file belongs to the process that opened
// it: a second one is refused, by a lock on `path` + "-lock", because versions, caches and live
// updates are that process's to keep. Reading the file with other tools is fine.
//
//   auto store = sqlite_store::open({.path = "comments.db"});
//   if (!store) return fail(store.error().message);
//   service api{**store};

#include <comments/store.hpp>
#include <comments/store/content_table.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/schema.hpp>
#include <comments/store/sqlite_connection.hpp>
#include <comments/store/sqlite_pool.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace comments {

struct sqlite_options {
  std::string path{};
  std::chrono::milliseconds busy_wait{5000};  // how long to wait for another tool's lock
  group_limits group{};                       // how many writes share a commit, or wait for one
  std::size_t contents_kept{content_table::contents_kept_max};  // in memory, for `contents`
  std::size_t readers{4};  // how many read at once, each on a connection; further ones wait
  // Hears SQLite's own words whenever a call fails, for the log. Called from any thread.
  std::function<void(std::string_view)> on_failure{};
};

class sqlite_store final : public store {
 public:
  // What marks a file as ours ("CMNT" in the file's header).
  static constexpr std::int64_t application_id = 0x434d4e54;

  // Opens the file, makes it if there is none, and brings its schema up to date. `unavailable`,
  // with a sentence for the operator, if it cannot be opened or locked, is in use by another
  // process, is no SQLite database or another program's, or was written by a newer version. A file
  // that is refused is left as it was.
  static result<std::unique_ptr<sqlite_store>> open(sqlite_options options) {
    // The lock stands beside the file itself, whatever link led to it.
    std::error_code failed;
    const auto place = std::filesystem::weakly_canonical(options.path, failed);
    if (failed) return sqlite::refused("it cannot be opened for writing");
    if (auto why = sqlite::why_not_path(place); !why.empty()) return sqlite::refused(why);
    options.path = place.string();
    auto lock = std::make_unique<sqlite::file_lock>(options.path + "-lock");
    if (!lock->is_possible()) return sqlite::refused("it cannot be opened for writing");
    if (!lock->is_held()) return sqlite::refused("another process is using it");
    if (auto why = sqlite::why_not_file(place); !why.empty()) {
      std::filesystem::remove(options.path + "-lock", failed);  // nothing of ours is there
      return sqlite::refused(why);
    }
    auto writer = sqlite::connect(options.path, options.busy_wait, options.on_failure);
    if (!writer) return std::move(writer).error();
    if (auto migrated = migrate(**writer); !migrated) return std::move(migrated).error();
    std::string key = read_key(**writer);
    if (key.size() != 32) return sqlite::refused("it is damaged: its signing key is missing");
    auto opened = std::unique_ptr<sqlite_store>{
        new sqlite_store{options, std::move(lock), std::move(*writer), std::move(key)}};
    if (!opened->readers_.take()) return sqlite::refused("it cannot be opened twice");
    return opened;
  }

  // Writers that wait at the same moment share one commit; `unavailable` past `group.queue_max`.
  result<posting> insert(const draft& draft, instant now) override {
    // The id is made here: that can throw, and must not while others wait for the leader.
    auto outcome = writes_.submit({draft, now, make_comment_id(now)});
    return outcome ? std::move(*outcome) : unavailable();
  }

  result<comment> find(const comment_id& id) const override {
    const auto reader = readers_.take();
    if (!reader) return unavailable();
    sqlite::transaction work{*reader, "BEGIN"};
    auto found = find_in(work, id);
    if (work->failed()) return unavailable();
    if (!found) return comment_not_found();
    return std::move(*found);
  }

  result<page> list(const query& query) const override {
    const auto reader = readers_.take();
    if (!reader) return unavailable();
    sqlite::transaction work{*reader, "BEGIN"};
    page answer{.content = find_content(work, query.content_id)};
    const std::string sql = schema::list_sql(query.scope, query.sort, query.after.has_value());
    const bool has_parent = query.scope == scope::replies && query.parent;
    const std::string parent = has_parent ? to_string(*query.parent) : "";
    auto rows = work->prepare(sql, query.content_id, parent, as_number(query.limit) + 1);
    if (query.after) rows.bind(4, query.after->position);
    if (query.after && query.sort == sort::top) rows.bind(5, query.after->votes);
    while (rows.step()) answer.items.push_back(read_comment(rows));
    if (work->failed()) return unavailable();
    if (answer.items.size() > query.limit) {
      answer.items.resize(query.limit);
      answer.next = cursor{answer.items.back().position, answer.items.back().votes};
    }
    return answer;
  }

  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    std::vector<content> found;
    std::vector<std::pair<std::size_t, std::uint64_t>> missing;  // its place, and when we looked
    for (const std::string& id : ids) {
      auto [known, moment] = known_.look(id);
      if (!known) missing.emplace_back(found.size(), moment);
      found.push_back(known ? std::move(*known) : content{.content_id = id});
    }
    if (missing.empty()) return found;
    const auto reader = readers_.take();
    if (!reader) return unavailable();
    sqlite::transaction work{*reader, "BEGIN"};
    for (const auto& [i, moment] : missing) found[i] = find_content(work, ids[i]);
    if (work->failed()) return unavailable();
    for (const auto& [i, moment] : missing) known_.fill(found[i], moment);
    return found;
  }

  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    const auto reader = readers_.take();
    if (!reader) return unavailable();
    sqlite::transaction work{*reader, "BEGIN"};
    std::vector<event> found;
    auto rows = work->prepare(
        "SELECT version, kind, comment_id, at FROM event "
        "WHERE content_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3",
        content_id, after, as_number(limit));
    while (rows.step())
      found.push_back({std::string{content_id}, rows.number(0),
                       parse<event_kind>(rows.text(1)).value_or(event_kind{}),
                       parse_comment_id(rows.text(2)).value_or(comment_id{}),
                       from_milliseconds(rows.number(3))});
    if (work->failed()) return unavailable();
    return found;
  }

  std::string_view signing_key() const override { return key_; }

 private:
  using connection = sqlite::connection;
  using transaction = sqlite::transaction;

  struct insertion {
    const comments::draft& draft;
    instant now{};
    comment_id id{};
  };
  using insertions = group_commit<insertion, result<posting>>;

  sqlite_store(const sqlite_options& options, std::unique_ptr<sqlite::file_lock> lock,
               std::unique_ptr<connection> writer, std::string key)
      : lock_{std::move(lock)},
        writer_{std::move(writer)},
        readers_{options.readers, [options] { return open_reader(options); }},
        key_{std::move(key)},
        known_{options.contents_kept},
        writes_{options.group, [this](auto works, auto outcomes) { write_all(works, outcomes); }} {}

  // Each work has an outcome of its own, but what they rest on is one commit: if that fails, what
  // any of them saw or did has never been. A savepoint for each would nearly double the cost of an
  // insert, so they get one only once something has failed.
  void write_all(std::span<const insertion* const> works,
                 std::span<std::optional<result<posting>>> outcomes) {
    sqlite::transaction work{*writer_, "BEGIN IMMEDIATE"};
    std::vector<content> moved;
    for (std::size_t i = 0; i < works.size() && !work->failed(); ++i)
      outcomes[i] = write_one(work, *works[i], moved);
    if (work->failed() && work->is_open() && works.size() > 1) {
      work->restart("BEGIN IMMEDIATE");
      moved.clear();
      write_apart(work, works, outcomes, moved);
    }
    if (work->commit()) {
      for (const content& content : moved) known_.update(content);
      return;
    }
    known_.clear();  // who knows what became of it
    for (auto& outcome : outcomes) outcome = unavailable();
  }

  // Each in a savepoint of its own, so that one that fails does so alone.
  static void write_apart(transaction& work, std::span<const insertion* const> works,
                          std::span<std::optional<result<posting>>> outcomes,
                          std::vector<content>& moved) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const std::size_t before = moved.size();
      if (work->attempt([&] { outcomes[i] = write_one(work, *works[i], moved); })) continue;
      outcomes[i] = unavailable();
      moved.resize(before);
    }
  }

  // Adds to `moved` what it made of a content.
  static result<posting> write_one(transaction& work, const insertion& wanted,
                                   std::vector<content>& moved) {
    const draft& draft = wanted.draft;
    if (!draft.key.empty()) {
      if (auto known = replay(work, draft); !known || known->replayed) return known;
    }
    if (draft.parent && !is_repliable(work, draft)) return parent_not_found();
    return posting{.stored = write(work, wanted, moved)};
  }

  // Its cache of 1 MB is small, because each commit of the writer empties it.
  static result<std::unique_ptr<connection>> open_reader(const sqlite_options& options) {
    auto opened = sqlite::connect(options.path, options.busy_wait, options.on_failure);
    if (!opened) return opened;
    if (!(*opened)->execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024"))
      return sqlite::refused("it cannot be read");
    return opened;
  }

  static error unavailable() { return {errc::unavailable, "The store cannot do this now."}; }
  // A billion is as good as all, and one more than it is still a number.
  static std::int64_t as_number(std::size_t count) {
    return static_cast<std::int64_t>(std::min<std::size_t>(count, 1'000'000'000));
  }

  // Looks before it leaps: a file that is not ours is refused before anything is written to it.
  static result<done> migrate(connection& on) {
    const std::int64_t version = on.number("PRAGMA user_version");
    const bool is_ours = on.number("PRAGMA application_id") == application_id;
    const bool is_empty = on.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (on.failed()) return sqlite::refused("it is no SQLite database, or damaged");
    if (!is_ours && !is_empty) return sqlite::refused("it belongs to another program");
    if (version > schema::newest)
      return sqlite::refused("a newer version of this program wrote it (its schema is " +
                             std::to_string(version) + ", this program knows " +
                             std::to_string(schema::newest) + ")");
    if (!is_logged_ahead(on)) return sqlite::refused("it cannot be written");
    if (version == schema::newest) return ok();
    sqlite::transaction work{on, "BEGIN IMMEDIATE"};
    for (const schema::migration& step : schema::migrations)
      if (step.number > version) work->execute(std::string{step.sql});
    if (version == 0)
      work->execute("INSERT INTO setting VALUES ('signing_key', lower(hex(randomblob(32))))");
    work->execute("PRAGMA application_id = " + std::to_string(application_id) +
                  "; PRAGMA user_version = " + std::to_string(schema::newest));
    if (!work->commit()) return sqlite::refused("it cannot be written");
    return ok();
  }

  static bool is_logged_ahead(connection& on) {
    auto row = on.prepare("PRAGMA journal_mode = WAL");
    return row.step() && row.text(0) == "wal";
  }

  static std::string read_key(connection& on) {
    auto row = on.prepare("SELECT value FROM setting WHERE name = 'signing_key'");
    const std::string hex = row.step() ? row.text(0) : "";
    std::string key;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      key += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
    return key;
  }

  // What the draft's key made before, replayed; an empty posting if the key is new.
  static result<posting> replay(transaction& work, const draft& draft) {
    auto row = work->prepare(
        "SELECT id, request_fingerprint FROM comment WHERE content_id = ?1 AND request_key = ?2",
        draft.content_id, draft.key);
    const bool is_known = row.step();
    if (work->failed()) return unavailable();
    if (!is_known) return posting{};
    if (row.number(1) != fingerprint(draft)) return key_reused();
    auto made = find_in(work, parse_comment_id(row.text(0)).value_or(comment_id{}));
    if (!made) return unavailable();
    return posting{.stored = std::move(*made), .replayed = true};
  }

  static bool is_repliable(transaction& work, const draft& draft) {
    return work
        ->prepare(
            "SELECT 1 FROM comment WHERE id = ?1 AND content_id = ?2 AND status = 'published'",
            to_string(*draft.parent), draft.content_id)
        .step();
  }

  // The content with one comment more, at its next version. In two statements, because UPSERT and
  // RETURNING both make SQLite build a table and a journal for each call: twice the cost of all.
  static content move_content(transaction& work, const std::string& content_id) {
    content moved = find_content(work, content_id);
    ++moved.version;
    ++moved.comments;
    work->run(moved.version == 1 ? "INSERT INTO content VALUES (?1, ?2, ?3, 'open')"
                                 : "UPDATE content SET version = ?2, comments = ?3 "
                                   "WHERE content_id = ?1",
              content_id, moved.version, moved.comments);
    return moved;
  }

  // All that one new comment changes. Whether it took effect, the commit tells.
  static comment write(transaction& work, const insertion& wanted, std::vector<content>& moved) {
    const auto& [draft, now, id] = wanted;
    moved.push_back(move_content(work, draft.content_id));
    const std::int64_t version = moved.back().version;
    const std::string id_text = to_string(id);
    const std::string parent = draft.parent ? to_string(*draft.parent) : "";
    const std::int64_t at = to_milliseconds(now);
    auto row = work->prepare(
        "INSERT INTO comment VALUES (?1, ?2, ?3, ?4, 'published', ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, "
        "NULL, ?2, ?11, ?12, ?13)",
        draft.content_id, version, id_text, parent, draft.author.name, draft.author.email,
        draft.author.url, std::int64_t{draft.author.verified}, draft.body, at);
    if (!draft.key.empty()) row.bind(11, draft.key);
    row.bind(12, fingerprint(draft));
    row.bind(13, draft.encoded);
    row.step();
    if (draft.parent)
      work->run(
          "UPDATE comment SET replies = replies + 1, version = ?3 WHERE id = ?1 AND "
          "content_id = ?2",
          parent, draft.content_id, version);
    work->run("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)", draft.content_id, version,
              to_text(event_kind::posted), id_text, at);
    return to_comment(draft, id, version, now);
  }

  static std::optional<comment> find_in(transaction& work, const comment_id& id) {
    static const std::string sql =
        "SELECT " + std::string{schema::comment_columns} + " FROM comment WHERE id = ?1";
    const std::string text = to_string(id);
    auto row = work->prepare(sql, text);
    if (!row.step()) return std::nullopt;
    return read_comment(row);
  }

  static content find_content(transaction& work, std::string_view content_id) {
    auto row = work->prepare("SELECT version, comments, status FROM content WHERE content_id = ?1",
                             content_id);
    return read_content(row, content_id);
  }

  // The next row, of version, comments and status; a content of version 0 if there is none.
  static content read_content(sqlite::statement& row, std::string_view content_id) {
    content found{.content_id = std::string{content_id}};
    if (!row.step()) return found;
    found.version = row.number(0);
    found.comments = row.number(1);
    found.status = parse<content_status>(row.text(2)).value_or(found.status);
    return found;
  }

  // In the order of `schema::comment_columns`.
  static comment read_comment(const sqlite::statement& row) {
    return {.id = parse_comment_id(row.text(0)).value_or(comment_id{}),
            .content_id = row.text(1),
            .parent = parse_comment_id(row.text(2)),
            .position = row.number(3),
            .status = parse<comments::status>(row.text(4)).value_or(status::removed),
            .author = {row.text(5), row.text(6), row.text(7), row.number(8) != 0},
            .body = row.text(9),
            .votes = row.number(10),
            .replies = row.number(11),
            .created_at = from_milliseconds(row.number(12)),
            .edited_at =
                row.is_null(13) ? std::nullopt : std::optional{from_milliseconds(row.number(13))},
            .version = row.number(14),
            .encoded = row.text(15)};
  }

  std::unique_ptr<sqlite::file_lock> lock_;
  std::unique_ptr<connection> writer_;
  mutable sqlite::pool readers_;
  std::string key_;
  mutable content_table known_;
  insertions writes_;
};

}  // namespace comments
