#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <comments/text.hpp>

#include "support/contract.hpp"
#include "support/database.hpp"
#include "support/size.hpp"
#include "support/sqlite_maker.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

STORE_CONTRACT(sqlite_store, testing::sqlite_maker);
DURABLE_STORE_CONTRACT(sqlite_store_reopened, testing::sqlite_maker);
DEPLOYMENT_LOG_CONTRACT(sqlite_log, testing::sqlite_maker);
DURABLE_DEPLOYMENT_LOG_CONTRACT(sqlite_log_reopened, testing::sqlite_maker);
DEPLOYMENT_LOG_IN_STORE_CONTRACT(sqlite_log_in_store, testing::sqlite_maker);

using namespace comments;
using comments::contract::counted;
using comments::contract::look;
using comments::contract::must;
using comments::contract::noon;
using comments::contract::positions;
using comments::contract::post;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

// Why `path` cannot be opened as a store; it must be refused.
std::string why_refused(const std::string& path) {
  const auto opened = sqlite_store::open({.path = path, .busy_wait = std::chrono::milliseconds{1}});
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == errc::unavailable);
  return opened.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What a query of this scope asks for, if it is for replies.
std::optional<comment_id> parent_of(scope scope, std::optional<comment_id> parent) {
  return scope == scope::replies ? parent : std::nullopt;
}

// The lists that cost the same however long they are: all but everything by votes.
constexpr std::pair<scope, sort> bounded_lists[] = {
    {scope::all, sort::oldest},     {scope::all, sort::newest}, {scope::roots, sort::oldest},
    {scope::roots, sort::newest},   {scope::roots, sort::top},  {scope::replies, sort::oldest},
    {scope::replies, sort::newest}, {scope::replies, sort::top}};

// A store whose connections and whose words for the log a test can see.
struct seen_store {
  std::size_t contents_kept{content_cache::contents_kept_max};
  testing::temporary_folder folder{};
  std::string path{folder.path("comments.db")};
  std::vector<std::string> failures{};
  std::unique_ptr<sqlite_store> store{};
  testing::connections seen{testing::connections::opened_by([this] {
    store =
        must(sqlite_store::open({.path = path,
                                 .busy_wait = std::chrono::milliseconds{7},
                                 .contents_kept = contents_kept,
                                 .watch_pause = std::chrono::hours{1},  // it uses a connection, too
                                 .on_failure = [this](auto why) { failures.emplace_back(why); }}));
  })};

  // One call of everything that the store can do, in all its forms.
  void exercise(const std::string& content_id) {
    const comment root = post(*store, {.content_id = content_id, .body = "root"});
    const draft reply{.content_id = content_id, .parent = root.id, .body = "reply", .key = "k"};
    CHECK(must(store->insert({reply}, noon)).stored.parent == root.id);
    CHECK(must(store->insert({reply}, noon)).replayed);
    must(store->find(root.id));
    must(store->contents({&content_id, 1}));
    must(store->events(content_id, 0, 10));
    for (const auto& [scope, sort] : bounded_lists)
      for (const auto& after : {std::optional<cursor>{}, std::optional{cursor{1, 0}}})
        must(store->list({content_id, scope, parent_of(scope, root.id), sort, 10, after}));
    change(content_id, root.id);
  }
  void change(const std::string& content_id, const comment_id& root) {
    using comments::contract::to;
    insertion written{.said = {.content_id = content_id, .parent = root, .body = "hidden"},
                      .origin = "0123"};
    written.status = status::pending;
    const comment_id held = post(*store, written).id;
    must(store->amend(held, to(status::published), noon));
    must(store->amend(root, to(status::spam), noon));
    must(store->amend(root, to(status::published), noon));
    for (const bool is_there : {true, false, true})
      must(store->vote(held, {"a:" + content_id}, is_there, noon));
    must(store->report(held, {"a:" + content_id}, "rude", noon));
    must(store->set_status(content_id, content_status::locked, {}, {}, noon));
    must(store->history(held, 0, 10));
    must(store->reports_of(held, 10));
    must(store->votes_of("ana", {}, 10));
    must(store->find_all({.status = status::pending, .limit = 10}));
    must(store->find_all({.email = "ana@example.com", .limit = 10}));
    CHECK(must(store->forget_origins(noon + std::chrono::hours{1}, 10)) == 3);
    must(store->forget_reporter("ana"));
    must(store->amend(held, to(status::removed), noon));
  }
};

// Runs as a user whom file permissions bind, for as long as it lives.
class unprivileged final {
 public:
  unprivileged() : is_bound_{::geteuid() != 0 || ::seteuid(65534) == 0} {}
  unprivileged(const unprivileged&) = delete;
  unprivileged& operator=(const unprivileged&) = delete;
  ~unprivileged() {
    if (::getuid() == 0 && ::seteuid(0) != 0) std::abort();
  }
  bool is_bound() const { return is_bound_; }

 private:
  bool is_bound_;
};

}  // namespace

TEST_CASE("SQLite's settings hold on every connection of the store") {
  const seen_store opened;
  CHECK(opened.seen.handles().size() == 2);
  const std::pair<std::string, std::string> pragmas[] = {
      {"journal_mode", "wal"}, {"synchronous", "2"},    {"foreign_keys", "1"},
      {"busy_timeout", "7"},   {"trusted_schema", "0"}, {"locking_mode", "normal"}};
  for (sqlite3* handle : opened.seen.handles())
    for (const auto& pragma : pragmas) {
      CAPTURE(pragma.first);
      CHECK(testing::text_of(handle, "PRAGMA " + pragma.first) == pragma.second);
    }
}

