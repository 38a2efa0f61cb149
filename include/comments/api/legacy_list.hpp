#pragma once
// api/legacy_list.hpp - the legacy API's list of a content, as a series of chunks.
//
// That list has no pages, so it is whole, however long. It is read from the store page by page, and
// each chunk is sent before the next page is read: 100,000 comments take little memory. The list is
// of the version that the content has when the first page is read. Comments that are posted later
// are not in it.
//
//   http::legacy_list list{service, "1", json::legacy_emails::show};
//   std::string text;
//   for (http::chunk next; next.then == http::chunk::state::more;) {
//     next = list.next();
//     text += next.bytes;
//   }

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/json/encode.hpp>
#include <comments/result.hpp>
#include <comments/service.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace comments::inline v0::http {

// Used by one thread at a time. The service outlives it.
class legacy_list final {
 public:
  static constexpr std::size_t chunk_bytes_max = 65'536;
  static constexpr std::size_t page_max = 32;  // comments read at once: 1 MB if all are long

  legacy_list(const service& service, std::string content_id, json::legacy_emails which);

  // Returns the next `chunk_bytes_max` bytes of the list: `over` with the last ones, `broken`, and
  // without bytes, if the store cannot give the rest.
  chunk next();

  // Whether all chunks were returned.
  bool is_over() const { return is_read_ && ready_.empty(); }
  // Returns the content as it was when the first page was read; nothing before the first chunk.
  const std::optional<content>& of() const { return content_; }
  // Whether the content did not change while it was read. If so, the next reading returns the same.
  bool is_of_one_version() const { return is_of_one_version_; }
  // Returns why a chunk is `broken`.
  const error& why() const { return why_; }

 private:
  bool read_page();

  const service& service_;
  const json::legacy_emails emails_;
  query wanted_{};
  std::optional<content> content_{};
  error why_{};
  std::string ready_{};  // encoded, and not yet returned
  bool is_begun_{};
  bool is_read_{};
  bool is_of_one_version_{true};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/legacy_list.ipp>
#endif
