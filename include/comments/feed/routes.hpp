#pragma once
// feed/routes.hpp - the route of feeds, for programs that want it: it needs pugixml.
//
//   using namespace comments;
//   memory_store store;
//   service site{store, {}};
//   const http::handler api = http::routes(site, {.more = {feed::route()}});
//   const auto answer = api({.method = "GET", .target = "/api/v1/feed?content_id=1&format=json"});

#include <comments/api/context.hpp>
#include <comments/cache.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace comments::inline v0::feed {

enum class format { atom, json };

constexpr std::array<std::string_view, 2> names_of(format) { return {"atom", "json"}; }

// The newest comments that a feed has. Feed readers ask again before there are more.
inline constexpr std::size_t entries_max = 50;
// Memory for feeds that were made already, unless `route_options::cache_bytes` is less.
inline constexpr std::size_t cache_bytes_max = 16'777'216;

// Answers GET /api/v1/feed, inside the API that `shared` belongs to and that outlives it. Safe to
// use from any thread.
class feed_routes final {
 public:
  explicit feed_routes(const http::context& shared);

  http::response answer(const http::request& asked) const;

 private:
  // A feed as it stood at a version of its content, as it is sent.
  struct kept_feed {
    stamp of{};
    std::string body{};
    bool is_packed{};
  };
  using shared_feed = std::shared_ptr<const kept_feed>;

  result<shared_feed> find_or_make(const http::request& asked, const content& current,
                                   format chosen) const;
  result<kept_feed> make(const http::request& asked, const std::string& content_id,
                         format chosen) const;
  std::string id_of(const std::string& content_id) const;

  const http::context& shared_;
  mutable cache<kept_feed> feeds_;
};

// Returns the route for `route_options::more`.
http::more_route route();

}  // namespace comments::inline v0::feed

#ifndef COMMENTS_COMPILED
#include <comments/feed/routes.ipp>
#endif
