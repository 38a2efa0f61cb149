#pragma once
// support/api.hpp - the whole API on a store that forgets and a clock that stands still, asked
// without a socket. Every answer that comes by is held against what no answer may ever say.
// Responses may come later, as on a server that waits by epoll.
//
//   testing::site site;
//   const auto posted = site.post("/api/v1/comments", R"({"content_id":1,"body":"Oi"})");
//   CHECK(testing::read(posted).at("version") == 1);

#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/all_routes.hpp"

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

// The violations of a problem: "/body required, /author/email format".
inline std::string errors_of(const http::response& answer) {
  std::string line;
  for (const auto problem = read(answer); const auto& one : problem.at("errors"))
    line += (line.empty() ? "" : ", ") + one.at("pointer").get<std::string>() + " " +
            one.at("code").get<std::string>();
  return line;
}

// What an account of the host's site is called in tests (`sub`), so that no answer may have it.
inline constexpr std::string_view subject_mark = "uid-";

// Whether `said` has `secret`, and not by chance within something random, as a key or a token.
inline bool has_secret(std::string_view said, std::string_view secret) {
  constexpr std::string_view base64url =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t at = said.find(secret); at != said.npos; at = said.find(secret, at + 1))
    if (at == 0 || base64url.find(said[at - 1]) == base64url.npos) return true;
  return false;
}

// That `answer` says nothing of how it was made, is complete, and gives away no e-mail address, no
// account and no origin, unless it is the list that publishes addresses, or what is one's own.
inline void check_answer(const http::request& asked, const http::response& answer) {
  CAPTURE(asked.method);
  CAPTURE(asked.target);
  CAPTURE(answer.body);
  std::string said = header(answer, "Content-Encoding").empty() ? answer.body : "";
  for (const auto& [name, value] : answer.headers) {
    said += "\n" + name + ": " + value;
    CHECK(value.find_first_of("\r\n") == value.npos);
  }
  for (const char* inside : {"sqlite", "SELECT", "INSERT", "nlohmann", "json.exception",
                             "exception", "std::", "terminate", ".hpp:", "/usr", "/tmp", "[json"})
    CHECK(said.find(inside) == said.npos);
  const bool is_own = asked.target.starts_with("/api/v1/me/export") && answer.status == 200;
  const bool is_style = asked.target.ends_with(".css");  // has @media
  if (!asked.target.starts_with("/api/comment/list/") && !is_own && !is_style)
    CHECK(said.find('@') == said.npos);
  if (!is_own)
    for (const std::string_view secret : {subject_mark, std::string_view{"\"origin\""}})
      CHECK_FALSE(has_secret(said, secret));
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
    const auto is_ready = std::make_shared<std::atomic<bool>>();
    http::request sent{asked};
    sent.on_ready = [is_ready] { *is_ready = true; };
    http::response answer = handler_(std::move(sent));
    for (auto effort = http::effort::memory; answer.later; effort = http::effort::rest) {
      while (!*is_ready) std::this_thread::yield();
      answer = http::late_response{std::move(answer.later)}(effort);
    }
    check_answer(asked, answer);
    return answer;
  }
  http::response get(std::string target, http::fields headers = {}) const {
    return ask("GET", std::move(target), {}, std::move(headers));
  }
  http::response post(std::string target, std::string body, http::fields headers = {}) const {
    return ask("POST", std::move(target), std::move(body), std::move(headers));
  }
  // As the client at `peer`, which is told from others by its address alone.
  http::response ask(std::string method, std::string target, std::string body = {},
                     http::fields headers = {}, std::string peer = "192.0.2.1") const {
    if (!body.empty() || method == "POST" || method == "PATCH")
      headers.emplace_back("Content-Type", "application/json");
    return send({.method = std::move(method),
                 .target = std::move(target),
                 .headers = std::move(headers),
                 .body = std::move(body),
                 .peer = std::move(peer)});
  }

 private:
  http::handler handler_;
};

inline constexpr instant some_moment{std::chrono::milliseconds{1'700'000'000'123}};

// What stands behind an API.
struct backstage {
  explicit backstage(service_options options = {})
      : comments{store, with_clock(std::move(options), now)} {}

  static service_options with_clock(service_options options, manual_clock& now) {
    options.clock = now.as_clock();
    return options;
  }

  memory_store store{0};  // without an epoch, so that tests can name tags
  manual_clock now{some_moment};
  service comments;
};

// A client of the whole API, with what stands behind it.
struct site : backstage, client {
  explicit site(http::route_options options = {}, service_options chosen = {})
      : backstage{std::move(chosen)},
        client{all_routes(comments, with_log(std::move(options), store))} {}

  static http::route_options with_log(http::route_options options, deployment_log& log) {
    options.deployments = &log;
    return options;
  }

  // Posts a comment and answers its id.
  std::string say(std::string_view content_id, std::string_view body,
                  std::string_view parent = {}) {
    nlohmann::json draft{{"content_id", content_id}, {"body", body}};
    if (!parent.empty()) draft["parent_id"] = parent;
    const auto posted = post("/api/v1/comments", draft.dump());
    REQUIRE(posted.status == 201);
    return read(posted).at("id");
  }
};

}  // namespace testing
