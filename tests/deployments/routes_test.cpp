#include <comments/deployments/routes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/faulty_log.hpp"
#include "support/faulty_store.hpp"
#include "support/people.hpp"

using namespace comments;
using testing::as_moderator;
using testing::as_pipeline;
using testing::as_user;
using testing::bearer;
using testing::errors_of;
using testing::header;
using testing::read;
using testing::tree;
using testing::with;

namespace {

constexpr auto path = "/api/v1/deployments";

tree step(const std::string& version = "1.2.0") {
  return {{"component", "comments"},
          {"version", version},
          {"responsible", "ana"},
          {"status", "success"}};
}
tree step_with(const std::string& field, const tree& value) {
  tree said = step();
  said[field] = value;
  return said;
}

// Says what a page would show, as text.
http::response show_status(const service_status& shown, const http::request&) {
  std::string text = shown.component + " " + shown.version + " " + shown.commit + " " +
                     shown.build_date + " is " + std::string{to_text(shown.health)} + " at " +
                     to_rfc3339(shown.now) + (shown.is_log_readable ? "\n" : ", log unreadable\n");
  for (const status_row& row : shown.latest)
    text += row.step.version + (row.took ? " " + to_words(*row.took) : "") +
            (row.is_under_way ? " so far\n" : "\n");
  return {.headers = {{"Content-Type", "text/plain"}}, .body = text};
}

struct register_site : testing::site {
  register_site() : site{{.secrets = testing::all_secrets, .status_page = show_status}} {}

  http::response say(const tree& said, http::fields headers = as_pipeline()) const {
    return post(path, said.dump(), std::move(headers));
  }
  tree list(const std::string& query = "") const {
    const auto answer = get(path + query);
    REQUIRE(answer.status == 200);
    return read(answer);
  }
  std::string wrong(const tree& said) const {
    const auto answer = say(said);
    CHECK(answer.status == 422);
    CHECK(read(answer).at("code") == "validation");
    return errors_of(answer);
  }
  std::size_t count() const { return list().at("items").size(); }
};

// All of an answer, its stream too.
std::string whole(const http::response& answer) {
  std::string all = answer.body;
  for (http::chunk next; answer.rest && next.then == http::chunk::state::more;) {
    next = answer.rest([] {});
    REQUIRE(next.then != http::chunk::state::broken);
    all += next.bytes;
  }
  return all;
}

}  // namespace

TEST_CASE("the pipeline records a step, which comes back with the date of the server") {
  register_site site;
  tree said = step_with("run", "https://example.com/runs/1");
  said["date"] = "1999-01-01T00:00:00.000Z";
  const auto answer = site.say(said);
  REQUIRE(answer.status == 201);
  const auto made = read(answer);
  CHECK(made.at("component") == "comments");
  CHECK(made.at("version") == "1.2.0");
  CHECK(made.at("responsible") == "ana");
  CHECK(made.at("status") == "success");
  CHECK(made.at("run") == "https://example.com/runs/1");
  CHECK(made.at("date") == to_rfc3339(testing::some_moment));
  CHECK(parse_comment_id(made.at("id").get<std::string>()));
  CHECK(made.size() == 7);
  CHECK(header(answer, "Cache-Control") == "no-store");
  CHECK(header(answer, "Idempotency-Replayed") == "");
  CHECK(site.list().at("items") == tree::array({tree(made)}));
  CHECK(site.list().at("next").is_null());
}

