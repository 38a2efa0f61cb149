#include <comments/validation.hpp>

#include <doctest/doctest.h>
#include <regex.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/violations.hpp"

using namespace comments;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

draft fine() { return {.content_id = "1", .body = "Primeiro post!"}; }

// A field of a draft, how it is named to its author, and good text of `bytes` bytes for it.
struct field {
  std::string pointer{};
  std::size_t bytes_max{};
  std::string& (*of)(draft&){};
  std::string (*filled)(std::size_t bytes){};
};

std::string letters(std::size_t bytes) { return std::string(bytes, 'x'); }
std::string address(std::size_t bytes) { return letters(bytes - 12) + "@example.com"; }
std::string link(std::size_t bytes) { return "https://example.com/" + letters(bytes - 20); }

const field fields[] = {
    {"/content_id", 255, [](draft& d) -> std::string& { return d.content_id; }, letters},
    {"/body", 16'384, [](draft& d) -> std::string& { return d.body; }, letters},
    {"/author/name", 200, [](draft& d) -> std::string& { return d.author.name; }, letters},
    {"/author/email", 254, [](draft& d) -> std::string& { return d.author.email; }, address},
    {"/author/url", 2'048, [](draft& d) -> std::string& { return d.author.url; }, link},
    {"key", 255, [](draft& d) -> std::string& { return d.key; }, letters},
};

// What is wrong with a draft that is fine but for `text` in this field.
std::string faults(const field& field, const std::string& text) {
  draft changed = fine();
  field.of(changed) = text;
  return to_line(check(changed, {}));
}

}  // namespace

TEST_CASE("a draft with all fields, or only the required ones, is acceptable") {
  CHECK(to_line(check(fine(), {})) == "");
  draft full = fine();
  for (const field& field : fields) field.of(full) = field.filled(30);
  full.parent = comment_id{};
  CHECK(to_line(check(full, {})) == "");
}

TEST_CASE("each field is accepted at its limit and refused one byte past it") {
  for (const field& field : fields) {
    CHECK(faults(field, field.filled(field.bytes_max)) == "");
    CHECK(faults(field, field.filled(field.bytes_max + 1)) == field.pointer + " too_long");
  }
}

TEST_CASE("limits count bytes, not characters") {
  std::string half;
  for (int i = 0; i < 100; ++i) half += "é";
  const auto& name = fields[2];
  CHECK(faults(name, half) == "");
  CHECK(faults(name, half + "x") == "/author/name too_long");
}

TEST_CASE("limits are the caller's to choose") {
  const limits tight{.content_id_bytes_max = 1,
                     .body_bytes_max = 2,
                     .name_bytes_max = 3,
                     .email_bytes_max = 13,
                     .url_bytes_max = 21,
                     .key_bytes_max = 4};
  draft full{.content_id = "1",
             .author = {.name = "Ana", .email = address(13), .url = link(21)},
             .body = "oi",
             .key = "1234"};
  CHECK(to_line(check(full, tight)) == "");
  for (const field& field : fields) field.of(full) += "m";
  CHECK(to_line(check(full, tight)) ==
        "/content_id too_long, /body too_long, /author/name too_long, /author/email too_long, "
        "/author/url too_long, key too_long");
}

TEST_CASE("a content and a body are required, everything else may be empty") {
  CHECK(to_line(check(comments::draft{}, {})) == "/content_id required, /body required");
  for (const auto& blank : {" "s, "\u00a0\u200b"s, "\u3000"s}) {
    CHECK(faults(fields[0], blank) == "/content_id required");
    CHECK(faults(fields[1], blank) == "/body required");
  }
  CHECK(faults(fields[1], "\n\r\t ") == "/body required");
}

TEST_CASE("text that is no UTF-8 is refused in every field") {
  for (const field& field : fields)
    for (const auto& broken : {"\xff"s, "a\xc3"s, "\xc0\x80"s, "\xed\xa0\x80"s})
      CHECK(faults(field, broken) == field.pointer + " encoding");
}

TEST_CASE("control characters are refused in every field, but line breaks and tabs in a body") {
  for (const field& field : fields) {
    for (const auto& control : {"\0"s, "\x01"s, "\x08"s, "\x0b"s, "\x1b"s, "\x1f"s, "\x7f"s,
                                "\u0080"s, "\u0085"s, "\u009f"s})
      CHECK(faults(field, "x" + control) == field.pointer + " control_character");
    for (const auto& control : {"\n"s, "\r"s, "\t"s})
      CHECK(faults(field, "x" + control) ==
            (field.pointer == "/body" ? "" : field.pointer + " control_character"));
  }
}

TEST_CASE("every violation is named at once, in the order of the fields") {
  const draft bad{.content_id = "\n",
                  .author = {.name = "\xff", .email = "nobody", .url = "javascript:alert(1)"},
                  .body = letters(16'385),
                  .key = "a b"};
  const std::string all =
      "/content_id control_character, /body too_long, /author/name encoding, "
      "/author/email format, /author/url format, key format";
  CHECK(to_line(check(bad, {})) == all);
  const auto checked = validate(bad, {});
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == errc::invalid);
  CHECK(to_line(checked.error().violations) == all);
}

TEST_CASE("a field is named once, for the first thing that is wrong with it") {
  CHECK(faults(fields[0], letters(255) + "\xff") == "/content_id too_long");
  CHECK(faults(fields[0], "\0\xff"s) == "/content_id encoding");
  CHECK(faults(fields[3], "no address\n") == "/author/email control_character");
}

TEST_CASE("an acceptable draft comes back as it was") {
  draft written = fine();
  written.parent = comment_id{{1, 2, 3}};
  written.author = {"Ana", "ana@example.com", "https://example.com/", true};
  written.body = " spaces and\n\n breaks stay ";
  written.key = "k1";
  const auto checked = validate(written, {});
  REQUIRE(checked);
  CHECK(checked->content_id == written.content_id);
  CHECK(checked->parent == written.parent);
  CHECK(checked->author == written.author);
  CHECK(checked->body == written.body);
  CHECK(checked->key == written.key);
}

TEST_CASE("an idempotency key is visible ASCII") {
  const field& key = fields[5];
  std::string visible;
  for (char c = '!'; c <= '~'; ++c) visible += c;
  CHECK(faults(key, visible) == "");
  for (const auto& text : {" "s, "a b"s, "chave-é"s, "\u00a0"s})
    CHECK(faults(key, text) == "key format");
}

TEST_CASE("a content's id can be checked alone, named as its place names it") {
  CHECK(to_line(check_content_id("1", {})) == "");
  CHECK(to_line(check_content_id("/posts/olá mundo?p=1#topo", {})) == "");
  CHECK(to_line(check_content_id("", {})) == "content_id required");
  CHECK(to_line(check_content_id("\u200b", {}, "/content_id")) == "/content_id required");
  CHECK(to_line(check_content_id(letters(255), {})) == "");
  CHECK(to_line(check_content_id(letters(256), {})) == "content_id too_long");
  CHECK(to_line(check_content_id("a\nb", {})) == "content_id control_character");
  CHECK(to_line(check_content_id("\xff", {})) == "content_id encoding");
}

TEST_CASE("a check says whether text is fine, and adds to what was found before") {
  std::vector<violation> found{{"/a", "required"}};
  CHECK(check_text(found, "/b", "fine", 4));
  CHECK_FALSE(check_text(found, "/b", "fine!", 4));
  CHECK(check_text(found, "/c", "", 0));
  CHECK(check_text(found, "/d", "a\tb", 9, "\t"));
  CHECK_FALSE(check_text(found, "/d", "a\nb", 9, "\t"));
  CHECK(to_line(found) == "/a required, /b too_long, /d control_character");
}

TEST_CASE("violations become one error that lists them") {
  const error made = to_error({{"/a", "required"}, {"/b", "format"}});
  CHECK(made.code == errc::invalid);
  CHECK_FALSE(made.message.empty());
  CHECK(to_line(made.violations) == "/a required, /b format");
}

TEST_CASE("letters and digits are those of ASCII") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    if (is_ascii_alphanumeric(static_cast<char>(byte))) all += static_cast<char>(byte);
  CHECK(all == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("e-mail addresses that a browser takes are taken") {
  for (const std::string& text : {
           "guilherme@example.com"s,
           "a@b"s,
           "A.b-c_d+e@sub.example.com"s,
           ".dot..dots.@example.com"s,
           "!#$%&'*+/=?^_`{|}~-@example.com"s,
           "1@127.0.0.1"s,
           "a@xn--bcher-kva.example.com"s,
           "a@b--c.example.com"s,
           "a@" + letters(63),
           "a@" + letters(63) + "." + letters(63),
           letters(65) + "@example.com",
       })
    CHECK_MESSAGE(is_email(text), text);
}

TEST_CASE("e-mail addresses that a browser refuses are refused") {
  for (const std::string& text : {
           ""s,
           "@"s,
           "a"s,
           "a@"s,
           "@example.com"s,
           "a@b@c"s,
           "a@@b"s,
           "a b@example.com"s,
           " a@example.com"s,
           "a@example.com "s,
           "a@exa mple"s,
           "a@.example.com"s,
           "a@example.com."s,
           "a@b..example.com"s,
           "a@-b.example.com"s,
           "a@b-.example.com"s,
           "a@-"s,
           "a@b_c"s,
           "a@[127.0.0.1]"s,
           "\"a\"@example.com"s,
           "a(b)@example.com"s,
           "a,b@example.com"s,
           "a;b@example.com"s,
           "a:b@example.com"s,
           "a<b>@example.com"s,
           "a\\b@example.com"s,
           "olá@example.com"s,
           "a@exámple"s,
           "a@example.com\n"s,
           "a\0@example.com"s,
           "a@example.com\0"s,
           "a@" + letters(64),
           "a@" + letters(64) + ".example.com",
           "a@b." + letters(64),
       })
    CHECK_MESSAGE(!is_email(text), text);
}

TEST_CASE("e-mail addresses are judged as the expression in the HTML standard judges them") {
  regex_t standard;
  REQUIRE(regcomp(&standard,
                  "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
                  "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
                  REG_EXTENDED | REG_NOSUB) == 0);
  std::string misjudged;
  const auto judge = [&](const std::string& text) {
    if (is_email(text) != (regexec(&standard, text.c_str(), 0, nullptr, 0) == 0))
      misjudged += text + '\n';
  };
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i < texts.size(); ++i) {  // all of up to 5 characters; grows as it goes
    judge(texts[i]);
    for (const char c : "a1.@-+ "sv)
      if (texts[i].size() < 5) texts.push_back(texts[i] + c);
  }
  for (int byte = 1; byte < 256; ++byte) {
    judge("a"s + static_cast<char>(byte) + "b@c");
    judge("a@b"s + static_cast<char>(byte) + "c");
  }
  regfree(&standard);
  CHECK(misjudged == "");
  CHECK(texts.size() == 19'608);
}

TEST_CASE("an absolute http or https address is a web address") {
  for (const auto text : {"http://example.com"sv, "https://example.com"sv, "HTTPS://EXAMPLE.COM"sv,
                          "hTTp://a"sv, "https://example.com:8080/a/b?c=d&e=f#g"sv,
                          "http://192.0.2.1/"sv, "https://example.com/ol%C3%A1"sv,
                          "https://example.com/olá"sv, "https://example.com/a(b)"sv})
    CHECK_MESSAGE(is_web_url(text), text);
}

TEST_CASE("anything else is none") {
  for (const auto text : {""sv,
                          "http"sv,
                          "http:"sv,
                          "http:/"sv,
                          "http://"sv,
                          "https://"sv,
                          "https:///a"sv,
                          "http:example.com"sv,
                          "//example.com"sv,
                          "/a"sv,
                          "example.com"sv,
                          "www.example.com"sv,
                          "ftp://example.com"sv,
                          "httpx://example.com"sv,
                          "javascript:alert(1)"sv,
                          "javascript://example.com/%0aalert(1)"sv,
                          "data:text/html,x"sv,
                          " http://example.com"sv,
                          "mailto:ana@example.com"sv,
                          "xhttp://example.com"sv})
    CHECK_MESSAGE(!is_web_url(text), text);
  for (const char c : " \"'<>\\`"sv) {
    CHECK_FALSE(is_web_url("https://example.com/a"s + c));
    CHECK_FALSE(is_web_url("https://"s + c + "/a"));
  }
}

TEST_CASE("a web address names a host") {
  for (const auto text :
       {"http://?a"sv,  "http://#a"sv,  "https://:80/"sv, "https://@/"sv,    "https://@"sv,
        "http://."sv,   "http://.."sv,  "http://.a"sv,    "http://a."sv,     "http://a..b"sv,
        "http://-"sv,   "http://-a"sv,  "http://a-"sv,    "http://a.-b"sv,   "http://a%2eb"sv,
        "http://a,b"sv, "http://a&b"sv, "http://a*b"sv,   "http://[::1]/"sv, "http://[::1"sv,
        "http://::1/"sv})
    CHECK_MESSAGE(!is_web_url(text), text);
  for (const auto text : {"http://a-b"sv, "http://a_b.c"sv, "https://bücher.example.com"sv,
                          "https://例え.example.com/"sv, "https://xn--bcher-kva.example.com"sv})
    CHECK_MESSAGE(is_web_url(text), text);
}

TEST_CASE("a web address is as long as it may be, wherever it is long") {
  const field& url = fields[4];
  CHECK(faults(url, "https://" + letters(2'040)) == "");
  CHECK(faults(url, "https://" + letters(2'041)) == "/author/url too_long");
}

TEST_CASE("a web address has no user and no password") {
  for (const auto text : {"https://ana@example.com"sv, "https://ana:secret@example.com/"sv,
                          "https://example.com@attacker.example.com"sv, "https://:@example.com"sv})
    CHECK_MESSAGE(!is_web_url(text), text);
  CHECK(is_web_url("https://example.com/@ana"));
  CHECK(is_web_url("https://example.com?by=ana@example.com"));
}

TEST_CASE("a port is a number from 1 to 65535") {
  for (const auto text : {"http://a:1"sv, "http://a:80/"sv, "http://a:65535?b"sv, "http://a:080"sv})
    CHECK_MESSAGE(is_web_url(text), text);
  for (const auto text :
       {"http://a:"sv, "http://a:/"sv, "http://a:0"sv, "http://a:65536"sv, "http://a:99999"sv,
        "http://a:4294967297"sv, "http://a:b"sv, "http://a:-1"sv, "http://a:+1"sv, "http://a:1:2"sv,
        "http://a:1@b"sv, "http://a:99999999999999999999999"sv})
    CHECK_MESSAGE(!is_web_url(text), text);
}

TEST_CASE("a web address has nothing in it that is not seen") {
  for (const auto* hidden :
       {" ", "\t", "\n", "\u00a0", "\u00ad", "\u061c", "\u200b", "\u200d", "\u200e", "\u2028",
        "\u202e", "\u2066", "\u2060", "\u3000", "\ufeff", "\U000e0061", "\xff", "\xc3"}) {
    CHECK_FALSE(is_web_url("https://example"s + hidden + ".com/a"));
    CHECK_FALSE(is_web_url("https://example.com/a"s + hidden + "b"));
    CHECK_FALSE(is_web_url("https://example.com/"s + hidden));
  }
}

TEST_CASE("a name shows what it is") {
  const field& name = fields[2];
  for (const auto* fine_name : {"Ana", "Ana Maria", "J. R. R.", "\u5c71\u7530\u3000\u592a\u90ce"})
    CHECK_MESSAGE(faults(name, fine_name) == "", fine_name);
  for (const auto* hidden :
       {" ", "\u00a0", "\u3000\u3000", "\u200b", "\u2800", "\u3164", "\u200d", "Ana\u200b",
        "A\u00adna", "\ufeffAna", "Ana\u202egpj", "\u2066Ana\u2069", "\u200eAna", "Ana\u061c",
        "Ana\u2028Maria", "Ana\u2029", "A\u2060na", "A\u200dna", "Ana\U000e0061"})
    CHECK_MESSAGE(faults(name, hidden) == "/author/name invisible_character", hidden);
}

TEST_CASE("a name has no badge, which a reader would take for the site's word") {
  const field& name = fields[2];
  for (const auto* badge : {"Ana \u2713", "\u2705", "Ana\u2611\ufe0f", "\U0001f5f8 Ana"})
    CHECK_MESSAGE(faults(name, badge) == "/author/name badge", badge);
  draft said = fine();
  said.body = "Done \u2713";
  CHECK(to_line(check(said, {})) == "");
}

TEST_CASE("a name has as many marks in a row as allowed, and not one more") {
  const field& name = fields[2];
  CHECK(faults(name, "Z\u0300\u0301\u0302\u0303a\u0300") == "");
  CHECK(faults(name, "Z\u0300\u0301\u0302\u0303\u0304a") == "/author/name too_many_marks");
  draft one = fine();
  one.author.name = "Z\u0300\u0301";
  CHECK(to_line(check(one, {.name_marks_max = 2})) == "");
  CHECK(to_line(check(one, {.name_marks_max = 1})) == "/author/name too_many_marks");
}

TEST_CASE("other fields are not names: a body may have what a name may not") {
  draft odd = fine();
  odd.content_id = "\u200ea";
  odd.body = "Ana\u202e Z\u0300\u0301\u0302\u0303\u0304\u0305";
  CHECK(to_line(check(odd, {})) == "");
}

TEST_CASE("the limits are those that the manual names") {
  constexpr limits standard;
  static_assert(standard.content_id_bytes_max == 255);
  static_assert(standard.body_bytes_max == 16 * 1024);
  static_assert(standard.name_bytes_max == 200);
  static_assert(standard.name_marks_max == 4);
  static_assert(standard.email_bytes_max == 254);
  static_assert(standard.url_bytes_max == 2048);
  static_assert(standard.key_bytes_max == 255);
  static_assert(standard.json_depth_max == 32);
  static_assert(standard.subject_bytes_max == 255);
  static_assert(standard.jwt_bytes_max == 8192);
}
