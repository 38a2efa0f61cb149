#pragma once
// store.hpp - where comments live, as a promise that every store keeps.
//
// What a store owes stands on its functions here, and `tests/store/contract.hpp` checks each
// sentence for every store; run it on your own. All functions are safe to call from any thread at
// once. None throws: what goes wrong is an error, and unless it says otherwise an error means that
// nothing changed. Any of them may answer `unavailable`, when storage cannot do it now.
//
// A store keeps what it is given. It trusts that drafts are valid: `service` sees to that.

#include <comments/comment.hpp>
#include <comments/event.hpp>
#include <comments/guarded.hpp>
#include <comments/principal.hpp>
#include <comments/rate_limit.hpp>
#include <comments/result.hpp>

#include <array>
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

namespace comments {

enum class sort { oldest, newest, top };  // top: most votes first, the older first among equals

constexpr std::array<std::string_view, 3> names_of(sort) { return {"oldest", "newest", "top"}; }

// Which of a content's comments: every one, those that start a thread, or the replies to `parent`.
enum class scope { all, roots, replies };

// How often a client may write, or how often all clients together may write to one content. It is
// counted in the transaction that writes, so it holds for all processes that share the storage.
struct allowance {
  std::string client{};  // whose; empty: of all who write to the same content
  rate allowed{};

  friend bool operator==(const allowance&, const allowance&) = default;
};

// The status that a content must have for a write to be carried out.
struct mode_check {
  bool is_checked{};                     // false: any status will do
  std::optional<content_status> mode{};  // the content's own; none: it has none
};

// A draft and what the service adds to it: everything that a store needs to know of a new comment.
struct insertion {
  draft said{};
  comments::status status{};            // published, or what the rules made of it: pending, spam
  std::string reason{};                 // why it is not simply published
  std::string origin{};                 // what `comment::origin` will be
  std::int64_t depth_max{6};            // a deeper reply hangs at this depth; at least 1
  std::string encoded{};                // what `comment::encoded` will be
  mode_check expected{};                // the content's status that `status` rests on
  std::vector<allowance> allowances{};  // each must have something left
};

// Returns the comment that `wanted` becomes when it is the change that makes `version`. Its store
// adds parent and depth.
inline comment to_comment(const insertion& wanted, const comment_id& id, std::int64_t version,
                          instant now) {
  return {.id = id,
          .content_id = wanted.said.content_id,
          .reply_to = wanted.said.parent,
          .position = version,
          .status = wanted.status,
          .author = wanted.said.author,
          .body = wanted.said.body,
          .created_at = now,
          .version = version,
          .origin = wanted.origin,
          .encoded = wanted.encoded};
}

// The place behind the last comment of a page, in the order of its query.
struct cursor {
  std::int64_t position{};
  std::int64_t votes{};  // counts only when sorted by `top`

  friend bool operator==(const cursor&, const cursor&) = default;
};

struct query {
  std::string content_id{};
  comments::scope scope{comments::scope::roots};
  std::optional<comment_id> parent{};  // of scope::replies; the replies to nothing are the roots
  comments::sort sort{comments::sort::oldest};
  std::size_t limit{50};
  std::optional<cursor> after{};
};

// `content` and `items` are of one moment. `next` is there exactly if more comments follow. Items
// that are listed and not visible are tombstones-to-be: whole here, and for the service to blank.
struct page {
  comments::content content{};
  std::vector<comment> items{};
  std::optional<cursor> next{};
};

// What an insert answers. `replayed`: the key was known, and `stored` is the comment that it made
// then, as it stands now.
struct post_result {
  comment stored{};
  bool replayed{};
};

// Comments of all contents, oldest first by their ids: for moderators, and for what is one
// author's. What is empty or not there does not narrow it.
struct search {
  std::optional<comments::status> status{};
  std::string subject{};           // of a verified author
  std::string email{};             // upper and lower case of ASCII letters are the same
  std::optional<bool> verified{};  // the author
  std::string text{};              // stands in the body or the author's name; the same holds
  std::optional<comment_id> after{};
  std::size_t limit{50};
};

// `next` is there exactly if more comments follow.
struct search_result {
  std::vector<comment> items{};
  std::optional<comment_id> next{};
};

// A change of a comment: the same comment with another status, author, body, `encoded`, `edited_at`
// or `reports`, and the event that says so. The store fills in the event's content, version,
// comment and time.
struct amendment {
  comment changed{};
  event cause{};
};

// Looks at a comment as it stands now and returns how to change it, or why not to. A store may call
// it more than once, from another thread and while it holds a lock. It must not call a store.
using decider = std::function<result<amendment>(const comment&)>;

namespace detail {
inline thread_local bool is_deciding = false;
}  // namespace detail

// Whether this thread runs a decider now. A store that is called then refuses with `called_back`,
// because it could wait for itself for ever.
inline bool is_deciding() { return detail::is_deciding; }
inline error called_back() {
  return {errc::unavailable, "A decision about a comment must not call the store."};
}

// Returns what `decide` returns about `stands`, or `unavailable` if it throws. For stores, which
// ask no decider in another way.
inline result<amendment> ask(const decider& decide, const comment& stands) {
  const bool was = std::exchange(detail::is_deciding, true);
  auto decided = guarded([&] { return decide(stands); });
  detail::is_deciding = was;
  if (!decided) return error{errc::unavailable, "A decision about the comment failed."};
  return std::move(*decided);
}

// `stands` as `wanted` would have it, in all that an amendment may change.
inline comment amend(comment stands, const comment& wanted) {
  stands.status = wanted.status;
  stands.author = wanted.author;
  stands.body = wanted.body;
  stands.encoded = wanted.encoded;
  stands.edited_at = wanted.edited_at;
  stands.reports = wanted.reports;
  return stands;
}

// A reader's word against a comment. `reporter` names the reader as votes do.
struct report {
  std::string reporter{};
  std::string reason{};
  instant at{};

