#include <comments/store/postgres/schema.hpp>
#include <comments/store/sql_schema.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_schema.hpp"
#include "support/postgres_tables.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using testing::postgres_schema;
using testing::postgres_tables;

namespace {

result<done> migrate(const std::string& conninfo) {
  return postgres::migrate({.conninfo = conninfo}, std::chrono::minutes{1});
}

// Everything in `setting`, and which transactions wrote it.
std::string settings(const postgres_schema& in) {
  return in.run(
      "SELECT string_agg(name || ' ' || value || ' ' || xmin, ',' ORDER BY name) "
      "FROM setting");
}

void set(const postgres_schema& in, const std::string& name, int value) {
  in.run("UPDATE setting SET value = '" + std::to_string(value) + "' WHERE name = '" + name + "'");
}

std::string tables(const postgres_schema& in) {
  return in.run(
      "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class "
      "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'");
}

// A user with the right to read the settings, and no other.
class reader final {
 public:
  explicit reader(const postgres_schema& in) : in_{in} {
    in.run("CREATE ROLE " + in.name() + " LOGIN");
    in.run("GRANT USAGE ON SCHEMA " + in.name() + " TO " + in.name());
  }
  ~reader() { in_.run("DROP OWNED BY " + in_.name() + "; DROP ROLE " + in_.name()); }
  std::string conninfo() const { return in_.conninfo() + " user=" + in_.name(); }

 private:
  const postgres_schema& in_;
};

// How the server carries out a statement whose values it does not know, if it must use an index
// where there is one.
std::vector<std::string> plan_of(const postgres_schema& in, const std::string& sql,
                                 const std::string& types) {
  const testing::postgres_session on{in.conninfo(
      "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off "
      "-c enable_sort=off")};
  const auto count = static_cast<std::size_t>(std::ranges::count(types, ',')) + 1;
  std::string nulls = "NULL";
  for (std::size_t i = 1; i < count; ++i) nulls += ", NULL";
  on.run("PREPARE asked (" + types + ") AS " + postgres::with_dollars(sql));
  return on.lines("EXPLAIN (COSTS OFF) EXECUTE asked (" + nulls + ")");
}

// The lines of a plan that say one of these words, in their order.
std::vector<std::string> lines_with(const std::vector<std::string>& plan, std::string_view word) {
  std::vector<std::string> found;
  for (const std::string& line : plan)
    if (line.find(word) != line.npos) found.push_back(line);
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace

TEST_CASE("the migrations end with the schema that the other stores have, and go on by one") {
  CHECK(postgres::newest == sql_schema::newest);
  int number = postgres::migrations.front().number - 1;
  for (const auto& step : postgres::migrations) {
    CHECK(step.number == ++number);
    CHECK(step.works_with <= step.number);
    CHECK(step.works_with >= postgres::migrations.front().number);
  }
}

TEST_CASE("of many nodes that start at once on an empty database one makes it, and all have it") {
  const postgres_schema schema;
  std::vector<std::string> refusals(8), keys(8);
  in_parallel(8, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    if (const auto is = migrate(schema.conninfo()); !is) refusals[which] = is.error().message;
    keys[which] = postgres::read_key({.conninfo = schema.conninfo()}).value_or("");
  });
  CHECK(refusals == std::vector<std::string>(8));
  CHECK(keys.front().size() == 32);
  CHECK(std::set(keys.begin(), keys.end()).size() == 1);
  CHECK(tables(schema) == "bucket,comment,complaint,content,deployment,event,setting,vote");
  CHECK(schema.run("SELECT value FROM setting WHERE name = 'schema'") ==
        std::to_string(postgres::newest));
}

TEST_CASE("a database that is up to date is left as it is, by a user with no right to change it") {
  const postgres_tables made;
  const reader user{made.schema()};
  made.run("GRANT SELECT ON setting TO " + made.schema().name());
  const std::string before = settings(made.schema());
  CHECK(migrate(user.conninfo()));
  CHECK(migrate(made.schema().conninfo()));
  CHECK(settings(made.schema()) == before);
}

TEST_CASE("a user without the right to make tables gets an error") {
  const postgres_schema schema;
  const reader user{schema};
  const auto refused = migrate(user.conninfo());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "The database cannot be used: its schema cannot be brought up to date.");
}

