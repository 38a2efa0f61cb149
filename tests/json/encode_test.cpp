#include <comments/json/encode.hpp>

#include <comments/json/document.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using namespace comments::json;

namespace {

const comment_id first_id = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ab");
const comment_id second_id = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ac");

std::string key_of(const comment& written) { return "key of " + written.author.name; }
const style plain{key_of};

comment make_comment() {
  return {
      .id = first_id,
      .content_id = "blog/1",
      .position = 7,
      .author = {.name = "Gabriela", .email = "gabriela@example.com", .url = "https://example.com"},
      .body = "Oi & \"tchau\"\n\n<b>",
      .votes = -2,
      .replies = 3,
      .created_at = from_milliseconds(1'700'000'000'123),
      .version = 9};
}

const std::string first_text =
    R"({"id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","content_id":"blog/1","parent_id":null,)"
    R"("status":"published","author":{"name":"Gabriela","verified":false,"key":"key of Gabriela"},)"
    R"("body":"Oi & \"tchau\"\n\n<b>",)"
    R"("body_html":"<p>Oi &amp; &quot;tchau&quot;</p>\n<p>&lt;b&gt;</p>\n",)"
    R"("votes":-2,"replies":3,"created_at":"2023-11-14T22:13:20.123Z","edited_at":null,)"
    R"("version":9)";

std::string legacy_list(const std::vector<comment>& all, legacy_emails which) {
  std::string text = "[";
  for (const comment& one : all) {
    if (text.size() > 1) text += ",";
    append_legacy(text, one, which);
  }
  return text + "]";
}

}  // namespace

TEST_CASE("a comment is this JSON") { CHECK(encode(make_comment(), plain) == first_text + "}"); }

TEST_CASE("a comment that was encoded when it was written is the same JSON, and asks for no key") {
  comment kept = make_comment();
  kept.encoded = encode_written(kept, plain);
  const style nobody{[](const comment&) -> std::string {
    FAIL("the author's key was made again");
    return {};
  }};
  CHECK(encode(kept, nobody) == first_text + "}");
  CHECK(encode(page{.items = {kept}}, nobody, "").find(first_text) != std::string::npos);
}

TEST_CASE("of what was encoded in another form, or by halves, nothing is used") {
  for (const std::string other : {"", " ", "1", "0 ", "2 \"body\":\"?\"", "3 \"body\":\"?\"",
                                  "10 \"body\":\"?\"", "\"body\":\"?\""}) {
    comment kept = make_comment();
    kept.encoded = other;
    CHECK(encode(kept, plain) == first_text + "}");
    CHECK(legacy_list({kept}, legacy_emails::all) ==
          legacy_list({make_comment()}, legacy_emails::all));
  }
}

TEST_CASE("whatever an author wrote, what was encoded once gives the same two answers") {
  const std::string texts[] = {"",
                               ",",
                               "},",
                               R"(},"body":)",
                               R"(","body":")",
                               R"(,"body_html":")",
                               R"(\",\"body\":\")",
                               R"(\)",
                               "a\\",
                               "\"",
                               "}",
                               "\xff,\"body\":\"",
                               "\n\t\r",
                               "\u2028",
                               "caf\xc3\xa9 </script>"};
  for (const std::string& name : texts)
    for (const std::string& body : texts) {
      CAPTURE(name);
      CAPTURE(body);
      comment made = make_comment();
      made.author.name = name;
      made.body = body;
      const auto parsed = nlohmann::json::parse(encode(made, plain));
      CHECK(parsed.at("body") == nlohmann::json::parse(to_string_literal(body)));
      comment kept = made;
      kept.encoded = encode_written(kept, plain);
      CHECK(encode(kept, plain) == encode(made, plain));
      CHECK(legacy_list({kept}, legacy_emails::all) == legacy_list({made}, legacy_emails::all));
    }
}

