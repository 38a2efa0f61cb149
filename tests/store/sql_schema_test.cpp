#include <comments/store/sql_schema.hpp>

#include <doctest/doctest.h>

#include <comments/text.hpp>

#include "support/database.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace comments;

namespace {

// The schema as a new database gets it: migration by migration.
void migrate(const testing::database& on) {
  for (const auto& step : sql_schema::migrations()) on.run(std::string{step.sql});
}

}  // namespace

TEST_CASE("migrations are numbered from 1 without a gap, and the last is the newest") {
  int number = 0;
  for (const auto& step : sql_schema::migrations()) CHECK(step.number == ++number);
  CHECK(sql_schema::newest == number);
  CHECK(number >= 1);
}

TEST_CASE("every table of contents is keyed by content first, every unique index has it") {
  const testing::database made{":memory:"};
  migrate(made);
  const auto tables = testing::rows_of(made.handle(),
                                       "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                                       "name NOT IN ('setting', 'deployment')");
  CHECK(std::set(tables.begin(), tables.end()) ==
        std::set<std::string>{"content", "comment", "change", "vote", "complaint"});
  for (const std::string& table : tables) {
    CAPTURE(table);
    // A comment's only key is the id that its index begins with: one index less for each post.
    CHECK(made.text("SELECT name FROM pragma_table_info('" + table + "') WHERE pk = 1") ==
          (table == "comment" ? "" : "content_id"));
    CHECK(made.text("SELECT count(*) FROM pragma_index_list('" + table +
                    "') AS i WHERE \"unique\" AND 'content_id' NOT IN "
                    "(SELECT name FROM pragma_index_info(i.name))") == "0");
  }
}

TEST_CASE("the statuses that the tables allow are those that the program knows") {
  const testing::database made{":memory:"};
  migrate(made);
  const auto allowed = [&](const std::string& table) {
    auto sql = made.text("SELECT sql FROM sqlite_schema WHERE name = '" + table + "'");
    const std::size_t start = sql.find("status IN (") + 11;
    return sql.substr(start, sql.find(')', start) - start);
  };
  const auto list = [](const auto& names) {
    std::string joined;
    for (const auto& name : names)
      joined.append(joined.empty() ? "'" : ", '").append(name).append("'");
    return joined;
  };
  CHECK(allowed("comment") == list(names_of(status{})));
}

TEST_CASE("each form of the list but all by top is one walk along an index") {
  const testing::database made{":memory:"};
  migrate(made);
  for (const scope scope : {scope::all, scope::roots, scope::replies}) {
    for (const sort sort : {sort::oldest, sort::newest, sort::top}) {
      if (scope == scope::all && sort == sort::top) continue;  // promises nothing
      for (const bool has_cursor : {false, true}) {
        const std::string sql = sql_schema::merged_list_sql(scope, sort, has_cursor);
        CAPTURE(sql);
        std::vector<std::string> walks;
        for (const auto& line : testing::plan_of(made.handle(), sql)) {
          CAPTURE(line.within);
          CAPTURE(line.what);
          CHECK_FALSE(testing::is_growing(line));
          if (line.what.starts_with("SEARCH comment USING INDEX ")) walks.push_back(line.what);
        }
        const auto uses = [&](std::size_t walk, const std::string& range) {
          REQUIRE(walk < walks.size());
          CHECK(walks[walk].find("(content_id=?") != std::string::npos);
          CHECK(walks[walk].ends_with(range + ")"));
        };
        // By votes: first the others with as many, then those with fewer. By position: those
        // without votes, those with some, and of a whole content the replies.
        const bool is_top = sort == sort::top;
        CHECK(walks.size() == (is_top ? (has_cursor ? 2 : 1) : scope == scope::all ? 3 : 2));
        if (is_top && has_cursor) uses(0, " AND votes=? AND position>?");
        if (is_top && has_cursor) uses(1, " AND votes<?");
        for (std::size_t i = 0; i < walks.size(); ++i) {
          if (has_cursor && sort == sort::oldest) uses(i, " AND position>?");
          if (has_cursor && sort == sort::newest) uses(i, " AND position<?");
          if (!has_cursor) uses(i, "=?");
        }
      }
    }
  }
}

TEST_CASE("the events of a content are four walks along an index, which nothing sorts") {
  const testing::database made{":memory:"};
  migrate(made);
  std::string indexes;
  for (const std::string& sql : sql_schema::event_walks()) {
    const auto plan = testing::plan_of(made.handle(), sql);
    REQUIRE(plan.size() == 1);
    CHECK(plan[0].what.starts_with("SEARCH "));
    const std::size_t end = plan[0].what.find('(');
    indexes += plan[0].what.substr(7, end - 7);
    CHECK(plan[0].what.ends_with(indexes.size() < 30 ? "AND version>?)" : "AND position>?)"));
  }
  CHECK(indexes ==
        "change USING PRIMARY KEY comment USING INDEX comment_by_votes comment USING INDEX "
        "comment_voted comment USING INDEX comment_reply ");
}

TEST_CASE("the deployment log is one walk along an index, of all components and of one") {
  const testing::database made{":memory:"};
  migrate(made);
  for (const bool has_component : {false, true}) {
    const auto plan = testing::plan_of(made.handle(), sql_schema::deployments_sql(has_component));
    REQUIRE(plan.size() == 1);
    CHECK(plan[0].what == std::string{"SEARCH deployment USING INDEX "} +
                              (has_component
                                   ? "deployment_by_component (component=? AND position<?)"
                                   : "sqlite_autoindex_deployment_1 (position<?)"));
  }
  const auto known = testing::plan_of(made.handle(), sql_schema::recorded_sql());
  REQUIRE(known.size() == 1);
  CHECK(known[0].what ==
        "SEARCH deployment USING INDEX deployment_by_run (component=? AND run=? AND status=?)");
}

TEST_CASE("a page of decisions is one walk along an index that has nothing else") {
  const testing::database made{":memory:"};
  migrate(made);
  for (const bool has_content : {false, true})
    for (const bool has_place : {false, true}) {
      const auto sql = sql_schema::decisions_sql(has_content, has_place, "change");
      const auto plan = testing::plan_of(made.handle(), sql);
      REQUIRE(plan.size() == 1);
      CHECK(plan[0].what.find(has_content ? "USING INDEX change_by_content_decision"
                                          : "USING INDEX change_by_decision") != std::string::npos);
    }
}

TEST_CASE("each search walks the narrowest index that there is, in the order of the ids") {
  const testing::database made{":memory:"};
  migrate(made);
  const auto index_of = [&](const search& wanted) {
    std::string found;
    for (const auto& line : testing::plan_of(made.handle(), sql_schema::search_sql(wanted))) {
      CAPTURE(line.what);
      CHECK_FALSE(testing::is_growing(line));
      const std::size_t start = line.what.find("USING INDEX ");
      if (start != std::string::npos) found += line.what.substr(start + 12);
    }
    return found;
  };
  const std::string by_status = "comment_by_status (status=? AND id>?)",
                    by_subject = "comment_by_subject (author_subject=? AND id>?)",
                    by_email = "comment_by_email (<expr>=? AND id>?)", by_id = "comment_id (id>?)";
  for (const status hidden : {status::pending, status::spam, status::removed})
    CHECK(index_of({.status = hidden}) == by_status);
  CHECK(index_of({.subject = "7"}) == by_subject);
  CHECK(index_of({.email = "ana@example.com"}) == by_email);
  CHECK(index_of({.email = "ana@example.com", .text = "x"}) == by_email);
  CHECK(index_of({.status = status::published, .subject = "7"}) == by_subject);
  CHECK(index_of({.status = status::published, .email = "ana@example.com"}) == by_email);
  CHECK(index_of({.status = status::pending, .content_id = "1", .browser = "b"}) ==
        "comment_waiting (browser=? AND content_id=? AND id>?)");
  CHECK(index_of({.status = status::published, .browser = "b"}) ==
        "comment_known (browser=? AND id>?)");
  for (const search& wide : {search{}, search{.status = status::published},
                             search{.verified = true}, search{.text = "x"}})
    CHECK(index_of(wide) == by_id);
}