  friend bool operator==(const report&, const report&) = default;
};

// A vote of somebody.
struct vote {
  comment_id comment{};
  std::string content_id{};
  instant at{};

  friend bool operator==(const vote&, const vote&) = default;
};

// The refusals that all stores share, so that they say the same.
inline error unavailable() { return {errc::unavailable, "The store cannot do this now."}; }
inline error in_doubt() {
  return {errc::in_doubt, "It is unknown whether this took effect, or will."};
}
inline error comment_not_found() { return {errc::not_found, "There is no such comment."}; }
inline error parent_not_found() {
  return {errc::not_found, "The comment to reply to is not there.", {{"/parent_id", "not_found"}}};
}
inline error version_moved() {
  return {errc::version_mismatch, "It has changed since the version that was expected."};
}
inline error too_often(const quota& left) {
  return {errc::rate_limited,
          "Too much is written in a short time.",
          {},
          static_cast<int>(left.next.count())};
}
inline error key_reused() {
  return {errc::key_reused,
          "This key came with another draft before.",
          {{"Idempotency-Key", "reused"}}};
}

// Whether a content has the status that a write expects.
inline bool is_met(const mode_check& expected, const content& stands) {
  return !expected.is_checked || expected.mode == stands.status;
}

// Returns the event of a post. Its store adds content, version, comment and time.
inline event to_event(const insertion& wanted) {
  return {.kind = event_kind::posted,
          .by = wanted.reason.empty() ? "" : "rules",
          .reason = wanted.reason,
          .status = std::string{to_text(wanted.status)}};
}

// Who follows contents, as far as a store must know to which others write, too. Both are called
// from a thread of the store's.
struct change_callbacks {
  std::function<std::vector<std::string>()> followed{};  // the contents that are followed now
  std::function<void(std::string_view content_id)> announce{};  // one that may have changed
};

// Tells an audience what others write, as long as it lives. Safe from any thread.
class change_listener {
 public:
  virtual ~change_listener() = default;
  // Somebody follows a content from now on. Does not wait.
  virtual void wake() = 0;
};

// Takes from all allowances of `wanted`, or from none. For stores that belong to one process.
inline result<done> take_tokens(bucket_table& from, const insertion& wanted, instant now) {
  for (const bool is_taking : {false, true})
    for (const allowance& each : wanted.allowances) {
      const std::string name =
          each.client.empty() ? "content " + wanted.said.content_id : "client " + each.client;
      const token_rate allowed{each.allowed};
      const quota left = is_taking ? from.take(name, allowed, now) : from.peek(name, allowed, now);
      if (!left.is_allowed) return too_often(left);
    }
  return ok();
}

class store {
 public:
  virtual ~store() = default;

  // Stores `wanted.said` as a new comment made at `now`, moves its content's version by one and
  // appends the event `posted`: all of it or nothing. A published comment counts in its content and
  // in its parent. The first comment of a content makes the content. A reply is listed below the
  // comment that it answers; if it would be deeper than `wanted.depth_max` there, it is listed
  // below the nearest ancestor that is less deep. `reply_to` names the comment that it answers.
  //
  // `not_found` if `wanted.said.parent` names no visible comment of the same content,
  // `version_mismatch` if the content's status is not `wanted.expected` any more, `rate_limited` if
  // one of `wanted.allowances` has nothing left. Only what is stored takes from allowances. If the
  // content has seen the key before: returns the comment that it made then, replayed, if the rest
  // of the draft has the same `fingerprint` or the comment was removed, else `key_reused`.
  //
  // Durable: once this has returned a comment, the comment survives a crash and a power cut. Waits
  // for other writers, not for readers.
  virtual result<post_result> insert(const insertion& wanted, instant now) = 0;

