#pragma once
// store/sqlite/writer.ipp - definitions of store/sqlite/writer.hpp.

#include <comments/store/sqlite/writer.hpp>

#include <comments/store/sqlite/schema.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns whether the job ran to its end. One that throws, for want of memory or because a caller's
// function does, ends so alone.
inline bool run_job(const writer::job& wanted, transaction& work, effects& noted) noexcept {
  try {
    wanted(work, noted);
    return true;
  } catch (...) {
    return false;
  }
}

// Runs each job in a savepoint of its own, so that one that fails does so alone.
inline void run_apart(transaction& work, std::span<const writer::job* const> works,
                      std::span<std::optional<ending>> endings, effects& noted) {
  for (std::size_t i = 0; i < works.size(); ++i) {
    const std::size_t before = noted.contents.size();
    const bool is_done = work->attempt([&] { return run_job(*works[i], work, noted); });
    endings[i] = is_done ? ending::committed : ending::undone;
    if (!is_done) noted.contents.resize(before);
  }
}

}  // namespace detail

COMMENTS_INLINE writer::writer(writer_options options, std::unique_ptr<connection> on,
                               content_cache& cache)
    : options_{std::move(options)},
      cache_{cache},
      on_{std::move(on)},
      jobs_{options_.group, [this](auto works, auto endings) { run_all(works, endings); }} {
  const mutex_lock lock{mutex_};
  // A process before this one may have ended between erasing something and emptying the log.
  has_erased_ = !empty_log();
}

COMMENTS_INLINE writer::~writer() {
  jobs_.finish();
  const mutex_lock lock{mutex_};
  if (!is_file_in_place()) on_->keep_log();
}

COMMENTS_INLINE ending writer::run(const job& wanted) { return to_ending(jobs_.submit(wanted)); }

COMMENTS_INLINE void writer::begin(const job& wanted, std::function<void(ending)> ended) {
  jobs_.submit(wanted,
               [ended = std::move(ended)](const jobs::submission& how) { ended(to_ending(how)); });
}

COMMENTS_INLINE ending writer::to_ending(const jobs::submission& ended) {
  if (ended.outcome) return *ended.outcome;
  return ended.why == refusal::unknown ? ending::in_doubt : ending::undone;
}

COMMENTS_INLINE void writer::recover() {
  const mutex_lock lock{mutex_};
  if (!options_.watch || options_.watch->look()) repair_log();
}

COMMENTS_INLINE void writer::look() {
  const mutex_lock lock{mutex_};
  if (!options_.watch) return;
  if (options_.health->is_well()) {
    transaction reading{*on_, "BEGIN"};
    note_mark(*on_);
  }
  if (!options_.watch->look()) checkpoint(checkpoint_mode::passive, std::chrono::milliseconds{0});
}

COMMENTS_INLINE bool writer::is_file_in_place() {
  return !options_.watch || options_.watch->look() || options_.watch->is_file_in_place();
}

// Each job has an ending of its own, but all rest on one commit: if that fails, what any of them
// saw or did has never been. Throws nothing: `jobs_` would take that as an unknown outcome.
COMMENTS_INLINE void writer::run_all(job_list works, ending_list endings) {
  const mutex_lock lock{mutex_};
  for (auto& end : endings) end = ending::undone;
  if (options_.watch && !options_.watch->glance()) return;
  if (!repair_log()) return;
  effects noted;
  if (commit_all(works, endings, noted)) {
    for (const content& changed : noted.contents) cache_.update(changed);
    has_erased_ = has_erased_ || noted.has_erased;
    options_.health->activity().succeed();
    keep_log_short();
    return;
  }
  cache_.clear();
  const ending why = on_->is_in_doubt() ? ending::in_doubt : ending::undone;
  for (auto& end : endings)
    if (end == ending::committed) end = why;
}

