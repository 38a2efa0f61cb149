#include <comments/json/decode.hpp>

#include <comments/json/document.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/size.hpp"
#include "support/violations.hpp"

using namespace comments;
using comments::json::decode_body;
using comments::json::decode_content_change;
using comments::json::decode_decision;
using comments::json::decode_draft;
using comments::json::decode_legacy_draft;
using comments::json::decode_reason;
using comments::json::form_fields;

namespace {

using decoder = result<draft>(std::string_view, std::string, const limits&);

const limits usual{};
const std::string some_id = "0192f0c1-7b2a-7c3d-9e4f-0123456789ab";
const std::string full = R"({"content_id":"a","body":"Oi \u00e9 \ud83d\ude00","parent_id":")" +
                         some_id +
                         R"(","author":{"name":"Gabriela","email":"gabriela@example.com",)"
                         R"("url":"https://example.com/"}})";
const std::string legacy =
    R"({"email":"gabriela@example.com","comment":"Ufa, obrigado Charlie!","content_id":2})";

// What is said against `text`: the code, then each violation as "pointer code"; empty if nothing.
std::string refusal(decoder* decode, std::string_view text) {
  const auto decoded = decode(text, "", usual);
  if (decoded) return "";
  std::string said = decoded.error().code == errc::malformed ? "malformed"
                     : decoded.error().code == errc::invalid ? "invalid"
                                                             : "another";
  const std::string violations = to_line(decoded.error().violations);
  return violations.empty() ? said : said + ", " + violations;
}
std::string refusal(std::string_view text) {
  return refusal(static_cast<decoder*>(decode_draft), text);
}
std::string refusal_of_legacy(std::string_view text) { return refusal(decode_legacy_draft, text); }

// A draft whose `content_id` is this JSON text.
std::string with_id(std::string_view id) {
  return R"({"body":"Oi","content_id":)" + std::string{id} + "}";
}
// A draft with more in it: `more` is one or several members.
std::string with(std::string_view more) {
  return R"({"content_id":"a","body":"Oi",)" + std::string{more} + "}";
}
std::string repeat(std::size_t times, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}
// `levels` arrays or objects, one in the other.
std::string arrays(std::size_t levels) { return repeat(levels, "[") + repeat(levels, "]"); }
std::string objects(std::size_t levels) {
  return repeat(levels - 1, R"({"a":)") + "{}" + repeat(levels - 1, "}");
}

}  // namespace

TEST_CASE("a draft is read whole") {
  const auto decoded = decode_draft(full, "key-1", usual);
  REQUIRE(decoded);
  CHECK(decoded->content_id == "a");
  CHECK(decoded->body == "Oi \xc3\xa9 \xf0\x9f\x98\x80");
  CHECK(decoded->parent == parse_comment_id(some_id));
  CHECK(decoded->author.name == "Gabriela");
  CHECK(decoded->author.email == "gabriela@example.com");
  CHECK(decoded->author.url == "https://example.com/");
  CHECK_FALSE(decoded->author.verified);
  CHECK(decoded->key == "key-1");
}

TEST_CASE("a draft of the legacy API is read whole") {
  const auto decoded = decode_legacy_draft(legacy, "key-1", usual);
  REQUIRE(decoded);
  CHECK(decoded->content_id == "2");
  CHECK(decoded->author.email == "gabriela@example.com");
  CHECK(decoded->body == "Ufa, obrigado Charlie!");
  CHECK_FALSE(decoded->parent);
  CHECK(decoded->key == "key-1");
}

TEST_CASE("what may be missing may be null, and objects may be empty") {
  CHECK(refusal(R"({"content_id":"a","body":"Oi"})") == "");
  CHECK(refusal(with(R"("parent_id":null,"author":null)")) == "");
  CHECK(refusal(with(R"("author":{})")) == "");
  CHECK(refusal(with(R"("author":{"name":null,"email":null,"url":null})")) == "");
  CHECK(refusal(with(R"("author":{"name":"","email":"","url":""})")) == "");
}

