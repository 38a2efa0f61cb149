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
#include <comments/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments {

enum class sort { oldest, newest, top };  // top: most votes first, the older first among equals

constexpr std::array<std::string_view, 3> names_of(sort) { return {"oldest", "newest", "top"}; }

// Which of a content's comments: every one, those that start a thread, or the replies to `parent`.
enum class scope { all, roots, replies };

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

// `content` and `items` are of one moment. `next` is there exactly if more comments follow.
struct page {
  comments::content content{};
  std::vector<comment> items{};
  std::optional<cursor> next{};
};

// What an insert answers. `replayed`: the key was known, and `stored` is the comment that it made
// then, as it stands now.
struct posting {
  comment stored{};
  bool replayed{};
};

// The refusals that all stores share, so that they say the same.
inline error comment_not_found() { return {errc::not_found, "There is no such comment."}; }
inline error parent_not_found() {
  return {errc::not_found, "The comment to reply to is not there.", {{"/parent_id", "not_found"}}};
}
inline error key_reused() {
  return {errc::key_reused,
          "This Idempotency-Key came with another request before.",
          {{"Idempotency-Key", "reused"}}};
}

class store {
 public:
  virtual ~store() = default;

  // Stores `draft` as a new, published comment made at `now`, counts it in its content and its
  // parent, moves the content's version by one and appends the event `posted`: all of it or
  // nothing. A content needs no making: its first comment makes it.
  //
  // `not_found` if `draft.parent` names no visible comment of the same content. With a key that the
  // content has seen: the comment it made then, replayed, if the rest of the draft has the same
  // `fingerprint`, else `key_reused`.
  // Durable: once it has answered with success, the comment survives a crash and a power cut.
  // Waits for other writers, not for readers.
  virtual result<posting> insert(const draft& draft, instant now) = 0;

  // The comment, whatever its status, or `not_found`.
  virtual result<comment> find(const comment_id& id) const = 0;

  // The visible comments that `query` asks for, in its order, at most `query.limit` of them (which
  // is at least 1). Following `next` from page to page meets each comment that was there at the
  // start once, whatever is posted meanwhile. A content that nobody commented on is an empty page
  // at version 0, no error. Costs the same however many comments the content or the store holds;
  // only all of a content by `top` costs as much as the content is large.
  virtual result<page> list(const query& query) const = 0;

  // The contents of these ids, in the order asked for; an unknown one is open, empty, at version 0.
  virtual result<std::vector<content>> contents(std::span<const std::string> ids) const = 0;

  // At most `limit` events of a content with a version over `after`, oldest first.
  virtual result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
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
};

}  // namespace comments