TEST_CASE("the file says whose it is and which schema it has") {
  seen_store opened;
  opened.exercise("1");
  const testing::database file{opened.path};
  CHECK(file.text("PRAGMA application_id") == std::to_string(sqlite::application_id));
  CHECK(file.text("PRAGMA user_version") == std::to_string(sql_schema::newest));
  CHECK(file.text("PRAGMA integrity_check") == "ok");
  CHECK(file.text("PRAGMA foreign_key_check").empty());
}

TEST_CASE("statements are prepared once and kept") {
  seen_store opened{.contents_kept = 0};
  opened.exercise("1");
  const std::size_t kept = opened.seen.statements().size();
  CHECK(kept > 20);
  opened.exercise("2");
  CHECK(opened.seen.statements().size() == kept);
}

TEST_CASE("each statement that the store keeps finds its rows by an index") {
  seen_store opened{.contents_kept = 0};
  opened.exercise("1");
  int searches = 0;
  for (sqlite3_stmt* statement : opened.seen.statements()) {
    const std::string sql = sqlite3_sql(statement);
    if (has(sql, "sqlite_schema")) continue;  // asked once, at the start
    CAPTURE(sql);
    for (const auto& line : testing::plan_of(sqlite3_db_handle(statement), sql)) {
      CAPTURE(line.what);
      CHECK_FALSE(testing::is_growing(line));
      searches += line.what.starts_with("SEARCH ");
    }
  }
  CHECK(searches > 20);
}

namespace {

// The contents "100" and "100000" with that many comments, written past the store: by turns a root
// and a reply to `much_answered`. The older hundreds have more votes; within each, every second
// pair has one more.
const std::string contents_of_two_sizes = R"sql(
PRAGMA cache_size = -300000;
BEGIN;
INSERT INTO content VALUES ('100', 100, 100, ''), ('100000', 100000, 100000, '');
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000)
INSERT INTO comment (content_id, position, id, parent_id, status, author_name, author_email,
  author_url, author_verified, body, votes, replies, created_at, edited_at, version, request_key,
  request_fingerprint, encoded)
SELECT content_id, n, printf('%08d-0000-7000-8000-%012d', content_id, n),
  iif(n % 2, '', '00000000-0000-7000-8000-000000000000'), 'published', '', '', '', 0,
  'Primeiro post!', (comments - n) / 100 * 2 + n / 2 % 2, 0, n, NULL, n, 'key ' || n, 0, ''
FROM content JOIN number ON n <= comments;
COMMIT;
)sql";

const auto much_answered = parse_comment_id("00000000-0000-7000-8000-000000000000");

// The fiftieth comment of one of them.
comment_id fiftieth(std::int64_t count) {
  return *parse_comment_id((count == 100 ? "00000100" : "00100000") +
                           std::string{"-0000-7000-8000-000000000050"});
}

struct cost {
  std::int64_t steps{};
  std::int64_t pages{};
};

// What `ask` costs a store that has done it before.
template <typename Ask>
cost cost_of(const testing::connections& seen, Ask&& ask) {
  ask();
  seen.take_steps();
  seen.take_pages();
  ask();
  return {seen.take_steps(), seen.take_pages()};
}

