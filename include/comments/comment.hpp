#pragma once
// comment.hpp - the nouns: content, comment, author, and the draft that is not a comment yet.
//
// A content is whatever is commented on; its host names it by a `content_id`. Every content has a
// version, which each change to its comments moves by one. A comment keeps two of those numbers:
// its `position`, the version that its posting made (so insertion order needs no clock), and its
// `version`, the one at which what it shows last changed.

#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/text.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace comments {

// Where a comment stands. Only a published one is shown to readers; what moves it is in
// `moderation.hpp`. A removed one has no text and no author any more.
enum class status { published, pending, spam, removed };

// Whether a content takes comments: at once, after a moderator has read each, after he has read an
// author's first, or not at all.
enum class content_status { open, premoderated, first_comment, locked };

constexpr std::array<std::string_view, 4> names_of(status) {
  return {"published", "pending", "spam", "removed"};
}
constexpr std::array<std::string_view, 4> names_of(content_status) {
  return {"open", "premoderated", "first-comment", "locked"};
}

// Who wrote. Every part may be empty; none is proof of anything unless `verified` says that the
// host's own site vouched for it. The e-mail address is never shown by the v1 API.
struct author {
  std::string name{};
  std::string email{};
  std::string url{};
  bool verified{};
  std::string subject{};  // the host site's own name for a verified author; never shown either

  friend bool operator==(const author&, const author&) = default;
};

// What a person wrote. `validation.hpp` says which drafts are valid.
struct draft {
  std::string content_id{};
  std::optional<comment_id> parent{};  // the comment that this answers; none: it starts a thread
  comments::author author{};
  std::string body{};
  std::string key{};  // a post with the same key is a retry of this one; empty: it is a new comment
};

struct comment {
  comment_id id{};
  std::string content_id{};
  std::optional<comment_id> parent{};    // below which it is shown: an ancestor, where that is deep
  std::optional<comment_id> reply_to{};  // which it answers
  std::int64_t depth{};                  // 0 starts a thread, 1 is a reply to it …
  std::int64_t position{};
  comments::status status{};
  comments::author author{};
  std::string body{};
  std::int64_t votes{};
  std::int64_t replies{};  // those that are listed directly below it
  std::int64_t reports{};  // by how many readers, since a moderator last decided about it
  instant created_at{};
  std::optional<instant> edited_at{};
  std::int64_t version{};
  // A keyed hash of the address that it came from, for as long as that may be known.
  std::string origin{};
  // What `json/encode.hpp` made of author and body when they were written, so that no reading has
  // to. Whoever changes those makes it anew; if it is empty, or of another form than that header
  // writes, each reading does. Opaque to everybody else: stores keep it as it is.
  std::string encoded{};

  friend bool operator==(const comment&, const comment&) = default;
};

// A content as its readers see it. One that nobody commented on is at version 0.
struct content {
  std::string content_id{};
  std::int64_t version{};
  std::int64_t comments{};                 // published ones, replies included
  std::optional<content_status> status{};  // none: whatever is the default of who serves it

  friend bool operator==(const content&, const content&) = default;
};

inline bool is_visible(const comment& comment) { return comment.status == status::published; }

// Whether it has a place in lists: visible, or the tombstone that holds visible ones below it.
inline bool is_listed(const comment& comment) { return is_visible(comment) || comment.replies > 0; }

// `hidden` as readers may see it: its place in the talk, and nothing that anybody wrote.
inline comment to_tombstone(comment hidden) {
  hidden.author = {};
  hidden.body.clear();
  hidden.encoded.clear();
  hidden.edited_at.reset();
  return hidden;
}

// Returns a number that tells a retry from another draft under the same key: 64-bit FNV-1a of
// everything in `draft` but the key. It is the same on every machine and in every version, because
// stores keep it. It guards against a client's mistakes and not against attackers, who could only
// cheat themselves with it.
inline std::int64_t fingerprint(const draft& draft) {
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](std::string_view part) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash = (hash ^ 0xff) * 1099511628211u;  // 0xff is no UTF-8: parts cannot run into each other
  };
  add(draft.content_id);
  add(draft.parent ? to_string(*draft.parent) : "");
  add(draft.author.name);
  add(draft.author.email);
  add(draft.author.url);
  add(draft.body);
  if (draft.author.verified) add("verified");
  if (!draft.author.subject.empty()) add(draft.author.subject);
  return static_cast<std::int64_t>(hash);
}

}  // namespace comments