TEST_CASE("proofs stand last, where there are any") {
  const comment made = make_comment();
  CHECK(encode(made, plain, {.edit_token = "a.b"}) == first_text + R"(,"edit_token":"a.b"})");
  CHECK(encode(made, plain, {.edit_token = "a.b", .browser = "c.d"}) ==
        first_text + R"(,"edit_token":"a.b","browser":"c.d"})");
  CHECK(encode(made, plain, {.browser = "c.d"}) == first_text + R"(,"browser":"c.d"})");
}

TEST_CASE("a style's tag tells its form and its renderer, in letters that an ETag may have") {
  const auto tag = [](std::string name) {
    return style{key_of, renderer{std::move(name), [](std::string_view) { return ""; }}}.tag();
  };
  CHECK(plain.tag() == "3-plain_1");
  CHECK(tag("r1") == "3-r1");
  CHECK(tag("a \"b\"\n\xc3\xa9") == "3-a__b____");
  CHECK(tag("cmark 1, 2") == "3-cmark_1__2");  // a comma would part a list of tags
}

TEST_CASE("a reply names its parent and an edited comment the time of that") {
  comment reply = make_comment();
  reply.parent = second_id;
  reply.edited_at = from_milliseconds(1'700'000'060'000);
  reply.status = status::pending;
  reply.author.verified = true;
  const std::string text = encode(reply, plain);
  CHECK(text.find(R"("parent_id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ac")") != text.npos);
  CHECK(text.find(R"("edited_at":"2023-11-14T22:14:20.000Z")") != text.npos);
  CHECK(text.find(R"("status":"pending")") != text.npos);
  CHECK(text.find(R"("verified":true)") != text.npos);
}

TEST_CASE("a page is its comments, its next cursor and its content") {
  const page one{.content = {.content_id = "blog/1", .version = 9, .comments = 4},
                 .items = {make_comment()}};
  const std::string content =
      R"("content":{"content_id":"blog/1","version":9,"comments":4,"status":"open"}})";
  CHECK(encode(one, plain, "next.cursor") ==
        R"({"items":[)" + first_text + R"(}],"next":"next.cursor",)" + content);
  CHECK(encode(one, plain, "") == R"({"items":[)" + first_text + R"(}],"next":null,)" + content);
}

TEST_CASE("an empty page and one of two comments are lists as well") {
  CHECK(encode(page{.content = {.content_id = "a"}}, plain, "") ==
        R"({"items":[],"next":null,)"
        R"("content":{"content_id":"a","version":0,"comments":0,"status":"open"}})");
  const std::string two = encode(page{.items = {make_comment(), make_comment()}}, plain, "");
  CHECK(two.starts_with(R"({"items":[)" + first_text + "}," + first_text + "}],"));
}

TEST_CASE("a content is this JSON, in each of its states") {
  content one{.content_id = "a\"b", .version = 1, .comments = 2};
  CHECK(encode(one) == R"({"content_id":"a\"b","version":1,"comments":2,"status":"open"})");
  one.status = content_status::premoderated;
  CHECK(encode(one).ends_with(R"("status":"premoderated"})"));
  one.status = content_status::locked;
  CHECK(encode(one).ends_with(R"("status":"locked"})"));
}

