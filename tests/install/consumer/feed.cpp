// A program that gives a content's comments as a feed.

#include <comments/comments.hpp>
#include <comments/feed/routes.hpp>
#include <comments/http/routes.hpp>

#include <iostream>

int main() {
  comments::memory_store store;
  comments::service service{store};
  if (!service.post({.content_id = "1", .body = "Primeiro Post!"})) return 1;
  const auto api = comments::http::routes(service, {.more = {comments::feed::route()}});
  const auto answer = api({.method = "GET", .target = "/api/v1/feed?content_id=1"});
  std::cout << answer.body << "\n";
  return answer.body.find("Primeiro Post!") != std::string::npos ? 0 : 1;
}
