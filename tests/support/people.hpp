#pragma once
// support/people.hpp - callers in tests, with the headers that prove their identity.
//
//   testing::site site{{.secrets = testing::all_secrets}};
//   site.get("/api/v1/moderation/queue", testing::as_moderator());
//   site.get("/api/v1/me/export", testing::as_user("uid-ana", "Ana", "ana@example.com"));

#include <comments/auth/bearer.hpp>
#include <comments/auth/hmac.hpp>
#include <comments/http/message.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "support/api.hpp"

namespace testing {

using tree = nlohmann::json;  // a value of JSON

inline const std::string site_secret = "0123456789abcdef0123456789abcdef";
inline const auth::secrets all_secrets{.moderator_token = "the-moderators-own-token",
                                       .deploy_token = "the-pipelines-own-token",
                                       .site = {.secret = site_secret}};

inline http::fields bearer(std::string_view token) {
  return {{"Authorization", "Bearer " + std::string{token}}};
}

// A JWT of the host's site, good for ten minutes from `some_moment` unless the claims say more.
inline std::string make_jwt(tree claims, const std::string& secret = site_secret) {
  if (!claims.contains("exp")) claims["exp"] = to_milliseconds(some_moment) / 1000 + 600;
  const std::string parts =
      auth::to_base64url(R"({"alg":"HS256"})") + "." + auth::to_base64url(claims.dump());
  return parts + "." + auth::to_base64url(auth::hmac_sha256(secret, parts));
}

inline http::fields as_user(std::string_view subject, std::string_view name = "Ana",
                            std::string_view email = "ana@example.com") {
  return bearer(make_jwt({{"sub", subject}, {"name", name}, {"email", email}}));
}
inline http::fields as_moderator() { return bearer(all_secrets.moderator_token); }
inline http::fields as_pipeline() { return bearer(all_secrets.deploy_token); }

inline http::fields with(http::fields headers, std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return headers;
}

// The code of a problem; the status of what is none.
inline std::string code_of(const http::response& answer) {
  return answer.status < 400 ? std::to_string(answer.status)
                             : read(answer).at("code").get<std::string>();
}

// A comment that was posted, with the proof of that.
struct posted {
  std::string id{}, token{}, path{}, etag{}, browser{};
};
inline posted post_comment(const client& api, tree draft, http::fields headers = {},
                           std::string peer = "192.0.2.1") {
  if (!draft.contains("content_id")) draft["content_id"] = "1";
  const auto answer =
      api.ask("POST", "/api/v1/comments", draft.dump(), std::move(headers), std::move(peer));
  REQUIRE(answer.status == 201);
  const auto made = read(answer);
  const std::string id = made.at("id");
  return {id, made.at("edit_token"), "/api/v1/comments/" + id, header(answer, "ETag"),
          made.at("browser")};
}

// What a moderator's decision answers.
inline http::response decide(const client& api, std::string_view action,
                             const std::vector<std::string>& ids, http::fields headers = {}) {
  headers.insert(headers.begin(), as_moderator().front());
  return api.post("/api/v1/moderation/actions",
                  tree{{"ids", ids}, {"action", action}, {"reason", "r"}}.dump(),
                  std::move(headers));
}

}  // namespace testing