TEST_CASE("numbers keep all their digits") {
  const content one{.content_id = "a", .version = 9'007'199'254'740'993, .comments = INT64_MAX};
  CHECK(encode(one) ==
        R"({"content_id":"a","version":9007199254740993,"comments":9223372036854775807,)"
        R"("status":"open"})");
}

TEST_CASE("counts are an object by content, in the order asked for, each content once") {
  CHECK(encode_counts(std::vector<content>{}) == R"({"counts":{}})");
  CHECK(encode_counts(std::vector<content>{{.content_id = "b", .comments = 2},
                                           {.content_id = "a"},
                                           {.content_id = "b", .comments = 2}}) ==
        R"({"counts":{"b":2,"a":0}})");
}

TEST_CASE("the legacy answers have the legacy API's words") {
  CHECK(encode_legacy_posted("1") ==
        R"({"status":"SUCCESS","message":"comment created and associated with content_id 1"})");
  CHECK(encode_legacy_not_found("99") ==
        R"({"status":"NOT-FOUND","message":"content_id 99 not found"})");
}

TEST_CASE("the legacy list has bodies, and the addresses that were given to the legacy API") {
  comment second = make_comment();
  comment given = make_comment();
  given.author.email_shown = true;
  for (const auto& [which, shown] :
       {std::pair{legacy_emails::show, "gabriela@example.com"},
        std::pair{legacy_emails::all, "gabriela@example.com"}, std::pair{legacy_emails::hide, ""}})
    CHECK(legacy_list({given}, which) ==
          R"([{"email":")" + std::string{shown} + R"(","comment":"Oi & \"tchau\"\n\n<b>"}])");
  second.author.email = "";
  second.body = "";
  const std::vector<comment> both{make_comment(), second};
  CHECK(legacy_list(both, legacy_emails::all) ==
        R"([{"email":"gabriela@example.com","comment":"Oi & \"tchau\"\n\n<b>"},)"
        R"({"email":"","comment":""}])");
  for (const legacy_emails which : {legacy_emails::show, legacy_emails::hide})
    CHECK(legacy_list(both, which) ==
          R"([{"email":"","comment":"Oi & \"tchau\"\n\n<b>"},{"email":"","comment":""}])");
}

TEST_CASE("fields are a flat object, in their order") {
  CHECK(encode_fields({{"status", "ok"}, {"a", "\"\n"}}) == R"({"status":"ok","a":"\"\n"})");
  CHECK(encode_fields({}) == "{}");
}

TEST_CASE("no answer of v1 holds an e-mail address or a link of the author") {
  const page one{.items = {make_comment()}};
  for (const std::string& text : {encode(make_comment(), plain), encode(one, plain, "")}) {
    CHECK(text.find('@') == text.npos);
    CHECK(text.find("example.com") == text.npos);
    CHECK(text.find("email") == text.npos);
    CHECK(text.find("url") == text.npos);
  }
}

TEST_CASE("text that is no UTF-8 is written with a replacement, wherever it stands") {
  const std::string bad =
      "a\xff"
      "b\xc3";
  const std::string good =
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd";
  comment broken = make_comment();
  broken.content_id = broken.body = broken.author.name = broken.author.email = bad;
  const std::string written = encode(broken, style{[&](const comment&) { return bad; }});
  CHECK(is_utf8(written));
  CHECK(written.find(R"("body":")" + good + '"') != written.npos);
  CHECK(written.find(R"("content_id":")" + good + '"') != written.npos);
  CHECK(written.find(R"("name":")" + good + '"') != written.npos);
  CHECK(written.find(R"(<p>)" + good + "</p>") != written.npos);
  CHECK(legacy_list({broken}, legacy_emails::all) ==
        R"([{"email":")" + good + R"(","comment":")" + good + "\"}]");
  CHECK(encode_counts(std::vector<content>{{.content_id = bad}}) ==
        R"({"counts":{")" + good + R"(":0}})");
  CHECK(is_utf8(encode_legacy_posted(bad)));
  CHECK(is_utf8(encode_legacy_not_found(bad)));
  CHECK(is_utf8(encode(page{.content = {.content_id = bad}, .items = {broken}}, plain, bad)));
}

TEST_CASE("control characters are escaped") {
  comment one = make_comment();
  one.body = std::string("\0\x1f\x7f\t", 4);
  const std::string text = encode(one, plain);
  CHECK(text.find(R"("body":"\u0000\u001f)"
                  "\x7f"
                  R"(\t")") != text.npos);
}

TEST_CASE("a reply that hangs elsewhere says which comment it answers") {
  comment reply = make_comment();
  reply.parent = reply.reply_to = first_id;
  CHECK(encode(reply, plain).find("reply_to") == std::string::npos);
  reply.reply_to = second_id;
  CHECK(encode(reply, plain).find(R"(","reply_to":"0192f0c1-7b2a-7c3d-9e4f-0123456789ac",)") !=
        std::string::npos);
}

TEST_CASE("items are a list with a cursor, whatever they are") {
  const auto append_it = [](std::string& to, int item) { append_number(to, item); };
  CHECK(encode_items(std::vector<int>{}, "", append_it) == R"({"items":[],"next":null})");
  CHECK(encode_items(std::vector{1}, "", append_it) == R"({"items":[1],"next":null})");
  CHECK(encode_items(std::vector{1, 2}, "a\"b", append_it) == R"({"items":[1,2],"next":"a\"b"})");
}

TEST_CASE("an event is this JSON for readers, and more for moderators") {
  event one{.content_id = "a\"b",
            .version = 7,
            .kind = event_kind::edited,
            .comment = first_id,
            .at = from_milliseconds(1'700'000'000'123),
            .by = "moderator \"ana\"",
            .reason = "why\n",
            .status = "pending",
            .before = "um"};
  const std::string open =
      R"({"content_id":"a\"b","version":7,"kind":"edited",)"
      R"("comment_id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","status":"pending",)"
      R"("at":"2023-11-14T22:13:20.123Z")";
  std::string text;
  append_public(text, one);
  CHECK(text == open + "}");
  text.clear();
  append_history(text, one);
  CHECK(text == open + R"(,"by":"moderator \"ana\"","reason":"why\n","before":"um"})");
  one.comment = {};
  text.clear();
  append_public(text, one);
  CHECK(text.find(R"("comment_id":null)") != text.npos);
}

