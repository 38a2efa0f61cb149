#pragma once
// service.hpp - the use cases: everything that a program can ask of comments.
//
// A post is validated, reviewed, stored and announced. A change is authorised and decided while the
// store keeps other changes of the comment out. A query is checked and answered from the store, and
// shows nothing that is hidden. The rules are the same for every caller: HTTP, a program that
// embeds the library, a test.
//
// Any thread may call any function. Times come from `service_options::clock`. No function throws,
// except std::bad_alloc; if a function that was handed over (a rule, the clock, an encoder) throws
// or is empty where it is needed, the call returns `unavailable` and has changed nothing. Every
// function may return `unavailable`, and every change `in_doubt`, as the store does; a change is as
// durable as the store makes it. The store must outlive the service.
//
//   memory_store kept;
//   comments::service api{kept};
//   auto posted = api.post({.content_id = "1", .body = "Primeiro post!"});
//   auto page = api.list({.content_id = "1"});

#include <comments/background.hpp>
#include <comments/broadcast.hpp>
#include <comments/config.hpp>
#include <comments/erasure.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/posting.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/review.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0 {

// What a change needs beside the change and the caller.
struct change_options {
  std::optional<std::int64_t> expected{};  // the version that must stand; none: any version
  std::vector<std::int64_t> any_of{};      // versions of which one must stand; empty: any version
  std::string reason{};                    // in the history; of hiding, its author's to read, too
  encoder encode{};                        // of an edit
};

// Its destructor waits for a recovery of the store, if one runs.
class service final {
 public:
  explicit service(store& store, service_options options = {});
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  // --- writing ---

  // Stores a comment of the caller. Its status says whether it is published. A retry with the same
  // `draft::key` is safe. `invalid` with every violation, or those of a rule that refuses it;
  // `content_locked`; the errors of `store::insert`.
  result<post_result> post(draft written, const principal& caller = {}, post_options options = {});

  // The same in two steps, so that no thread waits for the storage in between, as far as the store
  // can do without. `on_end` is called once, on any thread, perhaps before this call is over; it
  // must not wait; what it throws is lost, and an empty one is not called. If it calls the service,
  // a write may be refused there as `unavailable`. From then on `end_post` returns the outcome,
  // once. Until then the comment is neither counted nor announced. If this throws, the post is in
  // doubt, and `on_end` may have been called.
  std::shared_ptr<begun_post> begin_post(draft written, const principal& caller,
                                         post_options options, std::function<void()> on_end);
  result<post_result> end_post(begun_post& begun);

  // Whether `end_post` neither waits nor has many to wake.
  bool ends_at_once(const begun_post& begun) const;

  // Gives a comment another text. The rules judge the text: it may take the comment out of
  // publication, and never brings it in. For the comment's author within the edit window, and for
  // moderators: else `unauthenticated`, `forbidden` or `edit_window_closed`. `not_found` if they
  // cannot see the comment; `version_mismatch` if the options do not allow its version;
  // `content_locked` and `invalid` as for a post; `conflict` after `edits_max` changes.
  result<comment> edit(const comment_id& id, std::string body, const principal& caller,
                       const change_options& options = {});

  // Removes and erases a comment. For the same callers as `edit`, with the same errors.
  result<comment> remove(const comment_id& id, const principal& caller,
                         const change_options& options = {});

  // Makes the vote of the caller for a comment be there, or not be there, as `store::vote` does,
  // and returns the comment. `unauthenticated` if neither their account nor their address is known,
  // nor the browser that takes a vote back; `not_found`; `conflict` if `network_votes_max` of the
  // caller's network have voted for it.
  result<comment> vote(const comment_id& id, const principal& caller, bool is_there);

  // Reports a comment to the moderators; a second report by the same caller does nothing. With the
  // report number `reports_max` the comment becomes pending, until a moderator decides. `invalid`
  // without a reason; `unauthenticated` as for `vote`; `not_found` if readers cannot see it;
  // `conflict` if `network_reports_max` of the caller's network have reported it.
  result<comment> report(const comment_id& id, const std::string& reason, const principal& caller);

  // --- moderating: for moderators, else `unauthenticated` or `forbidden` ---

  // Decides about 1 to `decisions_max` comments, each by itself, and returns what became of each:
  // the comment, `not_found`, `version_mismatch`, or `conflict` where `moves` has no such move.
  result<std::vector<std::pair<comment_id, result<comment>>>> moderate(
      std::span<const comment_id> ids, decision made, const principal& caller,
      const change_options& options = {});

