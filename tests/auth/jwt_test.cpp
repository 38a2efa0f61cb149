#include <comments/auth/jwt.hpp>

#include <comments/auth/hmac.hpp>
#include <comments/auth/signer.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "support/size.hpp"

using namespace comments;
using namespace comments::auth;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const jwt_options site{.secret = secret};
const instant now = from_milliseconds(1'700'000'000'000);
constexpr auto good_header = R"({"alg":"HS256","typ":"JWT"})";
constexpr auto good_payload = R"({"sub":"17","exp":1700000000})";

// Made by another implementation (Python's hmac), which writes JSON with a line break in it.
constexpr auto made_elsewhere =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJzdWIiOiIxNyIsIm5hbWUiOiJBbmEiLCJlbWFpbCI6ImFuYUBleGFtcGxlLmNvbSIsInJvbGUiOiJtb2RlcmF0b3Ii"
    "LCJleHAiOjE3MDAwMDAwMDB9.BZscy14McEml4-kHNLjPw8yKtsz7Bpv83WksVShfEJY";

std::string sign(std::string_view header, std::string_view payload,
                 const std::string& key = secret) {
  const std::string parts = to_base64url(header) + "." + to_base64url(payload);
  return parts + "." + to_base64url(hmac_sha256(key, parts));
}

bool is_good(std::string_view token, const jwt_options& options = site, instant at = now) {
  const auto user = verify_jwt(token, options, at);
  if (user) return true;
  // Whatever is wrong, it is said in the same words.
  CHECK(user.error().code == errc::unauthenticated);
  CHECK(user.error().message == "The token is not valid.");
  CHECK(user.error().violations.empty());
  return false;
}
bool takes_header(std::string_view header) { return is_good(sign(header, good_payload)); }
bool takes_payload(std::string_view payload, const jwt_options& options = site, instant at = now) {
  return is_good(sign(good_header, payload), options, at);
}
// Whether a token with these further members is good at `milliseconds`.
bool takes_times(const std::string& members, std::int64_t milliseconds) {
  return takes_payload(R"({"sub":"17",)" + members + "}", site, from_milliseconds(milliseconds));
}
bool takes_also(const std::string& members, const jwt_options& options = site) {
  return takes_payload(R"({"sub":"17","exp":1700000000,)" + members + "}", options);
}

}  // namespace