TEST_CASE("fields that are not known are refused by name, so that a misspelt one is noticed") {
  // Found in use: a misspelt "parentId" made a root of a reply.
  CHECK(refusal(with(R"("parentId":"0192f0c1-7b2a-7c3d-9e4f-0123456789ab")")) ==
        "invalid, /parentId unknown");
  CHECK(refusal(with(R"("votes":9,"x":[{"y":null}],"":1,"Body":null,"a/b":1)")) ==
        "invalid, /votes unknown, /x unknown, / unknown, /Body unknown, /a~1b unknown");
  CHECK(refusal(with(R"("author":{"verified":true,"key":{},"name":7})")) ==
        "invalid, /author/name type, /author/verified unknown, /author/key unknown");
  const auto unknown_in = [](const auto& decoded) {
    REQUIRE_FALSE(decoded);
    return to_line(decoded.error().violations);
  };
  CHECK(unknown_in(decode_body(R"({"body":"a","text":"a"})", usual)) == "/text unknown");
  CHECK(unknown_in(decode_reason(R"({"reason":"a","comment":"a"})", usual)) == "/comment unknown");
  CHECK(unknown_in(decode_content_change(R"({"status":null,"mode":"open"})", usual)) ==
        "/mode unknown");
  CHECK(unknown_in(decode_decision(
            R"({"ids":["0192f0c1-7b2a-7c3d-9e4f-0123456789ab"],"action":"hold","by":1})", usual)) ==
        "/by unknown");
}

TEST_CASE("of many unknown fields some are named, and a long name is not repeated") {
  std::string fields = R"("x":1)";
  for (int i = 0; i < 5'000; ++i) fields += ",\"x" + std::to_string(i) + "\":1";
  const auto refused = decode_draft(with(fields), "", usual);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().violations.size() == json::unknown_fields_max);
  CHECK(refusal(with("\"" + std::string(256, 'x') + "\":1")) == "invalid,  unknown");
  CHECK(refusal(with("\"author\":{\"" + std::string(256, 'x') + "\":1}")) ==
        "invalid, /author unknown");
}

TEST_CASE("the legacy API ignores fields that it does not know") {
  CHECK(refusal_of_legacy(
            R"({"email":"a@example.com","comment":"Oi","content_id":1,"likes":0,"author":7})") ==
        "");
}

TEST_CASE("text that is no JSON is malformed and names no field before the first") {
  for (const char* text :
       {"",      " ",    "\n",     "{",    "[",        "\"",    "nul",
        "nulll", "{]",   "{}{}",   "{} x", "{'a':1}",  "{a:1}", "{,}",
        "//",    "{}//", "/**/{}", "NaN",  "Infinity", "+1",    "01",
        "1.",    ".5",   "-",      "0x10", "\xef\xbb", "\xff",  "content_id=1&body=Oi"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "malformed");
    CHECK(refusal_of_legacy(text) == "malformed");
  }
}

