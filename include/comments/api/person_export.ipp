#pragma once
// api/person_export.ipp - definitions of api/person_export.hpp.

#include <comments/api/person_export.hpp>

#include <comments/json/encode.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE person_export::person_export(const context& shared, person whose, principal caller)
    : shared_{shared}, caller_{std::move(caller)} {
  const std::size_t limit = std::min(page_max, shared.service().options().page_max);
  wanted_ = {.subject = whose.subject, .email = whose.email, .limit = limit};
  if (!whose.subject.empty()) subjects_.insert(whose.subject);
  ready_ = R"({"subject":)";
  json::append_text(ready_, whose.subject);
  ready_ += R"(,"email":)";
  const bool is_own = whose.email.empty() && whose.subject == caller_.subject;
  json::append_text(ready_, is_own ? caller_.email : whose.email);
  ready_ += R"(,"comments":[)";
}

COMMENTS_INLINE chunk person_export::next() {
  bool is_read = true;
  switch (part_) {
    case part::comments: is_read = read_comments(); break;
    case part::votes: is_read = read_votes(); break;
    case part::reports: is_read = read_reports(); break;
    case part::none: break;
  }
  if (!is_read) return {.then = chunk::state::broken};
  chunk made{.bytes = std::exchange(ready_, {})};
  if (part_ == part::none) made.then = chunk::state::over;
  return made;
}

COMMENTS_INLINE bool person_export::read_comments() {
  const auto found = shared_.service().find_all(wanted_, caller_);
  if (!found) return false;
  for (const comment& item : found->items) {
    const auto reason = shared_.service().find_reason(item, caller_);
    if (!reason) return false;
    if (std::exchange(has_items_, true)) ready_ += ",";
    json::append_own(ready_, item, shared_.style(), *reason);
    if (!item.author.subject.empty()) subjects_.insert(item.author.subject);
  }
  wanted_.after = found->next;
  if (!found->next) begin(part::votes, "votes");
  return true;
}

COMMENTS_INLINE void person_export::begin(part next, std::string_view name) {
  ready_.append(R"(],")").append(name).append(R"(":[)");
  part_ = next;
  left_ = subjects_;
  has_items_ = false;
}

template <typename Items>
bool person_export::read_items(const result<Items>& found) {
  if (!found) return false;
  for (const auto& item : *found) {
    if (std::exchange(has_items_, true)) ready_ += ",";
    json::append(ready_, item);
    after_ = item.comment;
  }
  if (!found->empty()) return true;
  left_.erase(left_.begin());
  after_.reset();
  return true;
}

COMMENTS_INLINE bool person_export::read_votes() {
  if (!left_.empty())
    return read_items(shared_.service().votes_of(*left_.begin(), after_, caller_));
  begin(part::reports, "reports");
  return true;
}

COMMENTS_INLINE bool person_export::read_reports() {
  if (!left_.empty())
    return read_items(shared_.service().reports_by(*left_.begin(), after_, caller_));
  ready_ += "]}";
  part_ = part::none;
  return true;
}

}  // namespace comments::inline v0::http
