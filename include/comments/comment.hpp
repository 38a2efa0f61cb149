#pragma once
// comment.hpp - the nouns: content, comment, author, and the draft that becomes a comment.
//
// A content is a thing that people comment on; its host names it by a `content_id`. Every content
// has a version, and each change to its comments moves the version by one. A comment keeps two of
// these numbers: its `position` is the version that its post made, so the order of comments needs
// no clock, and its `version` is the one at which readers last saw it change.
//
//   const draft first{.content_id = "1", .author = {.name = "Ana"}, .body = "Primeiro post!"};
//   assert(fingerprint(first) == fingerprint(draft{first}));

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/epoch.hpp>
#include <comments/id.hpp>
#include <comments/text.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// The status of a comment. Readers see published comments only; `moderation.hpp` says which status
// may follow which. A removed comment has no text and no author any more.
enum class status { published, pending, spam, removed };

// Whether a content takes comments: at once, after a moderator has read each of them, after a
// moderator has read the first of their author, or not at all.
enum class content_status { open, premoderated, first_comment, locked };

constexpr std::array<std::string_view, 4> names_of(status) {
  return {"published", "pending", "spam", "removed"};
}
constexpr std::array<std::string_view, 4> names_of(content_status) {
  return {"open", "premoderated", "first-comment", "locked"};
}

// The author of a comment. Every field may be empty. They prove nothing, unless the host's site
// vouched for the author, which `verified` says. The v1 API never shows the e-mail address, and the
// legacy API only one that was given there.
struct author {
  std::string name{};
  std::string email{};
  std::string url{};
  bool verified{};
  std::string subject{};  // how the host's site names a verified author; never shown either
  bool email_shown{};     // the draft came by the legacy API, whose list shows the address

  friend bool operator==(const author&, const author&) = default;
};

// What a person wrote. `validation.hpp` says which drafts are valid.
struct draft {
  std::string content_id{};
  std::optional<comment_id> parent{};  // the comment that this answers; none: it starts a thread
  comments::author author{};
  std::string body{};
  std::string key{};  // two posts with the same key are the same post; empty: every post is new
};

struct comment {
  comment_id id{};
  std::string content_id{};
  std::optional<comment_id> parent{};    // the comment that this one is shown below
  std::optional<comment_id> reply_to{};  // the comment that it answers: `parent`, or one below
  std::int64_t depth{};                  // 0 starts a thread, 1 is a reply to that …
  std::int64_t position{};
  comments::status status{};
  comments::author author{};
  std::string body{};
  std::int64_t votes{};
  std::int64_t replies{};  // the listed comments directly below it
  std::int64_t reports{};  // the readers that reported it since a moderator last decided about it
  instant created_at{};
  std::optional<instant> edited_at{};
  std::int64_t version{};
  std::string origin{};   // a keyed hash of the address that it came from, until it is forgotten
  std::string browser{};  // the random name of the browser that it came from; empty: not known
  bool held{};            // was not published at some time: a moderator decides what becomes of it
  std::string encoded{};  // what an encoder made of author and body; only that encoder can read it

  friend bool operator==(const comment&, const comment&) = default;
};

// A content as its readers see it. A content without any comment is at version 0.
struct content {
  std::string content_id{};
  std::int64_t version{};
  std::int64_t comments{};                 // the published ones, replies included
  std::optional<content_status> status{};  // none: the default of the service
  std::uint64_t epoch{};                   // of the version: epoch.hpp

  friend bool operator==(const content&, const content&) = default;
};

// Returns the content's version with its epoch.
inline stamp stamp_of(const content& of) { return {of.version, of.epoch}; }

// Whether readers see the comment.
inline bool is_visible(const comment& comment) { return comment.status == status::published; }

// Whether the comment has a place in lists: it is visible, or there are listed comments below it,
// and it holds their place as a tombstone.
inline bool is_listed(const comment& comment) { return is_visible(comment) || comment.replies > 0; }

// Returns `hidden` as readers may see it: its place among the others, without text and author.
comment to_tombstone(comment hidden);

// Returns a number that tells a retry from another draft under the same key: 64-bit FNV-1a of
// everything in `draft` but the key and `email_shown`. It is the same on every machine and in every
// version, because stores keep it. It guards against a client's mistakes and not against attackers,
// who could only cheat themselves with it.
std::int64_t fingerprint(const draft& draft);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/comment.ipp>
#endif
