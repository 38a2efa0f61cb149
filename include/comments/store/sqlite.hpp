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

#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>
#include <comments/store/content_cache.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/check.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/deployments.hpp>
#include <comments/store/sqlite/health.hpp>
#include <comments/store/sqlite/pool.hpp>
#include <comments/store/sqlite/rows.hpp>
#include <comments/store/sqlite/search.hpp>
#include <comments/store/sqlite/updates.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace comments {

// When what stands in the write-ahead log is moved to the file, in pages of 4 KiB. Each step holds
// up the writers, and no readers, until `pages_step` pages are written and synced. While a reader
// stays in one snapshot the log cannot begin anew: then, and only then, it grows past `pages_max`.
struct sqlite_log_limits {
  std::int64_t pages_step{1000};
  std::int64_t pages_max{4000};            // from here on a step waits for readers, too
  std::chrono::milliseconds patience{40};  // for so long
};

struct sqlite_options {
  std::string path{};
  std::chrono::milliseconds busy_wait{5000};  // how long to wait for another tool's lock
  group_limits group{};                       // how many writes share a commit, or wait for one
  std::size_t contents_kept{content_cache::contents_kept_max};  // in memory, for `contents`
  std::size_t readers{8};  // how many read at once, each on a connection; further ones wait
  sqlite_log_limits log{};
  // A file of at most so many bytes is looked through for damage before it is opened, a larger one
  // afterwards, in a thread: about 4 ms for each MiB.
  std::uintmax_t checked_max{16 << 20};
  // After a failure that leaves its effect in doubt: how long writes are refused before the store
  // tries to make its file good.
  std::chrono::milliseconds recovery_pause{1000};
  comments::clock clock{system_clock()};
  std::string vfs{};  // the name of what SQLite reaches the disk through; empty: its default
  // Hears SQLite's own words whenever a call fails, for the log. Called from any thread.
  std::function<void(std::string_view)> on_failure{};
};

class sqlite_store final : public store, public deployment_log {
 public:
  // What marks a file as ours ("CMNT" in the file's header).
  static constexpr std::int64_t application_id = 0x434d4e54;

