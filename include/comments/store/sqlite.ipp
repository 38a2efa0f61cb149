#pragma once
// store/sqlite.ipp - definitions of store/sqlite.hpp.

#include <comments/store/sqlite.hpp>

#include <comments/guarded.hpp>
#include <comments/store/algorithms.hpp>
#include <comments/store/sqlite/deployments.hpp>
#include <comments/store/sqlite/rows.hpp>
#include <comments/store/sqlite/schema.hpp>
#include <comments/store/sqlite/search.hpp>
#include <comments/store/sqlite/updates.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace comments::inline v0 {

namespace detail {

// Returns a connection that only reads. Its cache of 1 MB is small, because each commit of the
// writer empties it.
inline result<std::unique_ptr<sqlite::connection>> open_reader(sqlite::file_options file,
                                                               const sqlite::watch& seen) {
  if (!seen.is_in_place()) return sqlite::unusable("it was moved, removed or replaced");
  file.on_failure = sqlite::for_reading(std::move(file.on_failure));
  auto opened = sqlite::connect(file);
  if (!opened) return opened;
  if (!(*opened)->execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024"))
    return sqlite::unusable("it cannot be read");
  return opened;
}

}  // namespace detail

COMMENTS_INLINE result<std::unique_ptr<sqlite_store>> sqlite_store::open(sqlite_options options) {
  auto claim = sqlite::claim_database(options.path);
  if (!claim) return std::move(claim).error();
  auto health = std::make_shared<sqlite::health>(options.recovery_pause, options.clock);
  sqlite::file_options file{.path = claim->path,
                            .vfs = options.vfs,
                            .busy_wait = options.busy_wait,
                            .on_failure = health->listener(options.on_failure)};
  auto writer = sqlite::connect(file);
  if (!writer) return std::move(writer).error();
  if (auto migrated = sqlite::migrate(**writer, file.path); !migrated)
    return std::move(migrated).error();
  std::string key = sqlite::read_key(**writer);
  if (key.size() != 32) return sqlite::unusable("it is damaged: its signing key is missing");
  std::error_code failed;
  const bool is_small = std::filesystem::file_size(file.path, failed) <= options.checked_max;
  if (is_small && !sqlite::is_sound(**writer)) return sqlite::unusable("it is damaged");
  if (sqlite::read_epoch(**writer) == 0 && sqlite::renew_epoch(**writer) == 0)
    return sqlite::unusable("it cannot be written");
  file.may_be_made = false;
  auto seen = std::make_shared<sqlite::watch>(file.path, *claim->lock, sqlite::mark_anew(**writer),
                                              file.on_failure);
  auto opened = std::unique_ptr<sqlite_store>{new sqlite_store{
      options,
      std::move(claim->lock),
      {file, std::move(health), std::move(key), options.group, options.log, std::move(seen)},
      std::move(*writer)}};
  const auto reader = opened->readers_.take();
  if (!reader) return sqlite::unusable("it cannot be opened twice");
  const bool is_checked = is_small || guarded([&] { opened->check_.emplace(file); });
  if (!is_checked && !sqlite::is_sound(*reader)) return sqlite::unusable("it is damaged");
  guarded([&] {
    opened->looking_.emplace(options.watch_pause, [&writer = opened->writer_] { writer.look(); });
  });
  return opened;
}

COMMENTS_INLINE sqlite_store::sqlite_store(const sqlite_options& options,
                                           std::unique_ptr<const sqlite::file_lock> lock,
                                           sqlite::writer_options writing,
                                           std::unique_ptr<sqlite::connection> writer)
    : lock_{std::move(lock)},
      key_{writing.key},
      epoch_{sqlite::read_epoch(*writer)},
      health_{writing.health},
      watch_{writing.watch},
      cache_{options.contents_kept},
      writer_{writing, std::move(writer), cache_},
      readers_{options.readers,
               [file = writing.file, seen = watch_] { return detail::open_reader(file, *seen); }} {}

template <typename T, typename Work>
result<T> sqlite_store::write(Work&& wanted) {
  if (is_deciding()) return called_back();
  return writer_.write<T>(std::forward<Work>(wanted));
}

template <typename Work>
auto sqlite_store::read(Work&& wanted) const
    -> result<decltype(wanted(std::declval<sqlite::transaction&>()))> {
  if (is_deciding()) return called_back();
  const auto reader = readers_.take();
  if (!reader) return unavailable();
  sqlite::transaction work{*reader, "BEGIN"};
  auto found = wanted(work);
  if (work->failed()) return unavailable();
  health_->activity().succeed();
  return found;
}

COMMENTS_INLINE result<post_result> sqlite_store::insert(const insertion& wanted, instant now) {
  const auto id = new_id(wanted, now);
  if (!id) return id.error();
  sqlite::pending_insert pending{wanted, now, *id, buckets_};
  return settle(pending, write<post_result>([&](auto& work, auto& noted) {
                  return sqlite::insert(work, pending, noted);
                }));
}

COMMENTS_INLINE result<post_result> sqlite_store::settle(sqlite::pending_insert& pending,
                                                         result<post_result> made) {
  const bool is_stored = made && !made->replayed;
  if (pending.has_tokens && !is_stored) give_back_tokens(buckets_, pending.wanted);
  return made;
}

// An insert that nobody waits for, until it is over.
class sqlite_store::begun_insert final {
 public:
  begun_insert(sqlite::pending_insert pending, insert_receiver ended)
      : pending_{std::move(pending)}, ended_{std::move(ended)} {}

