#include <comments/auth/signer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

using namespace comments;
using namespace comments::auth;

namespace {

const std::string key(32, '\x0b');
const comment_id some_comment = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ab");
const comment_id other_comment = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ac");

}  // namespace

TEST_CASE("base64url writes and reads the vectors of RFC 4648, without their padding") {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(to_base64url(bytes) == text);
    CHECK(parse_base64url(text) == bytes);
  }
}

TEST_CASE("base64url carries every byte at every place of its groups") {
  for (std::size_t size = 1; size <= 6; ++size)
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes(size, '\0');
      bytes.back() = static_cast<char>(byte);
      CHECK(parse_base64url(to_base64url(bytes)) == bytes);
    }
}

TEST_CASE("base64url has one spelling for each text and refuses every other") {
  for (const char* text : {"Zg==",   "Zg=",      "Z",         "Zm9vY",       "Zh",  "Zm9",
                           "-/8_",   "+_8_",     " Zg",       "Zg ",         "Z g", "\nZg",
                           "Zg\n",   "\n\n\n\n", "  ",        "====",        "==",  "Zm9v\n",
                           "Z\xc3g", "Zm.v",     "Zm9v----=", "\r\n\r\nZm9v"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64url(text));
  }
  CHECK_FALSE(parse_base64url(std::string_view{"Zg\0\0", 4}));
}

TEST_CASE("a token is the HMAC-SHA-256 of its purpose and payload, cut to 128 bits") {
  // Computed with another implementation (Python's hmac) over "6 cursor17 0" under this key.
  CHECK(signer{key}.token("cursor", "17 0") == "MTcgMA.79Wi6KbI4LxI2ut2-vnPYA");
  CHECK(signer{key}.keyed_hash("author", "gabriela@example.com") == "nqInLR_EBNtjqXDwcm6Viw");
}

TEST_CASE("a token comes back as what was put in") {
  const signer sign{key};
  for (const std::string& payload : {std::string{}, std::string{"17 0"}, std::string(3, '\0'),
                                     std::string{"."}, std::string{"\xff\xfe"}})
    CHECK(sign.verify("cursor", sign.token("cursor", payload)) == payload);
  CHECK(sign.verify("", sign.token("", "17")) == "17");
}

TEST_CASE("a token that was cut short or lengthened is worthless") {
  const signer sign{key};
  const std::string token = sign.token("cursor", "17 0");
  for (std::size_t size = 0; size < token.size(); ++size)
    CHECK_FALSE(sign.verify("cursor", token.substr(0, size)));
  for (std::size_t from = 1; from <= token.size(); ++from)
    CHECK_FALSE(sign.verify("cursor", token.substr(from)));
  for (const char* more : {"A", ".", "=", "==", " ", "\n", ".AA"})
    CHECK_FALSE(sign.verify("cursor", token + more));
}

TEST_CASE("a token with any byte changed to any other is worthless") {
  const signer sign{key};
  const std::string token = sign.token("cursor", "17 0");
  for (std::size_t i = 0; i < token.size(); ++i)
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = token;
      changed[i] = static_cast<char>(byte);
      if (changed != token) CHECK_FALSE(sign.verify("cursor", changed));
    }
}

TEST_CASE("a token of another purpose, key or payload is worthless") {
  const signer sign{key};
  const std::string token = sign.token("cursor", "17 0");
  CHECK_FALSE(sign.verify("edit", token));
  CHECK_FALSE(sign.verify("cursor ", token));
  CHECK_FALSE(sign.verify("", token));
  CHECK_FALSE(signer{std::string(32, '\x0c')}.verify("cursor", token));
  CHECK_FALSE(signer{key.substr(1)}.verify("cursor", token));
  CHECK_FALSE(sign.verify("cursor", to_base64url("18 0") + token.substr(token.find('.'))));
}

TEST_CASE("a purpose and a payload do not run together like another pair") {
  const signer sign{key};
  CHECK(sign.keyed_hash("ab", "c") != sign.keyed_hash("a", "bc"));
  CHECK(sign.keyed_hash("1 a", "b") != sign.keyed_hash("1", " ab"));
  CHECK(sign.keyed_hash("", "1 a") != sign.keyed_hash("1 ", "a"));
}

TEST_CASE("a token is read up to its longest length, and no further") {
  // 512 leaves 489 characters to the payload, a length that no base64url text has: 488 and 490 do.
  const signer sign{key};
  const std::string at_limit = sign.token("cursor", std::string(366, 'x'));
  CHECK(at_limit.size() == signer::token_bytes_max - 1);
  CHECK(sign.verify("cursor", at_limit));
  const std::string too_long = sign.token("cursor", std::string(367, 'x'));
  CHECK(too_long.size() == signer::token_bytes_max + 1);
  CHECK_FALSE(sign.verify("cursor", too_long));
}