TEST_CASE("moderators see reports and their reasons, and not whose they are") {
  comment one = make_comment();
  one.reports = 2;
  const comments::report said[] = {{"u:17", "a\"b", {}}, {"a:hash", "", {}}};
  std::string text;
  append_moderated(text, one, plain, said);
  CHECK(text == first_text + R"(,"reports":2,"reasons":["a\"b",""]})");
  text.clear();
  append_moderated(text, make_comment(), plain, {});
  CHECK(text == first_text + R"(,"reports":0,"reasons":[]})");
}

TEST_CASE("authors get their own address and link") {
  std::string text;
  append_own(text, make_comment(), plain);
  CHECK(text == first_text + R"(,"email":"gabriela@example.com","url":"https://example.com"})");
}

TEST_CASE("a ruling is a status or a code, a vote says where, an erasure how much") {
  std::string text;
  comment held = make_comment();
  held.status = status::pending;
  append_result(text, first_id, held, "");
  CHECK(text == R"({"id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","status":"pending","version":9})");
  text.clear();
  append_result(text, first_id, comment_not_found(), "not_found");
  CHECK(text == R"({"id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","error":"not_found"})");
  text.clear();
  append(text, comments::vote{first_id, "a\"b", from_milliseconds(1'700'000'000'123)});
  CHECK(text == R"({"comment_id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","content_id":"a\"b",)"
                R"("at":"2023-11-14T22:13:20.123Z"})");
  CHECK(encode_erasure(2, 1) == R"({"comments":2,"votes":1})");
}

TEST_CASE("a step of a deployment is this JSON, its run null where there is none") {
  deployment step{.id = first_id,
                  .position = 7,
                  .component = "comments",
                  .version = "1.2",
                  .responsible = "Zo\"ë",
                  .status = deployment_status::in_progress,
                  .run = "17",
                  .date = from_milliseconds(1'700'000'000'123)};
  const std::string text =
      R"({"id":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab","component":"comments","version":"1.2",)"
      R"("responsible":"Zo\"ë","status":"in_progress","run":"17",)"
      R"("date":"2023-11-14T22:13:20.123Z"})";
  CHECK(encode(step) == text);
  step.run.clear();
  CHECK(encode(step).find(R"("run":null,"date":)") != text.npos);
}

TEST_CASE("of another renderer's HTML nothing is used, of its body the legacy list does") {
  comment kept = make_comment();
  const style other{key_of, renderer{"other 1", [](std::string_view) { return "<i>"; }}};
  kept.encoded = encode_written(kept, other);
  CHECK(encode(kept, plain) == first_text + "}");
  CHECK(legacy_list({kept}, legacy_emails::all) ==
        legacy_list({make_comment()}, legacy_emails::all));
}