  const sqlite::writer::job& job() const { return job_; }

  void end(sqlite_store& in, sqlite::ending how) noexcept {
    auto outcome =
        guarded([&] { return in.settle(pending_, sqlite::writer::settle(how, std::move(made_))); });
    // Without memory for a sentence, the code alone has to do.
    const errc code = how == sqlite::ending::in_doubt ? errc::in_doubt : errc::unavailable;
    guarded([&] { ended_(outcome ? std::move(outcome) : result<post_result>{error{code, {}}}); });
  }

 private:
  sqlite::pending_insert pending_;
  const insert_receiver ended_;
  result<post_result> made_{unavailable()};
  const sqlite::writer::job job_{[this](sqlite::transaction& work, sqlite::effects& noted) {
    made_ = sqlite::insert(work, pending_, noted);
  }};
};

COMMENTS_INLINE void sqlite_store::begin_insert(const insertion& wanted, instant now,
                                                insert_receiver ended) {
  const auto refuse = [&](error why) {
    guarded([&] { ended(result<post_result>{std::move(why)}); });
  };
  if (is_deciding()) return refuse(called_back());
  const auto id = new_id(wanted, now);
  if (!id) return refuse(id.error());
  auto begun = std::make_unique<begun_insert>(sqlite::pending_insert{wanted, now, *id, buckets_},
                                              std::move(ended));
  writer_.begin(begun->job(), [this, own = begun.get()](sqlite::ending how) {
    const std::unique_ptr<begun_insert> ends_with_scope{own};
    own->end(*this, how);
  });
  static_cast<void>(begun.release());  // the function above has it, or had it
}

COMMENTS_INLINE result<comment> sqlite_store::amend(const comment_id& id, const decider& decide,
                                                    instant now) {
  return write<comment>(
      [&](auto& work, auto& noted) { return sqlite::amend(work, id, decide, now, noted); });
}

COMMENTS_INLINE result<comment> sqlite_store::vote(const comment_id& id, const voter& by,
                                                   bool is_there, instant now) {
  return write<comment>(
      [&](auto& work, auto& noted) { return sqlite::vote(work, id, by, is_there, now, noted); });
}

COMMENTS_INLINE result<comment> sqlite_store::report(const comment_id& id, const voter& by,
                                                     const std::string& reason, instant now) {
  return write<comment>(
      [&](auto& work, auto&) { return sqlite::report(work, id, by, reason, now); });
}

COMMENTS_INLINE result<content> sqlite_store::set_status(const std::string& content_id,
                                                         std::optional<content_status> status,
                                                         std::optional<std::int64_t> expected,
                                                         const event& cause, instant now) {
  auto set = write<content>([&](auto& work, auto& noted) {
    return sqlite::set_status(work, content_id, status, expected, cause, now, noted);
  });
  if (set) set->epoch = epoch_;
  return set;
}

COMMENTS_INLINE result<std::size_t> sqlite_store::forget_origins(instant before,
                                                                 std::size_t limit) {
  return write<std::size_t>([&](auto& work, auto& noted) -> result<std::size_t> {
    return sqlite::forget_origins(work, before, limit, noted);
  });
}

COMMENTS_INLINE result<done> sqlite_store::forget_reporter(const std::string& reporter) {
  return write<done>([&](auto& work, auto& noted) {
    sqlite::forget_reporter(work, reporter, noted);
    return ok();
  });
}

COMMENTS_INLINE result<comment> sqlite_store::find(const comment_id& id) const {
  auto found = read([&](auto& work) { return sqlite::find_comment(work, id); });
  if (!found) return std::move(found).error();
  if (!*found) return comment_not_found();
  return std::move(**found);
}

COMMENTS_INLINE result<page> sqlite_store::list(const query& query) const {
  auto found = read([&](auto& work) { return sqlite::list(work, query); });
  if (found) found->content.epoch = epoch_;
  return found;
}

COMMENTS_INLINE std::optional<content> sqlite_store::known_content(
    std::string_view content_id) const {
  if (is_deciding()) return std::nullopt;
  auto known = cache_.find(content_id).found;
  if (known) known->epoch = epoch_;
  return known;
}

COMMENTS_INLINE result<std::vector<content>> sqlite_store::contents(
    std::span<const std::string> ids) const {
  if (is_deciding()) return called_back();
  struct miss {
    std::size_t place{};
    std::uint64_t generation{};
  };
  std::vector<content> found;
  std::vector<miss> missing;
  for (const std::string& id : ids) {
    auto [known, generation] = cache_.find(id);
    if (!known) missing.push_back({found.size(), generation});
    found.push_back(known ? std::move(*known) : content{.content_id = id});
  }
  const auto look = [&](auto& work) {
    for (const auto& [i, generation] : missing) found[i] = sqlite::find_content(work, ids[i]);
    return done{};
  };
  if (!missing.empty())
    if (const auto looked = read(look); !looked) return looked.error();
  for (const auto& [i, generation] : missing) cache_.fill(found[i], generation);
  for (content& one : found) one.epoch = epoch_;
  return found;
}

COMMENTS_INLINE result<std::vector<event>> sqlite_store::events(std::string_view content_id,
                                                                std::int64_t after,
                                                                std::size_t limit) const {
  return read([&](auto& work) { return sqlite::events(work, content_id, after, limit); });
}

COMMENTS_INLINE result<std::vector<event>> sqlite_store::history(const comment_id& id,
                                                                 std::int64_t after,
                                                                 std::size_t limit) const {
  return read([&](auto& work) {
    const auto about = sqlite::find_comment(work, id);
    return about ? sqlite::history(work, *about, after, limit) : std::vector<event>{};
  });
}

COMMENTS_INLINE result<decision_page> sqlite_store::decisions(const decision_query& wanted) const {
  return read([&](auto& work) { return sqlite::decisions(work, wanted); });
}

COMMENTS_INLINE result<std::vector<comments::report>> sqlite_store::reports_of(
    const comment_id& id, std::size_t limit) const {
  return read([&](auto& work) {
    const auto about = sqlite::find_comment(work, id);
    return about ? sqlite::reports_of(work, *about, limit) : std::vector<comments::report>{};
  });
}

COMMENTS_INLINE result<search_result> sqlite_store::find_all(const search& wanted) const {
  return read([&](auto& work) { return sqlite::find_all(work, wanted); });
}

COMMENTS_INLINE result<std::vector<made_report>> sqlite_store::reports_by(
    const std::string& reporter, std::optional<comment_id> after, std::size_t limit) const {
  return read([&](auto& work) { return sqlite::reports_by(work, reporter, after, limit); });
}

COMMENTS_INLINE result<std::vector<comments::vote>> sqlite_store::votes_of(
    const std::string& voter, std::optional<comment_id> after, std::size_t limit) const {
  return read([&](auto& work) { return sqlite::votes_of(work, voter, after, limit); });
}

COMMENTS_INLINE result<record_result> sqlite_store::record(const deployment& step, instant now) {
  const auto id = new_id(now);
  if (!id) return id.error();
  deployment wanted = step;
  wanted.id = *id;
  wanted.date = now;
  return write<record_result>([&](auto& work, auto&) { return sqlite::record(work, wanted); });
}

COMMENTS_INLINE result<deployment_page> sqlite_store::deployments(
    const deployment_query& query) const {
  return read([&](auto& work) { return sqlite::deployments(work, query); });
}

COMMENTS_INLINE store_activity sqlite_store::activity() const {
  store_activity seen = health_->activity().look();
  seen.connections_used = readers_.used();
  seen.connections_open = readers_.open();
  return seen;
}

COMMENTS_INLINE void sqlite_store::recover() {
  if (is_deciding()) return;
  writer_.recover();
}

}  // namespace comments::inline v0