// Holds the cost of asking a content of 100 comments against that of asking one of 100,000.
template <typename Ask>
void compare(const testing::connections& seen, Ask&& ask) {
  const cost small = cost_of(seen, [&] { ask("100", std::int64_t{100}); });
  const cost large = cost_of(seen, [&] { ask("100000", std::int64_t{100'000}); });
  CAPTURE(small.steps);
  CAPTURE(large.steps);
  CAPTURE(small.pages);
  CAPTURE(large.pages);
  CHECK(small.steps > 0);
  CHECK(small.pages > 0);
  CHECK(5 * large.steps <= 6 * small.steps);
  CHECK(large.pages <= 2 * small.pages);  // each index is a little deeper
}

// Whole pages, from the start and from a cursor that has the last 100 comments behind it.
void compare_pages(const seen_store& opened) {
  for (const auto& [scope, sort] : bounded_lists)
    for (const bool has_cursor : {false, true}) {
      const std::string sql = sql_schema::merged_list_sql(scope, sort, has_cursor);
      CAPTURE(sql);
      query asked{.scope = scope, .parent = parent_of(scope, much_answered), .sort = sort};
      compare(opened.seen, [&](const std::string& id, std::int64_t count) {
        asked.content_id = id;
        const std::int64_t last_before = asked.sort == sort::newest ? 101 : count - 100;
        if (has_cursor) asked.after = cursor{last_before, 1};
        CHECK(must(opened.store->list(asked)).items.size() == 50);
      });
    }
}

void compare_other_readings(const seen_store& opened) {
  compare(opened.seen, [&](const std::string& id, std::int64_t count) {
    CHECK(must(opened.store->contents({&id, 1})).front().comments == count);
  });
  compare(opened.seen, [&](const std::string& id, std::int64_t count) {
    CHECK(must(opened.store->events(id, count / 2, 50)).size() == 50);
  });
  compare(opened.seen, [&](const std::string& id, std::int64_t count) {
    CHECK(must(opened.store->find(fiftieth(count))).content_id == id);
  });
}

void compare_inserts(const seen_store& opened) {
  compare(opened.seen, [&](const std::string& id, std::int64_t) {
    const draft used{.content_id = id, .body = "?", .key = "key 50"};
    CHECK(opened.store->insert({used}, noon).error().code == errc::key_reused);
  });
  int posted = 0;
  compare(opened.seen, [&](const std::string& id, std::int64_t count) {
    const std::string key = "new " + std::to_string(++posted);
    post(*opened.store, {.content_id = id, .parent = fiftieth(count), .body = "!", .key = key});
  });
}

}  // namespace

TEST_CASE("a page of 50, or anything else, costs the same among 100 comments as among 100,000" *
          testing::one_thread) {
  const seen_store opened{.contents_kept = 0};  // so that each is read
  testing::database{opened.path}.run(contents_of_two_sizes);
  compare_pages(opened);
  compare_other_readings(opened);
  compare_inserts(opened);
}

// The list of a content with 316,000 hidden comments took half a second.
TEST_CASE("a page costs the same among hidden comments, however many there are" *
          testing::one_thread) {
  const seen_store opened{.contents_kept = 0};
  testing::database{opened.path}.run(contents_of_two_sizes + R"sql(
UPDATE comment SET status = 'spam', listed = 0
  WHERE content_id = '100000' AND position BETWEEN 51 AND 99950)sql");
  for (const auto& list : bounded_lists) {
    CAPTURE(static_cast<int>(list.first));
    CAPTURE(static_cast<int>(list.second));
    query asked{
        .scope = list.first, .parent = parent_of(list.first, much_answered), .sort = list.second};
    compare(opened.seen, [&](const std::string& id, std::int64_t) {
      asked.content_id = id;
      CHECK(must(opened.store->list(asked)).items.size() == 50);
    });
  }
}

TEST_CASE("a content that was written or looked at is known without the file") {
  testing::sqlite_maker maker;
  const std::string written = "1", unknown = "2";
  CHECK_FALSE(maker.store().known_content(unknown));
  post(maker.store(), {.content_id = written, .body = "x"});
  REQUIRE(maker.store().known_content(written));
  CHECK(maker.store().known_content(written)->version == 1);
  must(maker.store().contents({&unknown, 1}));
  REQUIRE(maker.store().known_content(unknown));
  CHECK(maker.store().known_content(unknown)->version == 0);
}

TEST_CASE("a file is on this machine, and no other process writes to it") {
  const seen_store opened;
  CHECK_FALSE(opened.store->is_remote());
  CHECK(opened.store->listen({}) == nullptr);
}

TEST_CASE("a second opening of the same file is refused until the first store is gone") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db"), link = folder.path("link.db");
  auto first = must(sqlite_store::open({.path = path}));
  std::filesystem::create_symlink("comments.db", link);
  for (const std::string& name : {path, folder.path() + "/./comments.db", link}) {
    CAPTURE(name);
    CHECK(has(why_refused(name), "another process is using it"));
  }
  post(*first, {.content_id = "1", .body = "still here"});
  first.reset();
  CHECK(look(*must(sqlite_store::open({.path = path})), "1").all.items.size() == 1);
}

TEST_CASE("a store that is closed leaves its one file, with everything in it") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  post(*must(sqlite_store::open({.path = path})), {.content_id = "1", .body = "here"});
  for (const char* companion : {"-wal", "-shm", "-journal"})
    CHECK_FALSE(std::filesystem::exists(path + companion));
  const std::string copy = folder.path("copy.db");
  std::filesystem::copy_file(path, copy);
  CHECK(look(*must(sqlite_store::open({.path = copy})), "1").all.items.size() == 1);
}

TEST_CASE("a log that is written without end stays within its bound, with readers present") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  const auto patience = std::chrono::seconds{10};  // readers are short, but the machine may be busy
  const auto store = must(sqlite_store::open(
      {.path = path, .log = {.pages_step = 40, .pages_max = 200, .reader_wait = patience}}));
  std::atomic<std::uintmax_t> largest{};
  std::atomic<int> writers{4};
  comments::contract::at_once(6, [&](int thread) {
    const std::string id = std::to_string(thread);
    while (thread >= 4 && writers > 0)
      must(store->list({.content_id = std::to_string(writers - 1), .scope = scope::all}));
    if (thread >= 4) return;
    for (int i = 0; i < testing::size(40, 100); ++i) {
      post(*store, {.content_id = id, .body = std::string(500, 'x')});
      largest = std::max<std::uintmax_t>(largest, std::filesystem::file_size(path + "-wal"));
    }
    --writers;
  });
  constexpr std::uintmax_t page = 4096 + 24, batch = 4 * 20;
  CHECK(largest > 40 * page);
  CHECK(largest <= (200 + 40 + batch) * page + 32);
}

