#pragma once
// api/list_routes.hpp - the routes that list comments: pages of a content, and the legacy API's
// whole list.
//
// Lists are what is asked for most. So each is kept in memory as it was sent, also compressed,
// under the parameters that it depends on and the version of its content. Every change of a content
// moves its version, so a list that is kept is never out of date. Both routes answer with
// `effort::memory` what is kept, and defer the rest. A list with comments of the one who asks that
// wait for a moderator is made anew and kept nowhere.
//
//   const http::context shared{service, http::route_options{}};
//   const http::list_routes lists{shared};
//   const http::response answer = lists.list({.query = {{"content_id", "1"}, {"limit", "20"}}});

#include <comments/api/context.hpp>
#include <comments/cache.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it. Its only state is a cache.
class list_routes final {
 public:
  // A legacy list of more bytes is not held in memory, but sent as a stream.
  static constexpr std::size_t whole_list_bytes_max = 262'144;

  explicit list_routes(const context& shared);

  // GET /api/comment/list/{content_id} of the legacy API
  response list_legacy(request asked) const;
  // GET /api/v1/comments
  response list(request asked) const;

 private:
  // A list as it stood at a version of its content.
  struct kept_list {
    stamp of{};
    std::string etag{};
    std::string link{};  // to the next page, if there is one
    std::string body{};
  };
  using shared_list = std::shared_ptr<const kept_list>;

  std::optional<result<content>> find_content(const request& asked,
                                              const std::string& content_id) const;
  result<query> read_query(const request& asked) const;
  bool read_cursor(std::string_view text, query& wanted) const;
  response send_own(const request& asked, const query& wanted, const page& found) const;
  kept_list encode(const request& asked, const query& wanted, const page& found) const;
  std::string legacy_etag(const stamp& of) const;
  response read_legacy(const request& asked, const std::string& name,
                       const std::string& content_id) const;

  shared_list find_kept(const request& asked, const std::string& name, const stamp& of) const;
  shared_list keep(const std::string& name, kept_list made) const;
  shared_list find_compressed(const request& asked, const std::string& name,
                              const kept_list& kept) const;
  response send(const request& asked, const std::string& name, const shared_list& kept) const;

  const context& shared_;
  mutable cache<kept_list> pages_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/list_routes.ipp>
#endif
