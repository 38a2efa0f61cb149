#pragma once
// feed/routes.ipp - definitions of feed/routes.hpp.

#include <comments/feed/routes.hpp>

#include <comments/api/responses.hpp>
#include <comments/feed/atom.hpp>
#include <comments/feed/json_feed.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/problem.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::feed {

namespace detail {

// Each format is a representation of its own, so it needs a tag of its own. So it does for what
// lists depend on, and for the prefix, with which the feed's links begin.
inline std::string etag_of(const stamp& of, format chosen, std::string_view list,
                           const std::string& prefix) {
  std::string form{to_text(chosen)};
  form.append("-").append(list);
  if (!prefix.empty()) form.append("-").append(prefix);
  return http::to_etag(of, form);
}

inline std::string link_of(const http::request& asked, const std::string& content_id) {
  return asked.prefix + "/api/v1/feed?content_id=" + http::percent_encode(content_id);
}

}  // namespace detail

COMMENTS_INLINE feed_routes::feed_routes(const http::context& shared)
    : shared_{shared},
      feeds_{shared.options().cache, std::min(cache_bytes_max, shared.options().cache_bytes),
             shared.service().metrics(), "comments_feed_cache"} {}

COMMENTS_INLINE http::response feed_routes::answer(const http::request& asked) const {
  const auto chosen = parse<format>(http::find_field(asked.query, "format").value_or("atom"));
  if (!chosen) return http::problem(to_error({{"format", "unknown"}}), asked);
  const std::string content_id{http::find_field(asked.query, "content_id").value_or("")};
  const auto current = shared_.service().find_content(content_id);
  if (!current) return http::problem(current.error(), asked);
  const auto etag_at = [&](const stamp& of) {
    return detail::etag_of(of, *chosen, shared_.list_form(), asked.prefix);
  };
  if (http::has_etag(http::if_none_match(asked), etag_at(stamp_of(*current))))
    return http::not_modified(etag_at(stamp_of(*current)));
  const auto found = find_or_make(asked, *current, *chosen);
  if (!found) return http::problem(found.error(), asked);
  const kept_feed& feed = **found;
  http::response answer = http::tagged_response(etag_at(feed.of), feed.body);
  answer.headers.back().second = *chosen == format::atom ? atom_type : json_type;
  if (feed.is_packed) answer.headers.emplace_back("Content-Encoding", "gzip");
  return answer;
}

COMMENTS_INLINE result<feed_routes::shared_feed> feed_routes::find_or_make(
    const http::request& asked, const content& current, format chosen) const {
  const bool is_gzip_taken =
      http::takes_gzip(http::find_header(asked.headers, "Accept-Encoding").value_or(""));
  std::string name{to_text(chosen)};
  name.append(is_gzip_taken ? " gzip " : " ").append(asked.prefix).append(" ");
  name += current.content_id;
  const auto is_current = [&](const kept_feed& kept) { return kept.of == stamp_of(current); };
  if (auto kept = feeds_.find(name, is_current)) return kept;
  auto made = make(asked, current.content_id, chosen);
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

COMMENTS_INLINE result<feed_routes::kept_feed> feed_routes::make(const http::request& asked,
                                                                 const std::string& content_id,
                                                                 format chosen) const {
  const auto page = shared_.service().list(
      {.content_id = content_id,
       .scope = scope::all,
       .sort = sort::newest,
       .limit = std::min(entries_max, shared_.service().options().page_max)});
  if (!page) return page.error();
  const stamp of = stamp_of(page->content);
  const auto last = shared_.service().events(content_id, of.version - 1, 1);
  if (!last) return last.error();
  const document made =
      make_document(*page, shared_.style(), id_of(content_id), detail::link_of(asked, content_id),
                    last->empty() ? instant{} : last->front().at, asked.prefix);
  return kept_feed{.of = of, .body = chosen == format::atom ? to_atom(made) : to_json(made)};
}

// Returns a UUID of version 8 (RFC 9562, section 5.8) that is a keyed hash of the content's id. It
// is the same as long as the store lives, in both formats.
COMMENTS_INLINE std::string feed_routes::id_of(const std::string& content_id) const {
  const auto hash = auth::parse_base64url(shared_.sign().keyed_hash("feed", content_id));
  comment_id id;
  std::ranges::transform(*hash, id.bytes.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);  // version 8
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);  // RFC 9562's variant
  return to_urn(id);
}

COMMENTS_INLINE http::more_route route() {
  return {"GET /api/v1/feed", [](const http::context& shared) {
            const auto feeds = std::make_shared<const feed_routes>(shared);
            return [feeds](http::request&& asked) { return feeds->answer(asked); };
          }};
}

}  // namespace comments::inline v0::feed