TEST_CASE("while a reader stays the log grows, and once it is gone the log begins anew") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  const auto store = must(sqlite_store::open(
      {.path = path,
       .log = {.pages_step = 20, .pages_max = 60, .reader_wait = std::chrono::milliseconds{1}}}));
  const auto write = [&](int times) {
    for (int i = 0; i < times; ++i) post(*store, {.content_id = "1", .body = "x"});
    return std::filesystem::file_size(path + "-wal");
  };
  std::uintmax_t grown = 0;
  {
    const testing::database tool{path};
    tool.run("BEGIN; SELECT count(*) FROM comment");
    grown = write(200);
    CHECK(grown > std::uintmax_t{2 * 60 * 4096});
  }
  CHECK(write(200) < grown + grown / 2);
}

TEST_CASE("what was acknowledged survives a process that just ends") {
  seen_store opened;
  opened.exercise("1");
  const auto before = look(*opened.store, "1");
  const testing::temporary_folder elsewhere;  // the files as a crash leaves them: nothing closed
  for (const char* companion : {"", "-wal"})
    std::filesystem::copy_file(opened.path + companion, elsewhere.path("comments.db") + companion);
  const auto again = must(sqlite_store::open({.path = elsewhere.path("comments.db")}));
  CHECK(look(*again, "1") == before);
  CHECK(again->signing_key() == opened.store->signing_key());
}

TEST_CASE("a file that is not ours to use is refused with its reason and left as it was") {
  const std::string magic{"SQLite format 3\0", 16};
  const struct {
    std::string why{};
    std::string before{};  // what is in the file, if it is no database
    std::string sql{};     // what another program did to it, if it is one
    bool was_ours{};
  } files[] = {
      {"newer version", {}, "PRAGMA user_version = 1000", true},
      {"newer version",
       {},
       "PRAGMA user_version = " + std::to_string(sql_schema::newest + 1),
       true},
      {"another program", {}, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)", false},
      {"another program", {}, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)", false},
      {"another program", {}, "CREATE TABLE comment (a); PRAGMA user_version = 1", false},
      {"another program", {}, "PRAGMA application_id = 7", true},
      {"damaged", {}, "DELETE FROM setting", true},
      {"damaged", {}, "UPDATE setting SET value = 'abc'", true},
      {"no SQLite database", "Dear diary,\n", {}, false},
      {"no SQLite database", std::string(5000, 'x'), {}, false},
      {"no SQLite database", magic, {}, false},
      {"no SQLite database", magic + std::string(5000, 'x'), {}, false},
  };
  for (const auto& file : files) {
    CAPTURE(file.why);
    CAPTURE(file.sql);
    CAPTURE(file.before.size());
    const testing::temporary_folder folder;
    const std::string path = folder.path("comments.db");
    if (file.was_ours) must(sqlite_store::open({.path = path}));
    if (file.sql.empty())
      write_file(path, file.before);
    else
      testing::database{path}.run(file.sql);
    const std::string bytes = read_file(path);
    REQUIRE_FALSE(bytes.empty());
    CHECK(has(why_refused(path), file.why));
    CHECK(read_file(path) == bytes);
    for (const char* companion : {"-wal", "-shm", "-journal"})
      CHECK_FALSE(std::filesystem::exists(path + companion));
  }
}

namespace {

// What version 0.1.0 left: schema 1, with one comment in it. Never changes.
const std::string a_file_of_schema_1 = std::string{sql_schema::migrations()[0].sql} + R"sql(
INSERT INTO setting VALUES ('signing_key',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
INSERT INTO content VALUES ('1', 1, 1, 'open');
INSERT INTO comment VALUES ('1', 1, '0192f0c1-7b2a-7c3d-9e4f-0123456789ab', '', 'published',
  'Guilherme', 'guilherme@example.com', '', 0, 'Primeiro post!', 0, 0, 1700000000123, NULL, 1,
  'k', 7);
INSERT INTO event VALUES ('1', 1, 'posted', '0192f0c1-7b2a-7c3d-9e4f-0123456789ab', 1700000000123);
PRAGMA user_version = 1;
)sql";

}  // namespace

TEST_CASE("a file of schema 1 is brought up to date, with all that is in it") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  testing::database{path}.run(a_file_of_schema_1 +
                              "PRAGMA application_id = " + std::to_string(sqlite::application_id));
  for (const std::int64_t version : {2, 3}) {
    const auto opened = must(sqlite_store::open({.path = path}));
    CHECK(opened->signing_key().substr(0, 4) == std::string_view{"\0\1\2\3", 4});
    const auto seen = look(*opened, "1");
    CHECK(seen.all.content.version == version - 1);
    const comment& old = seen.all.items.front();
    CHECK(old.body == "Primeiro post!");
    CHECK(old.author.email == "guilherme@example.com");
    CHECK(old.encoded == "");
    CHECK(post(*opened, {.said = {.content_id = "1", .body = "new"}, .encoded = "1 x"}).position ==
          version);
    CHECK(must(opened->list({.content_id = "1"})).items.back().encoded == "1 x");
  }
  CHECK(testing::database{path}.text("PRAGMA user_version") == std::to_string(sql_schema::newest));
}

TEST_CASE("a migration that fails leaves the file as it was") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  testing::database{path}.run(a_file_of_schema_1 + "ALTER TABLE comment ADD encoded TEXT;" +
                              "PRAGMA application_id = " + std::to_string(sqlite::application_id));
  CHECK(has(why_refused(path), "cannot be written"));
  CHECK(testing::database{path}.text("PRAGMA user_version") == "1");
}

