#include <comments/store/sqlite/database_file.hpp>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace comments;
using testing::temporary_folder;

namespace {

// Why a file cannot be claimed; empty if it can.
std::string problem_of(const std::string& path) {
  const auto claim = sqlite::claim_database(path);
  if (claim) return "";
  CHECK(claim.error().code == errc::unavailable);
  return claim.error().message;
}

std::string sentence(const std::string& problem) {
  return "The database cannot be used: " + problem + ".";
}

}  // namespace

TEST_CASE("a lock is held by one at a time, and let go with its owner") {
  const temporary_folder folder;
  const std::string path = folder.path("lock");
  {
    const sqlite::file_lock first{path};
    CHECK(first.is_held());
    const sqlite::file_lock second{path};
    CHECK(second.is_possible());
    CHECK_FALSE(second.is_held());
  }
  CHECK(sqlite::file_lock{path}.is_held());
  CHECK_FALSE(sqlite::file_lock{folder.path("missing/lock")}.is_possible());
}

TEST_CASE("a database is claimed once, by whatever name, also before it is there") {
  const temporary_folder folder;
  const std::string path = folder.path("any.db"), link = folder.path("link.db");
  {
    const auto first = sqlite::claim_database(path);
    REQUIRE(first);
    CHECK(first->path == std::filesystem::weakly_canonical(path));
    CHECK_FALSE(std::filesystem::exists(path));
    std::filesystem::create_symlink(path, link);
    CHECK(problem_of(path) == sentence("another process is using it"));
    std::ofstream{path} << "SQLite format 3" << '\0';
    CHECK(problem_of(link) == sentence("another process is using it"));
  }
  const auto second = sqlite::claim_database(link);
  REQUIRE(second);
  CHECK(second->path == std::filesystem::weakly_canonical(path));
}

TEST_CASE("what cannot be a database is not claimed, and nothing is left beside it") {
  const temporary_folder folder;
  const std::string path = folder.path("any.db");
  CHECK(problem_of("") == sentence("it cannot be opened for writing"));
  CHECK(problem_of(folder.path()) == sentence("it cannot be opened for writing"));
  CHECK(problem_of(folder.path("missing/any.db")) == sentence("it cannot be opened for writing"));
  std::ofstream{path} << "a letter to a friend";
  CHECK(problem_of(path) == sentence("it is no SQLite database, or damaged"));
  CHECK_FALSE(std::filesystem::exists(path + "-lock"));
  std::ofstream{path} << "SQLite format 3" << '\0';
  std::filesystem::create_hard_link(path, folder.path("other.db"));
  CHECK(problem_of(path) == sentence("the file has a second name (a hard link)"));
  CHECK_FALSE(std::filesystem::exists(path + "-lock"));
}
