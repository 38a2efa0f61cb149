#include <comments/store/content_cache.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "support/parallel.hpp"

using namespace comments;

namespace {

content at(std::string id, std::int64_t version) {
  return {.content_id = std::move(id), .version = version, .comments = version};
}

std::int64_t version_of(content_cache& cache, std::string_view id) {
  const auto known = cache.find(id).found;
  return known ? known->version : -1;
}

}  // namespace

TEST_CASE("what was written or read is known") {
  content_cache cache;
  CHECK(version_of(cache, "1") == -1);
  cache.update(at("1", 7));
  CHECK(cache.find("1").found == at("1", 7));
  cache.fill(at("2", 3), cache.find("2").generation);
  CHECK(cache.find("2").found == at("2", 3));
  cache.update(at("1", 8));
  CHECK(version_of(cache, "1") == 8);
}

TEST_CASE(
    "what was read before a write and comes after it is not taken, also when all is forgotten") {
  content_cache cache;
  const auto generation = cache.find("1").generation;
  cache.update(at("1", 2));
  cache.fill(at("1", 1), generation);
  CHECK(version_of(cache, "1") == 2);

  content_cache small{content_cache::shards};  // one in each shard, so others push it out
  const auto before = small.find("1").generation;
  small.update(at("1", 2));
  for (int i = 0; i < 1000; ++i) small.update(at("other " + std::to_string(i), 1));
  REQUIRE(version_of(small, "1") == -1);
  small.fill(at("1", 1), before);
  CHECK(version_of(small, "1") == -1);

  const auto cleared = cache.find("3").generation;
  cache.clear();
  CHECK(version_of(cache, "1") == -1);
  cache.fill(at("3", 1), cleared);
  CHECK(version_of(cache, "3") == -1);
  cache.fill(at("3", 1), cache.find("3").generation);
  CHECK(version_of(cache, "3") == 1);
}

TEST_CASE("of two readings the later one stays, whichever comes first") {
  content_cache cache;
  const auto generation = cache.find("1").generation;
  cache.fill(at("1", 2), generation);
  cache.fill(at("1", 1), generation);
  CHECK(version_of(cache, "1") == 2);
}

TEST_CASE("a write may also take a version back, as when a content is erased") {
  content_cache cache;
  cache.update(at("1", 2));
  cache.update(at("1", 0));
  CHECK(version_of(cache, "1") == 0);
}

TEST_CASE("as many are kept as it was made for, and none if that is 0") {
  for (const std::size_t kept_max : {std::size_t{0}, content_cache::shards, std::size_t{160}}) {
    content_cache cache{kept_max};
    for (int i = 0; i < 5000; ++i) cache.update(at(std::to_string(i), 1));
    std::size_t kept = 0;
    for (int i = 0; i < 5000; ++i) kept += version_of(cache, std::to_string(i)) == 1;
    CHECK(kept == kept_max);
  }
}

// Storage is one number for each content here. A writer commits, updates the cache, and only then
// publishes; so a reader must never meet less than what was published before.
TEST_CASE("no reader meets less than what was published, whatever other threads do") {
  constexpr int contents = 40, writers = 2, readers = 4, steps = 4000;
  content_cache cache{content_cache::shards};
  std::atomic<std::int64_t> stored[contents]{}, published[contents]{};
  std::atomic<int> stale{}, hits{};
  in_parallel(writers + readers, [&](int thread) {
    for (int step = 0; step < steps; ++step) {
      const int which = (step * 7 + thread) % contents;
      const std::string id = std::to_string(which);
      if (thread < writers) {
        if (which % writers != thread) continue;  // each content has one writer, as in a store
        const std::int64_t version = ++stored[which];
        cache.update(at(id, version));
        published[which] = version;
        continue;
      }
      const std::int64_t least = published[which];
      const auto [known, generation] = cache.find(id);
      hits += known.has_value();
      const content found = known ? *known : at(id, stored[which]);
      if (!known) cache.fill(found, generation);
      stale += found.version < least;
    }
  });
  CHECK(stale == 0);
  CHECK(hits > 0);
  for (int i = 0; i < contents; ++i) {
    const std::int64_t known = version_of(cache, std::to_string(i));
    CHECK((known == -1 || known == stored[i]));
  }
}
