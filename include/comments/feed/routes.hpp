#pragma once
// feed/routes.hpp - the route of feeds, for programs that want it: it needs pugixml.
//
//   handler api = http::routes(service, {.more = {feed::route()}});
//   api({.method = "GET", .target = "/api/v1/feed?content_id=1&format=json"});

#include <comments/feed/atom.hpp>
#include <comments/feed/json_feed.hpp>
#include <comments/http/context.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace comments::feed {

enum class format { atom, json };

constexpr std::array<std::string_view, 2> names_of(format) { return {"atom", "json"}; }

// The newest comments that a feed has; readers ask again before there are more.
inline constexpr std::size_t entries_max = 50;

// GET /api/v1/feed, inside the API that `shared` belongs to and that outlives it.
class feed_routes final {
 public:
  explicit feed_routes(const http::context& shared) : shared_{shared} {}

  http::response answer(const http::request& asked) const {
    const auto chosen = parse<format>(http::find_field(asked.query, "format").value_or("atom"));
    if (!chosen) return http::problem(to_error({{"format", "unknown"}}), asked);
    const std::string content_id{http::find_field(asked.query, "content_id").value_or("")};
    const auto home = shared_.service().find_content(content_id);
    if (!home) return http::problem(home.error(), asked);
    if (http::has_etag(http::asked_etags(asked), etag_of(*home, *chosen)))
      return http::not_modified(etag_of(*home, *chosen));
    const auto page = shared_.service().list(
        {.content_id = content_id,
         .scope = scope::all,
         .sort = sort::newest,
         .limit = std::min(entries_max, shared_.service().options().page_max)});
    if (!page) return http::problem(page.error(), asked);
    const auto last = shared_.service().events(content_id, page->content.version - 1, 1);
    if (!last) return http::problem(last.error(), asked);
    const document made =
        make_document(*page, shared_.style(), id_of(content_id), link_of(asked, content_id),
                      last->empty() ? instant{} : last->front().at, asked.prefix);
    const bool is_atom = *chosen == format::atom;
    return {.headers = {{"ETag", etag_of(page->content, *chosen)},
                        {"Cache-Control", "no-cache"},
                        {"Content-Type", std::string{is_atom ? atom_type : json_type}}},
            .body = is_atom ? to_atom(made) : to_json(made)};
  }

 private:
  // Each format is a representation of its own, so it needs a tag of its own.
  static std::string etag_of(const content& of, format chosen) {
    return '"' + std::to_string(of.version) + "-" + std::string{to_text(chosen)} + '"';
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
};

// What `route_options::more` takes.
inline http::more_route route() {
  return {"GET /api/v1/feed", [](const http::context& shared) {
            return [routes = feed_routes{shared}](http::request&& asked) {
              return routes.answer(asked);
            };
          }};
}

}  // namespace comments::feed
