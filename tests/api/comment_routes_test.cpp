#include <comments/api/comment_routes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/api.hpp"
#include "support/people.hpp"
#include "support/size.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;
using namespace std::chrono_literals;

namespace {

const std::string comments_path = "/api/v1/comments";
const std::string absent_path = comments_path + "/0192f0c1-7b2a-7c3d-9e4f-0123456789ab";

// A site with secrets for every kind of caller.
struct full_site : site {
  explicit full_site(service_options chosen = {})
      : site{{.secrets = all_secrets}, std::move(chosen)} {}
  full_site(route_options options, service_options chosen)
      : site{std::move(options), std::move(chosen)} {}

  posted write(tree draft, fields headers = {}, std::string peer = "192.0.2.1") const {
    return post_comment(*this, std::move(draft), std::move(headers), std::move(peer));
  }
  auto look(const posted& at, fields headers = {}) const {
    return read(get(at.path, std::move(headers)));
  }
  response edit(const posted& at, fields headers, std::string body = "outro") const {
    return ask("PATCH", at.path, tree{{"body", body}}.dump(), std::move(headers));
  }
  response remove(const posted& at, fields headers) const {
    return ask("DELETE", at.path, {}, std::move(headers));
  }
  std::string status_of(const posted& at) const {
    return look(at, as_moderator()).at("status").get<std::string>();
  }
  std::string counts() const { return get("/api/v1/counts?content_id=1").body; }
};

rule hold_what_says(std::string word) {
  return [word](const draft& written, const arrival&) {
    return written.body.find(word) == std::string::npos ? accept() : hold("says " + word);
  };
}

}  // namespace

TEST_CASE("a reply below the depth cap hangs at the cap and says which it answers") {
  const full_site site;
  std::vector<posted> chain{site.write({{"body", "0"}})};
  for (int i = 1; i <= 8; ++i)
    chain.push_back(site.write({{"body", std::to_string(i)}, {"parent_id", chain.back().id}}));
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const auto seen = site.look(chain[i]);
    CHECK(seen.at("parent_id") == chain[i <= 6 ? i - 1 : 5].id);
    CHECK(seen.contains("reply_to") == (i > 6));
    if (i > 6) CHECK(seen.at("reply_to") == chain[i - 1].id);
  }
  CHECK(site.look(chain[5]).at("replies") == 3);
  CHECK(site.look(chain[6]).at("replies") == 0);
  CHECK(site.look(chain[0]).at("replies") == 1);
}

TEST_CASE("the depth cap is the operator's") {
  const full_site site{{.depth_max = 1}};
  const auto root = site.write({{"body", "0"}});
  const auto first = site.write({{"body", "1"}, {"parent_id", root.id}});
  const auto second = site.write({{"body", "2"}, {"parent_id", first.id}});
  CHECK(site.look(second).at("parent_id") == root.id);
  CHECK(site.look(second).at("reply_to") == first.id);
  CHECK(site.look(root).at("replies") == 2);
}

TEST_CASE("a chain of thousands of replies costs no more than as many comments") {
  const full_site site;
  const int length = testing::size(1'000, 10'000);
  auto last = site.write({{"body", "0"}});
  for (int i = 0; i < length; ++i) last = site.write({{"body", "x"}, {"parent_id", last.id}});
  CHECK(site.counts() == R"({"counts":{"1":)" + std::to_string(length + 1) + "}}");
  CHECK(decide(site, "remove", {last.id}).status == 200);
  CHECK(site.counts() == R"({"counts":{"1":)" + std::to_string(length) + "}}");
}

TEST_CASE("what readers cannot see has no replies, and neither has what is elsewhere") {
  const full_site site;
  for (const char* action : {"hold", "spam", "remove"}) {
    const auto parent = site.write({{"body", "a"}});
    REQUIRE(decide(site, action, {parent.id}).status == 200);
    for (const fields& who : {fields{}, as_user("uid-1"), as_moderator()}) {
      const auto refused =
          site.post(comments_path,
                    tree{{"content_id", "1"}, {"body", "b"}, {"parent_id", parent.id}}.dump(), who);
      CHECK(refused.status == 404);
      CHECK(errors_of(refused) == "/parent_id not_found");
    }
  }
  CHECK(site.counts() == R"({"counts":{"1":0}})");
}

