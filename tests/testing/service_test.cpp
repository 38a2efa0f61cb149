#include <comments/testing/service.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace comments;

TEST_CASE("what a fixed service answers is the same whenever it is asked") {
  const auto run = [] {
    fixed_service at;
    std::vector<comment> made;
    for (const char* body : {"um", "dois"}) {
      made.push_back(at.api().post({.content_id = "1", .body = body})->stored);
      at.clock().advance(std::chrono::hours{1});
    }
    return made;
  };
  const auto made = run();
  CHECK(made == run());
  CHECK(to_string(made[0].id) == "018bcfe5-6800-7000-8000-000000000001");
  CHECK(to_rfc3339(made[0].created_at) == "2023-11-14T22:13:20.000Z");
  CHECK(to_string(made[1].id).ends_with("-7000-8000-000000000002"));
  CHECK(made[1].created_at - made[0].created_at == std::chrono::hours{1});
}

TEST_CASE("the key of a fixed service is known, and its options hold") {
  fixed_service at{{.mode = content_status::premoderated}};
  CHECK(at.api().signing_key() == fixed_service{}.api().signing_key());
  CHECK(at.api().signing_key().size() == 32);
  CHECK(at.api().post({.content_id = "1", .body = "x"})->stored.status == status::pending);
  CHECK(at.store().contents(std::vector<std::string>{"1"})->front().version == 1);
}
