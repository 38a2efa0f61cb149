// without_httplib - the HTTP API without a server: a request goes in as a value, a response comes
// out as one.
//
// Shows what a binding to another HTTP library does: fill in a request, call the routes, write the
// response. It is also how a test asks the API something without a socket.

#include <comments/api/routes.hpp>
#include <comments/comments.hpp>

#include <iostream>
#include <string>

namespace http = comments::http;

int main() {
  comments::memory_store store;
  comments::service service{store};
  const http::handler api = http::routes(service);

  // Calls the API, tells what it answered, and whether that was the status expected.
  const auto is_answered = [&](http::request asked, int status) {
    std::cout << asked.method << " " << asked.target << "\n";
    const http::response answer = api(std::move(asked));
    std::cout << "  " << answer.status << " " << answer.body << "\n";
    return answer.status == status;
  };

  const http::request post{
      .method = "POST",
      .target = "/api/v1/comments",
      .headers = {{"Content-Type", "application/json"}},
      .body = R"({"content_id":2,"body":"Quando sera a proxima avaliacao pessoal?"})"};
  http::request invalid = post;
  invalid.body = R"({"content_id":2})";

  bool is_right = is_answered(post, 201);
  is_right &= is_answered(invalid, 422);
  is_right &= is_answered({.method = "GET", .target = "/api/v1/comments?content_id=2"}, 200);
  is_right &= is_answered({.method = "GET", .target = "/api/v1/counts?content_id=2"}, 200);
  is_right &= is_answered({.method = "GET", .target = "/api/v2"}, 404);
  is_right &= is_answered({.method = "DELETE", .target = "/api/v1/counts"}, 405);
  return is_right ? 0 : 1;
}
