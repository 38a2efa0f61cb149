// seed.cpp - fills a new database in seconds: `seed FILE ONE MANY`.
//
// ONE comments come to stand in the content "one", MANY in the contents "c0", "c1" …, 50 each. The
// first 50 are posted, through `service` and the store; the others are copies of their rows, made
// by SQL in one transaction without syncs. A copy gets a content, a place and an id of its own, and
// whatever other columns there are as they are.

#include <comments/service.hpp>
#include <comments/store/sqlite.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using namespace comments;

constexpr std::int64_t page_size = 50;

bool post_page(const char* path) {
  const auto store = sqlite_store::open({.path = path});
  if (!store) return false;
  service service{**store};
  bool is_good = true;
  for (std::int64_t i = 0; i < page_size; ++i) {
    const std::string number = std::to_string(i);
    is_good &= bool{service.post(
        {.content_id = "one",
         .author = {.name = "Ana " + number, .email = "ana" + number + "@example.com"},
         .body = "Comment " + number + ", as long as most are: a sentence or two, an opinion."})};
  }
  return is_good;
}

// The columns of comment, with those replaced that a copy has of its own.
std::string copied_columns(sqlite::connection& on) {
  std::string list;
  auto columns = on.prepare("SELECT name FROM pragma_table_info('comment') ORDER BY cid");
  while (columns.step()) {
    std::string name = columns.text(0);
    if (name == "content_id") name = "row.content_id";
    if (name == "position" || name == "version") name = "row.position";
    if (name == "id") name = "row.id";
    list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

// `row`: every comment that is still missing, in the order of the table, with an id as a
// millisecond later each would have got.
constexpr const char* missing_rows = R"sql(
CREATE TEMP TABLE row AS
WITH RECURSIVE
  step(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n + 1 < ?1 + ?2),
  place(n, content_id, position) AS (
    SELECT n, iif(n < ?1, 'one', 'c' || ((n - ?1) / 50)), iif(n < ?1, n, (n - ?1) % 50) + 1
    FROM step)
SELECT content_id, position,
  lower(substr(at, 1, 8) || '-' || substr(at, 9) || '-7' || substr(chance, 1, 3) || '-8' ||
        substr(chance, 4, 3) || '-' || substr(chance, 7, 12)) AS id
FROM (SELECT *, printf('%012x', 1700000000000 + n) AS at, hex(randomblob(9)) AS chance FROM place)
WHERE content_id <> 'one' OR position > 50
)sql";

bool copy(const char* path, std::int64_t ones, std::int64_t many) {
  auto opened =
      sqlite::connect({.path = path, .on_failure = [](sqlite::severity, std::string_view why) {
                         std::cerr << "seed: " << why << '\n';
                       }});
  if (!opened) return false;
  sqlite::connection& on = **opened;
  on.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000");
  on.execute("PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; BEGIN");
  on.run(missing_rows, ones, many);
  on.execute(
      "INSERT OR REPLACE INTO content SELECT content_id, max(position), count(*), '' "
      "FROM (SELECT content_id, position FROM temp.row UNION ALL "
      "      SELECT content_id, position FROM comment) GROUP BY content_id");
  on.execute("INSERT INTO comment SELECT " + copied_columns(on) +
             " FROM temp.row JOIN comment ON comment.content_id = 'one' "
             "AND comment.position = (row.position - 1) % 50 + 1");
  return on.execute("COMMIT; PRAGMA journal_mode = WAL");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: seed FILE ONE MANY\n";
    return 2;
  }
  const std::int64_t ones = std::max<std::int64_t>(std::atoll(argv[2]), page_size);
  if (post_page(argv[1]) && copy(argv[1], ones, std::atoll(argv[3]))) return 0;
  std::cerr << "seed: the database cannot be filled\n";
  return 1;
}
