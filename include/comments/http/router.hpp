#pragma once
// http/router.hpp - from a method and a path to the handler for them.
//
// A pattern is a method and a path whose segments are words or {names}; a name takes one whole,
// non-empty segment, decoded after the path was cut at its slashes, so an encoded slash is part of
// the name's value. HEAD goes where GET goes; OPTIONS tells what is allowed; an unknown path is
// 404, a known one with another method 405 with Allow, a broken percent-encoding 400.
//
//   router routes;
//   routes.add("GET /api/v1/comments/{id}", [](request asked) { … find_field(asked.path, "id") …
//   }); response answer = routes({.method = "GET", .target = "/api/v1/comments/17"});

#include <comments/http/message.hpp>
#include <comments/http/problem.hpp>

#include <algorithm>
#include <cassert>
#include <list>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

class router final {
 public:
  // Patterns are added before the first request; the first that fits wins.
  void add(std::string_view pattern, handler answers) {
    const std::size_t space = pattern.find(' ');
    assert(space != pattern.npos && pattern.substr(space + 1).starts_with('/'));
    const std::string_view path = pattern.substr(space + 1);
    routes_.push_back({.method = std::string{pattern.substr(0, space)},
                       .path = std::string{path},
                       .fixed = std::string{path.substr(0, path.find('{'))},
                       .answers = std::move(answers)});
  }

  response operator()(request&& asked) const {
    const std::string_view target = without_authority(asked.target);
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view method = asked.method == "HEAD" ? std::string_view{"GET"} : asked.method;
    const entry* fitting = nullptr;
    for (const entry& route : routes_) {
      if (!fits(route, path)) continue;
      if (route.method == method) return answer(route, target, std::move(asked));
      if (!fitting) fitting = &route;
    }
    if (!fitting) return problem({request_errc::not_found, "There is nothing here."}, asked);
    return other_method(*fitting, path, asked);
  }

 private:
  struct entry {
    std::string method{};
    std::string path{};
    std::string fixed{};  // what comes before the first name, to tell most paths apart at once
    handler answers{};
  };

  // A target may name the server too (absolute-form, RFC 9112, section 3.2.2).
  static std::string_view without_authority(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (target.starts_with('/') || scheme == target.npos) return target;
    const std::size_t path = target.find('/', scheme + 3);
    return path == target.npos ? "/" : target.substr(path);
  }

  // Cuts the first segment off a path that starts with a slash.
  static std::string_view cut_segment(std::string_view& path) {
    const std::string_view segment = path.substr(1, path.find('/', 1) - 1);
    path.remove_prefix(segment.size() + 1);
    return segment;
  }

  static bool is_name(std::string_view segment) { return segment.starts_with('{'); }

  static bool fits(const entry& route, std::string_view path) {
    if (!path.starts_with(route.fixed)) return false;
    std::string_view pattern = route.path;
    while (pattern.starts_with('/') && path.starts_with('/')) {
      const std::string_view word = cut_segment(pattern);
      const std::string_view given = cut_segment(path);
      if (is_name(word) ? given.empty() : word != given) return false;
    }
    return pattern.empty() && path.empty();
  }

  // `target` is a view into the request, so all of it is read before that moves on.
  static response answer(const entry& route, std::string_view target, request&& asked) {
    auto parameters = parse_query(target.substr(std::min(target.find('?'), target.size() - 1) + 1));
    if (!parameters) return with_route(route, problem(parameters.error(), asked));
    asked.query = std::move(*parameters);
    std::string_view pattern = route.path;
    std::string_view path = target.substr(0, target.find('?'));
    while (!pattern.empty()) {
      const std::string_view word = cut_segment(pattern);
      const std::string_view given = cut_segment(path);
      if (!is_name(word)) continue;
      const std::string_view name = word.substr(1, word.size() - 2);
      auto value = percent_decode(given);
      if (!value) return with_route(route, problem(bad_encoding(name), asked));
      asked.path.emplace_back(name, std::move(*value));
    }
    return with_route(route, route.answers(std::move(asked)));
  }

  static response with_route(const entry& route, response answer) {
    answer.route = route.path;
    return answer;
  }

  response other_method(const entry& first, std::string_view path, const request& asked) const {
    std::string allow = "OPTIONS";
    for (const entry& route : routes_)
      if (fits(route, path)) allow += route.method == "GET" ? ", GET, HEAD" : ", " + route.method;
    response answer =
        asked.method == "OPTIONS"
            ? response{.status = 204}
            : problem({request_errc::method_not_allowed, "This does not take that method."}, asked);
    answer.headers.emplace_back("Allow", allow);
    return with_route(first, std::move(answer));
  }

  std::list<entry> routes_{};  // a list: a response's route is a view into it
};

}  // namespace comments::http