TEST_CASE("text that is malformed behind a field names the field") {
  CHECK(refusal(R"({"content_id":1,"body":)") == "malformed, /body malformed");
  CHECK(refusal(R"({"content_id":1,"body":"Oi)") == "malformed, /body malformed");
  CHECK(refusal(R"({"content_id":1,"body":'Oi'})") == "malformed, /body malformed");
  CHECK(refusal(R"({"content_id":01,"body":"Oi"})") == "malformed, /content_id malformed");
  CHECK(refusal(R"({"content_id":1,"body":"Oi",})") == "malformed, /body malformed");
  CHECK(refusal(R"({"author":{"name":"a\x"}})") == "malformed, /author/name malformed");
}

TEST_CASE("a draft that breaks off at any byte is malformed") {
  for (std::size_t size = 0; size < full.size(); ++size)
    CHECK(refusal(full.substr(0, size)).starts_with("malformed"));
  for (std::size_t size = 0; size < legacy.size(); ++size)
    CHECK(refusal_of_legacy(legacy.substr(0, size)).starts_with("malformed"));
}

TEST_CASE("anything may stand around the JSON that JSON allows, and nothing else") {
  CHECK(refusal(" \t\r\n" + full + " \t\r\n") == "");
  CHECK(refusal("\xef\xbb\xbf" + full) == "");  // a byte order mark, as RFC 8259 lets us ignore
  CHECK(refusal(full + "x").starts_with("malformed"));
  CHECK(refusal(full + full).starts_with("malformed"));
  CHECK(refusal(full + std::string(1, '\0')).starts_with("malformed"));
  CHECK(refusal(full + std::string("\0{}", 3)).starts_with("malformed"));
  CHECK(refusal(std::string(1, '\0')) == "malformed");
}

TEST_CASE("nesting is read down to its limit, and one level more is refused") {
  const std::size_t most = usual.json_depth_max - 1;  // the draft itself is a level
  CHECK(refusal(with(R"("x":)" + arrays(most))) == "invalid, /x unknown");
  CHECK(refusal(with(R"("x":)" + objects(most))) == "invalid, /x unknown");
  CHECK(refusal(with(R"("x":)" + arrays(most + 1))) == "malformed, /x too_deep");
  CHECK(refusal(with(R"("x":)" + objects(most + 1))).starts_with("malformed, /x/a/a"));
  CHECK(refusal(arrays(usual.json_depth_max)) == "invalid,  type");
  CHECK(refusal(arrays(usual.json_depth_max + 1)) == "malformed");
  CHECK(refusal(R"({"body":"Oi","author":)" + arrays(most) + "}") ==
        "invalid, /content_id required, /author type");
}

TEST_CASE("what is too deep is named also when more fields follow") {
  CHECK(refusal(R"({"x":)" + arrays(64) + R"(,"body":"Oi","content_id":1})") ==
        "malformed, /x too_deep");
}

TEST_CASE("nesting of 64 and of 60,000 levels is refused as quickly") {
  for (const std::size_t levels : {64u, 60'000u}) {
    CHECK(refusal(arrays(levels)).starts_with("malformed"));
    CHECK(refusal(objects(levels)).starts_with("malformed"));
    CHECK(refusal(repeat(levels, "[")).starts_with("malformed"));
    CHECK(refusal(repeat(levels, R"({"a":)")).starts_with("malformed"));
    CHECK(refusal(repeat(levels, R"([{"a":)")).starts_with("malformed"));
    CHECK(refusal_of_legacy(arrays(levels)).starts_with("malformed"));
  }
}

TEST_CASE("levels beside each other are not levels below each other") {
  CHECK(refusal(with(R"("x":[)" + repeat(1000, "[[]],") + "[]]")) == "invalid, /x unknown");
  CHECK(refusal(with(R"("x":[)" + repeat(1000, R"({"a":{}},)") + "{}]")) == "invalid, /x unknown");
}

TEST_CASE("a body that is no object is refused") {
  for (const char* text : {"[]", R"([{"content_id":1,"body":"Oi"}])", R"("text")", "null", "true",
                           "17", "-1", "1.5", "1e3"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "invalid,  type");
    CHECK(refusal_of_legacy(text) == "invalid,  type");
  }
}

TEST_CASE("all that is missing is named at once") {
  CHECK(refusal("{}") == "invalid, /content_id required, /body required");
  CHECK(refusal(R"({"content_id":null,"body":null})") ==
        "invalid, /content_id required, /body required");
  CHECK(refusal(R"({"content_id":"","body":""})") ==
        "invalid, /content_id required, /body required");
  CHECK(refusal(R"({"content_id":" \t","body":" \n\u00a0\u200b"})").find("/body required") !=
        std::string::npos);
  CHECK(refusal(R"({"content_id":"  ","body":" \n\u00a0\u200b"})") ==
        "invalid, /content_id required, /body required");
  CHECK(refusal_of_legacy("{}") ==
        "invalid, /content_id required, /email required, /comment required");
  CHECK(refusal_of_legacy(R"({"content_id":"","email":"","comment":""})") ==
        "invalid, /content_id required, /email required, /comment required");
  CHECK(refusal_of_legacy(R"({"content_id":" ","email":" ","comment":" "})") ==
        "invalid, /content_id required, /comment required, /email format");
}

TEST_CASE("every wrong type is named at once") {
  CHECK(refusal(R"({"content_id":[],"body":1,"parent_id":2,"author":"x"})") ==
        "invalid, /content_id type, /body type, /parent_id type, /author type");
  CHECK(refusal(with(R"("author":{"name":1,"email":{},"url":false})")) ==
        "invalid, /author/name type, /author/email type, /author/url type");
  CHECK(refusal_of_legacy(R"({"content_id":true,"email":1,"comment":[]})") ==
        "invalid, /content_id type, /email type, /comment type");
}

TEST_CASE("what is wrong in shape and what is wrong in text are named together") {
  CHECK(refusal(R"({"content_id":{},"body":"a\u0000","parent_id":"x",)"
                R"("author":{"name":"\u0007","email":"a@b@c","url":"javascript:1"}})") ==
        "invalid, /content_id type, /parent_id format, /body control_character, "
        "/author/name control_character, /author/email format, /author/url format");
  CHECK(refusal_of_legacy(R"({"content_id":"\u007f","email":"a@b@c","comment":5})") ==
        "invalid, /comment type, /content_id control_character, /email format");
}

TEST_CASE("a parent is a UUID or nothing") {
  CHECK(refusal(with(R"("parent_id":"x")")) == "invalid, /parent_id format");
  CHECK(refusal(with(R"("parent_id":" ")")) == "invalid, /parent_id format");
  CHECK(refusal(with(R"("parent_id":")" + some_id.substr(1) + '"')) ==
        "invalid, /parent_id format");
  CHECK(refusal(with(R"("parent_id":")" + some_id + "0\"")) == "invalid, /parent_id format");
}

TEST_CASE("an integer and its text are the same content") {
  for (const char* number : {"0", "1", "-1", "2147483648", "9223372036854775807",
                             "-9223372036854775808", "18446744073709551615"}) {
    CAPTURE(number);
    const auto as_number = decode_draft(with_id(number), "", usual);
    const auto as_text = decode_draft(with_id('"' + std::string{number} + '"'), "", usual);
    REQUIRE(as_number);
    REQUIRE(as_text);
    CHECK(as_number->content_id == number);
    CHECK(as_text->content_id == number);
  }
}

TEST_CASE("a content_id that is neither text nor an integer is refused") {
  for (const char* id : {"1.0", "1.5", "1e3", "18446744073709551616", "-9223372036854775809",
                         "99999999999999999999999999", "true", "false", "[]", "[1]", "{}"}) {
    CAPTURE(id);
    CHECK(refusal(with_id(id)) == "invalid, /content_id type");
  }
  CHECK(refusal(with_id("1e999")) == "malformed, /content_id malformed");
}

TEST_CASE("lengths are accepted at their limit and refused one past it") {
  const auto quoted = [](std::size_t size, char c = 'x') {
    return '"' + std::string(size, c) + '"';
  };
  const auto draft_of = [&](std::size_t id, std::size_t body) {
    return R"({"content_id":)" + quoted(id) + R"(,"body":)" + quoted(body) + "}";
  };
  CHECK(refusal(draft_of(255, 16'384)) == "");
  CHECK(refusal(draft_of(256, 16'385)) == "invalid, /content_id too_long, /body too_long");
  CHECK(refusal(with(R"("author":{"name":)" + quoted(200) + "}")) == "");
  CHECK(refusal(with(R"("author":{"name":)" + quoted(201) + "}")) ==
        "invalid, /author/name too_long");
  CHECK(refusal_of_legacy(R"({"content_id":1,"email":"a@example.com","comment":)" + quoted(16'384) +
                          "}") == "");
  CHECK(refusal_of_legacy(R"({"content_id":1,"email":"a@example.com","comment":)" + quoted(16'385) +
                          "}") == "invalid, /comment too_long");
}

TEST_CASE("a lone surrogate is malformed and its field is named") {
  for (const char* text :
       {R"(\ud800)", R"(\udc00)", R"(\ud800\ud800)", R"(\udc00\ud800)", R"(\ud800x)",
        R"(\ud83d \ude00)", R"(\uDBFF)", R"(\ud800\n)", "\xed\xa0\x80"}) {
    CAPTURE(text);
    CHECK(refusal(R"({"content_id":1,"body":")" + std::string{text} + "\"}") ==
          "malformed, /body malformed");
  }
}

TEST_CASE("bytes that are no UTF-8 are malformed and their field is named") {
  for (const char* text : {"\xff", "\xc3", "\xc3(", "\xc0\xaf", "\xe2\x82", "\xf8\x88\x80\x80\x80",
                           "\xf4\x90\x80\x80", "\x80", "caf\xe9"}) {
    CAPTURE(text);
    const std::string bad{text};
    CHECK(refusal(R"({"content_id":1,"body":")" + bad + "\"}") == "malformed, /body malformed");
    CHECK(refusal(R"({"content_id":")" + bad + R"(","body":"Oi"})") ==
          "malformed, /content_id malformed");
    CHECK(refusal(with(R"("author":{"name":")" + bad + "\"}")) ==
          "malformed, /author/name malformed");
    CHECK(refusal_of_legacy(R"({"content_id":1,"email":"a@example.com","comment":")" + bad +
                            "\"}") == "malformed, /comment malformed");
  }
}

TEST_CASE("NUL is refused in every field, escaped or not") {
  CHECK(refusal(R"({"content_id":"a\u0000b","body":"c\u0000"})") ==
        "invalid, /content_id control_character, /body control_character");
  CHECK(refusal(std::string("{\"content_id\":1,\"body\":\"a\0b\"}", 29)) ==
        "malformed, /body malformed");
  CHECK(refusal_of_legacy(R"({"content_id":1,"email":"a\u0000@example.com","comment":"\u0000"})") ==
        "invalid, /comment control_character, /email control_character");
}

TEST_CASE("a key that comes twice in one object is refused and named") {
  CHECK(refusal(R"({"content_id":1,"content_id":2,"body":"Oi"})") ==
        "malformed, /content_id repeated");
  CHECK(refusal(R"({"content_id":1,"body":"Oi","body":"Oi"})") == "malformed, /body repeated");
  CHECK(refusal(R"({"content_id":1,"body":"a","b\u006fdy":"b"})") == "malformed, /body repeated");
  CHECK(refusal(with(R"("author":{"name":"a","url":"","name":"b"})")) ==
        "malformed, /author/name repeated");
  CHECK(refusal(with(R"("author":{},"author":{})")) == "malformed, /author repeated");
  CHECK(refusal(with(R"("x":[{"y":1},{"y":1,"y":2}])")).find("repeated") != std::string::npos);
  CHECK(refusal(with(R"("x":{"y":{"z":1}},"x":0)")) == "malformed, /x repeated");
  CHECK(refusal_of_legacy(
            R"({"content_id":1,"email":"a@example.com","comment":"a","comment":"b"})") ==
        "malformed, /comment repeated");
}

TEST_CASE("the same key in two objects is no repetition") {
  CHECK(refusal(with(R"("x":{"body":1,"a":{"body":2}},"y":{"body":3})")) ==
        "invalid, /x unknown, /y unknown");
  CHECK(refusal(with(R"("x":[{"a":1},{"a":2},[{"a":3}]],"a":4)")) ==
        "invalid, /x unknown, /a unknown");
}

TEST_CASE("a pointer escapes what has a meaning in it, and an endless one is left out") {
  CHECK(refusal(R"({"a/b~c":1,"a/b~c":2})") == "malformed, /a~1b~0c repeated");
  CHECK(refusal(R"({"":1,"":2})") == "malformed, / repeated");
  const std::string at_limit(254, 'k');
  CHECK(refusal("{\"" + at_limit + "\":x") == "malformed, /" + at_limit + " malformed");
  CHECK(refusal("{\"" + at_limit + "k\":x") == "malformed");
}

TEST_CASE("a repeated key too long to be named is refused all the same") {
  const std::string key = "\"" + std::string(300, 'k') + "\":1";
  CHECK(refusal(with(key + "," + key)) == "malformed");
}

TEST_CASE("a key is checked together with the rest") {
  const auto refused = decode_draft(R"({"content_id":1})", "a b", usual);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().violations ==
        std::vector<violation>{{"/body", "required"}, {"key", "format"}});
  CHECK(decode_draft(full, std::string(255, 'k'), usual));
  CHECK_FALSE(decode_draft(full, std::string(256, 'k'), usual));
}

TEST_CASE("no response repeats what the client sent") {
  for (const char* text : {R"({"content_id":1,"body":"secret\x"})", R"(secret)",
                           R"({"content_id":"secret\u0000","body":["secret"]})"}) {
    const auto refused = decode_draft(text, "", usual);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("whatever bytes come, the answer is a valid draft, malformed or invalid") {
  const unsigned seed = std::random_device{}();
  INFO("seed ", seed);
  std::mt19937 random{seed};
  const auto below = [&](std::size_t end) { return std::size_t{random()} % end; };
  const std::string_view pieces[] = {
      "{",    "}",   "[", "]",         "\"",           ":",    ",",       "\\", "\\u", "\\ud800",
      "null", "1e9", "-", "\"body\":", "\"author\":{", "\xff", "\xc3\xa9"};
  for (int i = 0; i < testing::size(5'000, 20'000); ++i) {
    std::string text = i % 2 == 0 ? full : legacy;
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
      const std::size_t at = below(text.size() + 1);
      switch (below(4)) {
        case 0: text.erase(at, below(8)); break;
        case 1: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 2: text.insert(at, 1, static_cast<char>(random())); break;
        default: text = text.substr(0, at) + text.substr(below(at + 1));
      }
    }
    CAPTURE(text);
    for (decoder* decode :
         {static_cast<decoder*>(&decode_draft), static_cast<decoder*>(&decode_legacy_draft)}) {
      const auto decoded = decode(text, "", usual);
      if (decoded)
        CHECK(check(*decoded, usual).empty());
      else
        CHECK((decoded.error().code == errc::malformed || decoded.error().code == errc::invalid));
    }
  }
}

TEST_CASE("a form's token and trap come along, as texts that may be missing") {
  form_fields form;
  CHECK(decode_draft(with(R"("form":"t.t","trap":"x")"), "", usual, form));
  CHECK(form.token == "t.t");
  CHECK(form.is_honeypot_filled);
  for (const char* without :
       {R"("parent_id":null)", R"("form":"","trap":"")", R"("form":null,"trap":null)"}) {
    CHECK(decode_draft(with(without), "", usual, form));
    CHECK(form.token == "");
    CHECK_FALSE(form.is_honeypot_filled);
  }
  CHECK(refusal(with(R"("form":1,"trap":[])")) == "invalid, /form type, /trap type");
}

TEST_CASE("a body, and a reason, is an object with that text") {
  CHECK(*decode_body(R"({"body":"a"})", usual) == "a");
  CHECK(*decode_reason(R"({"reason":"b"})", usual) == "b");
  for (const auto& [given, said] :
       {std::pair{R"("")", "required"}, std::pair{"null", "required"}, std::pair{"1", "type"}}) {
    const std::string value = given;
    CHECK(to_line(decode_body("{\"body\":" + value + "}", usual).error().violations) ==
          std::string{"/body "} + said);
    CHECK(to_line(decode_reason("{\"reason\":" + value + "}", usual).error().violations) ==
          std::string{"/reason "} + said);
  }
  CHECK(to_line(decode_body("{}", usual).error().violations) == "/body required");
  CHECK(to_line(decode_reason("{}", usual).error().violations) == "/reason required");
  CHECK(to_line(decode_body("[]", usual).error().violations) == " type");
  CHECK(decode_body("{", usual).error().code == errc::malformed);
  CHECK(decode_reason(R"({"reason":"a","reason":"b"})", usual).error().code == errc::malformed);
}

TEST_CASE("a content's status is one of its names, or null for the default") {
  const auto decoded = [](std::string_view text) { return decode_content_change(text, usual); };
  for (const char* name : {"open", "premoderated", "first-comment", "locked"})
    CHECK(decoded(R"({"status":")" + std::string{name} + "\"}")->status ==
          comments::parse<content_status>(name));
  CHECK_FALSE(decoded(R"({"status":null})")->status);
  CHECK(decoded(R"({"status":null,"reason":"r"})")->reason == "r");
  CHECK(to_line(decoded("{}").error().violations) == "/status required");
  CHECK(to_line(decoded(R"({"status":"Open"})").error().violations) == "/status unknown");
  CHECK(to_line(decoded(R"({"status":[]})").error().violations) == "/status type");
}

TEST_CASE("a step of a deployment has its fields and no other, and no date of its own") {
  const auto decoded = [](std::string_view text) {
    return json::decode_deployment(text, usual, {});
  };
  const auto said =
      decoded(R"({"component":"a","version":"1","responsible":"b","status":"cancelled","run":7,)"
              R"("date":[]})");
  REQUIRE(said);
  CHECK(*said == deployment{.component = "a",
                            .version = "1",
                            .responsible = "b",
                            .status = deployment_status::cancelled,
                            .run = "7"});
  CHECK(to_line(decoded(R"({"component":"","version":1,"status":"x","run":true,"a/b":1})")
                    .error()
                    .violations) ==
        "/component required, /version type, /responsible required, /run type, /status unknown, "
        "/a~1b unknown");
  CHECK(decoded("{}{}").error().code == errc::malformed);
}

TEST_CASE("a decision has ids, an action, and perhaps a reason") {
  const auto decoded = [](std::string_view text) { return decode_decision(text, usual); };
  const auto ids = R"("ids":[")" + some_id + R"(",")" + some_id + "\"]";
  for (const decision what :
       {decision::approve, decision::hold, decision::spam, decision::remove}) {
    const auto wanted = decoded("{" + ids + R"(,"action":")" + std::string{to_text(what)} + "\"}");
    REQUIRE(wanted);
    CHECK(wanted->ids.size() == 2);
    CHECK(to_string(wanted->ids[0]) == some_id);
    CHECK(wanted->action == what);
    CHECK(wanted->reason == "");
  }
  CHECK(decoded("{" + ids + R"(,"action":"spam","reason":"r"})")->reason == "r");
  const auto said = [&](const std::string& text) {
    return to_line(decoded(text).error().violations);
  };
  CHECK(said("{}") == "/ids required, /action required");
  CHECK(said(R"({"ids":{},"action":1})") == "/ids type, /action type");
  CHECK(said(R"({"ids":[],"action":"refuse"})") == "/ids required, /action unknown");
  CHECK(said(R"({"ids":[null],"action":"hold"})") == "/ids type");
  CHECK(said(R"({"ids":["x"],"action":"hold"})") == "/ids format");
}