TEST_CASE("an older schema is brought up to date, and keeps its key and what is in it") {
  const postgres_tables made;
  made.run("DROP TABLE deployment; DROP INDEX comment_visible");
  made.run("DROP INDEX event_by_decision, event_by_content_decision");
  made.run("ALTER TABLE comment DROP COLUMN email_shown, DROP COLUMN browser, DROP COLUMN held");
  made.run("ALTER TABLE vote DROP COLUMN browser");
  made.run("INSERT INTO content VALUES ('1', 7, 0, 'locked')");
  made.run("INSERT INTO vote VALUES ('1', 'id', 'a:1', 5)");
  set(made.schema(), "schema", 3);
  set(made.schema(), "schema_min", 3);
  const auto key = postgres::read_key(made.options()).value();
  CHECK(migrate(made.schema().conninfo()));
  CHECK(tables(made.schema()).find(",deployment,") != std::string::npos);
  CHECK(made.run("SELECT value FROM setting WHERE name = 'schema'") ==
        std::to_string(postgres::newest));
  CHECK(made.run("SELECT to_regclass('comment_visible')") == "comment_visible");
  CHECK(made.run("SELECT voter FROM vote WHERE browser = ''") == "a:1");
  // A server that knows schema 4 only goes on writing, and tells of no browser, nor how it came.
  made.run(
      "INSERT INTO comment (content_id, position, id, parent_id, status, author_name, "
      "author_email, author_url, author_verified, author_subject, body, votes, replies, reports, "
      "created_at, version, request_fingerprint, encoded, reply_to, depth, listed, origin) VALUES "
      "('1', 8, 'id', '', 'pending', '', 'ana@example.com', '', 0, '', 'Oi', 0, 0, 0, 0, 8, 0, "
      "'', '', 0, 0, '')");
  made.run("INSERT INTO vote (content_id, comment_id, voter, at) VALUES ('1', 'id', 'a:2', 5)");
  CHECK(made.run("SELECT email_shown || browser || held FROM comment") == "00");
  CHECK(made.run("SELECT version FROM content") == "7");
  CHECK(postgres::read_key(made.options()).value() == key);
}

TEST_CASE("a newer schema is used if it may be, and else refused with nothing changed") {
  const postgres_tables made;
  set(made.schema(), "schema", 99);
  const std::string fine = settings(made.schema());
  CHECK(migrate(made.schema().conninfo()));
  CHECK(settings(made.schema()) == fine);

  set(made.schema(), "schema_min", postgres::newest + 1);
  const std::string refused = settings(made.schema());
  const auto is = migrate(made.schema().conninfo());
  REQUIRE_FALSE(is);
  CHECK(is.error().code == errc::unavailable);
  CHECK(is.error().message ==
        "The database cannot be used: a newer version of this program wrote it (its schema is 99, "
        "this program knows " +
            std::to_string(postgres::newest) + ").");
  CHECK(settings(made.schema()) == refused);
}

TEST_CASE("a database with another program's settings is refused, and nothing is changed") {
  const postgres_schema schema;
  schema.run("CREATE TABLE setting (id BIGINT); INSERT INTO setting VALUES (1)");
  const auto refused = migrate(schema.conninfo());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "The database cannot be used: it belongs to another program.");
  CHECK(tables(schema) == "setting");
  CHECK(schema.run("SELECT id FROM setting") == "1");
}

TEST_CASE("a database with a table of our name and no settings belongs to another program") {
  for (const std::string name : {"comment", "vote", "deployment"}) {
    CAPTURE(name);
    const postgres_schema schema;
    schema.run("CREATE TABLE " + name + " (id BIGINT)");
    const auto refused = migrate(schema.conninfo());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "The database cannot be used: it belongs to another program.");
    CHECK(tables(schema) == name);
  }
}