// A savepoint for each job would nearly double the cost of an insert, so jobs get one only once one
// of them has failed.
COMMENTS_INLINE bool writer::commit_all(job_list works, ending_list endings, effects& noted) {
  transaction work{*on_, "BEGIN IMMEDIATE"};
  note_mark(*on_);
  bool is_well = !work->failed();
  for (std::size_t i = 0; i < works.size() && is_well; ++i) {
    is_well = detail::run_job(*works[i], work, noted) && !work->failed();
    if (is_well) endings[i] = ending::committed;
  }
  if (is_well) return work->commit();
  if (!work->is_open() || works.size() == 1) return false;
  work->restart("BEGIN IMMEDIATE");
  noted = {};
  detail::run_apart(work, works, endings, noted);
  return work->commit();
}

// Another tool that changes the schema changes the mark. SQLite sees that in the log's index, and
// without such a change it reads the header from memory: not from a file that was written over.
COMMENTS_INLINE void writer::note_mark(connection& on) const {
  if (!options_.watch) return;
  const std::int64_t mark = on.number("PRAGMA schema_version");
  if (!on.failed()) options_.watch->note_mark(static_cast<std::uint32_t>(mark));
}

// A log begins anew only with the first commit after a checkpoint.
COMMENTS_INLINE void writer::note_log() {
  if (!on_->take_logged() || !may_begin_anew_) return;
  if (options_.watch) options_.watch->note_log();
  may_begin_anew_ = false;
}

// All is done, so what finds no memory waits for the next commit.
COMMENTS_INLINE void writer::keep_log_short() noexcept {
  try {
    note_log();
    move_log();
  } catch (...) {
  }
}

// A file that was written over must not get pages of ours.
COMMENTS_INLINE bool writer::checkpoint(checkpoint_mode mode,
                                        std::chrono::milliseconds reader_wait) {
  if (!is_file_in_place()) return false;
  may_begin_anew_ = true;
  on_->take_logged();
  const bool is_done = on_->checkpoint(mode, reader_wait);
  if (options_.watch) options_.watch->look();  // the file is longer now
  return is_done;
}

// The thread that has just committed moves pages, a step at a time. A thread of its own would need
// the writers to stand still for the last of it all the same, and kept them waiting for longer when
// the machine was busy.
COMMENTS_INLINE void writer::move_log() {
  if (has_erased_ && empty_log()) {
    has_erased_ = false;
    moved_at_ = 0;
    return;
  }
  const std::int64_t pages = on_->log_pages();
  if (pages < moved_at_) moved_at_ = 0;  // it began anew
  if (pages < moved_at_ + options_.log.pages_step) return;
  moved_at_ = pages;
  const bool is_long = pages >= options_.log.pages_max;
  checkpoint(is_long ? checkpoint_mode::restart : checkpoint_mode::passive,
             options_.log.reader_wait);
}

// What was erased still stands in the log, as it was before, and the pages in memory hold copies of
// rows that moved, which would go to the log with their next change. While a reader stays in a
// snapshot this fails, and the next commit tries again.
COMMENTS_INLINE bool writer::empty_log() {
  if (!checkpoint(checkpoint_mode::truncate, std::chrono::milliseconds{0})) return false;
  on_->forget_pages();
  return true;
}

// Returns whether the file may be written.
COMMENTS_INLINE bool writer::repair_log() noexcept {
  if (options_.health->is_well()) return true;
  try {
    return try_repair();
  } catch (...) {  // no memory; the next one tries again
    return false;
  }
}

// After a commit in doubt nothing of it may come back, and everything before it must be on disk for
// certain. A sync that has failed says so once: the system may then count as written what is not.
// So everything that the log holds up to the last good commit is written to the file again and
// synced, and the log is emptied, which takes away what the failed commit has left in it. That must
// happen on the connections that are open: they know where the last good commit ends, and one that
// opens the file afresh would take the rest for good. Only then a new connection, which must be
// able to read the file, replaces the one that failed. Readers see the last good commit all along.
COMMENTS_INLINE bool writer::try_repair() {
  if (!options_.health->begin_recovery()) return false;
  if (!checkpoint(checkpoint_mode::truncate, options_.file.busy_wait)) return false;
  auto opened = connect(options_.file);
  if (!opened || read_key(**opened) != options_.key) return false;
  on_ = std::move(*opened);
  options_.health->restore();
  return options_.health->is_well();
}

}  // namespace comments::inline v0::sqlite
