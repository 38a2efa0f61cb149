#pragma once
// service.hpp - the use cases: everything that a program can ask of a comment engine.
//
// The service validates a post, judges it, stores it and announces it. It authorises a change and
// decides it while the store holds the comment still. It checks a query, answers it from the store,
// and shows nothing that is hidden. Every caller (HTTP, a program that embeds the library, a test)
// gets the same rules. The service owns its metrics and nothing else; the store must outlive it.
//
//   memory_store store;
//   service api{store};
//   auto posted = api.post({.content_id = "1", .body = "Primeiro post!"});
//   auto page = api.list({.content_id = "1"});

#include <comments/admission.hpp>
#include <comments/background.hpp>
#include <comments/broadcast.hpp>
#include <comments/config.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments {

// Makes the text that a comment keeps as `encoded`. Empty: the comment keeps none.
using encoder = std::function<std::string(const author&, std::string_view body)>;

// What a post needs beside the draft and its writer.
struct post_options {
  arrival how{};                        // for the rules; the service adds time and client
  std::vector<allowance> allowances{};  // each must have something left
  encoder encode{};
};

// What a change of a comment or a content needs beside the change and who makes it.
struct change_options {
  std::optional<std::int64_t> expected{};  // the version must be this; none: any version
  std::vector<std::int64_t> any_of{};      // the version must be one of these; empty: any version
  std::string reason{};                    // for moderators; the history keeps it
  encoder encode{};                        // for an edit
};

// What became of a comment that a moderator decided about.
struct ruling {
  comment_id id{};
  result<comment> outcome{error{}};
};

// A signed-in user by `subject`, or everybody who gave an e-mail address.
struct person {
  std::string subject{};
  std::string email{};
};

// How much of a person's was erased.
struct erasure {
  std::size_t comments{};
  std::size_t votes{};
};

// Safe to call from any thread. Every function may also return what the store returns:
// `unavailable` if nothing was done, and from a write `in_doubt` if its outcome is unknown. Writes
// are as durable as the store's.
class service final {
 public:
  explicit service(store& store, service_options options = {});
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  // --- writing ---

  // Validates, judges and stores a comment of `who`. Returns it as it was stored; its status says
  // whether it is published. `invalid` with every violation, or because a rule refused it;
  // `content_locked`; and the errors of `store::insert`. A retry with the same `draft.key` is safe.
  result<post_result> post(draft written, const principal& who = {}, post_options options = {});

  // Replaces the text of a comment. Its author may do that within the edit window, and moderators
  // at any time: else `unauthenticated`, `forbidden` or `edit_window_closed`. `not_found` if `who`
  // cannot see the comment, `version_mismatch`, `content_locked` and `invalid` as for a post,
  // `conflict` after `edits_max` changes. The rules judge the new text: it may end a publication,
  // and never begins one.
  result<comment> edit(const comment_id& id, std::string body, const principal& who,
                       const change_options& options = {});

  // Removes and erases a comment. Rights and errors are those of `edit`.
  result<comment> remove(const comment_id& id, const principal& who,
                         const change_options& options = {});

  // Adds or takes back the vote of `who`. `not_found`; `unauthenticated` if `who` has neither an
  // account nor a known address.
  result<comment> vote(const comment_id& id, const principal& who, bool is_there);

  // Reports a comment to the moderators, once per reporter. A comment with `reports_max` reports
  // becomes pending until a moderator decides. `not_found` if readers cannot see it, `invalid`
  // without a reason, `unauthenticated` as for `vote`.
  result<comment> report(const comment_id& id, const std::string& reason, const principal& who);

  // --- moderating ---

  // Decides about 1 to `decisions_max` comments, each by itself: `not_found`, `version_mismatch`,
  // or `conflict` if the table in `moderation.hpp` has no such move. For moderators.
  result<std::vector<ruling>> moderate(std::span<const comment_id> ids, decision what,
                                       const principal& who, const change_options& options = {});