  // Opens the file, makes it if there is none, and brings its schema up to date. `unavailable`,
  // with a sentence for the operator, if it cannot be opened or locked, is in use by another
  // process, is no SQLite database, damaged or another program's, or was written by a newer
  // version. A file that is refused is left as it was.
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
    const auto trust = std::make_shared<sqlite::trust>(options.recovery_pause, options.clock);
    const sqlite::file_options file{.path = options.path,
                                    .vfs = options.vfs,
                                    .busy_wait = options.busy_wait,
                                    .on_failure = trust->listener(options.on_failure)};
    auto writer = sqlite::connect(file);
    if (!writer) return std::move(writer).error();
    if (auto migrated = migrate(**writer); !migrated) return std::move(migrated).error();
    std::string key = read_key(**writer);
    if (key.size() != 32) return sqlite::refused("it is damaged: its signing key is missing");
    const bool is_small = std::filesystem::file_size(place, failed) <= options.checked_max;
    if (is_small && !sqlite::is_sound(**writer)) return sqlite::refused("it is damaged");
    auto opened = std::unique_ptr<sqlite_store>{new sqlite_store{
        options, file, trust, std::move(lock), std::move(*writer), std::move(key)}};
    if (!opened->readers_.take()) return sqlite::refused("it cannot be opened twice");
    // A process before this one may have ended between erasing something and emptying its log.
    opened->has_erased_ = !opened->empty_log();
    if (!is_small) opened->check_.emplace(file);
    return opened;
  }

  // Writers that wait at the same moment share one commit; `unavailable` past `group.queue_max`.
  result<post_result> insert(const insertion& wanted, instant now) override {
    // The id is made here: that can throw, and must not while others wait for the leader.
    const sqlite::pending_insert pending{wanted, now, make_comment_id(now), buckets_};
    return write<post_result>(
        [&](auto& work, auto& noted) { return write_one(work, pending, noted); });
  }

  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    return write<comment>(
        [&](auto& work, auto& noted) { return sqlite::amend(work, id, decide, now, noted); });
  }

  result<comment> vote(const comment_id& id, const std::string& voter, bool is_there,
                       instant now) override {
    return write<comment>([&](auto& work, auto& noted) {
      return sqlite::vote(work, id, voter, is_there, now, noted);
    });
  }

  result<comment> report(const comment_id& id, const comments::report& said) override {
    return write<comment>([&](auto& work, auto&) { return sqlite::report(work, id, said); });
  }

  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    return write<content>([&](auto& work, auto& noted) {
      return sqlite::set_status(work, content_id, status, expected, cause, now, noted);
    });
  }

  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    return write<std::size_t>([&](auto& work, auto& noted) -> result<std::size_t> {
      return sqlite::forget_origins(work, before, limit, noted);
    });
  }

  result<done> forget_reporter(const std::string& reporter) override {
    return write<done>([&](auto& work, auto& changed) {
      sqlite::forget_reporter(work, reporter, changed);
      return ok();
    });
  }

  result<record_result> record(const deployment& said, instant now) override {
    deployment wanted = said;
    wanted.id = make_comment_id(now);  // here, as in `insert`
    wanted.date = now;
    return write<record_result>([&](auto& work, auto&) { return sqlite::record(work, wanted); });
  }

  result<comment> find(const comment_id& id) const override {
    auto found = read([&](auto& work) { return sqlite::find_in(work, id); });
    if (!found) return std::move(found).error();
    if (!*found) return comment_not_found();
    return std::move(**found);
  }

  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    return read([&](auto& work) { return sqlite::events(work, content_id, after, limit); });
  }

  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    return read([&](auto& work) {
      const auto about = sqlite::find_in(work, id);
      return about ? sqlite::history(work, *about, after, limit) : std::vector<event>{};
    });
  }

  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    return read([&](auto& work) {
      const auto about = sqlite::find_in(work, id);
      return about ? sqlite::reports_of(work, *about, limit) : std::vector<comments::report>{};
    });
  }

  result<search_result> find_all(const search& wanted) const override {
    return read([&](auto& work) { return sqlite::find_all(work, wanted); });
  }

  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    return read([&](auto& work) { return sqlite::votes_of(work, voter, after, limit); });
  }

  result<deployment_page> deployments(const deployment_query& query) const override {
    return read([&](auto& work) { return sqlite::deployments(work, query); });
  }

  result<page> list(const query& query) const override {
    return read([&](auto& work) { return list_in(work, query); });
  }

  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    if (is_deciding()) return called_back();
    std::vector<content> found;
    std::vector<std::pair<std::size_t, std::uint64_t>> missing;  // its place, and when we looked
    for (const std::string& id : ids) {
      auto [known, generation] = known_.find(id);
      if (!known) missing.emplace_back(found.size(), generation);
      found.push_back(known ? std::move(*known) : content{.content_id = id});
    }
    if (missing.empty()) return found;
    const auto looked = read([&](auto& work) {
      for (const auto& [i, generation] : missing) found[i] = sqlite::find_content(work, ids[i]);
      return done{};
    });
    if (!looked) return looked.error();
    for (const auto& [i, generation] : missing) known_.fill(found[i], generation);
    return found;
  }

  std::string_view signing_key() const override { return key_; }

  // False after a commit that failed in doubt, until the file is made good; and once the file was
  // found damaged, until it is opened again.
  bool is_writable() const override { return trust_->is_whole(); }

  // At most once in `recovery_pause`. Every write tries too.
  void recover() override {
    if (is_deciding()) return;
    const std::lock_guard lock{writing_};
    if (!trust_->is_whole()) may_write_again();
  }

 private:
  using connection = sqlite::connection;
  // What a caller wants written. It keeps the outcome itself; whether that counts, the commit says.
  using job = std::function<void(sqlite::transaction&, sqlite::changes&)>;
  // How a job ended: in a commit that took effect; without effect, for certain; or in a commit of
  // which that is not known.
  enum class ending { committed, undone, in_doubt };
  using jobs = group_commit<job, ending>;

  sqlite_store(const sqlite_options& options, sqlite::file_options file,
               std::shared_ptr<sqlite::trust> trust, std::unique_ptr<sqlite::file_lock> lock,
               std::unique_ptr<connection> writer, std::string key)
      : lock_{std::move(lock)},
        file_{std::move(file)},
        trust_{std::move(trust)},
        writer_{std::move(writer)},
        readers_{options.readers, [this] { return open_reader(); }},
        key_{std::move(key)},
        known_{options.contents_kept},
        log_{options.log},
        writes_{options.group, [this](auto works, auto outcomes) { write_all(works, outcomes); }} {}

  template <typename T, typename Work>
  result<T> write(Work&& wanted) {
    if (is_deciding()) return called_back();
    result<T> answer = unavailable();
    const auto ended = writes_.submit(
        [&](sqlite::transaction& work, sqlite::changes& noted) { answer = wanted(work, noted); });
    if (ended.outcome == ending::committed) return answer;
    const bool is_unknown =
        ended.outcome ? *ended.outcome == ending::in_doubt : ended.why == refusal::unknown;
    // What answered an error has changed nothing, whatever became of the others in its commit.
    return is_unknown && answer ? in_doubt() : unavailable();
  }

  template <typename Work>
  auto read(Work&& wanted) const -> result<decltype(wanted(std::declval<sqlite::transaction&>()))> {
    if (is_deciding()) return called_back();
    const auto reader = readers_.take();
    if (!reader) return unavailable();
    sqlite::transaction work{*reader, "BEGIN"};
    auto answer = wanted(work);
    if (work->failed()) return unavailable();
    return answer;
  }

  static page list_in(sqlite::transaction& work, const query& query) {
    page answer{.content = sqlite::find_content(work, query.content_id)};
    const std::string sql = sql_schema::list_sql(query.scope, query.sort, query.after.has_value());
    const bool has_parent = query.scope == scope::replies && query.parent;
    const std::string parent = has_parent ? to_string(*query.parent) : "";
    auto rows = work->prepare(sql, query.content_id, parent, sqlite::as_number(query.limit) + 1);
    if (query.after) rows.bind(4, query.after->position);
    if (query.after && query.sort == sort::top) rows.bind(5, query.after->votes);
    constexpr std::size_t usual_max = 200;  // of that many none is moved while they are read
    answer.items.reserve(std::min(query.limit, usual_max) + 1);
    while (rows.step()) answer.items.push_back(sqlite::read_comment(rows));
    if (answer.items.size() > query.limit) {
      answer.items.resize(query.limit);
      answer.next = cursor{answer.items.back().position, answer.items.back().votes};
    }
    return answer;
  }

  // Each job has an outcome of its own, but what they rest on is one commit: if that fails, what
  // any of them saw or did has never been. A savepoint for each would nearly double the cost of an
  // insert, so they get one only once something has failed. Throws nothing: what it would say then
  // is less than what is known.
  void write_all(std::span<const job* const> works, std::span<std::optional<ending>> endings) {
    const std::lock_guard lock{writing_};
    for (auto& end : endings) end = ending::undone;
    if (!trust_->is_whole() && !may_write_again()) return;
    sqlite::changes changed;
    if (commit_all(works, endings, changed)) {
      for (const content& content : changed.moved) known_.update(content);
      has_erased_ = has_erased_ || changed.has_erased;
      move_log();
      return;
    }
    known_.clear();
    const auto why = writer_->is_in_doubt() ? ending::in_doubt : ending::undone;
    for (auto& end : endings)
      if (end == ending::committed) end = why;
  }

  bool commit_all(std::span<const job* const> works, std::span<std::optional<ending>> endings,
                  sqlite::changes& changed) {
    sqlite::transaction work{*writer_, "BEGIN IMMEDIATE"};
    bool is_well = !work->failed();
    for (std::size_t i = 0; i < works.size() && is_well; ++i) {
      is_well = carry_out(*works[i], work, changed) && !work->failed();
      if (is_well) endings[i] = ending::committed;
    }
    if (is_well) return work->commit();
    if (!work->is_open() || works.size() == 1) return false;
    work->restart("BEGIN IMMEDIATE");
    changed = {};
    write_apart(work, works, endings, changed);
    return work->commit();
  }

  // Each in a savepoint of its own, so that one that fails does so alone.
  static void write_apart(sqlite::transaction& work, std::span<const job* const> works,
                          std::span<std::optional<ending>> endings, sqlite::changes& changed) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const std::size_t before = changed.moved.size();
      const bool is_done = work->attempt([&] { return carry_out(*works[i], work, changed); });
      endings[i] = is_done ? ending::committed : ending::undone;
      if (!is_done) changed.moved.resize(before);
    }
  }

  // Returns whether the job ran to its end. One that throws, for want of memory or because a
  // caller's function does, ends so alone.
  static bool carry_out(const job& wanted, sqlite::transaction& work,
                        sqlite::changes& changed) noexcept {
    try {
      wanted(work, changed);
      return true;
    } catch (...) {
      return false;
    }
  }

  // As `make_good`. Without memory the next one tries.
  bool may_write_again() noexcept {
    try {
      return make_good();
    } catch (...) {
      return false;
    }
  }

  // What is in the log is moved to the file by who has just committed, a step at a time: a thread
  // of its own needs the writers to stand still for the last of it all the same, and did so for
  // longer when the machine was busy. Under `writing_`.
  void move_log() {
    if (has_erased_ && empty_log()) {
      has_erased_ = false;
      moved_at_ = 0;
      return;
    }
    const std::int64_t pages = writer_->log_pages();
    if (pages < moved_at_) moved_at_ = 0;  // it began anew
    if (pages < moved_at_ + log_.pages_step) return;
    moved_at_ = pages;
    using mode = connection::checkpoint_mode;
    writer_->checkpoint(pages < log_.pages_max ? mode::passive : mode::restart, log_.patience);
  }

  // What was erased still stands in the log, as it was before; and the pages in memory hold copies
  // of what moved, which would go to the log with their next change. Not while a reader is in a
  // snapshot: whoever commits next tries again.
  bool empty_log() {
    using std::chrono::milliseconds;
    if (!writer_->checkpoint(connection::checkpoint_mode::truncate, milliseconds{0})) return false;
    writer_->forget_pages();
    return true;
  }

  // After a commit that failed in doubt, nothing of it may come back, and everything before it must
  // be on disk for certain. A sync that failed has told so once: the system may count as written
  // what is not. So all that the log holds up to the last good commit is written to the file again
  // and synced, and the log is emptied, which takes what the failed commit left in it along. That
  // must happen on the connections that are open: they know where the last good commit ends, and
  // one that opens the file afresh would take the rest for good. Only then the writing connection
  // makes place for a new one, which must be able to read what there is. Readers, meanwhile and
  // after, see the last good commit.
  //
  // Under `writing_`. Does at most one such pass, and none within `recovery_pause` of the last.
  bool make_good() {
    if (!trust_->may_recover()) return false;
    if (!writer_->checkpoint(connection::checkpoint_mode::truncate, file_.busy_wait)) return false;
    auto opened = sqlite::connect(file_);
    if (!opened || read_key(**opened) != key_) return false;
    writer_ = std::move(*opened);
    trust_->restore();
    return trust_->is_whole();
  }

  // Its cache of 1 MB is small, because each commit of the writer empties it.
  result<std::unique_ptr<connection>> open_reader() const {
    auto file = file_;
    file.on_failure = sqlite::for_reading(file.on_failure);
    auto opened = sqlite::connect(file);
    if (!opened) return opened;
    if (!(*opened)->execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024"))
      return sqlite::refused("it cannot be read");
    return opened;
  }

  // Looks before it leaps: a file that is not ours is refused before anything is written to it.
  static result<done> migrate(connection& on) {
    const std::int64_t version = on.number("PRAGMA user_version");
    const bool is_ours = on.number("PRAGMA application_id") == application_id;
    const bool is_empty = on.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (on.failed()) return sqlite::refused("it is no SQLite database, or damaged");
    if (!is_ours && !is_empty) return sqlite::refused("it belongs to another program");
    if (version > sql_schema::newest)
      return sqlite::refused("a newer version of this program wrote it (its schema is " +
                             std::to_string(version) + ", this program knows " +
                             std::to_string(sql_schema::newest) + ")");
    if (!is_logged_ahead(on)) return sqlite::refused("it cannot be written");
    if (version == sql_schema::newest) return ok();
    on.execute("PRAGMA foreign_keys = OFF");  // a table that others refer to may be made anew
    sqlite::transaction work{on, "BEGIN IMMEDIATE"};
    for (const sql_schema::migration& step : sql_schema::migrations)
      if (step.number > version) work->execute(std::string{step.sql});
    if (version == 0)
      work->execute("INSERT INTO setting VALUES ('signing_key', lower(hex(randomblob(32))))");
    const std::string marks = "PRAGMA application_id = " + std::to_string(application_id) +
                              "; PRAGMA user_version = " + std::to_string(sql_schema::newest);
    work->execute(marks);
    if (!work->commit() || !work->execute("PRAGMA foreign_keys = ON"))
      return sqlite::refused("it cannot be written");
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

  const std::unique_ptr<sqlite::file_lock> lock_;
  const sqlite::file_options file_;
  const std::shared_ptr<sqlite::trust> trust_;
  std::mutex writing_{};  // who holds it may use and replace `writer_`
  std::unique_ptr<connection> writer_;
  mutable sqlite::pool readers_;
  std::string key_;
  mutable content_cache known_;
  bucket_table buckets_{};
  const sqlite_log_limits log_;
  std::int64_t moved_at_{};  // how long the log was when it was moved last, since it began anew
  bool has_erased_{};        // something that the log still holds
  jobs writes_;
  std::optional<sqlite::background_check> check_{};
};

}  // namespace comments