TEST_CASE("a migration that fails leaves nothing behind, and can be tried again") {
  const postgres_schema schema;
  schema.run("CREATE TABLE bucket_by_time (id BIGINT)");  // what an index is to be called
  const auto refused = migrate(schema.conninfo());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "The database cannot be used: its schema cannot be brought up to date.");
  CHECK(tables(schema).find("content") == std::string::npos);
  schema.run("DROP TABLE bucket_by_time");
  CHECK(migrate(schema.conninfo()));
}

TEST_CASE("a key that is missing or cut short is not used") {
  const postgres_tables made;
  const std::string whole = made.run("SELECT value FROM setting WHERE name = 'signing_key'");
  CHECK(whole.size() == 64);
  CHECK(whole.find_first_not_of("0123456789abcdef") == whole.npos);
  CHECK(whole != postgres::make_key());
  for (const char* const damage : {"UPDATE setting SET value = left(value, 62) WHERE name = "
                                   "'signing_key'",
                                   "DELETE FROM setting WHERE name = 'signing_key'"}) {
    made.run(damage);
    const auto refused = postgres::read_key(made.options());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "The database cannot be used: it is damaged: its signing key is missing.");
  }
}

TEST_CASE("every table that grows can be spread by content: its keys begin with it or have it") {
  const postgres_tables made;
  const auto lines = [&](const std::string& sql) {
    return testing::postgres_session{made.schema().conninfo()}.lines(sql);
  };
  const std::string in_here = "relnamespace = current_schema()::regnamespace";
  CHECK(lines("SELECT c.relname || ' ' || a.attname FROM pg_index i "
              "JOIN pg_class c ON c.oid = i.indrelid "
              "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
              "WHERE i.indisprimary AND c." +
              in_here + " ORDER BY 1") ==
        std::vector<std::string>{"bucket content_id", "comment content_id", "complaint content_id",
                                 "content content_id",
                                 "deployment position",  // the log is of no content, and small
                                 "event content_id",
                                 "setting name",  // a few rows that every node reads
                                 "vote content_id"});
  CHECK(lines("SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid "
              "WHERE i.indisunique AND x." +
              in_here +
              " AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND "
              "a.attname = 'content_id' AND a.attnum = ANY (i.indkey)) ORDER BY 1") ==
        std::vector<std::string>{"deployment_by_run", "deployment_pkey", "setting_pkey"});
}

TEST_CASE("nothing in the schema crosses contents: no sequence, trigger or foreign key") {
  const postgres_tables made;
  const std::string in_here = "relnamespace = current_schema()::regnamespace";
  CHECK(made.run("SELECT string_agg(DISTINCT relkind::text, ',' ORDER BY relkind::text) "
                 "FROM pg_class WHERE " +
                 in_here) == "i,r");
  CHECK(made.run("SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c." +
                 in_here) == "0");
  CHECK(made.run("SELECT string_agg(DISTINCT contype::text, ',') FROM pg_constraint "
                 "WHERE connamespace = current_schema()::regnamespace") == "p");
}

TEST_CASE("text compares by its bytes, whatever the database's language") {
  const postgres_tables made;
  CHECK(made.run("SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                 "JOIN pg_collation l ON l.oid = a.attcollation WHERE c.relkind = 'r' AND "
                 "a.attnum > 0 AND l.collname <> 'C' AND "
                 "c.relnamespace = current_schema()::regnamespace") == "0");
}

