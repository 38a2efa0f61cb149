#pragma once
// store.hpp - the port to the storage of comments: what every store promises.
//
// Each promise stands at its function, and `testing/store_contract.hpp` tests it. Run that contract
// on a store of your own; `store/algorithms.hpp` has what all stores
// need. These promises hold for all functions:
//
// Any thread may call any function at any time. An error means that nothing changed, with one
// exception: `in_doubt` from a write means that the outcome is unknown, and that the change may be
// there now, or later, or never. A retry with the same key, or a look, ends the doubt. Every
// function may return `unavailable`: the storage cannot do it now, and nothing was done. No
// function throws, except std::bad_alloc; a write that throws it is in doubt. A change is always
// whole or not there at all, also after a crash.
//
// A store keeps what it is given and does not check it, because `service` hands it valid drafts
// only. It may refuse with `invalid` what its storage cannot hold, such as a text with a zero byte.
//
//   memory_store kept;
//   comments::store& store = kept;
//   auto made = store.insert({.said = {.content_id = "1", .body = "Oi"}}, system_clock()());
//   if (made) assert(store.find(made->stored.id)->body == "Oi");

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/event.hpp>
#include <comments/guarded.hpp>
#include <comments/rate_limit.hpp>
#include <comments/result.hpp>

#include <array>
#include <chrono>
#include <compare>
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

// --- what a write takes ---

// How often a client may write, or how often all clients together may write to one content. It is
// counted in the transaction that writes, so it holds for all processes that share the storage.
struct allowance {
  std::string client{};  // empty: all clients that write to the same content
  rate allowed{};

  friend bool operator==(const allowance&, const allowance&) = default;
};

// The status that a content must have for a write to be done.
struct mode_check {
  bool is_checked{};                     // false: any status will do
  std::optional<content_status> mode{};  // none: the content must have no status of its own
};

// A draft, and what the service adds to it: all that a store needs to know of a new comment.
struct insertion {
  draft said{};
  comments::status status{};            // published, or what the rules made of it: pending, spam
  std::string reason{};                 // why it is not simply published
  std::string origin{};                 // what `comment::origin` will be
  std::string browser{};                // what `comment::browser` will be
  std::int64_t depth_max{6};            // a reply that would be deeper hangs here; at least 1
  std::string encoded{};                // what `comment::encoded` will be
  mode_check expected{};                // the content's status that `status` rests on
  std::vector<allowance> allowances{};  // each must have something left
  std::optional<comment_id> id{};       // the id, which no comment has yet; none: a new one
};

// A change of a comment: the comment with another status, author, body, `encoded`, `edited_at` or
// `reports` (a store ignores other differences), and the event that says so. The store fills in the
// event's content, version, comment and time.
struct amendment {
  comment changed{};
  event cause{};
};

// Looks at a comment as it stands now, and returns how to change it or why not to. A store may call
// it more than once, from another thread, and while it holds a lock. What it throws ends the call
// of `amend` that it was handed to. If it calls the store, the store refuses that with
// `unavailable`.
using decider = std::function<result<amendment>(const comment&)>;

// Who votes for a comment or reports it.
struct voter {
  std::string name{};         // as `voter_of` makes it
  std::string browser{};      // what `principal::browser` is
  std::size_t network_max{};  // so many of one network (`network_of`) count; 0: any number
};

// What a reader said against a comment. `reporter` is the name of a voter.
struct report {
  std::string reporter{};
  std::string reason{};
  instant at{};

  friend bool operator==(const report&, const report&) = default;
};

// --- what a store returns ---

// The result of an insert. `replayed`: the key was known, and `stored` is the comment that it made
// then, as it stands now.
struct post_result {
  comment stored{};
  bool replayed{};
};

// Takes the outcome of an insert that nobody waits for, or nothing if nothing was done because the
// store would have had to wait. Other writes wait for it, so it must not wait. What it throws is
// lost. A write that it asks the store for may be refused with `unavailable`, and never hangs.
using insert_receiver = std::function<void(std::optional<result<post_result>>)>;

// `top` is most votes first, and the older first among equals.
enum class sort { oldest, newest, top };

constexpr std::array<std::string_view, 3> names_of(sort) { return {"oldest", "newest", "top"}; }

// Which comments of a content: all, those that start a thread, or the replies to `parent`.
enum class scope { all, roots, replies };