  // Gives a content this status; none: the default of the service. `invalid` if the id cannot be
  // one; `version_mismatch` as for `edit`.
  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             const principal& caller, const change_options& options = {});

  // Returns what happened to a comment, as `store::history` does, at most `page_max` events.
  // `not_found`.
  result<std::vector<event>> history(const comment_id& id, std::int64_t after, std::size_t limit,
                                     const principal& caller) const;

  // Returns what moderators decided, as `store::decisions` does. `invalid` for a limit that is not
  // 1 to `page_max`.
  result<decision_page> decisions(const decision_query& wanted, const principal& caller) const;

  // Returns the latest reports against a comment, at most `page_max`.
  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   const principal& caller) const;

  // --- everything of one person: for a user what is theirs, for moderators everything ---

  // Returns comments of all contents, as `store::find_all` does. A user must search by their own
  // subject. `invalid` for a limit as in `list`.
  result<search_result> find_all(const search& wanted, const principal& caller) const;

  // Returns votes of a user, as `store::votes_of` does, at most `page_max`.
  result<std::vector<comments::vote>> votes_of(const std::string& subject,
                                               std::optional<comment_id> after,
                                               const principal& caller) const;

  // Returns reports of a user, as `store::reports_by` does, at most `page_max`.
  result<std::vector<made_report>> reports_by(const std::string& subject,
                                              std::optional<comment_id> after,
                                              const principal& caller) const;

  // Erases the comments, votes and reports of a person, as `eraser::erase` does: what was done
  // before a failure stays done. `invalid` without subject and e-mail address.
  result<erasure> erase(const person& whose, const principal& caller);

  // Erases origins older than `origins_kept`, and returns how many: a few at a time, until all are,
  // or `is_over` says so, or another process that shares the storage does this now. What was erased
  // before a failure stays erased. Call it now and then.
  result<std::size_t> forget_origins(const std::function<bool()>& is_over = {});

  // --- reading: for everyone ---

  // Returns the comment as the caller may see it. A hidden comment with visible replies is a
  // tombstone for all but its author and moderators. The browser that it came from sees it while
  // it waits. `not_found`.
  result<comment> find(const comment_id& id, const principal& caller = {}) const;

  // Returns the reason that a moderator gave for hiding a comment, for its author and moderators.
  // Empty for all others, and if the comment can be seen, or if rules or reports have hidden it.
  result<std::string> find_reason(const comment& hidden, const principal& caller) const;

  // Returns a page of listed comments, as `store::list` does; of the replies, if there is a parent.
  // It ends earlier if the comments have more text than `page_bytes_max`. `invalid` if the id
  // cannot be one or the limit is not 1 to `page_max`; the default limit is never over it.
  result<page> list(query wanted) const;

  // Returns the same page with the comments in it that came from the caller's browser and wait for
  // a moderator: in their places, beyond the limit, and counted as replies. Nothing without such.
  result<std::optional<page>> list_with_own(query wanted, const principal& caller) const;

  // Returns the contents with these ids, in this order; unknown ones are empty. `invalid` for an id
  // that cannot be one, for no id, and for more than `contents_max`.
  result<std::vector<content>> contents(std::span<const std::string> ids) const;

  // Returns what `contents` would return of this id, if that needs no wait and no storage; else,
  // and for an id that cannot be one, nothing.
  std::optional<content> known_content(const std::string& content_id) const;

  // Returns the epoch that the versions of comments are of, for which a store on another machine is
  // asked.
  result<std::uint64_t> epoch() const;
  // Returns the one that the store said last. Does not wait.
  std::uint64_t last_epoch() const { return store_.epoch(); }

  // Returns one content, or `not_found` if it never had a comment or a status.
  result<content> find_content(const std::string& content_id) const;

  // Returns events of a content, as `store::events` does, at most `page_max`.
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const;

  // --- running ---

  // Wakes the followers of contents after each change. Close it right before the server stops: a
  // browser that cannot connect tries again, and one that gets an error does not.
  broadcast& news() { return news_; }

  // From now on `is_draining` holds, so that readiness probes fail. Everything else works on.
  void drain() { is_draining_ = true; }
  bool is_draining() const { return is_draining_; }

  // Whether the store takes writes. Does not wait.
  bool is_writable() const { return store_.is_writable(); }
  // Whether the storage could not be reached when it was last needed. Does not wait.
  bool is_store_away() const { return store_.activity().is_away; }
  // Copies `is_writable` and how the storage does to their metrics, and where it takes no writes,
  // starts the recovery of the store on another thread. For readiness probes and metrics. Does not
  // wait.
  void probe_store();

  const service_options& options() const { return options_; }
  registry& metrics() const { return metrics_; }
  std::string_view signing_key() const { return store_.signing_key(); }

 private:
  result<instant> now() const;
  content with_mode(content found) const;
  result<comment> decide(const comment_id& id, decision made, const principal& caller,
                         const change_options& options, instant now);
  result<comment> amend(const comment_id& id, instant now, const decider& decide);
  result<std::optional<std::int64_t>> expected_version(const std::string& content_id,
                                                       const change_options& options) const;
  void count(const store_activity& seen);

  store& store_;
  const service_options options_;
  const reviewer reviews_{store_, options_};
  mutable registry metrics_;
  broadcast news_{metrics_, options_.followers};
  std::atomic<bool> is_draining_{};
  poster posts_{store_, options_, metrics_, news_};
  gauge& writable_;
  background recovery_{};                    // ends before what is above it
  std::unique_ptr<change_listener> others_;  // what other processes change
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/service.ipp>
#endif
