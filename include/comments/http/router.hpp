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

#include <cassert>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

class router final {
 public:
  // Patterns are added before the first request; the first that fits wins.
  void add(std::string_view pattern, handler answers) {
    const std::size_t space = pattern.find(' ');
    assert(space != pattern.npos && pattern.substr(space + 1).starts_with('/'));
    const std::string path{pattern.substr(space + 1)};
    routes_.push_back(
        {std::string{pattern.substr(0, space)}, path, split(path), std::move(answers)});
  }

  response operator()(request asked) const {
    const std::string target{without_authority(asked.target)};
    const std::size_t mark = std::min(target.find('?'), target.size());
    const auto segments = split(std::string_view{target}.substr(0, mark));
    std::vector<const entry*> fitting;
    for (const entry& route : routes_)
      if (fits(route, segments)) fitting.push_back(&route);
    if (fitting.empty()) return problem({errc::not_found, "There is nothing here."}, asked);

    const std::string method = asked.method == "HEAD" ? "GET" : asked.method;
    for (const entry* route : fitting)
      if (route->method == method)
        return answer(*route, segments, target.substr(std::min(mark + 1, target.size())),
                      std::move(asked));
    return other_method(fitting, asked);
  }

 private:
  struct entry {
    std::string method{};
    std::string path{};
    std::vector<std::string> segments{};
    handler answers{};
  };

  // A target may name the server too (absolute-form, RFC 9112, section 3.2.2).
  static std::string_view without_authority(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (target.starts_with('/') || scheme == target.npos) return target;
    const std::size_t path = target.find('/', scheme + 3);
    return path == target.npos ? "/" : target.substr(path);
  }

  static std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (path.starts_with('/')) {
      path.remove_prefix(1);
      segments.emplace_back(path.substr(0, path.find('/')));
      path.remove_prefix(segments.back().size());
    }
    return segments;
  }

  static bool is_name(std::string_view segment) { return segment.starts_with('{'); }

  static bool fits(const entry& route, const std::vector<std::string>& segments) {
    return std::ranges::equal(route.segments, segments, [](const auto& word, const auto& given) {
      return is_name(word) ? !given.empty() : word == given;
    });
  }

  static response answer(const entry& route, const std::vector<std::string>& segments,
                         std::string_view query, request asked) {
    auto parameters = parse_query(query);
    if (!parameters) return with_route(route, problem(parameters.error(), asked));
    asked.query = std::move(*parameters);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const std::string_view word = route.segments[i];
      if (!is_name(word)) continue;
      const std::string_view name = word.substr(1, word.size() - 2);
      auto value = percent_decode(segments[i]);
      if (!value) return with_route(route, problem(bad_encoding(name), asked));
      asked.path.emplace_back(name, std::move(*value));
    }
    return with_route(route, route.answers(std::move(asked)));
  }

  static response with_route(const entry& route, response answer) {
    answer.route = route.path;
    return answer;
  }

  static response other_method(const std::vector<const entry*>& fitting, const request& asked) {
    std::string allow = "OPTIONS";
    for (const entry* route : fitting)
      allow += (route->method == "GET" ? ", GET, HEAD" : ", " + route->method);
    response answer =
        asked.method == "OPTIONS"
            ? response{.status = 204}
            : problem({errc::method_not_allowed, "This does not take that method."}, asked);
    answer.headers.emplace_back("Allow", allow);
    return with_route(*fitting.front(), std::move(answer));
  }

  std::list<entry> routes_{};  // a list: a response's route is a view into it
};

}  // namespace comments::http
