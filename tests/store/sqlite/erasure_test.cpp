// What is erased from a SQLite store is not in its files any more: looked for byte by byte.

#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/database.hpp"
#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace comments;
using comments::contract::later;
using comments::contract::must;
using comments::contract::noon;
using comments::contract::post;
using comments::contract::rewrite;

namespace {

struct kept_store {
  testing::temporary_folder folder{};
  std::string path{folder.path("comments.db")};
  std::unique_ptr<sqlite_store> store{must(sqlite_store::open({.path = path}))};

  static std::string read(const std::string& from) {
    std::ifstream file{from, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  std::string log() const { return read(path + "-wal"); }

  // The numbers n of all "secret-n-" in the folder's files, whatever their case.
  std::set<int> secrets() const {
    std::set<int> found;
    const std::string mark = "secret-";
    std::string bytes;
    for (const auto& file :
         std::filesystem::directory_iterator{std::filesystem::path{path}.parent_path()})
      bytes += to_lower_ascii(read(file.path().string()));
    for (auto at = bytes.find(mark); at != std::string::npos; at = bytes.find(mark, at + 1)) {
      char* end = nullptr;
      const long number = std::strtol(bytes.c_str() + at + mark.size(), &end, 10);
      if (*end == '-') found.insert(static_cast<int>(number));
    }
    return found;
  }

  comment remove(const comment_id& id) {
    return must(store->amend(id, comments::contract::to(status::removed), later));
  }
};

std::string secret(int number, std::size_t size = 0) {
  return "Secret-" + std::to_string(number) + "-" + std::string(size, 'x');
}

// A comment with secret `first` to `first + 6`.
insertion secretive(int first) {
  return {.said = {.content_id = "1",
                   .author = {secret(first), secret(first + 1) + "@example.com",
                              "https://example.com/" + secret(first + 2), true, secret(first + 3)},
                   .body = secret(first + 4)},
          .origin = secret(first + 6),
          .encoded = "1 " + secret(first + 5)};
}

}  // namespace

TEST_CASE("what is removed is neither in the file nor in its log") {
  kept_store kept;
  const comment made = post(*kept.store, secretive(1));
  const comment reply =
      post(*kept.store, {.content_id = "1", .parent = made.id, .body = secret(50)});
  must(kept.store->amend(made.id, rewrite(secret(8)), later));
  must(kept.store->amend(made.id, rewrite(secret(9, 20'000)), later));  // several pages
  must(kept.store->amend(made.id, rewrite(secret(10)), later));
  must(kept.store->report(made.id, {secret(11)}, secret(12), later));
  must(kept.store->report(reply.id, {secret(51)}, secret(52), later));
  CHECK(kept.secrets() == std::set{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 50, 51, 52});
  kept.remove(made.id);
  CHECK(kept.secrets() == std::set{50, 51, 52});
  CHECK(kept.log().empty());
  kept.remove(reply.id);
  CHECK(kept.secrets().empty());
}

TEST_CASE("origins and the names of address voters are in no file when they are forgotten") {
  kept_store kept;
  const insertion written = secretive(1);
  const comment made = post(*kept.store, written);
  must(kept.store->vote(made.id, {"a:" + secret(20)}, true, noon));
  must(kept.store->vote(made.id, {secret(21)}, true, noon));
  must(kept.store->report(made.id, {"a:" + secret(22)}, secret(23), noon));
  must(kept.store->report(made.id, {secret(24)}, secret(25), noon));
  CHECK(kept.secrets().size() == 13);
  CHECK(must(kept.store->forget_origins(later, 10)) == 3);
  CHECK(kept.secrets() == std::set{1, 2, 3, 4, 5, 6, 21, 24, 25});
  must(kept.store->forget_reporter(secret(24)));
  CHECK(kept.secrets() == std::set{1, 2, 3, 4, 5, 6, 21});
}

TEST_CASE("while a reader is in a snapshot the log keeps what was erased, until a later commit") {
  kept_store kept;
  const comment made = post(*kept.store, secretive(1));
  {
    const testing::database tool{kept.path};
    tool.run("BEGIN; SELECT count(*) FROM comment");
    kept.remove(made.id);
    post(*kept.store, {.content_id = "1", .body = "meanwhile"});
    CHECK(kept.secrets().size() == 7);
  }
  post(*kept.store, {.content_id = "1", .body = "later"});
  CHECK(kept.secrets().empty());
}

TEST_CASE("what an earlier process erased and left in its log goes when it is opened") {
  kept_store kept;
  const comment made = post(*kept.store, secretive(1));
  const testing::temporary_folder elsewhere;  // the files as a crash leaves them
  {
    const testing::database tool{kept.path};
    tool.run("BEGIN; SELECT count(*) FROM comment");
    kept.remove(made.id);
    for (const char* companion : {"", "-wal"})
      std::filesystem::copy_file(kept.path + companion, elsewhere.path("comments.db") + companion);
  }
  kept_store again{.path = elsewhere.path("comments.db")};
  CHECK(again.secrets().empty());
  CHECK(must(again.store->find(made.id)).status == status::removed);
}

TEST_CASE("among many that come, change and go, nothing is left of those that went" *
          testing::one_thread) {
  const int steps = testing::size(200, 600);
  for (const unsigned seed : {1u, 2u, std::random_device{}()}) {
    MESSAGE("seed " << seed);
    CAPTURE(seed);
    std::mt19937 dice{seed};
    kept_store kept;
    std::vector<std::pair<int, comment_id>> there;
    int last = 0;
    const auto any_size = [&] { return dice() % 8 == 0 ? 3'000 + dice() % 9'000 : dice() % 900; };
    const auto check = [&](int step) {
      std::set<int> expected;
      for (const auto& one : there) expected.insert(one.first);
      const std::set<int> found = kept.secrets();
      for (const int one : found)
        CHECK_MESSAGE(expected.contains(one), one, " was left after step ", step);
      for (const int one : expected)
        CHECK_MESSAGE(found.contains(one), one, " is not there after step ", step);
    };
    for (int step = 0; step < steps; ++step) {
      const auto which = there.empty() ? 0 : dice() % there.size();
      const auto what = there.empty() ? 0 : dice() % 8;
      if (what < 5) {
        insertion written{{.content_id = std::to_string(dice() % 5), .key = std::to_string(step)}};
        const std::string mark = secret(++last);
        written.said.author = {mark, mark + "@example.com", "", true, mark};
        written.said.body = secret(last, any_size());
        written.encoded = "1 " + written.said.body;
        written.origin = mark;
        if (dice() % 2 == 0) written.status = status::pending;
        there.emplace_back(last, post(*kept.store, written).id);
      } else if (what == 5) {
        must(kept.store->amend(there[which].second, rewrite(secret(there[which].first, any_size())),
                               later));
      } else {
        kept.remove(there[which].second);
        there.erase(there.begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (step % 50 == 0) check(step);  // while it is open: what moves later leaves copies, too
    }
    kept.store.reset();
    check(steps);
    CHECK(testing::database{kept.path}.text("PRAGMA integrity_check") == "ok");
  }
}
