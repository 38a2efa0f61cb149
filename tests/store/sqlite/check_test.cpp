#include <comments/store/sqlite/check.hpp>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

using namespace comments;
using sqlite::severity;

namespace {

struct big_file {
  testing::temporary_folder folder{};
  sqlite::file_options file{.path = folder.path("notes.db")};

  explicit big_file(int rows = 2000) {
    REQUIRE(open()->execute(
        "CREATE TABLE note (text); CREATE INDEX by_text ON note (text);"
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < " +
        std::to_string(rows) + ") INSERT INTO note SELECT printf('%0200d', n) FROM n"));
  }
  std::unique_ptr<sqlite::connection> open() const { return std::move(*sqlite::connect(file)); }
  void damage(std::streamoff page) const {
    std::fstream bytes{file.path, std::ios::binary | std::ios::in | std::ios::out};
    bytes.seekp(page * 4096);
    bytes << std::string(4096, '?');
  }
};

}  // namespace

TEST_CASE("a file is sound until any of its pages is damaged") {
  const big_file whole{50};
  CHECK(sqlite::is_sound(*whole.open()));
  const auto pages = static_cast<int>(std::filesystem::file_size(whole.file.path) / 4096);
  CHECK(pages > 5);
  for (int page = 1; page < pages; ++page) {
    CAPTURE(page);
    const big_file file{50};
    file.damage(page);
    CHECK_FALSE(sqlite::is_sound(*file.open()));
  }
}

TEST_CASE("a check in the background tells of damage, once, and of nothing else") {
  big_file file;
  std::atomic<int> told{};
  file.file.on_failure = [&](severity found, auto) {
    told += found == severity::damage ? 1 : 100;
    told.notify_all();
  };
  { sqlite::background_check ends_at_once{file.file}; }
  CHECK(told == 0);
  file.damage(20);
  {
    const sqlite::background_check check{file.file};
    for (int seen = told; seen == 0; seen = told) told.wait(0);
  }
  CHECK(told == 1);
}