TEST_CASE("a step that its run says again is one record") {
  register_site site;
  const tree said = step_with("run", 17);
  const auto first = site.say(said);
  REQUIRE(first.status == 201);
  CHECK(read(first).at("run") == "17");
  site.now.advance(std::chrono::hours{1});
  for (const tree& run : {tree(17), tree("17")}) {
    const auto again = site.say(step_with("run", run));
    CHECK(again.status == 201);
    CHECK(header(again, "Idempotency-Replayed") == "true");
    CHECK(read(again) == read(first));
  }
  tree other = said;
  other["version"] = "1.2.1";
  const auto refused = site.say(other);
  CHECK(refused.status == 422);
  CHECK(read(refused).at("code") == "idempotency_reuse");
  CHECK(errors_of(refused) == "/run reused");
  CHECK(site.count() == 1);
  other["status"] = "failure";
  CHECK(site.say(other).status == 201);
  for (const tree& none : {tree(nullptr), tree("")}) {
    const auto alone = site.say(step_with("run", none));
    CHECK(alone.status == 201);
    CHECK(read(alone).at("run").is_null());
  }
  CHECK(site.count() == 4);
}

TEST_CASE("callers that are not the pipeline are refused in the same words, whatever was wrong") {
  register_site site;
  std::vector<std::string> words;
  for (const http::fields& proof :
       {http::fields{}, bearer("wrong"), bearer(testing::all_secrets.deploy_token + "x"),
        bearer(testing::all_secrets.deploy_token.substr(1)), http::fields{{"Authorization", "x"}},
        bearer(testing::make_jwt({{"sub", "uid-ana"}}, "another secret"))}) {
    for (const tree& said : {step(), tree{{"version", 1}}}) {  // not even that the body is wrong
      const auto answer = site.say(said, proof);
      CHECK(answer.status == 401);
      CHECK(header(answer, "WWW-Authenticate") == "Bearer");
      CHECK(errors_of(answer) == "");
      words.push_back(read(answer).at("detail"));
    }
  }
  CHECK(std::ranges::count(words, words.front()) == static_cast<std::ptrdiff_t>(words.size()));
  CHECK(site.say(step(), as_moderator()).status == 403);
  CHECK(site.say(step(), as_user("uid-ana")).status == 403);
  CHECK(site.count() == 0);
}

TEST_CASE("without a deployment token nothing can be recorded, and all can be read") {
  const testing::site site{{.status_page = show_status}};
  for (const http::fields& proof : {http::fields{}, as_pipeline(), bearer("")})
    CHECK(site.post(path, step().dump(), proof).status == 401);
  CHECK(site.get(path).status == 200);
  CHECK(site.get("/status").status == 200);
}

TEST_CASE("every field that breaks a rule is named, once") {
  register_site site;
  CHECK(site.wrong(tree::object()) ==
        "/component required, /version required, /responsible required, /status required");
  CHECK(site.wrong({{"component", ""},
                    {"version", 1},
                    {"responsible", " "},
                    {"status", "done"},
                    {"run", {1}}}) ==
        "/component required, /version type, /run type, /status unknown, /responsible required");
  const std::map<std::string, std::size_t> most{
      {"component", 100}, {"version", 100}, {"responsible", 200}, {"run", 200}};
  for (const auto& [field, bytes_max] : most) {
    CHECK(site.say(step_with(field, std::string(bytes_max, 'x'))).status == 201);
    CHECK(site.wrong(step_with(field, std::string(bytes_max + 1, 'x'))) ==
          "/" + field + " too_long");
    CHECK(site.wrong(step_with(field, "a\nb")) == "/" + field + " control_character");
    CHECK(site.wrong(step_with(field, "a\u202eb")) == "/" + field + " invisible_character");
    for (const tree& odd : {tree(true), tree(1.5), tree::array(), tree::object()})
      CHECK(site.wrong(step_with(field, odd)) == "/" + field + " type");
  }
  for (const tree& odd : {tree("Success"), tree("in progress"), tree("none")})
    CHECK(site.wrong(step_with("status", odd)) == "/status unknown");
  CHECK(site.wrong(step_with("status", "")) == "/status required");
  CHECK(site.wrong(step_with("status", 3)) == "/status type");
}

