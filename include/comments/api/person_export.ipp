#pragma once
// api/person_export.ipp - definitions of api/person_export.hpp.

#include <comments/api/person_export.hpp>

#include <comments/json/encode.hpp>

#include <algorithm>
#include <utility>

namespace comments::http {

COMMENTS_INLINE person_export::person_export(const context& shared, person whose, principal caller)
    : shared_{shared}, caller_{std::move(caller)} {
  const std::size_t limit = std::min(page_max, shared.service().options().page_max);
  wanted_ = {.subject = whose.subject, .email = whose.email, .limit = limit};
  if (!whose.subject.empty()) subjects_.insert(whose.subject);
  ready_ = R"({"subject":)";
  json::append_text(ready_, whose.subject);
  ready_ += R"(,"email":)";
  json::append_text(ready_, whose.email);
  ready_ += R"(,"comments":[)";
}

COMMENTS_INLINE chunk person_export::next() {
  const bool is_read = is_in_votes_ ? read_votes() : read_comments();
  if (!is_read) return {.then = chunk::state::broken};
  chunk made{.bytes = std::exchange(ready_, {})};
  if (is_over_) made.then = chunk::state::over;
  return made;
}

COMMENTS_INLINE bool person_export::read_comments() {
  const auto found = shared_.service().find_all(wanted_, caller_);
  if (!found) return false;
  for (const comment& item : found->items) {
    if (has_items_) ready_ += ",";
    has_items_ = true;
    json::append_own(ready_, item, shared_.style());
    if (!item.author.subject.empty()) subjects_.insert(item.author.subject);
  }
  wanted_.after = found->next;
  if (found->next) return true;
  ready_ += R"(],"votes":[)";
  is_in_votes_ = true;
  has_items_ = false;
  return true;
}

COMMENTS_INLINE bool person_export::read_votes() {
  if (subjects_.empty()) {
    ready_ += "]}";
    is_over_ = true;
    return true;
  }
  const auto found = shared_.service().votes_of(*subjects_.begin(), after_, caller_);
  if (!found) return false;
  for (const comments::vote& item : *found) {
    if (has_items_) ready_ += ",";
    has_items_ = true;
    json::append(ready_, item);
    after_ = item.comment;
  }
  if (!found->empty()) return true;
  subjects_.erase(subjects_.begin());
  after_.reset();
  return true;
}

}  // namespace comments::http