TEST_CASE("an empty file becomes a store") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  write_file(path, "");
  post(*must(sqlite_store::open({.path = path})), {.content_id = "1", .body = "here"});
}

TEST_CASE("a path where no file can be is refused, and nothing is made there") {
  const testing::temporary_folder folder;
  std::filesystem::create_directory(folder.path("folder"));
  write_file(folder.path("file"), "");
  const std::string paths[] = {folder.path("folder"),
                               folder.path("folder") + "/",
                               folder.path("missing/comments.db"),
                               folder.path("file/comments.db"),
                               folder.path(std::string(300, 'x')),
                               ""};
  for (const std::string& path : paths) {
    CAPTURE(path);
    CHECK(has(why_refused(path), "cannot be opened"));
    for (const std::string lock : {"folder-lock", "folder/-lock"})
      CHECK_FALSE(std::filesystem::remove(folder.path(lock)));
    CHECK_FALSE(std::filesystem::remove("-lock"));
  }
}

TEST_CASE("a file that may only be read is refused") {
  const struct { ::mode_t folder{}, file{}; } modes[] = {{0777, 0444}, {0555, 0666}, {0555, 0444}};
  for (const auto& mode : modes) {
    CAPTURE(mode.folder);
    CAPTURE(mode.file);
    const testing::temporary_folder folder;
    const std::string path = folder.path("comments.db");
    must(sqlite_store::open({.path = path}));
    REQUIRE(::chmod((path + "-lock").c_str(), 0666) == 0);
    REQUIRE(::chmod(path.c_str(), mode.file) == 0);
    REQUIRE(::chmod(folder.path().c_str(), mode.folder) == 0);
    {
      const unprivileged now;
      if (now.is_bound()) CHECK(has(why_refused(path), "cannot be"));
    }
    REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  }
}

TEST_CASE("a file that another tool keeps locked is refused as busy, not as damaged") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  must(sqlite_store::open({.path = path}));
  const testing::database tool{path};
  tool.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1");
  CHECK_FALSE(has(why_refused(path), "damaged"));
}

TEST_CASE("an insert that fails in the middle leaves nothing, and the next one works") {
  seen_store opened;
  const comment root = post(*opened.store, {.content_id = "1", .body = "root"});
  const testing::database tool{opened.path};
  std::vector<std::string> expected;
  for (const std::string event :
       {"AFTER UPDATE ON content", "BEFORE UPDATE ON content", "BEFORE INSERT ON comment",
        "AFTER INSERT ON comment", "BEFORE UPDATE ON comment", "AFTER UPDATE ON comment",
        "BEFORE INSERT ON change", "AFTER INSERT ON change"})
    for (const std::string how : {"ABORT", "FAIL", "ROLLBACK"}) {
      const std::string fault = how + " " + event;
      CAPTURE(fault);
      tool.run("CREATE TRIGGER fault " + event + " BEGIN SELECT RAISE(" + how + ", '" + fault +
               "'); END");
      const auto before = look(*opened.store, "1");
      // With a reason, so that the event has a row.
      insertion written{{.content_id = "1", .parent = root.id, .body = "reply", .key = fault}};
      written.reason = "links";
      const auto refused = opened.store->insert(written, noon);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().code == errc::unavailable);
      CHECK_FALSE(has(refused.error().message, fault));
      expected.push_back(fault);
      CHECK(opened.failures == expected);
      CHECK(look(*opened.store, "1") == before);
      tool.run("DROP TRIGGER fault");
      CHECK(post(*opened.store, written).position == before.all.content.version + 1);
      CHECK(opened.failures == expected);
    }
}

TEST_CASE("among writes that share commits, one that fails does so alone") {
  seen_store opened;
  testing::database{opened.path}.run(
      "CREATE TRIGGER fault BEFORE INSERT ON comment WHEN NEW.body = 'bad' "
      "BEGIN SELECT RAISE(ABORT, 'bad'); END");
  std::atomic<int> wrong{};
  comments::contract::at_once(16, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const bool is_bad = (thread + i) % 4 == 0;
      const auto made = opened.store->insert(
          {{.content_id = std::to_string(i % 2), .body = is_bad ? "bad" : "good"}}, noon);
      wrong += made.has_value() == is_bad;
      if (!made) wrong += made.error().code != errc::unavailable;
    }
  });
  CHECK(wrong == 0);
  std::size_t found = 0;
  for (const std::string id : {"0", "1"}) {
    const auto seen = look(*opened.store, id);
    CHECK(seen.all.content.version == static_cast<std::int64_t>(seen.events.size()));
    CHECK(seen.all.content.comments == static_cast<std::int64_t>(seen.all.items.size()));
    found += seen.all.items.size();
  }
  CHECK(found == 240);
}

TEST_CASE("when the commit that writes share fails, none of them is acknowledged or there") {
  seen_store opened;
  testing::database{opened.path}.run(
      "CREATE TRIGGER fault BEFORE INSERT ON comment WHEN NEW.body = 'bad' "
      "BEGIN SELECT RAISE(ROLLBACK, 'bad'); END");
  std::atomic<std::size_t> acknowledged{};
  comments::contract::at_once(16, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const std::string body = thread == 0 && i % 5 == 0 ? "bad" : "good";
      acknowledged += opened.store->insert({{.content_id = "1", .body = body}}, noon).has_value();
    }
  });
  const auto seen = look(*opened.store, "1");
  CHECK(seen.all.items.size() == acknowledged);
  CHECK(seen.all.content.version == static_cast<std::int64_t>(acknowledged));
  CHECK(acknowledged >= 16u);
}

