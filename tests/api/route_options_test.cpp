#include <comments/api/route_options.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/api.hpp"

using namespace comments;
using namespace comments::http;

TEST_CASE("without options there are no secrets, no rates, no further routes and no page") {
  const route_options plain;
  CHECK(plain.secrets.moderator_token + plain.secrets.deploy_token == "");
  CHECK(plain.rates.writes.per_minute == 0);
  CHECK(plain.cors.origins.empty());
  CHECK(plain.legacy_emails == json::legacy_emails::show);
  CHECK(plain.build.component == "comments");
  CHECK(plain.build.version == library_version);
  CHECK(plain.deployments == nullptr);
  CHECK_FALSE(plain.status_page);
  CHECK_FALSE(plain.observe);
  CHECK(plain.more.empty());
}

TEST_CASE("a further route is served inside the same middleware, and may use what routes share") {
  const testing::site site{
      {.more = {{"GET /contents/{id}", [](const context& shared) {
                   return [&shared](request&& asked) {
                     const std::string id{*find_field(asked.path, "id")};
                     const auto found = shared.service().find_content(id);
                     return response{.status = found ? 200 : 404,
                                     .headers = {{"Content-Type", "application/problem+json"}},
                                     .body = R"({"status":404,"request_id":")" + asked.id + "\"}"};
                   };
                 }}}}};
  const auto answer = site.get("/contents/1", {{"X-Request-Id", "r1"}});
  CHECK(answer.status == 404);
  CHECK(answer.route == "/contents/{id}");
  CHECK(testing::header(answer, "X-Request-Id") == "r1");
  CHECK(site.ask("DELETE", "/contents/1").status == 405);
}