// The place behind the last comment of a page, in the order of its query.
struct cursor {
  std::int64_t position{};
  std::int64_t votes{};   // counts only when sorted by `top`
  std::uint64_t epoch{};  // that positions are of, for those who hand cursors out; 0: not known

  friend bool operator==(const cursor&, const cursor&) = default;
};

// Returns the place of a comment in the order of a list: the smaller comes first.
std::pair<std::int64_t, std::int64_t> rank(sort sort, const cursor& place);
std::pair<std::int64_t, std::int64_t> rank(sort sort, const comment& listed);

struct query {
  std::string content_id{};
  comments::scope scope{comments::scope::roots};
  std::optional<comment_id> parent{};  // of scope::replies; the replies to nothing are the roots
  comments::sort sort{comments::sort::oldest};
  std::size_t limit{50};  // at least 1
  std::optional<cursor> after{};
  std::size_t bytes_max{SIZE_MAX};  // of text (`bytes_of`); the first comment may have more
};

// `content` and `items` are of one moment. `next` has a value exactly if more comments follow.
// Items that are listed and not visible are whole here: the service makes tombstones of them.
struct page {
  comments::content content{};
  std::vector<comment> items{};
  std::optional<cursor> next{};
};

// Puts a reader's own comment, which no list has, into its place on a page. Returns whether it
// belongs there.
bool insert_own(page& to, const query& wanted, comment item);
// Counts a reader's own reply, which no list has, with the comment that it answers. Returns whether
// that one is on the page.
bool count_own_reply(page& to, const comment& reply);

// Asks for comments of all contents, in the order of their ids, which is roughly that of time. A
// field that is empty or has no value does not narrow the search.
struct search {
  std::optional<comments::status> status{};
  std::string subject{};           // of a verified author
  std::string email{};             // upper and lower case of ASCII letters are the same
  std::optional<bool> verified{};  // the author
  std::string content_id{};
  std::string browser{};  // of comments that were held
  std::string text{};     // in the body or the author's name; case as for `email`
  std::optional<comment_id> after{};
  std::size_t limit{50};
};

// `next` has a value exactly if more comments follow.
struct search_result {
  std::vector<comment> items{};
  std::optional<comment_id> next{};
};

// The vote of one voter for one comment.
struct vote {
  comment_id comment{};
  std::string content_id{};
  instant at{};

  friend bool operator==(const vote&, const vote&) = default;
};

// The report of one reporter against one comment.
struct made_report {
  comment_id comment{};
  std::string content_id{};
  std::string reason{};
  instant at{};

  friend bool operator==(const made_report&, const made_report&) = default;
};

// The place behind the last decision of a page.
struct decision_place {
  instant at{};
  std::string content_id{};
  std::int64_t version{};

  friend std::strong_ordering operator<=>(const decision_place&, const decision_place&) = default;
};

// Asks for what moderators decided, the latest first.
struct decision_query {
  std::string content_id{};  // empty: of all contents
  std::optional<decision_place> after{};
  std::size_t limit{50};
};

// `next` has a value exactly if more decisions follow.
struct decision_page {
  std::vector<event> items{};
  std::optional<decision_place> next{};
};

// The errors that all stores have in common.
error unavailable();
error in_doubt();
error comment_not_found();
error parent_not_found();
error version_moved();
error too_often(const quota& left);
error key_reused();
error network_used_up();

// --- changes by other processes ---

// The callbacks of a store that other processes also write to. Called on a thread of the store.
// They may call the store. One that is empty does nothing, and `followed` then returns none.
struct change_callbacks {
  std::function<std::vector<std::string>()> followed{};  // returns the contents to look after
  std::function<void(std::string_view content_id)> announce{};  // one that may have changed
};

// Calls the callbacks as long as it lives. Any thread may use it.
class change_listener {
 public:
  virtual ~change_listener() = default;
  // Says that `followed` returns one more content from now on. Does not wait.
  virtual void wake() = 0;
};

// How a store's storage has done since it was opened: for metrics and pages.
struct store_activity {
  bool is_away{};                         // it could not be reached when it was last needed
  std::optional<instant> last_success{};  // when it last did what it was asked for
  std::vector<std::pair<std::string_view, std::uint64_t>> failures{};  // by their kind
  std::size_t connections_used{};                                      // for a caller, now
  std::size_t connections_open{};
};

// --- the port ---

class store {
 public:
  virtual ~store() = default;

