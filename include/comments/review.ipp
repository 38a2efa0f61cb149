#pragma once
// review.ipp - definitions of review.hpp.

#include <comments/review.hpp>

#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE result<review> reviewer::review_text(const draft& written, const principal& caller,
                                                     const arrival& how) const {
  if (is_moderator(caller)) return review{};
  arrival seen = how;
  seen.client = caller.client;
  seen.network = caller.network;
  seen.is_author_known = [&] { return is_known(written.author, caller.browser); };
  auto found = judge(options_.rules, written, seen);
  if (!found) return std::move(found).error();
  const auto status = to_status(found->action);
  if (!status) return to_error(std::move(found->violations));
  return review{
      .status = *status, .reason = std::move(found->reason), .forget = std::move(found->forget)};
}

COMMENTS_INLINE result<review> reviewer::review_place(const draft& written, const principal& caller,
                                                      review found) const {
  const auto contents = store_.contents({&written.content_id, 1});
  if (!contents) return contents.error();
  found.mode = contents->front().status;
  if (is_moderator(caller)) return found;
  const content_status mode = found.mode.value_or(options_.mode);
  if (mode == content_status::locked)
    return error{errc::content_locked, "The content takes no comments now."};
  if (found.status != status::published) return found;
  if (mode == content_status::premoderated) {
    found.status = status::pending;
    found.reason = "premoderated";
  }
  if (mode == content_status::first_comment) {
    const auto is_author_known = is_known(written.author, caller.browser);
    if (!is_author_known) return is_author_known.error();
    if (*is_author_known) return found;
    found.status = status::pending;
    found.reason = "first comment";
  }
  return found;
}

COMMENTS_INLINE result<review> reviewer::review_edit(const comment& stands, const std::string& body,
                                                     const principal& caller, instant now) const {
  if (auto broken = check_body(body, options_.limits); !broken.empty())
    return to_error(std::move(broken));
  const auto past = store_.history(stands.id, 0, options_.edits_max + 1);
  if (!past) return past.error();
  if (past->size() > options_.edits_max && !is_moderator(caller))
    return error{errc::conflict, "It was changed too often."};
  const draft written{.content_id = stands.content_id,
                      .parent = stands.reply_to,
                      .author = stands.author,
                      .body = body,
                      .key = to_string(stands.id)};
  principal author = caller;
  author.browser = stands.browser;
  const auto found =
      review_text(written, author, {.now = now, .is_edit = true, .before = stands.body});
  if (!found) return found;
  return settle(*found, review_place(written, author, *found));
}

COMMENTS_INLINE result<bool> reviewer::is_known(const author& by,
                                                const std::string& browser) const {
  const auto is_published = [this](search wanted) -> result<bool> {
    wanted.status = status::published;
    wanted.limit = 1;
    const auto found = store_.find_all(wanted);
    if (!found) return found.error();
    return !found->items.empty();
  };
  if (by.verified) {
    auto known = is_published({.subject = by.subject, .verified = true});
    if (!known || *known) return known;
  }
  return browser.empty() ? false : is_published({.browser = browser});
}

}  // namespace comments::inline v0