TEST_CASE("a field that is none is named, so that a mistyped run does not go unnoticed") {
  register_site site;
  CHECK(site.wrong(step_with("rnu", "1")) == "/rnu unknown");
  CHECK(site.wrong(step_with("a/b~c", nullptr)) == "/a~1b~0c unknown");
  CHECK(site.wrong(step_with(std::string(256, 'x'), 1)) == " unknown");
  CHECK(site.wrong(step_with(std::string(255, 'x'), 1)) ==
        "/" + std::string(255, 'x') + " unknown");
  for (const tree& date : {tree("2020"), tree(1), tree(nullptr), tree::object()})
    CHECK(site.say(step_with("date", date)).status == 201);
}

TEST_CASE("a body may have 16 KiB, and is JSON") {
  register_site site;
  std::string said = step().dump();
  said.append(16'384 - said.size(), ' ');
  CHECK(site.post(path, said, as_pipeline()).status == 201);
  for (const http::fields& proof : {as_pipeline(), http::fields{}}) {
    const auto answer = site.post(path, said + " ", proof);
    CHECK(answer.status == 413);
    CHECK(read(answer).at("code") == "too_large");
  }
  for (const std::string text : {"", "{", "[]x", "{\"component\":\"a\",\"component\":\"b\"}"})
    CHECK(site.post(path, text, as_pipeline()).status == 400);
  for (const std::string text : {"[]", "1", "null"})
    CHECK(site.post(path, text, as_pipeline()).status == 422);
  CHECK(site.send({.method = "POST",
                   .target = path,
                   .headers = with(as_pipeline(), "Content-Type", "text/plain"),
                   .body = step().dump()})
            .status == 415);
}

TEST_CASE("the log is read the latest first, page by page, of all and of one") {
  register_site site;
  for (int i = 0; i < 7; ++i) {
    tree said = step(std::to_string(i));
    if (i % 2 == 1) said["component"] = "widget & more";
    REQUIRE(site.say(said).status == 201);
  }
  const auto versions = [&](std::string query) {
    std::string all;
    for (std::string cursor; cursor != "null";) {
      const auto page = site.list("?limit=2" + query + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (const auto& one : page.at("items")) all += one.at("version").get<std::string>();
      const auto& next = page.at("next");
      cursor = next.is_null() ? "null" : http::percent_encode(next.get<std::string>());
    }
    return all;
  };
  CHECK(versions("") == "6543210");
  CHECK(versions("&component=widget+%26+more") == "531");
  CHECK(versions("&component=comments") == "6420");
  CHECK(versions("&component=none") == "");
  CHECK(site.list("?component=").at("items").size() == 7);
  CHECK(site.get(path, bearer("whatever")).status == 200);  // it does not look at it
}

TEST_CASE("a list that cannot be is refused") {
  register_site site;
  for (int i = 0; i < 3; ++i) REQUIRE(site.say(step()).status == 201);
  const std::string of_all = read(site.get(std::string{path} + "?limit=1")).at("next");
  const std::pair<std::string, std::string> wrong[] = {
      {"?limit=0", "limit out_of_range"},
      {"?limit=201", "limit out_of_range"},
      {"?limit=x", "limit format"},
      {"?limit=-1", "limit format"},
      {"?format=xml", "format unknown"},
      {"?format=", "format unknown"},
      {"?format=csv&limit=0", "limit out_of_range"},
      {"?component=" + std::string(101, 'x') + "&limit=0",
       "component too_long, limit out_of_range"},
      {"?component=%0a", "component control_character"}};
  for (const auto& [query, fault] : wrong) {
    const auto answer = site.get(path + query);
    CHECK(answer.status == 422);
    CHECK(errors_of(answer) == fault);
  }
  for (const std::string query : {"?cursor=x", "?cursor=", "?format=csv&cursor=x"})
    CHECK(site.get(path + query).status == 400);
  CHECK(site.get(path + ("?cursor=" + of_all)).status == 200);
  CHECK(site.get(path + ("?component=comments&cursor=" + of_all)).status == 400);
  CHECK(site.ask("DELETE", path).status == 405);
  CHECK(header(site.ask("PUT", path), "Allow") == "OPTIONS, POST, GET, HEAD");
}

TEST_CASE("the parameter or the header asks for a spreadsheet") {
  register_site site;
  REQUIRE(site.say(step_with("responsible", "=cmd")).status == 201);
  const auto type = [&](const std::string& query, const std::string& accept) {
    const auto answer = site.get(path + query, {{"Accept", accept}});
    CHECK(header(answer, "Vary").find("Accept") != std::string::npos);
    return header(answer, "Content-Type");
  };
  const std::string csv = "text/csv; charset=utf-8; header=present", json = "application/json";
  CHECK(type("?format=csv", json) == csv);
  CHECK(type("?format=json", "text/csv") == json);
  for (const std::string accept :
       {"text/csv", "TEXT/CSV", "text/csv;q=0.1", "text/*", "*/*, text/csv",
        "application/json;q=0.5, text/csv;q=0.9", "text/csv ; q=1.0", "text/csv;charset=utf-8",
        "text/csv,*/*;q=0.1"})
    CHECK_MESSAGE(type("", accept) == csv, accept);
  for (const std::string accept :
       {"", "*/*", "application/json", "text/csv;q=0", "text/csv;q=0.000",
        "application/json, text/csv", "application/json, text/csv;q=0.999",
        "text/html,application/xhtml+xml,*/*;q=0.8", "text", "text/csvx", "xtext/csv"})
    CHECK_MESSAGE(type("", accept) == json, accept);
  const auto sheet = site.get(std::string{path} + "?format=csv");
  CHECK(header(sheet, "Content-Disposition") == "attachment; filename=\"deployments.csv\"");
  CHECK(
      sheet.body.starts_with("\ufeff"
                             "component,version,responsible,status,date,run,id\r\n"));
  CHECK(sheet.body.find("\r\ncomments,1.2.0,'=cmd,success,2023-11-14T22:13:20.123Z,,") !=
        std::string::npos);
  CHECK_FALSE(sheet.rest);
}

TEST_CASE("a spreadsheet is whole, however long, and comes in chunks") {
  register_site site;
  for (int i = 0; i < 10'001; ++i)
    REQUIRE(site.store.record(
        {.component = "comments", .version = std::to_string(i), .responsible = "a"},
        testing::some_moment));
  const auto answer = site.get(std::string{path} + "?format=csv");
  CHECK(answer.body.size() < 65'536);
  const std::string all = whole(answer);
  CHECK(std::ranges::count(all, '\n') == 10'002);
  CHECK(all.find("\r\ncomments,0,a,") != std::string::npos);
  CHECK(std::ranges::count(whole(site.get(std::string{path} + "?format=csv&limit=5000")), '\n') ==
        5001);
  CHECK(std::ranges::count(whole(site.get(std::string{path} + "?format=csv&limit=1")), '\n') == 2);
}

TEST_CASE("a status page that throws ends its request, with 503, and others go on") {
  int asked = 0;
  const testing::site site{
      {.secrets = testing::all_secrets,
       .status_page = [&asked](const service_status&, const http::request&) -> http::response {
         if (++asked == 1) throw std::runtime_error{"secret"};
         if (asked == 2) throw 42;
         return {.body = "fine"};
       }}};
  for (int i = 0; i < 2; ++i) {
    CHECK(site.get("/status").status == 503);
    CHECK(site.get("/healthz").status == 200);
  }
  CHECK(site.get("/status").body == "fine");
  CHECK(testing::site{{.secrets = testing::all_secrets}}.get("/status").status == 404);
}

TEST_CASE("a status page may ask the API that shows it") {
  const testing::site* serving = nullptr;
  const testing::site site{{.secrets = testing::all_secrets,
                            .status_page = [&](const service_status&, const http::request&) {
                              const auto ready = serving->get("/readyz");
                              const auto read = serving->get(path);
                              return http::response{.body = std::to_string(ready.status) + " " +
                                                            std::to_string(read.status)};
                            }}};
  serving = &site;
  CHECK(site.get("/status").body == "200 200");
}

TEST_CASE("the status page is shown the latest deployments and how the service is") {
  testing::site site{{.secrets = testing::all_secrets,
                      .build = {"shop", "1.2", "74ea099", "2026-11-23"},
                      .status_page = show_status}};
  const auto lines = [&](std::string_view with) {
    const auto answer = site.get("/status");
    CHECK(answer.status == 200);
    CHECK(header(answer, "Content-Type") == "text/plain");
    CHECK(answer.route == "/status");
    CHECK_MESSAGE(answer.body.find(with) != std::string::npos, answer.body);
    return std::ranges::count(answer.body, '\n');
  };
  CHECK(lines("shop 1.2 74ea099 2026-11-23 is working at 2023-11-14T22:13:20.123Z\n") == 1);
  tree said = step_with("run", "1");
  for (int i = 0; i < 51; ++i) {
    said["status"] = i % 2 == 0 ? "pending" : "in_progress";
    said["run"] = std::to_string(i / 2);
    said["version"] = "v" + std::to_string(i);
    REQUIRE(site.post(path, said.dump(), as_pipeline()).status == 201);
    site.now.advance(std::chrono::seconds{61});
  }
  CHECK(lines("\nv50 1 min 1 s so far\n") == 51);
  CHECK(lines("\nv48 1 min 1 s\n") == 51);
  CHECK(lines("\nv1 ") == 51);
  CHECK(site.get("/status").body.find("\nv0 ") == std::string::npos);
  site.comments.drain();
  CHECK(lines(" is draining at ") == 51);
}

TEST_CASE("a store that fails is a problem of the list, and a state of the status page") {
  memory_store memory;
  faulty_store store{memory};
  service comments{store};
  const auto api_on = [&](deployment_log& log) {
    return testing::client{testing::all_routes(
        comments,
        {.secrets = testing::all_secrets, .deployments = &log, .status_page = show_status})};
  };
  store.is_read_only = true;
  CHECK(api_on(memory).get("/status").body.find(" is read_only at ") != std::string::npos);
  store.done.is_away = true;
  CHECK(api_on(memory).get("/status").body.find(" is store_away at ") != std::string::npos);
  for (std::size_t i = 0; i < 4; ++i) {
    faulty_log broken{memory, 1};
    const testing::client ill = api_on(broken);
    if (i == 0) CHECK(ill.get(path).status == 503);
    if (i == 1) CHECK(ill.get(std::string{path} + "?format=csv").status == 503);
    if (i == 2) CHECK(ill.post(path, step().dump(), as_pipeline()).status == 503);
    if (i == 3) CHECK(ill.get("/status").body.find(", log unreadable\n") != std::string::npos);
  }
}

TEST_CASE("a step whose outcome is unknown says so, and its run can say it again") {
  memory_store memory;
  service comments{memory};
  faulty_log broken{memory, 1, errc::in_doubt};
  const testing::client api{
      testing::all_routes(comments, {.secrets = testing::all_secrets, .deployments = &broken})};
  const tree said = step_with("run", "1");
  const auto lost = api.post(path, said.dump(), as_pipeline());
  CHECK(lost.status == 503);
  CHECK(read(lost).at("code") == "unavailable");
  CHECK(read(lost).at("in_doubt") == true);
  CHECK(api.post(path, said.dump(), as_pipeline()).status == 201);
  CHECK(read(api.get(path)).at("items").size() == 1);
}

TEST_CASE("without a log there are no deployments, and without a page no status") {
  memory_store memory;
  service comments{memory};
  const testing::client without{
      testing::all_routes(comments, {.secrets = testing::all_secrets, .status_page = show_status})};
  CHECK(without.get(path).status == 404);
  CHECK(without.post(path, step().dump(), as_pipeline()).status == 404);
  CHECK(without.get("/status").status == 404);
  const testing::client bare{
      testing::all_routes(comments, {.secrets = testing::all_secrets, .deployments = &memory})};
  CHECK(bare.get(path).status == 200);
  CHECK(bare.post(path, step().dump(), as_pipeline()).status == 201);
  CHECK(bare.get("/status").status == 404);
}