namespace {

// Something that happens once to a connection at work, inside a transaction, after so many steps.
// Not in its ROLLBACK, though: nothing real could stop that.
struct incident {
  sqlite3* handle{};
  int steps_left{};
  std::function<int()> happen{};  // whether it interrupts the work

  incident(sqlite3* on, int steps, std::function<int()> what)
      : handle{on}, steps_left{steps}, happen{std::move(what)} {
    sqlite3_progress_handler(handle, 1, &arrive, this);
  }
  incident(const incident&) = delete;
  incident& operator=(const incident&) = delete;
  ~incident() { sqlite3_progress_handler(handle, 0, nullptr, nullptr); }

  static int arrive(void* self) {
    auto& it = *static_cast<incident*>(self);
    if (sqlite3_get_autocommit(it.handle)) return 0;
    for (auto* next = sqlite3_next_stmt(it.handle, nullptr); next;
         next = sqlite3_next_stmt(it.handle, next))
      if (sqlite3_stmt_busy(next) && has(sqlite3_sql(next), "ROLLBACK")) return 0;
    return it.steps_left-- == 0 ? it.happen() : 0;
  }
};

// Calls `work`, interrupted after 0, 1, 2 … steps, until it gets through; `after` looks at each
// failure. How many there were.
template <typename Work, typename After>
int fail_at_each_step(const testing::connections& seen, Work&& work, After&& after) {
  for (int steps = 0;; ++steps) {
    std::list<incident> planned;
    for (sqlite3* handle : seen.handles()) planned.emplace_back(handle, steps, [] { return 1; });
    const auto answer = work();
    planned.clear();
    if (answer) return steps;
    CHECK(answer.error().code == errc::unavailable);
    REQUIRE(steps < 10'000);
    after();
  }
}

}  // namespace

TEST_CASE("an insert that is cut off at any step leaves nothing, until one gets through") {
  seen_store opened;
  const comment root = post(*opened.store, {.content_id = "1", .body = "root"});
  const auto before = look(*opened.store, "1");
  const draft written{.content_id = "1", .parent = root.id, .body = "reply", .key = "k"};
  const int failed = fail_at_each_step(
      opened.seen, [&] { return opened.store->insert({written}, noon); },
      [&] { CHECK(look(*opened.store, "1") == before); });
  CHECK(failed > 50);
  CHECK(opened.failures ==
        std::vector<std::string>(static_cast<std::size_t>(failed), "interrupted"));
  const auto replayed = must(opened.store->insert({written}, noon));
  CHECK(replayed.replayed);
  CHECK(replayed.stored.position == 2);
  CHECK(look(*opened.store, "1").all.items.size() == 2);
}

TEST_CASE("a change that is cut off at any step leaves nothing, until it gets through") {
  seen_store opened;
  const comment root = post(*opened.store, {.content_id = "1", .body = "root"});
  const comment reply =
      post(*opened.store, {.content_id = "1", .parent = root.id, .body = "reply"});
  must(opened.store->report(reply.id, {"bob"}, "rude", noon));
  const std::function<bool()> changes[] = {
      [&] { return opened.store->vote(reply.id, {"ana"}, true, noon).has_value(); },
      [&] { return opened.store->report(reply.id, {"ana"}, "rude", noon).has_value(); },
      [&] {
        return opened.store->set_status("1", content_status::locked, {}, {}, noon).has_value();
      },
      [&] {
        return opened.store->amend(reply.id, comments::contract::rewrite("x"), noon).has_value();
      },
      [&] {
        return opened.store->amend(reply.id, comments::contract::to(status::removed), noon)
            .has_value();
      }};
  for (const auto& change : changes) {
    const auto before = look(*opened.store, "1");
    const auto answer = [&]() -> result<done> {
      if (change()) return ok();
      return unavailable();
    };
    CHECK(fail_at_each_step(opened.seen, answer,
                            [&] { CHECK(look(*opened.store, "1") == before); }) > 20);
    CHECK(look(*opened.store, "1") != before);
    comments::contract::check_counts(*opened.store, "1");
  }
}

TEST_CASE("a reading that is cut off at any step is unavailable, never half an answer") {
  seen_store opened{.contents_kept = 0};
  opened.exercise("1");
  const auto before = look(*opened.store, "1");
  const comment first = before.all.items.front();
  const std::vector<std::string> ids{"1", "2"};
  const query query{.content_id = "1", .scope = scope::all};
  const auto nothing = [] {};
  const auto& store = *opened.store;
  const auto fails = [&](auto&& work) { return fail_at_each_step(opened.seen, work, nothing); };
  CHECK(fails([&] { return store.find(first.id); }) > 5);
  CHECK(fails([&] { return store.list(query); }) > 5);
  CHECK(fails([&] { return store.contents(ids); }) > 5);
  CHECK(fails([&] { return store.events("1", 0, 10); }) > 5);
  CHECK(fails([&] { return store.history(first.id, 0, 10); }) > 5);
  CHECK(fails([&] { return store.reports_of(first.id, 10); }) > 5);
  CHECK(fails([&] { return store.find_all({.text = "root"}); }) > 5);
  CHECK(fails([&] { return store.votes_of("ana", {}, 10); }) > 5);
  CHECK(fails([&] { return store.reports_by("ana", {}, 10); }) > 5);
  CHECK(look(store, "1") == before);
}

TEST_CASE("a page is of one moment, at whatever step of its reading another comment is posted") {
  seen_store opened;
  sqlite3* const reader = opened.seen.handles().back();  // opened after the one that writes
  const query newest{.content_id = "1", .sort = sort::newest, .limit = 5};
  post(*opened.store, {.content_id = "1", .body = "first"});
  bool has_happened = true;
  for (int steps = 0; has_happened; ++steps) {
    has_happened = false;
    const incident post_result{reader, steps, [&] {
                                 has_happened = true;
                                 post(*opened.store, {.content_id = "1", .body = "meanwhile"});
                                 return 0;
                               }};
    const page page = must(opened.store->list(newest));
    CHECK(page.content.comments == page.content.version);
    CHECK(page.items.front().position == page.content.version);
  }
  CHECK(look(*opened.store, "1").all.items.size() > 20);
}

TEST_CASE("contents that were written or asked for are answered without the database") {
  const seen_store opened;
  post(*opened.store, {.content_id = "1", .body = "here"});
  const std::vector<std::string> written{"1"}, both{"2", "1"};
  opened.seen.take_steps();
  CHECK(must(opened.store->contents(written)).front() == counted(*opened.store, "1", 1, 1));
  CHECK(opened.seen.take_steps() == 0);
  const auto first = must(opened.store->contents(both));
  CHECK(first == std::vector{counted(*opened.store, "2", 0, 0), counted(*opened.store, "1", 1, 1)});
  CHECK(opened.seen.take_steps() > 0);
  CHECK(must(opened.store->contents(both)) == first);
  CHECK(opened.seen.take_steps() == 0);
  post(*opened.store, {.content_id = "2", .body = "there"});
  CHECK(must(opened.store->contents(both)).front() == counted(*opened.store, "2", 1, 1));
}

TEST_CASE("a read after an acknowledged insert finds it or a later one") {
  constexpr int writers = 3, readers = 3, contents = 40;
  const seen_store opened{.contents_kept = content_cache::shards};  // they push each other out
  std::array<std::atomic<std::int64_t>, contents> acknowledged{};
  std::atomic<int> stale{}, working{writers};
  comments::contract::at_once(writers + readers, [&](int thread) {
    if (thread < writers) {
      for (int i = 0; i < testing::size(60, 300); ++i) {
        const auto which = static_cast<std::size_t>(i * writers + thread) % contents;
        const auto made =
            opened.store->insert({{.content_id = std::to_string(which), .body = "x"}}, noon);
        if (!made) continue;
        auto& least = acknowledged[which];
        for (auto before = least.load(); before < made->stored.version;)
          if (least.compare_exchange_weak(before, made->stored.version)) break;
      }
      --working;
      return;
    }
    for (std::size_t i = static_cast<std::size_t>(thread); working > 0; ++i) {
      const std::string id = std::to_string(i % contents);
      const std::int64_t least = acknowledged[i % contents];
      const auto found = opened.store->contents({&id, 1});
      if (!found || found->front().version < least) ++stale;
    }
  });
  CHECK(stale == 0);
  for (std::size_t i = 0; i < contents; ++i) {
    const std::string id = std::to_string(i);
    const auto found = must(opened.store->contents({&id, 1})).front();
    CHECK(found == must(opened.store->list({.content_id = id})).content);
  }
}

TEST_CASE("a reading in the middle of its page keeps no other waiting") {
  seen_store opened;
  const comment root = post(*opened.store, {.content_id = "1", .body = "here"});
  const auto before = look(*opened.store, "1");
  int readings = 0;
  const incident meanwhile{opened.seen.handles().back(), 20, [&] {
                             const auto inner = opened.store->list({.content_id = "1"});
                             readings += inner && inner->items.size() == 1;
                             readings += opened.store->find(root.id).has_value();
                             return 0;
                           }};
  CHECK(must(opened.store->list({.content_id = "1"})).items.size() == 1);
  CHECK(readings == 2);
  CHECK(look(*opened.store, "1") == before);
}

TEST_CASE("readers write nothing and keep little in memory") {
  const seen_store opened;
  sqlite3* const reader = opened.seen.handles().back();
  CHECK(testing::text_of(reader, "PRAGMA query_only") == "1");
  CHECK(testing::text_of(reader, "PRAGMA cache_size") == "-1024");
}

TEST_CASE("an insert whose commit fails is unavailable and leaves nothing") {
  seen_store opened;
  const draft written{.content_id = "1", .body = "here", .key = "k"};
  for (sqlite3* handle : opened.seen.handles())
    sqlite3_commit_hook(
        handle, [](void*) { return 1; }, nullptr);
  const auto refused = opened.store->insert({written}, noon);
  for (sqlite3* handle : opened.seen.handles()) sqlite3_commit_hook(handle, nullptr, nullptr);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::unavailable);
  CHECK(opened.failures.size() == 1);
  CHECK(look(*opened.store, "1").all.content.version == 0);
  const std::string id = "1";
  CHECK(must(opened.store->contents({&id, 1})).front().version == 0);
  CHECK(post(*opened.store, written).position == 1);
}

