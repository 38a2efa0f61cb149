#pragma once
// http/router.hpp - from a method and a path to the handler for them.
//
// A pattern is a method and a path whose segments are words or {names}. A name takes one whole,
// non-empty segment. The path is cut at its slashes before it is decoded, so an encoded slash is
// part of a name's value. HEAD goes where GET goes. OPTIONS answers which methods are allowed; an
// unknown path is 404, a known one with another method 405 with Allow, a broken percent-encoding
// 400. A known path with one slash too many at its end is 308 to that without.
//
//   using namespace comments;
//   http::router routes;
//   routes.add("GET /api/v1/comments/{id}", [](http::request asked) {
//     return http::response{.body = std::string{*http::find_field(asked.path, "id")}};
//   });
//   const auto answer = routes({.method = "GET", .target = "/api/v1/comments/17"});  // "17"

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// A handler. Answers from any thread, once all patterns are added.
class router final {
 public:
  // Adds a pattern; the first that fits a request gets it. With `is_ready` the handler is also
  // asked with `effort::memory`; the requests of other patterns are deferred then. Not safe while
  // requests are answered.
  void add(std::string_view pattern, handler answers, bool is_ready = false);

  // Fills in the request's `path` and `query`, and the response's `route`, which is valid as long
  // as this router.
  response operator()(request&& asked) const;

 private:
  struct entry {
    std::string method{};
    std::string path{};
    std::string fixed{};  // what comes before the first name, to tell most paths apart at once
    handler answers{};
    bool is_ready{};
  };

  static bool fits(const entry& route, std::string_view path);
  static response answer(const entry& route, std::string_view target, request&& asked);
  std::optional<response> without_slash(std::string_view target) const;
  response other_method(const entry& first, std::string_view path, const request& asked) const;

  std::list<entry> routes_{};  // a list: a response's route is a view into it
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/router.ipp>
#endif