  // Stores `wanted.said` as a new comment made at `now`, moves its content's version by one, and
  // appends the event `posted`. A published comment counts in its content and in its parent. The
  // first comment of a content makes the content. A reply hangs below the comment that it answers;
  // where it would be deeper than `wanted.depth_max`, it hangs below the nearest ancestor that is
  // less deep than that, and `reply_to` still names the comment that it answers.
  //
  // A key that the content has seen makes no new comment: the result is the comment that it made
  // then, replayed, if the draft has the same `fingerprint` or that comment was removed, and else
  // `key_reused`. `version_mismatch` if the content's status is not `wanted.expected`; `not_found`
  // if `wanted.said.parent` is no visible comment of the content; `rate_limited` if one of
  // `wanted.allowances` has nothing left. Only a comment that is stored takes from them; an insert
  // that is in doubt, or finds no memory, may have taken.
  //
  // Durable: once it has returned the comment, a crash or a power cut does not lose it. Waits for
  // other writers and not for readers.
  virtual result<post_result> insert(const insertion& wanted, instant now) = 0;

  // The same without waiting for other writers: `ended` gets the outcome, exactly once, on any
  // thread, perhaps before this call is over, and not before the comment is durable. `wanted` must
  // live until then. If the insert has to wait all the same, `ended` gets nothing, and the caller
  // has to call `insert`; so does every call of a store that does not override this. Throws only
  // std::bad_alloc, and then never calls `ended`. A store is destroyed once each has ended.
  virtual void begin_insert(const insertion& wanted, instant now, insert_receiver ended) {
    static_cast<void>(wanted), static_cast<void>(now);
    guarded([&] { ended(std::nullopt); });
  }

  // Changes a comment as `decide` says and returns it as it then stands. Moves the content's
  // version by one and appends the event. A status that shows or hides the comment changes the
  // counts of its content and of its ancestors. `not_found`; the error that `decide` returns;
  // `unavailable` if `decide` throws or is empty.
  //
  // A comment that becomes removed is erased: no function returns its author, body, origin, earlier
  // texts or the reports against it any more. What the storage still has of them, in unused pages,
  // logs and backups, is said in docs/storage.md ("Erasure"). Its key still replays it. Durable as
  // `insert` is.
  virtual result<comment> amend(const comment_id& id, const decider& decide, instant now) = 0;

  // Makes the vote of `by` for a comment be there, or not be there, and returns the comment. One
  // voter has one vote, also under the name before (`former_name_of`), and so has one browser. A
  // vote is taken back by its account or its browser; by its address only if no browser is known.
  // If that changes something, the comment's votes move, the content's version moves by one, and
  // the event is `voted`.
  // `not_found` if there is no such comment, or if the vote is to be there and the comment is not
  // visible; `conflict` if the voter's network has too many votes for it already. Durable as
  // `insert` is.
  virtual result<comment> vote(const comment_id& id, const voter& by, bool is_there,
                               instant now) = 0;

  // Adds a report, and one to the comment's `reports`, and returns the comment. Does nothing if
  // this reporter has reported the comment before. Moves no version. `not_found` if the comment is
  // not visible; `conflict` as for a vote. Durable as `insert` is.
  virtual result<comment> report(const comment_id& id, const voter& by, const std::string& reason,
                                 instant now) = 0;

  // Gives a content this status, or none of its own, and returns the content. Moves its version by
  // one and appends the event `cause`, as `amend` does. Makes the content if it has no comments.
  // `version_mismatch` if a version is expected and another one stands. Durable as `insert` is.
  virtual result<content> set_status(const std::string& content_id,
                                     std::optional<content_status> status,
                                     std::optional<std::int64_t> expected, const event& cause,
                                     instant now) = 0;

  // Erases what tells from which address something came, as far as it is older than `before`:
  // origins, and the names of voters and reporters without an account. Their votes and reports
  // still count. Erases at most `limit` of each kind and returns how many; 0 if nothing is left.
  // Moves no version. Durable as `insert` is. A store may do this in steps, each of which is whole:
  // when one fails behind others it returns what they have erased. What a step in doubt has erased
  // is not counted.
  virtual result<std::size_t> forget_origins(instant before, std::size_t limit) = 0;

  // Returns whether this process is to do what has to be done to the storage now and then, such as
  // forgetting origins: of all that share it one does, for `lasts` from now on, and longer if it
  // asks again. With 0 it lets others begin. The only process that writes to a storage always is.
  virtual result<bool> lease_chores(std::chrono::milliseconds lasts) {
    static_cast<void>(lasts);
    return true;
  }