TEST_CASE("a comment whose commit fails gives back what it took from its allowances") {
  seen_store opened;
  const insertion written{
      .said = {.content_id = "1", .body = "here"},
      .allowances = {{"ana", {.per_minute = 1}}, {.allowed = {.per_minute = 1}}}};
  for (int i = 0; i < 3; ++i) {
    for (sqlite3* handle : opened.seen.handles())
      sqlite3_commit_hook(
          handle, [](void*) { return 1; }, nullptr);
    const auto refused = opened.store->insert(written, noon);
    for (sqlite3* handle : opened.seen.handles()) sqlite3_commit_hook(handle, nullptr, nullptr);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::unavailable);
  }
  post(*opened.store, written);
  CHECK(opened.store->insert(written, noon).error().code == errc::rate_limited);
}

TEST_CASE("a lock that lasts longer than the wait makes inserts unavailable, and nothing else") {
  seen_store opened;
  const comment root = post(*opened.store, {.content_id = "1", .body = "root"});
  const auto before = look(*opened.store, "1");
  const testing::database tool{opened.path};
  tool.run("BEGIN IMMEDIATE; UPDATE content SET comments = 99");
  for (const std::string key : {"", "k"}) {
    const auto refused = opened.store->insert(
        {{.content_id = "1", .parent = root.id, .body = "reply", .key = key}}, noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::unavailable);
    CHECK(look(*opened.store, "1") == before);
  }
  CHECK(opened.failures == std::vector<std::string>(2, "database is locked"));
  tool.run("ROLLBACK");
  CHECK(post(*opened.store, {.content_id = "1", .body = "now"}).position == 2);
}