TEST_CASE("the signature is that of RFC 7515, appendix A.1") {
  const auto key = parse_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  REQUIRE(key);
  CHECK(to_base64url(hmac_sha256(
            *key,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
            "Ijp0cnVlfQ")) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST_CASE("a token that another implementation made names its bearer") {
  const auto user = verify_jwt(made_elsewhere, site, now);
  REQUIRE(user);
  CHECK(*user == claims{"17", "Ana", "ana@example.com", "moderator"});
}

TEST_CASE("a token with a subject and an expiry is enough") {
  const auto user = verify_jwt(sign(R"({"alg":"HS256"})", good_payload), site, now);
  REQUIRE(user);
  CHECK(*user == claims{.subject = "17"});
}

TEST_CASE("a token that was cut short or lengthened is worthless") {
  const std::string token = made_elsewhere;
  for (std::size_t size = 0; size < token.size(); ++size) {
    CHECK_FALSE(is_good(token.substr(0, size)));
    CHECK_FALSE(is_good(token.substr(token.size() - size)));
  }
  for (const char* more : {"A", ".", "=", "==", " ", "\n", ".AA", ".."}) {
    CHECK_FALSE(is_good(token + more));
    CHECK_FALSE(is_good(more + token));
  }
  CHECK_FALSE(is_good(token + "\0"s));
}

TEST_CASE("a token with any byte changed to any other is worthless") {
  const std::string token = made_elsewhere;
  for (std::size_t i = 0; i < token.size(); ++i)
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = token;
      changed[i] = static_cast<char>(byte);
      if (changed != token) CHECK_FALSE(verify_jwt(changed, site, now));
    }
}

TEST_CASE("a token has three parts, none of them more and none less") {
  for (const auto token : {""sv, "."sv, ".."sv, "..."sv, "a.b"sv, "a.b.c"sv, "a..c"sv, "...."sv})
    CHECK_FALSE(is_good(token));
  const std::string token = sign(good_header, good_payload);
  const std::size_t dot = token.rfind('.');
  CHECK_FALSE(is_good(token.substr(0, dot)));
  CHECK_FALSE(is_good(token.substr(0, dot + 1)));  // as alg none has it
  CHECK_FALSE(is_good(token + token.substr(dot)));
  CHECK_FALSE(is_good(token.substr(0, dot) + ".x" + token.substr(dot)));
}

TEST_CASE("only HS256 is an algorithm, even if the secret signed another") {
  CHECK(takes_header(R"({"alg":"HS256"})"));
  for (const auto* alg :
       {R"("none")",   R"("None")",    R"("NONE")",        R"("nOnE")",  R"("")",
        R"("hs256")",  R"("Hs256")",   R"("HS384")",       R"("HS512")", R"("RS256")",
        R"("ES256")",  R"("PS256")",   R"("EdDSA")",       R"("dir")",   R"("A128KW")",
        R"("HS256 ")", R"(" HS256")",  R"("HS256\u0000")", "null",       "true",
        "256",         R"(["HS256"])", R"({"HS256":1})"})
    CHECK_MESSAGE(!takes_header(R"({"alg":)"s + alg + "}"), alg);
  CHECK_FALSE(takes_header("{}"));
  CHECK_FALSE(takes_header(R"({"typ":"JWT"})"));
  CHECK_FALSE(takes_header(R"({"ALG":"HS256"})"));
}

TEST_CASE("a token without a signature is worthless, whatever its header says") {
  for (const auto* alg : {"none", "None", "NONE", "nOnE", "HS256"}) {
    const std::string parts =
        to_base64url(R"({"alg":")"s + alg + R"("})") + "." + to_base64url(good_payload);
    CHECK_FALSE(is_good(parts));
    CHECK_FALSE(is_good(parts + "."));
    CHECK_FALSE(is_good(parts + ".AA"));
  }
}

TEST_CASE("the signature of another secret, or part of one, is worthless") {
  CHECK_FALSE(is_good(sign(good_header, good_payload, secret + "x")));
  CHECK_FALSE(is_good(sign(good_header, good_payload, secret.substr(1))));
  CHECK_FALSE(is_good(sign(good_header, good_payload, "")));
  const std::string parts = to_base64url(good_header) + "." + to_base64url(good_payload);
  const std::string whole = hmac_sha256(secret, parts);
  CHECK(is_good(parts + "." + to_base64url(whole)));
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(is_good(parts + "." + to_base64url(whole.substr(0, size))));
  CHECK_FALSE(is_good(parts + "." + to_base64url(whole + '\0')));
}

TEST_CASE("the type is JWT in any case, or not said") {
  for (const auto* type : {"JWT", "jwt", "Jwt"})
    CHECK(takes_header(R"({"alg":"HS256","typ":")"s + type + R"("})"));
  for (const auto* type : {R"("at+jwt")", R"("JOSE")", R"("")", R"("JWTX")", R"("application/jwt")",
                           "null", "1", R"(["JWT"])"})
    CHECK_MESSAGE(!takes_header(R"({"alg":"HS256","typ":)"s + type + "}"), type);
}

TEST_CASE("what we would have to understand and do not is refused") {
  for (const auto* member :
       {R"("crit":["exp"])", R"("crit":[])", R"("crit":null)", R"("b64":false)", R"("b64":true)",
        R"("crit":["b64"],"b64":false)", R"("zip":"DEF")", R"("cty":"JWT")", R"("cty":"json")"})
    CHECK_MESSAGE(!takes_header(R"({"alg":"HS256",)"s + member + "}"), member);
}

TEST_CASE("what says where a key might be is ignored: nothing is fetched, no key is believed") {
  const auto with_key = [](const char* member) { return R"({"alg":"HS256",)"s + member + "}"; };
  for (const auto* member :
       {R"("kid":"../../dev/null")", R"("kid":"' OR 1=1 --")", R"("kid":7)",
        R"("jku":"https://attacker.example.com/keys")", R"("x5u":"http://169.254.169.254/")",
        R"("x5c":["MIIB"])", R"("jwk":{"kty":"oct","k":"YXR0YWNrZXI"})"}) {
    CHECK_MESSAGE(takes_header(with_key(member)), member);
    CHECK_FALSE(is_good(sign(with_key(member), good_payload, "attacker")));
    CHECK_FALSE(is_good(sign(with_key(member), good_payload, "")));
  }
}

TEST_CASE("a header or a payload that is no object, or says something twice, is refused") {
  for (const auto* json : {"", "null", "[]", "1", R"("HS256")", "{", R"({"alg":"HS256",})", "{}{}",
                           "\xff", R"({"alg":"HS256","alg":"none"})",
                           R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","a":1,"a":1})"})
    CHECK_MESSAGE(!takes_header(json), json);
  CHECK_FALSE(takes_header(good_header + "\0"s));
  for (const auto* json :
       {"", "null", "[]", R"("17")", R"({"sub":"17","exp":1700000000)",
        R"({"sub":"17","exp":1700000000,"sub":"18"})", R"({"sub":"17","exp":1,"exp":1700000000})"})
    CHECK_MESSAGE(!takes_payload(json), json);
  CHECK_FALSE(takes_payload(good_payload + "\0"s));
}

TEST_CASE("JSON is nested as deep as allowed, and not a level deeper") {
  const auto nested = [](std::size_t levels) {
    return R"("a":)" + std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(takes_also(nested(site.limits.json_depth_max - 1)));
  CHECK_FALSE(takes_also(nested(site.limits.json_depth_max)));
  CHECK_FALSE(takes_also(nested(3000)));
}

TEST_CASE("base64 of another alphabet, with padding or with bits to spare is refused") {
  const std::string token = sign(R"({"alg":"HS256","a":"~~~???"})", good_payload);
  REQUIRE(is_good(token));
  const auto resigned = [](std::string header) {
    const std::string parts = header + "." + to_base64url(good_payload);
    return parts + "." + to_base64url(hmac_sha256(secret, parts));
  };
  const std::string header = to_base64url(R"({"alg":"HS256"} )");  // 16 bytes: two to pad
  REQUIRE(is_good(resigned(header)));
  CHECK_FALSE(is_good(resigned(header + "==")));
  CHECK_FALSE(is_good(resigned(header.substr(0, header.size() - 1) + "B")));  // was A: IA, IB
  CHECK_FALSE(is_good(resigned(header + "\n")));
  CHECK_FALSE(is_good(resigned(" " + header)));
}

TEST_CASE("a token expires 60 seconds after it says, to the millisecond") {
  CHECK(takes_times(R"("exp":1700000000)", 1'700'000'000'000));
  CHECK(takes_times(R"("exp":1700000000)", 1'700'000'059'999));
  CHECK_FALSE(takes_times(R"("exp":1700000000)", 1'700'000'060'000));
  CHECK_FALSE(takes_times(R"("exp":1700000000)", 1'700'000'060'001));
}

TEST_CASE("a token begins 60 seconds before it says, to the millisecond") {
  for (const auto* begins :
       {R"("exp":1800000000,"nbf":1700000000)", R"("exp":1800000000,"iat":1700000000)"}) {
    CHECK_FALSE(takes_times(begins, 1'699'999'939'999));
    CHECK(takes_times(begins, 1'699'999'940'000));
    CHECK(takes_times(begins, 1'700'000'000'000));
  }
}

TEST_CASE("a time may have a fraction, and an exponent") {
  CHECK(takes_times(R"("exp":1700000000.25)", 1'700'000'060'249));
  CHECK_FALSE(takes_times(R"("exp":1700000000.25)", 1'700'000'060'250));
  CHECK(takes_times(R"("exp":1700000000.001)", 1'700'000'060'000));
  CHECK_FALSE(takes_times(R"("exp":1700000000.001)", 1'700'000'060'001));
  CHECK(takes_times(R"("exp":1700000000.0009)", 1'700'000'060'000));  // to the nearest
  CHECK_FALSE(takes_times(R"("exp":1700000000.0004)", 1'700'000'060'000));
  CHECK(takes_times(R"("exp":1.7e9)", 1'700'000'059'999));
  CHECK_FALSE(takes_times(R"("exp":1.7E+9)", 1'700'000'060'000));
}

TEST_CASE("a time is a number, and no expiry is no token") {
  CHECK_FALSE(takes_payload(R"({"sub":"17"})"));
  for (const auto* time : {"null", "true", R"("1700000000")", R"("")", "[]", "[1700000000]", "{}",
                           "NaN", "Infinity", "-Infinity", "0x6553f100", "+1700000000", "1e999"})
    for (const auto* name : {"exp", "nbf", "iat"}) {
      const std::string member = "\""s + name + "\":" + time;
      CHECK_FALSE(
          takes_times((name == "exp"sv ? "" : R"("exp":1700000000,)") + member, 1'700'000'000'000));
    }
}

TEST_CASE("times far away are times too") {
  for (const auto* far : {"1e300", "1e308", "9223372036854775807", "18446744073709551615",
                          "18446744073709551616", "99999999999999999999999"}) {
    CHECK_MESSAGE(takes_times(R"("exp":)"s + far, 1'700'000'000'000), far);
    for (const auto* name : {R"(,"nbf":)", R"(,"iat":)"})
      CHECK_MESSAGE(!takes_times(R"("exp":1700000000)"s + name + far, 1'700'000'000'000), far);
  }
  for (const auto* long_ago :
       {"0", "-0", "-1", "-1e300", "-1e308", "-9223372036854775808", "-9223372036854775809"}) {
    CHECK_MESSAGE(!takes_times(R"("exp":)"s + long_ago, 1'700'000'000'000), long_ago);
    CHECK_MESSAGE(takes_times(R"("exp":1700000000,"nbf":)"s + long_ago, 1'700'000'000'000),
                  long_ago);
  }
  using count = std::numeric_limits<std::int64_t>;
  CHECK_FALSE(takes_times(R"("exp":1700000000)", count::max()));
  CHECK(takes_times(R"("exp":1700000000)", count::min()));
}

TEST_CASE("a subject is text that a reader can see") {
  const auto takes = [](const std::string& subject) {
    return takes_payload(R"({"exp":1700000000,"sub":)" + subject + "}");
  };
  CHECK(takes(R"("17")"));
  CHECK(takes(R"("jo\u00e3o")"));
  for (const auto* subject : {R"("")", R"(" ")", R"("\u200b")", "17", "null", "true", R"(["17"])",
                              "{}", R"("a\nb")", R"("a\u0000")", R"("\ud800")"})
    CHECK_MESSAGE(!takes(subject), subject);
  CHECK_FALSE(takes_payload(R"({"exp":1700000000})"));
}

TEST_CASE("each claim is read up to its longest length, and no further") {
  const auto takes = [](std::size_t subject, std::size_t name, std::size_t email) {
    return takes_payload(R"({"exp":1700000000,"sub":")" + std::string(subject, 's') +
                         R"(","name":")" + std::string(name, 'n') + R"(","email":")" +
                         std::string(email - 12, 'e') + R"(@example.com"})");
  };
  CHECK(takes(255, 200, 254));
  CHECK_FALSE(takes(256, 200, 254));
  CHECK_FALSE(takes(255, 201, 254));
  CHECK_FALSE(takes(255, 200, 255));
}

