#include <comments/api/service_routes.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "support/api.hpp"
#include "support/faulty_store.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;

TEST_CASE("counts are those of up to 200 contents, in the order asked for") {
  site site;
  const std::string parent = site.say("a", "x");
  site.say("a", "y", parent);
  site.say("b", "z");
  CHECK(site.get("/api/v1/counts?content_id=b&content_id=none&content_id=a&other=1").body ==
        R"({"counts":{"b":1,"none":0,"a":2}})");
  CHECK(site.get("/api/v1/counts?content_id=a&content_id=a").body == R"({"counts":{"a":2}})");
  CHECK(errors_of(site.get("/api/v1/counts")) == "content_id required");
  std::string query = "/api/v1/counts?";
  for (int i = 0; i < 200; ++i) query += "content_id=c" + std::to_string(i) + "&";
  CHECK(read(site.get(query)).at("counts").size() == 200);
  CHECK(errors_of(site.get(query + "content_id=a")) == "content_id too_many");
}

TEST_CASE("the service says that it lives, is ready, and what it is") {
  const site site{{.build = {.component = "blog", .commit = "abc", .build_date = "2026-11-23"}}};
  CHECK(site.get("/healthz").body == R"({"status":"ok"})");
  CHECK(site.get("/readyz").body == R"({"status":"ready"})");
  CHECK(site.get("/version").body == R"({"component":"blog","version":")" +
                                         std::string{library_version} +
                                         R"(","commit":"abc","build_date":"2026-11-23"})");
  CHECK(header(site.get("/version"), "Cache-Control") == "no-store");
}

TEST_CASE("a draining service is not ready, lives, and answers everything else") {
  site site;
  site.comments.drain();
  const response answer = site.get("/readyz");
  CHECK(answer.status == 503);
  CHECK(read(answer).at("code") == "unavailable");
  CHECK(site.get("/healthz").status == 200);
  site.say("1", "Oi");
  CHECK(read(site.get("/api/v1/comments?content_id=1")).at("items").size() == 1);
}

TEST_CASE("a service whose store takes no writes is not ready, says so, and still reads") {
  backstage behind;
  faulty_store kept{behind.store};
  service comments{kept};
  const client api{testing::all_routes(comments)};
  CHECK(api.get("/readyz").status == 200);
  CHECK(api.get("/metrics").body.find("\ncomments_store_writable 1\n") != std::string::npos);
  kept.is_read_only = true;
  const response answer = api.get("/readyz");
  CHECK(answer.status == 503);
  CHECK(read(answer).at("code") == "unavailable");
  CHECK(read(answer).at("detail") == "The store takes no writes now.");
  CHECK(api.get("/metrics").body.find("\ncomments_store_writable 0\n") != std::string::npos);
  CHECK(api.get("/healthz").status == 200);
  CHECK(api.get("/api/v1/comments?content_id=1").status == 200);
  while (kept.recoveries == 0) std::this_thread::yield();  // it recovers on another thread
  kept.is_read_only = false;
  CHECK(api.get("/readyz").status == 200);
}
