#pragma once
// api/legacy_list.ipp - definitions of api/legacy_list.hpp.

#include <comments/api/legacy_list.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE legacy_list::legacy_list(const service& service, std::string content_id,
                                         json::legacy_emails which)
    : service_{service}, emails_{which} {
  wanted_.content_id = std::move(content_id);
  wanted_.scope = scope::all;
  wanted_.limit = std::min(page_max, service.options().page_max);
}

COMMENTS_INLINE chunk legacy_list::next() {
  while (!is_read_ && ready_.size() <= chunk_bytes_max)
    if (!read_page()) return {.then = chunk::state::broken};
  chunk made{.bytes = ready_.substr(0, chunk_bytes_max)};
  ready_.erase(0, made.bytes.size());
  if (ready_.empty()) made.then = chunk::state::over;
  return made;
}

COMMENTS_INLINE bool legacy_list::read_page() {
  auto page = service_.list(wanted_);
  if (!page) {
    why_ = std::move(page).error();
    return false;
  }
  if (!content_) content_ = page->content;
  is_of_one_version_ = is_of_one_version_ && stamp_of(page->content) == stamp_of(*content_);
  for (const comment& item : page->items) {
    if (item.position > content_->version) continue;
    ready_ += is_begun_ ? "," : "[";
    json::append_legacy(ready_, item, emails_);
    is_begun_ = true;
  }
  wanted_.after = page->next;
  is_read_ = !wanted_.after || wanted_.after->position >= content_->version;
  if (is_read_) ready_ += is_begun_ ? "]" : "[]";
  return true;
}

}  // namespace comments::inline v0::http