TEST_CASE("a token is read up to its longest length, and no further") {
  // The lengths of base64url texts have gaps, so the limit is moved to the token, not the other
  // way.
  const std::string token = sign(good_header, good_payload);
  jwt_options tight = site;
  tight.limits.jwt_bytes_max = token.size();
  CHECK(is_good(token, tight));
  tight.limits.jwt_bytes_max = token.size() - 1;
  CHECK_FALSE(is_good(token, tight));
  const auto padded = [](std::size_t bytes) {
    return sign(good_header,
                R"({"sub":"17","exp":1700000000,"a":")" + std::string(bytes, 'x') + R"("})");
  };
  CHECK(is_good(padded(6000)));
  CHECK(padded(6100).size() > 8192);
  CHECK_FALSE(is_good(padded(6100)));
}

TEST_CASE("a name and an address are what they are for any author, or not there") {
  CHECK(takes_also(R"("name":"Ana","email":"ana@example.com")"));
  CHECK(takes_also(R"("name":"","email":"")"));
  CHECK(takes_also(R"("name":null,"email":null,"role":null)"));
  for (const auto* member :
       {R"("name":7)", R"("name":["Ana"])", R"("name":"a\nb")", R"("email":"ana")", R"("email":{})",
        R"("email":"a b@example.com")", R"("role":7)", R"("role":["moderator"])"})
    CHECK_MESSAGE(!takes_also(member), member);
}

