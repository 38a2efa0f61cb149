#include <comments/deployments/csv.hpp>

#include <doctest/doctest.h>

#include <comments/store/memory.hpp>

#include <string>
#include <vector>

#include "support/faulty_log.hpp"

using namespace comments;
using http::chunk;
using http::deployment_csv;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);
const std::string head =
    "\ufeff"
    "component,version,responsible,status,date,run,id\r\n";

struct books {
  memory_store store{};
  deployment_service kept{store, system_clock()};

  void put(int count, const std::string& component = "comments") {
    for (int i = 0; i < count; ++i)
      REQUIRE(store.record({.component = component,
                            .version = std::to_string(i),
                            .responsible = "ana",
                            .status = deployment_status::success},
                           noon));
  }
};

std::string cell(std::string_view text) {
  std::string made;
  http::append_cell(made, text);
  return made;
}

std::vector<std::string> chunks_of(deployment_csv sheet) {
  std::vector<std::string> all;
  for (chunk next;;) {
    next = sheet.next();
    all.push_back(next.bytes);
    REQUIRE(next.then != chunk::state::broken);
    if (next.then == chunk::state::over) return all;
    REQUIRE(all.size() < 1000);
  }
}

std::size_t lines_in(const std::vector<std::string>& chunks) {
  std::size_t count = 0;
  for (const std::string& one : chunks)
    count += static_cast<std::size_t>(std::ranges::count(one, '\n'));
  return count;
}

}  // namespace

TEST_CASE("a cell is quoted where it must be, and its quotes are doubled") {
  CHECK(cell("") == "");
  CHECK(cell("1.2.0") == "1.2.0");
  CHECK(cell("ação") == "ação");
  CHECK(cell("a b") == "a b");
  CHECK(cell("a,b") == "\"a,b\"");
  CHECK(cell("a;b") == "\"a;b\"");
  CHECK(cell("a\"b") == "\"a\"\"b\"");
  CHECK(cell("\"") == "\"\"\"\"");
  CHECK(cell("a\nb") == "\"a\nb\"");
  CHECK(cell("a\r\nb") == "\"a\r\nb\"");
  CHECK(cell(" a") == "\" a\"");
  CHECK(cell("a ") == "\"a \"");
}

TEST_CASE("a cell that a spreadsheet would run is text to it") {
  for (const std::string sign : {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"}) {
    CHECK(http::is_formula(sign));
    CHECK(cell(sign + "1") == "'" + sign + "1");
    CHECK(cell("1" + sign) == "1" + sign);
  }
  for (const std::string sign : {"\t", "\r", "\n"})
    CHECK(cell(sign + "=1") == "\"'" + sign + "=1\"");
  CHECK(cell("=HYPERLINK(\"https://example.com\",\"x\")") ==
        "\"'=HYPERLINK(\"\"https://example.com\"\",\"\"x\"\")\"");
  for (const std::string other : {"", "a=1", "'=1", "1-2", "\uff1c"})
    CHECK_FALSE(http::is_formula(other));
}

TEST_CASE("an empty log is a head without lines") {
  books with;
  CHECK(chunks_of({with.kept, {}, 100}) == std::vector{head});
}

TEST_CASE("a line says all that a record does") {
  books with;
  const auto made = with.store.record({.component = "comments, \"all\"",
                                       .version = "-1",
                                       .responsible = "Zoë",
                                       .status = deployment_status::in_progress,
                                       .run = "r"},
                                      noon);
  REQUIRE(made);
  CHECK(chunks_of({with.kept, {}, 100}) ==
        std::vector{head +
                    "\"comments, \"\"all\"\"\",'-1,Zoë,in_progress,2023-11-14T22:13:20.123Z,r," +
                    to_string(made->stored.id) + "\r\n"});
}

TEST_CASE("a long log comes in chunks, each record once, the latest first") {
  books with;
  with.put(401);
  const auto chunks = chunks_of({with.kept, {}, 10'000});
  CHECK(chunks.size() == 3);
  CHECK(lines_in(chunks) == 402);
  CHECK(chunks[0].starts_with(head + "comments,400,"));
  CHECK(chunks[1].starts_with("comments,200,"));
  CHECK(chunks[2].starts_with("comments,0,"));
}

TEST_CASE("a sheet ends at its limit, and holds what is asked for") {
  books with;
  with.put(250);
  with.put(3, "widget");
  for (const std::size_t rows : {1u, 199u, 200u, 201u, 253u, 254u})
    CHECK(lines_in(chunks_of({with.kept, {}, rows})) == 1 + std::min<std::size_t>(rows, 253));
  CHECK(lines_in(chunks_of({with.kept, {.component = "widget"}, 100})) == 4);
  CHECK(lines_in(chunks_of({with.kept, {.before = 11}, 100})) == 11);
}

TEST_CASE("a sheet of which the store cannot give the rest is broken, and says why") {
  books with;
  with.put(401);
  for (std::size_t n = 1; n <= 3; ++n) {
    faulty_log broken{with.store, n};
    const deployment_service kept{broken, system_clock()};
    deployment_csv sheet{kept, {}, 1000};
    for (std::size_t i = 1; i < n; ++i) CHECK(sheet.next().then == chunk::state::more);
    CHECK(sheet.next().then == chunk::state::broken);
    CHECK(sheet.why().code == errc::unavailable);
  }
}