  // Changes a comment as `decide` says, and answers it as it then stands. It moves the content's
  // version by one and appends the event; a status that shows or hides it changes the counts of its
  // content and of its ancestors. `not_found`, or the error that `decide` answers.
  //
  // One that becomes removed is erased: its author, body, origin, earlier texts and what was said
  // against it are not in storage any more, and not in what storage left behind, once the store has
  // found a moment without readers. Its key still replays it. Durable as `insert` is.
  virtual result<comment> amend(const comment_id& id, const decider& decide, instant now) = 0;

  // Makes `voter`'s vote for a comment be there, or not. If that changes anything, the counter and
  // the content's version move by one and the event is `voted`. One voter has one vote. `not_found`
  // if there is no such comment, or it is not visible and the vote is to be there. Durable as
  // `insert` is.
  virtual result<comment> vote(const comment_id& id, const std::string& voter, bool is_there,
                               instant now) = 0;

  // Adds a complaint, and one to the comment's `reports`, unless its reporter has complained about
  // this comment before. No version moves. `not_found` if it is not visible. Durable as `insert`
  // is.
  virtual result<comment> report(const comment_id& id, const comments::report& said) = 0;

  // Gives a content that status, or back the default: moves its version by one, and appends the
  // event `cause`, as `amend` does. A content that nobody commented on is made. `version_mismatch`
  // if a version is expected and another is there. Durable as `insert` is.
  virtual result<content> set_status(const std::string& content_id,
                                     std::optional<content_status> status,
                                     std::optional<std::int64_t> expected, const event& cause,
                                     instant now) = 0;

  // Erases everything that tells from which address something came, as far as it is older than
  // `before`: origins, and the names of address voters and reporters; what they voted still counts.
  // At most `limit` of each. How many were erased: 0 if nothing is left. No version moves.
  virtual result<std::size_t> forget_origins(instant before, std::size_t limit) = 0;

  // Erases all complaints of a reporter; they still count.
  virtual result<done> forget_reporter(const std::string& reporter) = 0;

  // The comment, whatever its status, or `not_found`.
  virtual result<comment> find(const comment_id& id) const = 0;

  // The listed comments that `query` asks for, in its order, at most `query.limit` of them (which
  // is at least 1); of scope::all, the visible ones. Following `next` from page to page meets each
  // comment that was there at the start once, whatever is posted meanwhile. A content that nobody
  // commented on is an empty page at version 0, no error. Costs the same however many comments the
  // content or the store holds; only all of a content costs more for each hidden comment that it
  // passes, and all by `top` as much as the content is large.
  virtual result<page> list(const query& query) const = 0;

  // The contents of these ids, in the order asked for; an unknown one is empty, at version 0.
  virtual result<std::vector<content>> contents(std::span<const std::string> ids) const = 0;

  // At most `limit` events of a content with a version over `after`, oldest first.
  virtual result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                            std::size_t limit) const = 0;

  // The same of one comment, without its votes. Empty if there is no such comment.
  virtual result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                             std::size_t limit) const = 0;

  // What readers said against a comment, the latest first, at most `limit` of it.
  virtual result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                           std::size_t limit) const = 0;

  // The comments that `wanted` describes, whatever their status. With a status other than
  // published, a subject or an e-mail address it costs as much as there are of those; else, and
  // with a text, as much as the store is large.
  virtual result<search_result> find_all(const search& wanted) const = 0;

  // At most `limit` votes of a voter, those of the smallest comment ids over `after`.
  virtual result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                       std::optional<comment_id> after,
                                                       std::size_t limit) const = 0;

  // 32 bytes that nobody outside knows, made with the store and kept with it: every process that
  // opens it gets the same. Cursors and tokens are signed with it. Never fails, does not wait.
  virtual std::string_view signing_key() const = 0;

  // Whether the store takes writes, for probes and metrics. One that has stopped trusting what it
  // stands on says no, answers every write with `unavailable`, and goes on answering readings with
  // what was acknowledged. Does not wait.
  virtual bool is_writable() const { return true; }

  // Tries to make such a store good, if it is time to. May wait for the disk.
  virtual void recover() {}

  // Whether answers come from elsewhere, so that even a short reading may keep its caller waiting.
  virtual bool is_remote() const { return false; }

  // Tells `to` of every content that it follows and that others than this store's callers changed:
  // soon after, at least once, and also of one that did not change. Null where there are no others.
  virtual std::unique_ptr<change_listener> listen(change_callbacks) { return nullptr; }
};

}  // namespace comments
