#pragma once
// comment.ipp - definitions of comment.hpp.

#include <comments/comment.hpp>

namespace comments::inline v0 {

COMMENTS_INLINE comment to_tombstone(comment hidden) {
  hidden.author = {};
  hidden.browser.clear();
  hidden.body.clear();
  hidden.encoded.clear();
  hidden.edited_at.reset();
  return hidden;
}

COMMENTS_INLINE std::int64_t fingerprint(const draft& draft) {
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

}  // namespace comments::inline v0