TEST_CASE("a keyed hash is stable for one text and key, and short") {
  const signer sign{key};
  const std::string hash = sign.keyed_hash("author", "gabriela@example.com");
  CHECK(hash.size() == 22);
  CHECK(hash == signer{key}.keyed_hash("author", "gabriela@example.com"));
  CHECK(hash != sign.keyed_hash("author", "charlie@example.com"));
  CHECK(hash != sign.keyed_hash("writer", "gabriela@example.com"));
  CHECK(hash != signer{"another"}.keyed_hash("author", "gabriela@example.com"));
}

TEST_CASE("an edit token is good until its expiry, and a millisecond later no more") {
  const signer sign{key};
  const instant expires = from_milliseconds(1'700'000'000'000);
  const std::string token = make_edit_token(sign, some_comment, expires);
  CHECK(is_edit_token(sign, some_comment, token, from_milliseconds(0)));
  CHECK(is_edit_token(sign, some_comment, token, expires - std::chrono::milliseconds{1}));
  CHECK(is_edit_token(sign, some_comment, token, expires));
  CHECK_FALSE(is_edit_token(sign, some_comment, token, expires + std::chrono::milliseconds{1}));
}

TEST_CASE("an edit token proves one comment, under one key, and is no other token") {
  const signer sign{key};
  const instant expires = from_milliseconds(1'700'000'000'000);
  const std::string token = make_edit_token(sign, some_comment, expires);
  CHECK_FALSE(is_edit_token(sign, other_comment, token, from_milliseconds(0)));
  CHECK_FALSE(is_edit_token(signer{"another"}, some_comment, token, from_milliseconds(0)));
  CHECK_FALSE(is_edit_token(sign, some_comment, "", from_milliseconds(0)));
  CHECK_FALSE(is_edit_token(sign, some_comment, sign.token("cursor", "1700000000000"),
                            from_milliseconds(0)));
  CHECK_FALSE(is_edit_token(sign, some_comment,
                            to_base64url("1700000000001") + token.substr(token.find('.')),
                            from_milliseconds(0)));
}

TEST_CASE("an edit token is good, too old, or not one of this comment") {
  using enum edit_token_state;
  const signer sign{key};
  const instant expires = from_milliseconds(1'700'000'000'000);
  const instant after = expires + std::chrono::milliseconds{1};
  const std::string token = make_edit_token(sign, some_comment, expires);
  CHECK(check_edit_token(sign, some_comment, token, expires) == good);
  CHECK(check_edit_token(sign, some_comment, token, after) == expired);
  for (const instant now : {expires, after}) {
    CHECK(check_edit_token(sign, other_comment, token, now) == unknown);
    CHECK(check_edit_token(signer{"another install"}, some_comment, token, now) == unknown);
    CHECK(check_edit_token(sign, some_comment, token + "A", now) == unknown);
    CHECK(check_edit_token(sign, some_comment, make_form_token(sign, now), now) == unknown);
    for (std::size_t size = 0; size < token.size(); ++size)
      CHECK(check_edit_token(sign, some_comment, token.substr(0, size), now) == unknown);
  }
}

TEST_CASE("an edit token with any bit flipped is unknown, not expired") {
  const signer sign{key};
  const std::string token = make_edit_token(sign, some_comment, from_milliseconds(0));
  for (std::size_t i = 0; i < token.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CHECK(check_edit_token(sign, some_comment, changed, from_milliseconds(1)) ==
            edit_token_state::unknown);
    }
}

TEST_CASE("a form token says when the form was shown, and is not to be forged") {
  const signer sign{key};
  const instant shown = from_milliseconds(1'700'000'000'123);
  const std::string token = make_form_token(sign, shown);
  CHECK(form_time(sign, token) == shown);
  CHECK(form_time(sign, make_form_token(sign, from_milliseconds(-1))) == from_milliseconds(-1));
  CHECK_FALSE(form_time(signer{"another"}, token));
  CHECK_FALSE(form_time(sign, make_edit_token(sign, some_comment, shown)));
  CHECK_FALSE(form_time(sign, to_base64url("1600000000000") + token.substr(token.find('.'))));
  for (std::size_t size = 0; size < token.size(); ++size)
    CHECK_FALSE(form_time(sign, token.substr(0, size)));
}

TEST_CASE("a payload that is no whole number of milliseconds is no moment") {
  const signer sign{key};
  for (const char* payload : {"", " 1", "1 ", "1.5", "x", "0x1", "+1", "9223372036854775808"})
    CHECK_FALSE(form_time(sign, sign.token("form", payload)));
  CHECK(form_time(sign, sign.token("form", "9223372036854775807")));
}

TEST_CASE("a form's token is kept if it is ours, and else renewed") {
  const signer ours{std::string(32, 'k')}, other{std::string(32, 'o')};
  const instant now = from_milliseconds(1'700'000'000'000);
  const std::string kept = make_form_token(ours, now);
  CHECK(renew_form_token(ours, kept, now + std::chrono::hours{1}) == kept);
  for (const std::string& lost : {std::string{}, kept + "x", make_form_token(other, now)})
    CHECK(form_time(ours, renew_form_token(ours, lost, now)) == now);
}
