#include <comments/http/message.hpp>

#include <comments/text.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

using namespace comments::http;

TEST_CASE("percent coding brings every byte back, in a path and in a query") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string encoded = percent_encode(all);
  CHECK(percent_decode(encoded) == all);
  CHECK(percent_decode(encoded, true) == all);
  CHECK(encoded.find_first_of(" /?#&=+;,:@\"<>\\\x7f") == encoded.npos);
}

TEST_CASE("percent coding leaves the unreserved characters alone and writes upper case") {
  const std::string plain = "AZaz09-._~";
  CHECK(percent_encode(plain) == plain);
  CHECK(percent_encode("a b/\xc3\xa9\xff\n") == "a%20b%2F%C3%A9%FF%0A");
  CHECK(percent_encode(std::string_view{"\0", 1}) == "%00");
  CHECK(percent_encode("") == "");
}

TEST_CASE("percent decoding reads both cases and does not decode twice") {
  CHECK(percent_decode("%c3%A9%C3%a9") == "\xc3\xa9\xc3\xa9");
  CHECK(percent_decode("%2541") == "%41");
  CHECK(percent_decode("%00") == std::string(1, '\0'));
  CHECK(percent_decode("") == "");
}

TEST_CASE("a plus is a space in a query and a plus in a path") {
  CHECK(percent_decode("a+b%2Bc") == "a+b+c");
  CHECK(percent_decode("a+b%2Bc", true) == "a b+c");
}

TEST_CASE("a percent sign without two hexadecimal digits is refused") {
  for (const char* text : {"%", "%4", "a%", "a%4", "%4g", "%g4", "%%41", "%-1", "% 1", "%+1", "%0x",
                           "%4\xc3", "ok%20then%", "%G0", "%@0", "%`0", "%:0", "%/0"}) {
    CAPTURE(text);
    CHECK_FALSE(percent_decode(text));
    CHECK_FALSE(percent_decode(text, true));
  }
}

TEST_CASE("a query is read pair by pair, in its order, with repeated names") {
  CHECK(parse_query("a=1&b=2&a=3").value() == fields{{"a", "1"}, {"b", "2"}, {"a", "3"}});
  CHECK(parse_query("content_id=a%26b%3Dc&q=x+y").value() ==
        fields{{"content_id", "a&b=c"}, {"q", "x y"}});
  CHECK(parse_query("caf%C3%A9=%E2%82%AC").value() == fields{{"caf\xc3\xa9", "\xe2\x82\xac"}});
}

TEST_CASE("a query's corner cases are read as browsers read them") {
  CHECK(parse_query("").value() == fields{});
  CHECK(parse_query("&").value() == fields{});
  CHECK(parse_query("&&a=1&&b=2&").value() == fields{{"a", "1"}, {"b", "2"}});
  CHECK(parse_query("a").value() == fields{{"a", ""}});
  CHECK(parse_query("a=").value() == fields{{"a", ""}});
  CHECK(parse_query("=1").value() == fields{{"", "1"}});
  CHECK(parse_query("=").value() == fields{{"", ""}});
  CHECK(parse_query("a=b=c").value() == fields{{"a", "b=c"}});
  CHECK(parse_query("a==").value() == fields{{"a", "="}});
  CHECK(parse_query("a=1?b=2").value() == fields{{"a", "1?b=2"}});
  CHECK(parse_query("a=1;b=2").value() == fields{{"a", "1;b=2"}});
}

