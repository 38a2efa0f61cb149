#pragma once
// api/event_routes.ipp - definitions of api/event_routes.hpp.

#include <comments/api/event_routes.hpp>

#include <comments/http/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// Returns how a stream asks where its content stands, from memory where that has it.
inline stamp_reader stands_in(const service& of) {
  return [&of](const std::string& content_id) -> result<stamp> {
    if (const auto known = of.known_content(content_id)) return stamp_of(*known);
    const auto found = of.contents({&content_id, 1});
    if (!found) return found.error();
    return stamp_of(found->front());
  };
}

inline live_limits live_limits_of(const route_options& options) {
  const std::size_t most = options.client_followers_max;
  return {
      .cache = options.cache, .client_streams_max = most, .network_streams_max = most + most / 2};
}

}  // namespace detail

COMMENTS_INLINE event_routes::event_routes(const context& shared)
    : shared_{shared},
      live_{shared.service().news(),
            [&service = shared.service()](std::string_view content_id, std::int64_t after,
                                          std::size_t limit) {
              return service.events(content_id, after, limit);
            },
            shared.service().metrics(),
            detail::live_limits_of(shared.options()),
            json::append_public,
            detail::stands_in(shared.service())} {}

COMMENTS_INLINE response event_routes::follow(request asked) const {
  std::string content_id{find_field(asked.query, "content_id").value_or("")};
  const auto found = shared_.service().contents({&content_id, 1});
  if (!found) return problem(found.error(), asked);
  const auto after = parse_after(asked, stamp_of(found->front()));
  if (!after) return problem(after.error(), asked);
  response answer = live_.follow(std::move(content_id), *after, asked);
  if (asked.method == "HEAD") answer.rest = {};
  return answer;
}

}  // namespace comments::inline v0::http