TEST_CASE("a removed comment with replies is a tombstone: its place, and nothing of its author") {
  const full_site site;
  const auto root = site.write(
      {{"body", "segredo"}, {"author", {{"name", "Gabi"}, {"email", "gabi@example.com"}}}});
  const auto reply = site.write({{"body", "re"}, {"parent_id", root.id}});
  REQUIRE(site.edit(root, bearer(root.token), "segredo maior").status == 200);
  REQUIRE(site.remove(root, bearer(root.token)).status == 204);
  for (const auto& seen :
       {site.look(root), read(site.get(comments_path + "?content_id=1")).at("items").at(0)}) {
    CHECK(seen.at("id") == root.id);
    CHECK(seen.at("status") == "removed");
    CHECK(seen.at("author").at("name") == "");
    CHECK(seen.at("body") == "");
    CHECK(seen.at("body_html") == "");
    CHECK(seen.at("replies") == 1);
    CHECK(seen.at("edited_at").is_null());
  }
  CHECK(site.look(root, as_moderator()) == site.look(root));
  CHECK(site.get("/api/comment/list/1").body == R"([{"email":"","comment":"re"}])");
  CHECK(site.counts() == R"({"counts":{"1":1}})");
  CHECK(site.get(root.path + "/history", as_moderator()).body.find("segredo") == std::string::npos);
  const auto kept = site.store.find(*parse_comment_id(root.id));
  CHECK(kept->author == author{});
  CHECK(kept->body + kept->encoded + kept->origin == "");

  REQUIRE(site.remove(reply, bearer(reply.token)).status == 204);
  CHECK(site.get(root.path).status == 404);
  CHECK(site.get(reply.path).status == 404);
  CHECK(read(site.get(comments_path + "?content_id=1")).at("items").empty());
}

TEST_CASE("tombstones stand as long as anything visible is below them, however deep") {
  const full_site site;
  const auto root = site.write({{"body", "a"}});
  const auto middle = site.write({{"body", "b"}, {"parent_id", root.id}});
  const auto leaf = site.write({{"body", "c"}, {"parent_id", middle.id}});
  for (const auto& [action, shown] : {std::pair{"hold", "pending"}, std::pair{"spam", "spam"}})
    for (const posted* one : {&root, &middle}) {
      REQUIRE(decide(site, action, {one->id}).status == 200);
      CHECK(site.look(*one).at("status") == shown);
      CHECK(site.look(*one).at("body") == "");
      CHECK(site.look(*one, as_moderator()).at("body") != "");
      CHECK(site.get(leaf.path).status == 200);
    }
  REQUIRE(decide(site, "hold", {leaf.id}).status == 200);
  for (const posted* one : {&root, &middle, &leaf}) CHECK(site.get(one->path).status == 404);
  REQUIRE(decide(site, "approve", {leaf.id}).status == 200);
  for (const posted* one : {&root, &middle, &leaf}) CHECK(site.get(one->path).status == 200);
  CHECK(site.counts() == R"({"counts":{"1":1}})");
  CHECK(site.look(root).at("replies") == 1);
}

TEST_CASE("an edit replaces text and HTML, and says when") {
  full_site site;
  const auto one = site.write({{"body", "a"}, {"author", {{"name", "Gabi"}}}});
  const auto key = site.look(one).at("author").at("key");
  site.now.advance(1s);
  const auto answer = site.edit(one, bearer(one.token), "<b>");
  CHECK(answer.status == 200);
  CHECK(header(answer, "ETag") == "\"2-3-plain_1\"");
  const auto edited = read(answer);
  CHECK(edited.at("body") == "<b>");
  CHECK(edited.at("body_html") == "<p>&lt;b&gt;</p>\n");
  CHECK(edited.at("edited_at") == "2023-11-14T22:13:21.123Z");
  CHECK(edited.at("created_at") == "2023-11-14T22:13:20.123Z");
  CHECK(edited.at("author").at("key") == key);
  CHECK(edited.at("version") == 2);
  CHECK_FALSE(edited.contains("edit_token"));
  CHECK(site.look(one) == edited);
  CHECK(read(site.get(comments_path + "?content_id=1")).at("items").at(0) == edited);
}