TEST_CASE("a query with a broken encoding anywhere is refused") {
  for (const char* text : {"%", "a=%", "%zz=1", "a=1&b=%4", "a=1&%", "=%g0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_query(text));
  }
}

TEST_CASE("header names compare without case, and only ASCII has case") {
  CHECK(is_same_name("Content-Type", "content-TYPE"));
  CHECK(is_same_name("", ""));
  CHECK_FALSE(is_same_name("Content-Type", "Content-Typ"));
  CHECK_FALSE(is_same_name("a[", "a{"));
  CHECK_FALSE(is_same_name("\xc3\x89", "\xc3\xa9"));
}

TEST_CASE("the first header or parameter of a name is found, parameters with case") {
  const fields all{{"etag", "1"}, {"ETag", "2"}, {"Empty", ""}};
  CHECK(find_header(all, "ETAG") == "1");
  CHECK(find_header(all, "empty") == "");
  CHECK_FALSE(find_header(all, "Absent"));
  CHECK(find_field(all, "ETag") == "2");
  CHECK_FALSE(find_field(all, "ETAG"));
}

TEST_CASE("an entity tag is the version in quotes") {
  CHECK(to_etag({}) == "\"0\"");
  CHECK(to_etag({7, 0xa0}) == "\"7-00000000000000a0\"");
  CHECK(to_etag({7, 0xa0}, "plain") == "\"7-00000000000000a0-plain\"");
  CHECK(to_etag({.version = 9'007'199'254'740'993}) == "\"9007199254740993\"");
}

TEST_CASE("If-None-Match finds its tag alone, in a list, weak, and under a star") {
  for (const char* header :
       {"\"17\"", " \"17\" ", "\t\"17\"", "W/\"17\"", "\"1\",\"17\"", "\"17\" , \"1\"",
        "\"1\",W/\"17\",\"2\"", ",,\"17\",,", "*", " * ", "\"1\", *", ", , ,\t \"17\""}) {
    CAPTURE(header);
    CHECK(has_etag(header, "\"17\""));
  }
}

TEST_CASE("If-None-Match does not find what only looks like its tag") {
  for (const char* header : {"", " ", ",", "17", "\"1\"", "\"7\"", "\"170\"", "\"117\"", "w/\"17\"",
                             "W/ \"17\"", "\"17", "17\"", "'17'", "\"17-hidden\"", "\"*\"", "**"}) {
    CAPTURE(header);
    CHECK_FALSE(has_etag(header, "\"17\""));
  }
}

TEST_CASE("a target that names the server becomes its path, and the Host the server's name") {
  const auto settle = [](std::string target, std::string method = "GET") {
    request asked{.method = std::move(method),
                  .target = std::move(target),
                  .headers = {{"host", "other"}, {"A", "b"}}};
    return settle_target(asked)
               ? std::string{find_header(asked.headers, "Host").value_or("")} + " " + asked.target
               : "refused";
  };
  for (const char* plain : {"/", "/a?b", "//a", "/http://x/a", "/a?u=http://x/b", "/@"})
    CHECK(settle(plain) == std::string{"other "} + plain);
  CHECK(settle("http://h/a?b") == "h /a?b");
  CHECK(settle("HTTPS://h:8000/a") == "h:8000 /a");
  CHECK(settle("http://[::1]:80/a") == "[::1]:80 /a");
  CHECK(settle("http://h") == "h /");
  CHECK(settle("http://h:") == "h: /");
  CHECK(settle("http://h?x/healthz") == "h /?x/healthz");  // it was taken for /healthz
  CHECK(settle("http://h//healthz") == "h //healthz");
  CHECK(settle("*", "OPTIONS") == "other *");
  for (const char* none : {"",
                           "a",
                           "*",
                           "*/a",
                           "h:80",
                           "h/healthz",
                           "http:/healthz",
                           "http:///healthz",
                           "http://:80/healthz",
                           "http://?x/healthz",
                           "http://u@h/healthz",
                           "http://u:p@h/healthz",
                           "http://h#x/healthz",
                           "/a#x",
                           "http://h\\x/healthz",
                           "http://h:x/healthz",
                           "http://h:80:80/a",
                           "http://[::1/a",
                           "http://[]/a",
                           "http://[::1]80/a",
                           "http://a[b]/a",
                           "ftp://h/healthz",
                           "javascript://h/healthz",
                           "x http://h/a",
                           "http://a b/a",
                           "?x",
                           "://h/a"})
    CHECK_MESSAGE(settle(none) == "refused", none);
}

TEST_CASE("a header that must stand alone does, and the lines of a list are one list") {
  const auto settle = [](fields headers) {
    const std::string doubled{settle_headers(headers)};
    return std::pair{doubled, headers};
  };
  for (const std::string name :
       {"Authorization", "Host", "Content-Type", "Content-Length", "Idempotency-Key",
        "Comments-Browser", "Origin", "Range", "If-Modified-Since", "If-Unmodified-Since",
        "If-Range", "Last-Event-ID", "Sec-Fetch-Site", "Access-Control-Request-Method",
        "Proxy-Authorization"}) {
    CHECK(settle({{name, "1"}, {"A", "2"}}).first == "");
    CHECK(settle({{name, "1"}, {"A", "2"}, {name, "1"}}).first == name);
    CHECK(settle({{comments::to_lower_ascii(name), "1"}, {name, ""}}).first == name);
  }
  CHECK(settle({{"if-match", R"("1")"}, {"A", "1"}, {"If-Match", R"("2")"}, {"A", "2"}}) ==
        std::pair{std::string{}, fields{{"if-match", R"("1", "2")"}, {"A", "1"}, {"A", "2"}}});
  for (const std::string name : {"If-None-Match", "Accept", "Accept-Encoding", "Accept-Language",
                                 "Content-Encoding", "If-Match"})
    CHECK(settle({{name, "a"}, {name, "b"}, {"X", "y"}, {name, "c"}}).second ==
          fields{{name, "a, b, c"}, {"X", "y"}});
  const fields others{
      {"X-Forwarded-For", "a"}, {"X-Forwarded-For", "b"}, {"User-Agent", "x"}, {"User-Agent", "y"}};
  CHECK(settle(others) == std::pair{std::string{}, others});
}

TEST_CASE("what is to be done with a response is done with one that comes later, too, and once") {
  const auto shout = [](response answer) {
    answer.body += "!";
    return answer;
  };
  CHECK(then({.body = "now"}, shout).body == "now!");
  response late = then({.later = [](effort) { return response{.body = "late"}; }}, shout);
  REQUIRE(late.later);
  CHECK(late.body.empty());
  CHECK(late.later(effort::memory).body == "late!");
  response deferred = then({.later =
                                [](effort) {
                                  return response{.is_deferred = true, .later = [](effort) {
                                                    return response{.body = "rest"};
                                                  }};
                                }},
                           shout);
  deferred = late_response{std::move(deferred.later)}(effort::memory);
  CHECK(deferred.is_deferred);
  CHECK(deferred.later(effort::rest).body == "rest!");
}
