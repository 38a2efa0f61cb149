// A second store opened the same file through a symbolic link, because the lock followed the name.

#include <comments/store/sqlite.hpp>

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace comments;

TEST_CASE("a link to an open database does not open it a second time") {
  const testing::temporary_folder folder;
  const auto first = sqlite_store::open({.path = folder.path("comments.db")});
  REQUIRE(first);
  std::filesystem::create_symlink(folder.path("comments.db"), folder.path("link.db"));
  CHECK_FALSE(sqlite_store::open({.path = folder.path("link.db")}));
}