TEST_CASE("top means most votes first, the older first among equals, from page to page") {
  seen_store opened;
  std::vector<comment> made;
  for (int i = 0; i < 24; ++i)
    made.push_back(post(*opened.store, {.content_id = "1", .body = std::to_string(i)}));
  for (int i = 0; i < 9; ++i)
    post(*opened.store, {.content_id = "1", .parent = made[3].id, .body = std::to_string(i)});
  testing::database{opened.path}.run("UPDATE comment SET votes = (position * 7) % 5 - 2");
  for (const scope scope : {scope::all, scope::roots, scope::replies}) {
    query query{.content_id = "1", .scope = scope, .limit = 100};
    query.parent = parent_of(scope, made[3].id);
    auto expected = must(opened.store->list(query)).items;
    std::ranges::sort(expected, {}, [](auto& c) { return std::pair{-c.votes, c.position}; });
    CHECK(expected.front().votes == 2);
    query.sort = sort::top;
    for (query.limit = 1; query.limit <= expected.size(); ++query.limit)
      CHECK(comments::contract::walk(*opened.store, query) == expected);
  }
}

TEST_CASE("what is not published can be found by its id, but is not listed or replied to") {
  for (const std::string status : {"pending", "spam", "removed"}) {
    CAPTURE(status);
    seen_store opened;
    const comment hidden = post(*opened.store, {.content_id = "1", .body = "hidden"});
    const comment shown = post(*opened.store, {.content_id = "1", .body = "shown"});
    testing::database{opened.path}.run("UPDATE comment SET listed = 0, status = '" + status +
                                       "' WHERE position = 1");
    CHECK(to_text(must(opened.store->find(hidden.id)).status) == status);
    CHECK(positions(look(*opened.store, "1").all.items) == std::vector{shown.position});
    const auto refused =
        opened.store->insert({{.content_id = "1", .parent = hidden.id, .body = "?"}}, noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::not_found);
  }
}

TEST_CASE("every character of the basic plane and some of each other come back byte for byte") {
  std::vector<std::string> bodies(1);
  const auto add = [&](char32_t point) {
    std::string& body = bodies.back();
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
    if (point < 0x80) body += static_cast<char>(point);
    if (point >= 0x80 && point < 0x800) body += static_cast<char>(0xc0 | point >> 6);
    if (point >= 0x800 && point < 0x10000)
      (body += static_cast<char>(0xe0 | point >> 12)) += tail(6);
    if (point >= 0x10000) ((body += static_cast<char>(0xf0 | point >> 18)) += tail(12)) += tail(6);
    if (point >= 0x80) body += tail(0);
    if (body.size() > 16 * 1024 - 4) bodies.emplace_back();
  };
  for (char32_t point = 1; point < 0x10000; ++point)
    if (point < 0xd800 || point > 0xdfff) add(point);
  for (char32_t point = 0x10000; point <= 0x10ffff; point += 0xff) add(point);
  bodies.emplace_back(16 * 1024, 'x');

  testing::sqlite_maker maker;
  for (const std::string& body : bodies) {
    REQUIRE(is_utf8(body));
    post(maker.store(), {.content_id = "1", .author = {body, body, body, true}, .body = body});
  }
  for (int i = 0; i < 2; ++i) {
    const auto items = look(maker.store(), "1").all.items;
    REQUIRE(items.size() == bodies.size());
    for (std::size_t at = 0; at < bodies.size(); ++at) {
      CHECK(items[at].body == bodies[at]);
      CHECK(items[at].author == author{bodies[at], bodies[at], bodies[at], true});
    }
    maker.reopen();
  }
}
