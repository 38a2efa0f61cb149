#pragma once
// feed/routes.hpp - the route of feeds, for programs that want it: it needs pugixml.
//
//   handler api = http::routes(service, {.more = {feed::route()}});
//   api({.method = "GET", .target = "/api/v1/feed?content_id=1&format=json"});

#include <comments/api/context.hpp>
#include <comments/cache.hpp>
#include <comments/feed/atom.hpp>
#include <comments/feed/json_feed.hpp>
#include <comments/http/gzip.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace comments::feed {

enum class format { atom, json };

constexpr std::array<std::string_view, 2> names_of(format) { return {"atom", "json"}; }

// The newest comments that a feed has; readers ask again before there are more.
inline constexpr std::size_t entries_max = 50;
// Memory for feeds that were made already, if `route_options::cache_bytes` is not less.
inline constexpr std::size_t cache_bytes_max = 16'777'216;

// GET /api/v1/feed, inside the API that `shared` belongs to and that outlives it.
class feed_routes final {
 public:
  explicit feed_routes(const http::context& shared)
      : shared_{shared},
        feeds_{std::min(cache_bytes_max, shared.options().cache_bytes), shared.service().metrics(),
               "comments_feed_cache"} {}

  http::response answer(const http::request& asked) const {
    const auto chosen = parse<format>(http::find_field(asked.query, "format").value_or("atom"));
    if (!chosen) return http::problem(to_error({{"format", "unknown"}}), asked);
    const std::string content_id{http::find_field(asked.query, "content_id").value_or("")};
    const auto home = shared_.service().find_content(content_id);
    if (!home) return http::problem(home.error(), asked);
    if (http::has_etag(http::asked_etags(asked), etag_of(home->version, *chosen)))
      return http::not_modified(etag_of(home->version, *chosen));
    const auto found = find_or_make(asked, *home, *chosen);
    if (!found) return http::problem(found.error(), asked);
    const kept_feed& feed = **found;
    http::response answer = http::fresh(etag_of(feed.version, *chosen), feed.body);
    answer.headers.back().second = *chosen == format::atom ? atom_type : json_type;
    if (feed.is_packed) answer.headers.emplace_back("Content-Encoding", "gzip");
    return answer;
  }

 private:
  // A feed as it stood at a version of its content, as it is sent.
  struct kept_feed {
    std::int64_t version{};
    std::string body{};
    bool is_packed{};
  };
  using shared_feed = std::shared_ptr<const kept_feed>;

  result<shared_feed> find_or_make(const http::request& asked, const content& home,
                                   format chosen) const {
    const bool is_gzip_taken =
        http::takes_gzip(http::find_header(asked.headers, "Accept-Encoding").value_or(""));
    std::string name{to_text(chosen)};
    name.append(is_gzip_taken ? " gzip " : " ").append(asked.prefix).append(" ");
    name += home.content_id;
    const auto is_current = [&](const kept_feed& one) { return one.version == home.version; };
    if (auto kept = feeds_.find(name, is_current)) return kept;
    auto made = make(asked, home.content_id, chosen);
    if (!made) return std::move(made).error();
    if (is_gzip_taken && made->body.size() >= http::gzip_bytes_min) {
      std::string packed = http::gzip(made->body);
      made->is_packed = !packed.empty();
      if (made->is_packed) made->body = std::move(packed);
    }
    const shared_feed kept = std::make_shared<const kept_feed>(std::move(*made));
    feeds_.put(name, kept, kept->body.size());
    return kept;
  }

  result<kept_feed> make(const http::request& asked, const std::string& content_id,
                         format chosen) const {
    const auto page = shared_.service().list(
        {.content_id = content_id,
         .scope = scope::all,
         .sort = sort::newest,
         .limit = std::min(entries_max, shared_.service().options().page_max)});
    if (!page) return page.error();
    const std::int64_t version = page->content.version;
    const auto last = shared_.service().events(content_id, version - 1, 1);
    if (!last) return last.error();
    const document made =
        make_document(*page, shared_.style(), id_of(content_id), link_of(asked, content_id),
                      last->empty() ? instant{} : last->front().at, asked.prefix);
    return kept_feed{.version = version,
                     .body = chosen == format::atom ? to_atom(made) : to_json(made)};
  }

  // Each format is a representation of its own, so it needs a tag of its own.
  static std::string etag_of(std::int64_t version, format chosen) {
    return '"' + std::to_string(version) + "-" + std::string{to_text(chosen)} + '"';
  }

  // The same for as long as the store lives, in both formats: a UUID of version 8 (RFC 9562,
  // section 5.8) that is a keyed hash of the content's id.
  std::string id_of(const std::string& content_id) const {
    const auto hash = auth::parse_base64url(shared_.sign().keyed_hash("feed", content_id));
    comment_id id;
    std::ranges::transform(*hash, id.bytes.begin(),
                           [](char c) { return static_cast<std::uint8_t>(c); });
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);  // version 8
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);  // RFC 9562's variant
    return to_urn(id);
  }

  static std::string link_of(const http::request& asked, const std::string& content_id) {
    return asked.prefix + "/api/v1/feed?content_id=" + http::percent_encode(content_id);
  }

  const http::context& shared_;
  mutable cache<kept_feed> feeds_;
};

// What `route_options::more` takes.
inline http::more_route route() {
  return {"GET /api/v1/feed", [](const http::context& shared) {
            const auto feeds = std::make_shared<const feed_routes>(shared);
            return [feeds](http::request&& asked) { return feeds->answer(asked); };
          }};
}

}  // namespace comments::feed