TEST_CASE("each form of the list but all by top is one walk along an index") {
  const postgres_tables made;
  for (const scope scope : {scope::all, scope::roots, scope::replies})
    for (const sort sort : {sort::oldest, sort::newest, sort::top}) {
      if (scope == scope::all && sort == sort::top) continue;  // promises nothing
      for (const bool has_cursor : {false, true}) {
        const std::string sql = sql_schema::list_sql(scope, sort, has_cursor);
        const auto plan = plan_of(made.schema(), sql, "text, text, bigint, bigint, bigint");
        INFO(sql << '\n' << joined(plan));
        const auto walks = lines_with(plan, "Index Cond: ");
        // After a comment with some votes: first the others with as many, then those with fewer;
        // what may be sorted then is a page of each.
        const bool is_merge = sort == sort::top && has_cursor;
        REQUIRE(walks.size() == (is_merge ? 2 : 1));
        CHECK(lines_with(plan, "Seq Scan").empty());
        CHECK(lines_with(plan, "Limit").size() == (is_merge ? 3 : 1));
        const auto under_limits =
            joined(plan).substr(joined(plan).rfind("Limit", std::string::npos));
        CHECK(under_limits.find("Sort") == std::string::npos);
        if (!is_merge) CHECK(lines_with(plan, "Sort").empty());
        for (const std::string& walk : walks) CHECK(walk.find("(content_id = $1)") != walk.npos);
        const auto uses = [&](std::size_t walk, std::string_view range) {
          CHECK(walks[walk].find(range) != std::string::npos);
        };
        if (is_merge) uses(0, "(votes = $5) AND (\"position\" > $4)");
        if (is_merge) uses(1, "(votes < $5)");
        if (has_cursor && sort == sort::oldest) uses(0, "(\"position\" > $4)");
        if (has_cursor && sort == sort::newest) uses(0, "(\"position\" < $4)");
        if (scope != scope::all) uses(0, "(parent_id = $2)");
        // Not the key's: that would pass what is hidden.
        if (scope == scope::all) CHECK(lines_with(plan, "comment_visible").size() == 1);
      }
    }
}

TEST_CASE("each search walks the narrowest index that there is, in the order of the ids") {
  const postgres_tables made;
  const auto index_of = [&](const search& wanted) {
    const auto plan = plan_of(made.schema(), sql_schema::search_sql(wanted, "strpos"),
                              "text, bigint, text, text, text, bigint, text");
    INFO(joined(plan));
    CHECK(lines_with(plan, "Sort").empty());
    const auto walks = lines_with(plan, "Index Scan using ");
    REQUIRE(walks.size() == 1);
    const std::string name = walks[0].substr(walks[0].find("using ") + 6);
    return name.substr(0, name.find(' '));
  };
  for (const status hidden : {status::pending, status::spam, status::removed})
    CHECK(index_of({.status = hidden}) == "comment_by_status");
  CHECK(index_of({.subject = "7"}) == "comment_by_subject");
  CHECK(index_of({.email = "ana@example.com"}) == "comment_by_email");
  CHECK(index_of({.email = "ana@example.com", .text = "x"}) == "comment_by_email");
  CHECK(index_of({.status = status::published, .subject = "7"}) == "comment_by_subject");
  for (const search& wide : {search{}, search{.status = status::published},
                             search{.verified = true}, search{.text = "x"}})
    CHECK(index_of(wide) == "comment_id");
}

TEST_CASE("the deployment log is one walk along an index, of all components and of one") {
  const postgres_tables made;
  const auto index_of = [&](const std::string& sql, const std::string& types) {
    const auto plan = plan_of(made.schema(), sql, types);
    INFO(joined(plan));
    CHECK(lines_with(plan, "Sort").empty());
    return joined(lines_with(plan, "Index Scan"));
  };
  const auto has = [](const std::string& text, std::string_view name) {
    return text.find(name) != text.npos;
  };
  CHECK(
      has(index_of(sql_schema::deployments_sql(false), "bigint, bigint, text"), "deployment_pkey"));
  CHECK(has(index_of(sql_schema::deployments_sql(true), "bigint, bigint, text"),
            "deployment_by_component"));
  CHECK(has(index_of(sql_schema::recorded_sql(), "text, text, text"), "deployment_by_run"));
}