TEST_CASE("a role is passed on as it is written") {
  const auto role_in = [](const char* member) {
    const auto user = verify_jwt(
        sign(good_header, R"({"sub":"17","exp":1700000000,)"s + member + "}"), site, now);
    return user ? user->role : "refused";
  };
  CHECK(role_in(R"("role":"moderator")") == "moderator");
  CHECK(role_in(R"("role":"Moderator")") == "Moderator");
  CHECK(role_in(R"("role":"")") == "");
  CHECK(role_in(R"("roles":"moderator")") == "");
}

TEST_CASE("an issuer and an audience are looked at if they are known, and then required") {
  CHECK(takes_also(R"("iss":7,"aud":{})"));
  jwt_options issued = site;
  issued.issuer = "https://example.com";
  CHECK(takes_also(R"("iss":"https://example.com")", issued));
  for (const auto* member :
       {R"("iss":"https://example.com/")", R"("iss":"")", R"("iss":null)",
        R"("iss":["https://example.com"])", R"("iss":7)", R"("aud":"https://example.com")"})
    CHECK_MESSAGE(!takes_also(member, issued), member);
  jwt_options heard = site;
  heard.audience = "comments";
  CHECK(takes_also(R"("aud":"comments")", heard));
  CHECK(takes_also(R"("aud":["shop","comments",7])", heard));
  for (const auto* member :
       {R"("aud":"shop")", R"("aud":["shop"])", R"("aud":[])", R"("aud":[["comments"]])",
        R"("aud":{"comments":"comments"})", R"("aud":null)", R"("iss":"comments")"})
    CHECK_MESSAGE(!takes_also(member, heard), member);
  CHECK_FALSE(takes_payload(good_payload, heard));
  CHECK_FALSE(takes_payload(good_payload, issued));
}

TEST_CASE("without a secret no token is good") {
  CHECK(is_good(sign(good_header, good_payload, "x"), {.secret = "x"}));
  CHECK_FALSE(is_good(sign(good_header, good_payload, ""), {.secret = ""}));
}

TEST_CASE("tokens of random bytes, and good ones with random damage, are refused quietly") {
  std::mt19937 random{8725};
  const std::string token = made_elsewhere;
  for (int round = 0; round < testing::size(2'000, 20'000); ++round) {
    std::string damaged = token;
    for (int i = 0; i < 3; ++i) {
      const std::size_t at = random() % damaged.size();
      if (random() % 2)
        damaged[at] = static_cast<char>(random());
      else
        damaged.erase(at, random() % 20);
      if (damaged.empty()) damaged = ".";
    }
    if (damaged != token) CHECK_FALSE(verify_jwt(damaged, site, now));
  }
  // Signed, so that the parsers see them.
  for (int round = 0; round < testing::size(2'000, 20'000); ++round) {
    std::string payload = R"({"sub":"17","exp":1600000000,"nbf":0.5,"name":"Ana","aud":["a"]})";
    payload[random() % payload.size()] = static_cast<char>(random());
    payload[random() % payload.size()] = R"({}[]",:0e-.\x)"[random() % 13];
    (void)is_good(sign(good_header, payload));  // checks what a refusal says
    CHECK_FALSE(is_good(sign(payload, good_payload)));
  }
}
