#pragma once
// api/legacy_list.hpp - the original API's list of a content, piece by piece, in little memory.
//
// That list is whole, however long: 100,000 comments are read page by page, and each piece is sent
// before the next is read. It is the list of the version that it started with; what is posted
// while it is read belongs to a later one.
//
//   original_list list{service, "1", false};
//   for (chunk next = list.next(); …; next = list.next()) send(next.bytes);

#include <comments/http/message.hpp>
#include <comments/json/encode.hpp>
#include <comments/service.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace comments::http {

// The service outlives it.
class legacy_list final {
 public:
  static constexpr std::size_t piece_bytes_max = 65'536;
  static constexpr std::size_t page_max = 32;  // comments read at once: 1 MB, if all are long

  legacy_list(const service& service, std::string content_id, bool hide_emails)
      : service_{service}, hide_emails_{hide_emails} {
    wanted_.content_id = std::move(content_id);
    wanted_.scope = scope::all;
    wanted_.limit = std::min(page_max, service.options().page_max);
  }

  // The next `piece_bytes_max` bytes of the list; `over` with the last of them, `broken` if the
  // store cannot give the rest.
  chunk next() {
    while (!is_read_ && ready_.size() <= piece_bytes_max)
      if (!read()) return {.then = chunk::state::broken};
    chunk made{.bytes = ready_.substr(0, piece_bytes_max)};
    ready_.erase(0, made.bytes.size());
    if (ready_.empty()) made.then = chunk::state::over;
    return made;
  }

  // Whether all pieces were given.
  bool is_over() const { return is_read_ && ready_.empty(); }
  // The content as the first page had it: what the list is of. Empty before the first piece.
  const std::optional<content>& home() const { return home_; }
  // Whether nothing changed while it was read, so that another reading would be the same.
  bool is_of_one_version() const { return is_of_one_version_; }
  // Why a piece is `broken`.
  const error& why() const { return why_; }

 private:
  bool read() {
    auto page = service_.list(wanted_);
    if (!page) {
      why_ = std::move(page).error();
      return false;
    }
    if (!home_) home_ = page->content;
    is_of_one_version_ = is_of_one_version_ && page->content.version == home_->version;
    for (const comment& item : page->items) {
      if (item.position > home_->version) continue;
      ready_ += is_begun_ ? "," : "[";
      json::append_legacy(ready_, item, hide_emails_);
      is_begun_ = true;
    }
    wanted_.after = page->next;
    is_read_ = !wanted_.after || wanted_.after->position >= home_->version;
    if (is_read_) ready_ += is_begun_ ? "]" : "[]";
    return true;
  }

  const service& service_;
  const bool hide_emails_;
  query wanted_{};
  std::optional<content> home_{};
  error why_{};
  std::string ready_{};  // encoded, and not yet handed out
  bool is_begun_{};
  bool is_read_{};
  bool is_of_one_version_{true};
};

}  // namespace comments::http