  // Erases all reports of a reporter. They still count. Durable as `insert` is.
  virtual result<done> forget_reporter(const std::string& reporter) = 0;

  // Returns the comment, whatever its status, or `not_found`.
  virtual result<comment> find(const comment_id& id) const = 0;

  // Returns the listed comments that `query` asks for (with scope::all: the visible ones), in its
  // order, at most `query.limit` of them, and fewer if these are longer than `query.bytes_max` all
  // together. Following `next` from page to page returns each comment that was there at the start
  // exactly once, whatever is posted meanwhile. An unknown content is an empty page at version 0.
  //
  // The cost does not grow with the number of comments of the content or of the store, nor with
  // that of hidden ones, with two exceptions: scope::all may pay for each tombstone that it passes,
  // and with sort::top for all comments of the content.
  virtual result<page> list(const query& query) const = 0;

  // Returns the content if that needs no wait and no storage, as `contents` would at this moment,
  // else nothing. A store that keeps contents in memory overrides it.
  virtual std::optional<content> known_content(std::string_view content_id) const {
    static_cast<void>(content_id);
    return std::nullopt;
  }

  // Returns the contents with these ids, in this order. An unknown one is empty, at version 0.
  virtual result<std::vector<content>> contents(std::span<const std::string> ids) const = 0;

  // Returns at most `limit` events of a content with a version over `after`, the oldest first.
  virtual result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                            std::size_t limit) const = 0;

  // Like `events`, for one comment, without its votes. Empty if there is no such comment.
  virtual result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                             std::size_t limit) const = 0;

  // Returns the events that are decisions (`is_decision`), of comments and of contents, the latest
  // first; of one moment by content and version, the largest first. Following `next` from page to
  // page returns each that was there at the start exactly once. The cost grows with the number of
  // those that are returned.
  virtual result<decision_page> decisions(const decision_query& wanted) const = 0;

  // Returns at most `limit` reports against a comment, the latest first.
  virtual result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                           std::size_t limit) const = 0;

  // Returns the comments that `wanted` describes, whatever their status, at most `wanted.limit`.
  // With a status other than published, a subject, an e-mail address or a browser, and no text, the
  // cost grows with the number of comments that have that; else with the number of all comments.
  virtual result<search_result> find_all(const search& wanted) const = 0;

  // Returns at most `limit` votes of a voter, by the ids of their comments, over `after`.
  virtual result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                       std::optional<comment_id> after,
                                                       std::size_t limit) const = 0;

  // Returns at most `limit` reports of a reporter, by the ids of their comments, over `after`.
  virtual result<std::vector<made_report>> reports_by(const std::string& reporter,
                                                      std::optional<comment_id> after,
                                                      std::size_t limit) const = 0;

  // Returns 32 secret bytes, which were made with the store and are kept with it: every process
  // that opens it gets the same. They sign cursors and tokens. Never fails and does not wait.
  virtual std::string_view signing_key() const = 0;

  // Returns the epoch that the store's versions are of, as it was last seen; 0 without one. Each
  // content that a function returns has the epoch of its own version. Does not wait.
  virtual std::uint64_t epoch() const { return 0; }

  // Whether the store takes writes, for probes and metrics. A store that does not trust its storage
  // any more says no, returns `unavailable` for every write, and still reads what it acknowledged.
  // Does not wait.
  virtual bool is_writable() const { return true; }

  // Returns how the storage does. Does not wait. Empty for a store that does not count.
  virtual store_activity activity() const { return {}; }

  // Tries to make such a store writable again, if it is time to. May wait for the disk.
  virtual void recover() {}

  // Returns what the clock that all processes share shows when the clock of this one shows `own`:
  // for times that one of them writes and another compares. Does not wait. `service` uses it for
  // everything; a storage that one process writes to has no other clock than that one's.
  virtual instant shared_time(instant own) const { return own; }

  // Whether the storage is on another machine, so that even a short reading may take a while.
  virtual bool is_remote() const { return false; }

  // Announces to the callbacks, for as long as the listener lives, each followed content that
  // another process changed: soon after the change, at least once, and sometimes a content that did
  // not change. What fails is tried again: a callback that throws, a connection, or, with the next
  // `wake`, a thread for them. Returns null if no other process writes to the storage.
  virtual std::unique_ptr<change_listener> listen(change_callbacks) { return nullptr; }
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store.ipp>
#endif
