// A refused second opening of a file dropped the first store's locks on it, so that another tool
// could take the log away under it, and what was acknowledged after that was lost.

#include <comments/store/sqlite.hpp>

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

using namespace comments;

namespace {

// Whether another process would find this one's locks on the file.
bool is_locked(const std::string& path) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    const int file = ::open(path.c_str(), O_RDWR);
    const bool is_known = file >= 0 && ::fcntl(file, F_GETLK, &lock) == 0;
    ::_exit(is_known && lock.l_type != F_UNLCK ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

}  // namespace

TEST_CASE("a refused second opening leaves the first store its locks") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  const auto first = sqlite_store::open({.path = path});
  REQUIRE(first);
  REQUIRE((*first)->insert({{.content_id = "1", .body = "one"}}, from_milliseconds(1)));
  REQUIRE(is_locked(path));
  CHECK_FALSE(sqlite_store::open({.path = path}));
  CHECK(is_locked(path));
}

TEST_CASE("a file with a second name is refused, and the first store keeps its locks") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  const auto first = sqlite_store::open({.path = path});
  REQUIRE(first);
  std::filesystem::create_hard_link(path, folder.path("other.db"));
  const auto second = sqlite_store::open({.path = folder.path("other.db")});
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("hard link") != std::string::npos);
  CHECK(is_locked(path));
}