  // Gives a content that status, or the default again. `invalid` for a bad id, `version_mismatch`.
  // For moderators.
  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             const principal& who, const change_options& options = {});

  // --- reading ---

  // Returns the comment if `who` may see it, else `not_found`. A hidden comment that has visible
  // replies is a tombstone; its author and moderators see it whole.
  result<comment> find(const comment_id& id, const principal& who = {}) const;

  // Returns a page of listed comments, as `store::list` does; with a parent, of its replies.
  // `invalid` for a bad id or a limit that is not 1 to `page_max`.
  result<page> list(query wanted) const;

  // Returns the contents of these ids, in their order; unknown ones are empty. `invalid` for a bad
  // id, no id, or more than `contents_max`.
  result<std::vector<content>> contents(std::span<const std::string> ids) const;

  // Returns a content that has been written to, else `not_found`.
  result<content> find_content(const std::string& content_id) const;

  // Returns at most `page_max` events of a content after a version, as readers may know them.
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const;

  // Returns what happened to a comment; `not_found`. For moderators.
  result<std::vector<event>> history(const comment_id& id, std::int64_t after, std::size_t limit,
                                     const principal& who) const;

  // Returns the latest reports of a comment. For moderators.
  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   const principal& who) const;

  // Searches the comments of all contents, as `store::find_all` does. For moderators; users may
  // search what is their own.
  result<search_result> find_all(const search& wanted, const principal& who) const;

  // Returns at most `page_max` votes of a user. For that user and moderators.
  result<std::vector<comments::vote>> votes_of(const std::string& subject,
                                               std::optional<comment_id> after,
                                               const principal& who) const;

  // --- erasing ---

  // Erases everything of `whose`: comments as `remove` does, votes and reports. Users may erase
  // what is their own, moderators anything. This is many changes: if one fails, those before it
  // stay done, and another call continues.
  result<erasure> erase(const person& whose, const principal& who);

  // Erases addresses' hashes that are older than `origins_kept`. Returns how many. Call it now and
  // then, for example every hour.
  result<std::size_t> forget_origins();

  // --- running ---

  // Wakes the followers of a content after each of its changes; they then read `events`. Close it
  // right before the server stops: a browser retries a connection that was refused, but not one
  // that was answered with 503.
  broadcast& news() { return news_; }

  // From this call on `is_draining` holds and readiness probes say so. Everything else continues.
  void drain() { draining_ = true; }
  bool is_draining() const { return draining_; }

  // Whether the store takes writes.
  bool is_writable() const { return store_.is_writable(); }
  // Writes `is_writable` into the metrics. If the store does not take writes, starts its recovery
  // in a thread. Does not wait. Call it for each readiness probe and each reading of the metrics.
  void probe_store();

  const service_options& options() const { return options_; }
  registry& metrics() const { return metrics_; }
  std::string_view signing_key() const { return store_.signing_key(); }

 private:
  static bool is_expected(std::int64_t version, const change_options& options);
  static result<std::string> encode(const encoder& encode, const author& by, std::string_view body);
  static event to_decision(std::string by, std::string reason, status to);
  static amendment to_removal(comment stands, std::string by, const std::string& reason);

  content with_mode(content found) const;
  result<post_result> try_post(draft written, const principal& who, post_options options);
  result<post_result> place(insertion& wanted, const principal& who, const judgement& judged,
                            instant now);
  result<std::optional<std::int64_t>> expected_version(const std::string& content_id,
                                                       const change_options& options) const;
  result<comment> amend(const comment_id& id, instant now, const decider& decide);
  result<comment> decide(const comment_id& id, decision what, const principal& who,
                         const change_options& options);
  result<done> erase_comments(const person& whose, const principal& who, erasure& sum,
                              std::set<std::string>& subjects);
  result<done> erase_account(const std::string& subject, erasure& sum,
                             std::set<std::string>& done_with);
  result<done> erase_votes(const std::string& subject, erasure& sum);

  store& store_;
  const service_options options_;
  const admission gate_{store_, options_};
  mutable registry metrics_{};
  broadcast news_{metrics_, options_.followers};
  std::atomic<bool> draining_{};
  counter& posted_total_;
  counter& replayed_total_;
  counter& refused_total_;
  counter& held_total_;
  gauge& writable_;
  background recovery_{};  // its end waits for a recovery that runs
  std::unique_ptr<change_listener> others_;
};

}  // namespace comments

#ifndef COMMENTS_COMPILED
#include <comments/service.ipp>
#endif