TEST_CASE("an edited text is held to the rules of a posted one") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  const auto send = [&](std::string body) {
    return site.ask("PATCH", one.path, std::move(body), bearer(one.token));
  };
  CHECK(send("{").status == 400);
  CHECK(errors_of(send("{}")) == "/body required");
  CHECK(errors_of(send(R"({"body":7})")) == "/body type");
  CHECK(errors_of(send(R"({"body":" "})")) == "/body required");
  CHECK(errors_of(send(tree{{"body", std::string(16'385, 'x')}}.dump())) == "/body too_long");
  CHECK(site.send({.method = "PATCH", .target = one.path, .body = "{}"}).status == 415);
  CHECK(site.look(one).at("version") == 1);
  CHECK(send(tree{{"body", std::string(16'384, 'x')}}.dump()).status == 200);
}

TEST_CASE("an edit token changes its own comment, and is worth nothing elsewhere") {
  const full_site site;
  const auto mine = site.write({{"body", "meu"}}), other = site.write({{"body", "outro"}});
  const auto token = bearer(mine.token);
  CHECK(code_of(site.edit(other, token)) == "unauthenticated");
  CHECK(code_of(site.remove(other, token)) == "unauthenticated");
  CHECK(code_of(site.get(other.path, token)) == "unauthenticated");
  const std::pair<std::string, std::string> elsewhere[] = {
      {"PUT", mine.path + "/vote"},     {"DELETE", mine.path + "/vote"},
      {"POST", mine.path + "/reports"}, {"POST", comments_path},
      {"POST", "/api/comment/new"},     {"GET", "/api/v1/moderation/queue"},
      {"GET", mine.path + "/history"},  {"POST", "/api/v1/moderation/actions"},
      {"PATCH", "/api/v1/contents/1"},  {"GET", "/api/v1/me/export"},
      {"DELETE", "/api/v1/me"}};
  for (const auto& [method, path] : elsewhere) {
    const auto refused =
        site.ask(method, path, R"({"reason":"r","body":"b","content_id":1})", token);
    CHECK(code_of(refused) == "unauthenticated");
    CHECK(header(refused, "WWW-Authenticate") == "Bearer");
  }
  CHECK(site.look(other).at("body") == "outro");
  CHECK(site.edit(mine, token).status == 200);
  CHECK(site.remove(mine, token).status == 204);
}

TEST_CASE("an edit token that was cut, changed at any byte or made elsewhere is refused") {
  const full_site site, another_install;
  const auto one = site.write({{"body", "a"}});
  const auto refused = [&](const std::string& token) {
    return code_of(site.edit(one, bearer(token))) == "unauthenticated" &&
           code_of(site.remove(one, bearer(token))) == "unauthenticated";
  };
  for (std::size_t i = 0; i < one.token.size(); ++i) {
    CHECK(refused(one.token.substr(0, i)));
    for (const char c : {'A', 'z', '0', '-', '.', '=', ' ', '\x7f'}) {
      std::string edited = one.token;
      edited[i] = c;
      if (edited != one.token) CHECK(refused(edited));
    }
  }
  CHECK(refused(one.token + "A"));
  CHECK(refused(one.token + one.token));
  CHECK(refused(another_install.write({{"body", "a"}}).token));
  const auth::signer other{another_install.store.signing_key()};
  CHECK(refused(auth::make_edit_token(other, *parse_comment_id(one.id), some_moment + 1h)));
  CHECK(site.look(one).at("version") == 1);
  CHECK(site.edit(one, bearer(one.token)).status == 200);
}

TEST_CASE("an edit token and a signed-in author's right end with the edit window, to the ms") {
  full_site site{{.edit_window = 2min}};
  const auto user = as_user("uid-1");
  const auto one = site.write({{"body", "a"}});
  const auto mine = site.write({{"body", "a"}}, user);
  site.now.advance(2min);
  CHECK(site.edit(one, bearer(one.token)).status == 200);
  CHECK(site.edit(mine, user).status == 200);
  site.now.advance(1ms);
  for (const auto& [path, proof] :
       {std::pair{one.path, bearer(one.token)}, std::pair{mine.path, user}}) {
    CHECK(code_of(site.ask("PATCH", path, R"({"body":"b"})", proof)) == "edit_window_closed");
    CHECK(code_of(site.ask("DELETE", path, {}, proof)) == "edit_window_closed");
  }
  CHECK(site.edit(mine, as_moderator()).status == 200);
  CHECK(site.remove(one, as_moderator()).status == 204);
}

TEST_CASE("only its author and moderators change a comment, and others hear why not") {
  const full_site site;
  const auto mine = site.write({{"body", "a"}}, as_user("uid-1"));
  const auto anonymous = site.write({{"body", "a"}});
  for (const posted* one : {&mine, &anonymous}) {
    CHECK(code_of(site.edit(*one, {})) == "unauthenticated");
    CHECK(code_of(site.edit(*one, as_user("uid-2"))) == "forbidden");
    CHECK(code_of(site.edit(*one, as_pipeline())) == "forbidden");
    CHECK(code_of(site.remove(*one, {})) == "unauthenticated");
    CHECK(code_of(site.remove(*one, as_user("uid-2"))) == "forbidden");
    CHECK(code_of(site.edit(*one, bearer("guess"))) == "unauthenticated");
    CHECK(site.look(*one).at("body") == "a");
  }
  CHECK(code_of(site.edit(anonymous, as_user("uid-1"))) == "forbidden");
  CHECK(site.edit(mine, as_user("uid-1")).status == 200);
  CHECK(site.edit(anonymous, as_moderator()).status == 200);
}

TEST_CASE("what is hidden is not there for others, and there for its author and moderators") {
  const full_site site{{.mode = content_status::premoderated}};
  const auto user = as_user("uid-1");
  const auto mine = site.write({{"body", "a"}}, user);
  const auto one = site.write({{"body", "a"}});
  for (const posted* hidden : {&mine, &one}) {
    for (const fields& who : {fields{}, as_user("uid-2"), as_pipeline()}) {
      CHECK(site.get(hidden->path, who).status == 404);
      CHECK(site.edit(*hidden, who).status == 404);
      CHECK(site.remove(*hidden, who).status == 404);
    }
    CHECK(site.get(hidden->path, as_moderator()).status == 200);
  }
  CHECK(site.look(mine, user).at("status") == "pending");
  CHECK(site.look(one, bearer(one.token)).at("status") == "pending");
  CHECK(site.edit(mine, user).status == 200);
  CHECK(site.edit(one, bearer(one.token)).status == 200);
  CHECK(site.status_of(one) == "pending");
  CHECK(site.remove(one, bearer(one.token)).status == 204);
  CHECK(site.get(one.path, bearer(one.token)).status == 404);
  CHECK(site.edit(one, as_moderator()).status == 404);
  CHECK(site.remove(one, as_moderator()).status == 404);
}

TEST_CASE("what is not there cannot be changed, voted for or reported") {
  const full_site site;
  for (const std::string& path : {absent_path, comments_path + "/17", comments_path + "/%00"}) {
    CHECK(site.ask("PATCH", path, R"({"body":"b"})", as_moderator()).status == 404);
    CHECK(site.ask("DELETE", path, {}, as_moderator()).status == 404);
    CHECK(site.ask("PUT", path + "/vote").status == 404);
    CHECK(site.ask("DELETE", path + "/vote").status == 404);
    CHECK(site.post(path + "/reports", R"({"reason":"rude"})").status == 404);
  }
}

TEST_CASE("If-Match guards edits and removals") {
  const full_site site;
  const std::pair<const char*, bool> headers[] = {
      {"\"2\"", true},  {"*", true},  {"\"1\", \"2\"", true}, {"\"2\" ,\"x\"", true},
      {"\"1\"", false}, {"2", false}, {"W/\"2\"", false},     {"", false},
      {"\"3\"", false}, {",", false}, {"\"2", false},         {"\"22\"", false},
      {"\"-2\"", false}};
  for (const bool is_edit : {true, false})
    for (const auto& [value, passes] : headers) {
      const std::string content_id = std::string{value} + (is_edit ? "e" : "r");
      const auto one = site.write({{"content_id", content_id}, {"body", "a"}});
      REQUIRE(site.edit(one, bearer(one.token), "b").status == 200);
      const auto proof = with(bearer(one.token), "If-Match", value);
      const auto answer = is_edit ? site.edit(one, proof, "c") : site.remove(one, proof);
      CHECK(answer.status == (!passes ? 412 : is_edit ? 200 : 204));
      if (passes) continue;
      CHECK(code_of(answer) == "version_mismatch");
      CHECK(site.look(one).at("version") == 2);
      CHECK(site.look(one).at("body") == "b");
    }
}

TEST_CASE("of two edits with the same If-Match one wins") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  const auto proof = with(bearer(one.token), "If-Match", one.etag);
  CHECK(site.edit(one, proof, "b").status == 200);
  CHECK(site.edit(one, proof, "c").status == 412);
  CHECK(site.look(one).at("body") == "b");
}

TEST_CASE("a locked content takes no comments and no edits, but removals and votes") {
  const full_site site;
  const auto one = site.write({{"body", "a"}}), other = site.write({{"body", "a"}});
  REQUIRE(
      site.ask("PATCH", "/api/v1/contents/1", R"({"status":"locked"})", as_moderator()).status ==
      200);
  CHECK(code_of(site.post(comments_path, R"({"content_id":1,"body":"b"})")) == "content_locked");
  CHECK(code_of(site.post("/api/comment/new",
                          R"({"content_id":1,"comment":"b","email":"a@example.com"})")) ==
        "content_locked");
  CHECK(code_of(site.edit(one, bearer(one.token))) == "content_locked");
  CHECK(site.edit(one, as_moderator()).status == 200);
  CHECK(site.post(comments_path, R"({"content_id":1,"body":"b"})", as_moderator()).status == 201);
  CHECK(site.ask("PUT", other.path + "/vote").status == 200);
  CHECK(site.remove(one, bearer(one.token)).status == 204);
}

TEST_CASE("a comment sees edits_max changes of its author, and any number of a moderator") {
  const full_site site{{.edits_max = 3}};
  const auto one = site.write({{"body", "a"}});
  for (int i = 0; i < 3; ++i) CHECK(site.edit(one, bearer(one.token)).status == 200);
  CHECK(code_of(site.edit(one, bearer(one.token))) == "conflict");
  CHECK(site.edit(one, as_moderator()).status == 200);
  CHECK(site.remove(one, bearer(one.token)).status == 204);
}

TEST_CASE("an edit is judged: it may leave publication and never enter it") {
  const full_site site{{.rules = {hold_what_says("pills")}}};
  const auto one = site.write({{"body", "a"}});
  const auto edited = site.edit(one, bearer(one.token), "pills");
  CHECK(edited.status == 200);
  CHECK(read(edited).at("status") == "pending");
  CHECK(site.get(one.path).status == 404);
  CHECK(site.edit(one, bearer(one.token), "nothing").status == 200);
  CHECK(site.status_of(one) == "pending");
  CHECK(site.edit(one, as_moderator(), "pills, says the moderator").status == 200);
  CHECK(site.status_of(one) == "pending");
  REQUIRE(decide(site, "approve", {one.id}).status == 200);
  CHECK(site.edit(one, as_moderator(), "pills again").status == 200);
  CHECK(site.status_of(one) == "published");
  const auto history = read(site.get(one.path + "/history", as_moderator())).at("items");
  CHECK(history.at(1).at("reason") == "says pills");
}

TEST_CASE("a form gets the length that a comment may have") {
  const full_site site;
  CHECK(read(site.get("/api/v1/form")).at("body_bytes_max") == comments::limits{}.body_bytes_max);
}

TEST_CASE("how a draft came is for the rules: the client, the form and the trap") {
  std::vector<arrival> seen;
  full_site site{{.rules = {[&](const draft&, const arrival& how) {
                    seen.push_back(how);
                    return accept();
                  }}}};
  const std::string form = read(site.get("/api/v1/form")).at("form");
  site.now.advance(5s);
  site.write({{"body", "a"}, {"form", form}, {"trap", "x"}});
  site.write({{"body", "a"}, {"form", form}}, {}, "192.0.2.2");
  const auto one = site.write({{"body", "a"}, {"trap", ""}});
  site.edit(one, bearer(one.token));
  site.post("/api/comment/new", R"({"content_id":1,"comment":"b","email":"a@example.com"})");
  REQUIRE(seen.size() == 5);
  for (const arrival& how : seen) CHECK(how.now == some_moment + 5s);
  for (const arrival& how : seen) CHECK(how.client.size() == 22);
  CHECK(seen[0].client != seen[1].client);
  CHECK(seen[0].client == seen[2].client);
  CHECK(seen[0].form_shown_at == some_moment);
  CHECK(seen[1].form_shown_at == some_moment);
  CHECK(seen[2].form_shown_at == std::nullopt);
  CHECK(seen[4].form_shown_at == std::nullopt);
  CHECK(seen[0].is_honeypot_filled);
  CHECK_FALSE(seen[1].is_honeypot_filled);
  CHECK_FALSE(seen[2].is_honeypot_filled);
  CHECK_FALSE(seen[0].is_edit);
  CHECK(seen[3].is_edit);
}

TEST_CASE("a form time that is forged, or of another install, is refused") {
  const full_site site, other;
  const std::string form = read(site.get("/api/v1/form")).at("form");
  const std::string foreign = read(other.get("/api/v1/form")).at("form");
  for (const std::string& token :
       {form.substr(1), form + "A", foreign, std::string{"x"}, site.write({{"body", "a"}}).token}) {
    const auto refused =
        site.post(comments_path, tree{{"content_id", "1"}, {"body", "a"}, {"form", token}}.dump());
    CHECK(errors_of(refused) == "/form unknown");
  }
  CHECK(errors_of(site.post(comments_path, R"({"content_id":1,"body":"a","form":1,"trap":2})")) ==
        "/form type, /trap type");
}

TEST_CASE("what a rule makes of a draft is its status; what it refuses is not stored") {
  const full_site site{{.rules = {[](const draft& written, const arrival&) {
                          if (written.body == "spam") return as_spam("is spam");
                          if (written.body == "no") return refuse({{"/body", "repeated"}});
                          return written.body == "hold" ? hold("on hold") : accept();
                        }}}};
  const auto status_of = [&](const char* body) {
    return read(site.post(comments_path, tree{{"content_id", "1"}, {"body", body}}.dump()))
        .at("status");
  };
  CHECK(status_of("fine") == "published");
  CHECK(status_of("hold") == "pending");
  CHECK(status_of("spam") == "spam");
  const auto refused = site.post(comments_path, R"({"content_id":1,"body":"no"})");
  CHECK(errors_of(refused) == "/body repeated");
  CHECK(read(site.get("/api/v1/contents/1")).at("version") == 3);
  CHECK(site.counts() == R"({"counts":{"1":1}})");
  CHECK(read(site.get("/api/comment/list/1")).size() == 1);
  for (const char* body : {"hold", "spam", "no"})
    CHECK(site.post(comments_path, tree{{"content_id", "2"}, {"body", body}}.dump(), as_moderator())
              .status == 201);
  CHECK(read(site.get("/api/v1/contents/2")).at("comments") == 3);
}

TEST_CASE("one vote for each voter, and saying it twice changes nothing") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  const std::string vote = one.path + "/vote";
  const auto votes = [&](const char* method, fields who = {}, std::string peer = "192.0.2.1") {
    const auto answer = site.ask(method, vote, {}, std::move(who), std::move(peer));
    REQUIRE(answer.status == 200);
    CHECK(header(answer, "ETag") == to_etag({.version = read(answer).at("version")}, "3-plain_1"));
    return read(answer).at("votes").get<int>();
  };
  const std::string browser = read(site.ask("PUT", vote, {}, {}, "192.0.2.1")).at("browser");
  CHECK(votes("PUT") == 1);
  CHECK(site.look(one).at("version") == 2);
  CHECK(votes("PUT", {}, "192.0.2.2") == 2);
  CHECK(votes("PUT", as_user("uid-1")) == 3);
  CHECK(votes("PUT", as_user("uid-1"), "192.0.2.9") == 3);
  CHECK(votes("PUT", as_user("uid-2")) == 4);
  CHECK(votes("DELETE", as_user("uid-1"), "192.0.2.8") == 3);
  CHECK(votes("DELETE", as_user("uid-1")) == 3);
  CHECK(votes("DELETE") == 3);  // many may share an address
  CHECK(votes("DELETE", {{"Comments-Browser", browser}}, "192.0.2.7") == 2);
}

TEST_CASE("voters behind one /64 of IPv6 are one, behind two are two") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  const auto votes = [&](std::string peer) {
    return read(site.ask("PUT", one.path + "/vote", {}, {}, std::move(peer))).at("votes");
  };
  CHECK(votes("2001:db8:0:1::1") == 1);
  CHECK(votes("2001:db8:0:1:ffff::2") == 1);
  CHECK(votes("2001:db8:0:2::1") == 2);
}

TEST_CASE("votes for hidden or removed comments, or without a voter, are refused") {
  const full_site site;
  for (const char* action : {"hold", "spam", "remove"}) {
    const auto one = site.write({{"body", "a"}});
    REQUIRE(site.ask("PUT", one.path + "/vote").status == 200);
    REQUIRE(decide(site, action, {one.id}).status == 200);
    CHECK(site.ask("PUT", one.path + "/vote", {}, {}, "192.0.2.2").status == 404);
    CHECK(site.ask("DELETE", one.path + "/vote").status == 404);
  }
  const auto one = site.write({{"body", "a"}});
  CHECK(code_of(site.ask("PUT", one.path + "/vote", {}, bearer("x"))) == "unauthenticated");
  CHECK(site.look(one).at("votes") == 0);
}

TEST_CASE("reports count once for each reporter, and the third hides until a moderator decides") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  const auto report = [&](fields who = {}, std::string peer = "192.0.2.1") {
    return site.ask("POST", one.path + "/reports", R"({"reason":"rude"})", who, peer).status;
  };
  CHECK(report() == 204);
  CHECK(report() == 204);
  CHECK(report(as_user("uid-1")) == 204);
  CHECK(report(as_user("uid-1"), "192.0.2.5") == 204);
  CHECK(site.get(one.path).status == 200);
  CHECK(report({}, "192.0.2.2") == 204);
  CHECK(site.get(one.path).status == 404);
  CHECK(site.status_of(one) == "pending");
  CHECK(report({}, "192.0.2.3") == 404);

  REQUIRE(decide(site, "approve", {one.id}).status == 200);
  CHECK(report() == 204);  // who has said so before
  CHECK(report({}, "192.0.2.2") == 204);
  CHECK(report({}, "192.0.2.4") == 204);
  CHECK(report({}, "192.0.2.5") == 204);
  CHECK(site.get(one.path).status == 200);
  CHECK(report({}, "192.0.2.6") == 204);
  CHECK(site.status_of(one) == "pending");
  const auto history = read(site.get(one.path + "/history", as_moderator())).at("items");
  CHECK(history.size() == 4);
  CHECK(history.at(1).at("by") == "reports");
  CHECK(history.at(1).at("status") == "pending");
}

TEST_CASE("how many reports hide a comment is the operator's: one, or none ever") {
  const full_site strict{{.reports_max = 1}}, never{{.reports_max = 0}};
  for (const full_site* site : {&strict, &never}) {
    const auto one = site->write({{"body", "a"}});
    for (int i = 1; i <= 5; ++i)
      site->ask("POST", one.path + "/reports", R"({"reason":"x"})", {},
                "192.0.2." + std::to_string(i));
    CHECK(site->get(one.path).status == (site == &strict ? 404 : 200));
  }
}

TEST_CASE("a report needs a reason of at most 1,000 bytes") {
  const full_site site;
  const auto one = site.write({{"body", "a"}});
  constexpr std::size_t most = 1000;
  const auto errors_with = [&](const tree& body) {
    const auto answer = site.post(one.path + "/reports", body.dump());
    return answer.status == 204 ? "" : errors_of(answer);
  };
  CHECK(errors_with({{"reason", std::string(most, 'x')}}) == "");
  CHECK(errors_with({{"reason", std::string(most + 1, 'x')}}) == "/reason too_long");
  CHECK(errors_with({{"reason", " \n"}}) == "/reason required");
  CHECK(errors_with({{"reason", std::string("a\0b", 3)}}) == "/reason control_character");
  CHECK(errors_with(tree::object()) == "/reason required");
  CHECK(errors_with({{"reason", 1}}) == "/reason type");
  CHECK(errors_with(tree::array()) == " type");
}

TEST_CASE("a signed-in author is the name that the site says, whatever the body says") {
  const full_site site;
  const auto draft =
      tree{{"body", "a"}, {"author", {{"name", "Bia"}, {"email", "bia@example.com"}}}};
  const auto one = site.write(draft, as_user("uid-1", "Ana", "ana@example.com"));
  const auto seen = site.look(one).at("author");
  CHECK(seen.at("name") == "Ana");
  CHECK(seen.at("verified") == true);
  CHECK(site.store.find(*parse_comment_id(one.id))->author.email == "ana@example.com");
  const auto again = site.write({{"body", "b"}}, as_user("uid-1", "Aninha", "other@example.com"));
  CHECK(site.look(again).at("author").at("key") == seen.at("key"));
}

TEST_CASE("a stranger under a user's name and address is not verified, and looks different") {
  const full_site site;
  const auto ana = site.look(site.write({{"body", "a"}}, as_user("uid-1"))).at("author");
  const auto draft = [](tree author) { return tree{{"body", "b"}, {"author", std::move(author)}}; };
  const auto stranger =
      site.look(site.write(draft({{"name", "Ana"}, {"email", "ana@example.com"}}))).at("author");
  CHECK(stranger.at("verified") == false);
  CHECK(stranger.at("key") != ana.at("key"));
  for (const char* claim : {"verified", "subject"}) {
    tree claiming{
        {"content_id", "1"}, {"body", "b"}, {"author", {{"name", "uid"}, {claim, "uid-1"}}}};
    CHECK(errors_of(site.post("/api/v1/comments", claiming.dump())) ==
          std::string{"/author/"} + claim + " unknown");
  }
  const auto other = site.look(site.write({{"body", "b"}}, as_user("uid-2"))).at("author");
  CHECK(other.at("key") != ana.at("key"));
}

TEST_CASE("a preview is what a post would be, and leaves nothing") {
  const full_site site;
  const auto answer = site.post("/api/v1/previews", R"({"body":"a < b"})");
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"body_html":"<p>a &lt; b</p>\n"})");
  CHECK(errors_of(site.post("/api/v1/previews", R"({"body":" "})")) == "/body required");
  CHECK(errors_of(site.post("/api/v1/previews", "{}")) == "/body required");
  CHECK(errors_of(site.post("/api/v1/previews", tree{{"body", std::string(16'385, 'x')}}.dump())) ==
        "/body too_long");
}

TEST_CASE("a post that is held is answered with its status, and its author changes it") {
  const full_site site{{.mode = content_status::premoderated}};
  const auto answer = site.post(comments_path, R"({"content_id":1,"body":"a"})");
  CHECK(answer.status == 201);
  CHECK(read(answer).at("status") == "pending");
  CHECK(site.counts() == R"({"counts":{"1":0}})");
  const std::string token = read(answer).at("edit_token");
  CHECK(site.ask("DELETE", header(answer, "Location"), {}, bearer(token)).status == 204);
}

TEST_CASE("a retry under the key of a comment that was removed finds it removed, not made again") {
  const full_site site;
  const fields key{{"Idempotency-Key", "k"}};
  const auto one = site.write({{"body", "a"}}, key);
  REQUIRE(site.remove(one, bearer(one.token)).status == 204);
  const auto again = site.post(comments_path, R"({"content_id":"1","body":"a"})", key);
  CHECK(again.status == 201);
  CHECK(read(again).at("id") == one.id);
  CHECK(read(again).at("status") == "removed");
  CHECK(read(again).at("body") == "");
}

TEST_CASE("a renderer that throws, or is empty, ends the request that needed it, and no other") {
  const renderer throwing{"broken 1", [](std::string_view body) -> std::string {
                            if (body.starts_with("bad")) throw std::runtime_error{"secret"};
                            return std::string{body};
                          }};
  const full_site site{{.secrets = testing::all_secrets, .body = throwing}, {}};
  const auto post = [](const full_site& to, std::string_view body) {
    return to.post("/api/v1/comments", tree{{"content_id", "1"}, {"body", body}}.dump());
  };
  const auto refused = post(site, "bad");
  CHECK(refused.status == 503);
  CHECK(refused.body.find("secret") == std::string::npos);
  CHECK(post(site, "good").status == 201);
  CHECK(read(site.get("/api/v1/contents/1")).at("comments") == 1);
  const full_site empty{{.body = {"empty 1", {}}}, {}};
  CHECK(post(empty, "good").status == 503);
  CHECK(empty.get("/api/v1/contents/1").status == 404);
}

TEST_CASE("another renderer's HTML is made again whenever it is read, and the body stays") {
  backstage behind;
  const auto as = [](std::string name) {
    return renderer{name, [name](std::string_view body) { return name + " " + std::string{body}; }};
  };
  const client first{testing::all_routes(behind.comments, {.body = as("r1")})};
  const client second{testing::all_routes(behind.comments, {.body = as("r2")})};
  const auto one = post_comment(first, {{"body", "a\"b"}});
  CHECK(behind.store.find(*parse_comment_id(one.id))->encoded.starts_with("3 r1\n"));
  for (int i = 0; i < 2; ++i) {
    CHECK(read(first.get(one.path)).at("body_html") == "r1 a\"b");
    CHECK(read(second.get(one.path)).at("body_html") == "r2 a\"b");
    const auto list = read(second.get(comments_path + "?content_id=1")).at("items").at(0);
    CHECK(list.at("body_html") == "r2 a\"b");
    CHECK(list.at("body") == "a\"b");
  }
  CHECK(first.get("/api/comment/list/1").body == second.get("/api/comment/list/1").body);
  CHECK(second.get("/api/comment/list/1").body == R"([{"email":"","comment":"a\"b"}])");
  CHECK(second.ask("PATCH", one.path, R"({"body":"c"})", bearer(one.token)).status == 200);
  CHECK(behind.store.find(*parse_comment_id(one.id))->encoded.starts_with("3 r2\n"));
  CHECK(read(first.get(one.path)).at("body_html") == "r1 c");
}

TEST_CASE("an author reads why a moderator hid a comment, by token and by account, at once") {
  const full_site site;
  const auto ana = as_user("uid-1", "Ana");
  for (const fields& proof : {fields{}, ana}) {
    const posted one = site.write({{"body", "a"}}, proof);
    const fields own = proof.empty() ? testing::bearer(one.token) : proof;
    CHECK_FALSE(site.look(one, own).contains("reason"));
    site.post("/api/v1/moderation/actions",
              tree{{"ids", {one.id}}, {"action", "hold"}, {"reason", "Off \"topic\"."}}.dump(),
              as_moderator());
    CHECK(site.look(one, own).at("reason") == "Off \"topic\".");
    // A program that knew no reasons sent the same version without one.
    fields known = own;
    known.emplace_back("If-None-Match", header(site.get(one.path, own), "ETag"));
    CHECK(site.get(one.path, known).status == 200);
    CHECK(site.get(one.path).status == 404);
    CHECK(site.get(one.path, as_user("uid-2")).status == 404);
    site.post("/api/v1/moderation/actions", tree{{"ids", {one.id}}, {"action", "approve"}}.dump(),
              as_moderator());
    CHECK_FALSE(site.look(one, own).contains("reason"));
    CHECK_FALSE(site.look(one).contains("reason"));
  }
}
