#pragma once
// http/router.ipp - definitions of http/router.hpp.

#include <comments/http/router.hpp>

#include <comments/http/problem.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// Cuts the first segment off a path that starts with a slash, and returns it.
inline std::string_view cut_segment(std::string_view& path) {
  const std::string_view segment = path.substr(1, path.find('/', 1) - 1);
  path.remove_prefix(segment.size() + 1);
  return segment;
}

inline bool is_name(std::string_view segment) { return segment.starts_with('{'); }

inline response with_route(std::string_view route, response answer) {
  return then(std::move(answer), [route](response made) {
    made.route = route;
    return made;
  });
}

// Answers OPTIONS *, which asks about the server as a whole (RFC 9110, section 9.3.7).
inline response about_all(const request& asked) {
  if (asked.method != "OPTIONS")
    return problem({request_errc::not_found, "There is nothing here."}, asked);
  return {.status = 204, .headers = {{"Allow", "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE"}}};
}

}  // namespace detail

COMMENTS_INLINE void router::add(std::string_view pattern, handler answers, bool is_ready) {
  const std::size_t space = pattern.find(' ');
  assert(space != pattern.npos && pattern.substr(space + 1).starts_with('/'));
  const std::string_view path = pattern.substr(space + 1);
  routes_.push_back({.method = std::string{pattern.substr(0, space)},
                     .path = std::string{path},
                     .fixed = std::string{path.substr(0, path.find('{'))},
                     .answers = std::move(answers),
                     .is_ready = is_ready});
}

COMMENTS_INLINE response router::operator()(request&& asked) const {
  const std::string_view target = asked.target;
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view method = asked.method == "HEAD" ? std::string_view{"GET"} : asked.method;
  if (target == "*") return detail::about_all(asked);
  const entry* fitting = nullptr;
  for (const entry& route : routes_) {
    if (!fits(route, path)) continue;
    if (route.method == method) return answer(route, target, std::move(asked));
    if (!fitting) fitting = &route;
  }
  if (!fitting) {
    if (auto moved = without_slash(target)) return std::move(*moved);
    return problem({request_errc::not_found, "There is nothing here."}, asked);
  }
  return other_method(*fitting, path, asked);
}

// The way there is relative, so that it holds below any prefix of a proxy's.
COMMENTS_INLINE std::optional<response> router::without_slash(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.ends_with('/')) return std::nullopt;
  const std::string_view known = path.substr(0, path.size() - 1);
  const std::string_view last = known.substr(known.rfind('/') + 1);
  const auto meant = percent_decode(last);
  if (!meant || *meant == "." || *meant == "..") return std::nullopt;  // those are ways upwards
  const auto route =
      std::ranges::find_if(routes_, [&](const entry& at) { return fits(at, known); });
  if (route == routes_.end()) return std::nullopt;
  std::string way = "../";
  way.append(last).append(target.substr(path.size()));
  return detail::with_route(route->path,
                            {.status = 308, .headers = {{"Location", std::move(way)}}});
}

COMMENTS_INLINE bool router::fits(const entry& route, std::string_view path) {
  if (!path.starts_with(route.fixed)) return false;
  std::string_view pattern = route.path;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view word = detail::cut_segment(pattern);
    const std::string_view given = detail::cut_segment(path);
    if (detail::is_name(word) ? given.empty() : word != given) return false;
  }
  return pattern.empty() && path.empty();
}

// `target` is a view into the request, so all of it is read before the request moves on.
COMMENTS_INLINE response router::answer(const entry& route, std::string_view target,
                                        request&& asked) {
  if (asked.effort == effort::memory && !route.is_ready)
    return detail::with_route(route.path, {.is_deferred = true});
  auto parameters = parse_query(target.substr(std::min(target.find('?'), target.size() - 1) + 1));
  if (!parameters) return detail::with_route(route.path, problem(parameters.error(), asked));
  asked.query = std::move(*parameters);
  std::string_view pattern = route.path;
  std::string_view path = target.substr(0, target.find('?'));
  while (!pattern.empty()) {
    const std::string_view word = detail::cut_segment(pattern);
    const std::string_view given = detail::cut_segment(path);
    if (!detail::is_name(word)) continue;
    const std::string_view name = word.substr(1, word.size() - 2);
    auto value = percent_decode(given);
    if (!value) return detail::with_route(route.path, problem(bad_encoding(name), asked));
    asked.path.emplace_back(name, std::move(*value));
  }
  return detail::with_route(route.path, route.answers(std::move(asked)));
}

COMMENTS_INLINE response router::other_method(const entry& first, std::string_view path,
                                              const request& asked) const {
  std::string allow = "OPTIONS";
  for (const entry& route : routes_)
    if (fits(route, path)) allow += route.method == "GET" ? ", GET, HEAD" : ", " + route.method;
  response answer =
      asked.method == "OPTIONS"
          ? response{.status = 204}
          : problem({request_errc::method_not_allowed, "This does not take that method."}, asked);
  answer.headers.emplace_back("Allow", allow);
  return detail::with_route(first.path, std::move(answer));
}

}  // namespace comments::inline v0::http
