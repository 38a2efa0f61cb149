#pragma once
// support/api.hpp - the whole API on a store that forgets and a clock that stands still, asked
// without a socket. Every answer that comes by is held against what no answer may ever say.
//
//   testing::site site;
//   const auto posted = site.post("/api/v1/comments", R"({"content_id":1,"body":"Oi"})");
//   CHECK(testing::read(posted).at("version") == 1);

#include <comments/http/routes.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing {

using namespace comments;

inline std::string header(const http::response& answer, std::string_view name) {
  return std::string{http::find_header(answer.headers, name).value_or("")};
}

inline nlohmann::ordered_json read(const http::response& answer) {
  auto value = nlohmann::ordered_json::parse(answer.body, nullptr, false);
  REQUIRE_FALSE(value.is_discarded());
  return value;
}

// The violations of a problem as "pointer code", in their order.
inline std::vector<std::string> errors_of(const http::response& answer) {
  std::vector<std::string> found;
  for (const auto& one : read(answer).at("errors"))
    found.push_back(one.at("pointer").get<std::string>() + " " + one.at("code").get<std::string>());
  return found;
}

// That `answer` says nothing of how it was made, is complete, and gives away no e-mail address
// unless it is the list that publishes them.
inline void check_answer(const http::request& asked, const http::response& answer) {
  CAPTURE(asked.method);
  CAPTURE(asked.target);
  CAPTURE(answer.body);
  std::string said = answer.body;
  for (const auto& [name, value] : answer.headers) {
    said += "\n" + name + ": " + value;
    CHECK(value.find_first_of("\r\n") == value.npos);
  }
  for (const char* inside : {"sqlite", "SELECT", "INSERT", "nlohmann", "json.exception",
                             "exception", "std::", "terminate", ".hpp", "/usr", "/tmp", "[json"})
    CHECK(said.find(inside) == said.npos);
  if (!asked.target.starts_with("/api/comment/list/")) CHECK(said.find('@') == said.npos);
  CHECK(header(answer, "X-Request-Id") != "");
  if (answer.status == 204 || answer.status == 304) CHECK(answer.body.empty());
  if (answer.status == 503) CHECK(header(answer, "Retry-After") == "1");
  if (answer.status < 400 || answer.body.starts_with(R"({"status":"NOT-FOUND")")) return;
  CHECK(header(answer, "Content-Type") == "application/problem+json");
  const auto problem = read(answer);
  CHECK(problem.at("status") == answer.status);
  CHECK(problem.at("request_id") == header(answer, "X-Request-Id"));
}

// Asks a handler as a client would.
class client {
 public:
  explicit client(http::handler handler) : handler_{std::move(handler)} {}

  http::response send(http::request asked) const {
    http::response answer = handler_(asked);
    check_answer(asked, answer);
    return answer;
  }
  http::response get(std::string target, http::fields headers = {}) const {
    return send({.method = "GET", .target = std::move(target), .headers = std::move(headers)});
  }
  http::response post(std::string target, std::string body, http::fields headers = {}) const {
    headers.emplace_back("Content-Type", "application/json");
    return send({.method = "POST",
                 .target = std::move(target),
                 .headers = std::move(headers),
                 .body = std::move(body)});
  }

 private:
  http::handler handler_;
};

inline constexpr instant some_moment{std::chrono::milliseconds{1'700'000'000'123}};

// A service and its API on `store`, which outlives it.
class site_on : public client {
  struct parts {
    manual_clock now{some_moment};
    service comments;
    explicit parts(store& store) : comments{store, {.clock = now.as_clock()}} {}
  };

 public:
  explicit site_on(store& store, http::route_options options = {})
      : site_on{std::make_unique<parts>(store), std::move(options)} {}

  service& api() const { return parts_->comments; }
  manual_clock& now() const { return parts_->now; }

 private:
  site_on(std::unique_ptr<parts> parts, http::route_options options)
      : client{http::routes(parts->comments, std::move(options))}, parts_{std::move(parts)} {}

  std::unique_ptr<parts> parts_;
};

// The same on a store of its own.
struct site : private memory_store_holder {};

}  // namespace testing
