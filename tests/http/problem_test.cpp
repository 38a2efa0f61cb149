#include <comments/http/problem.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace comments;
using namespace comments::http;

namespace {

// In the order of the enumerations; these are the last of each.
constexpr int codes = static_cast<int>(errc::in_doubt) + 1;
constexpr int request_codes = static_cast<int>(request_errc::overloaded) + 1;

void check_status(const response& answer, int status) {
  const auto body = nlohmann::json::parse(answer.body);
  CHECK(answer.status == status);
  CHECK(body.at("status") == status);
  CHECK(body.at("title") != "");
  const bool is_later = status == 429 || status == 503;
  CHECK(find_header(answer.headers, "Retry-After").has_value() == is_later);
  CHECK(find_header(answer.headers, "WWW-Authenticate").has_value() == (status == 401));
}

}  // namespace

TEST_CASE("each error code has exactly one row, and all but one a name of its own") {
  std::set<std::string_view> names;
  for (int i = 0; i < codes; ++i) {
    CAPTURE(i);
    CHECK(std::ranges::count(error_kinds, static_cast<errc>(i), &problem_kind<errc>::code) == 1);
  }
  for (const auto& kind : error_kinds) {
    names.insert(kind.name);
    CHECK(code_of({kind.code, "No."}) == kind.name);
  }
  CHECK(std::size(error_kinds) == codes);
  CHECK(names.size() == codes - 1);
  CHECK(code_of({errc::in_doubt, "No."}) == code_of({errc::unavailable, "No."}));
}

TEST_CASE("each of HTTP's own errors has exactly one row, and no status has two names") {
  for (int i = 0; i < request_codes; ++i) {
    CAPTURE(i);
    CHECK(std::ranges::count(request_error_kinds, static_cast<request_errc>(i),
                             &problem_kind<request_errc>::code) == 1);
  }
  CHECK(std::size(request_error_kinds) == request_codes);
  for (const auto& kind : request_error_kinds) {
    const auto* same = std::ranges::find(error_kinds, kind.status, &problem_kind<errc>::status);
    if (same == std::end(error_kinds)) continue;
    CHECK(same->name == kind.name);
    CHECK(same->title == kind.title);
  }
}

TEST_CASE("each error code answers with the status that the API promises") {
  const std::pair<errc, int> promised[] = {
      {errc::malformed, 400},      {errc::invalid, 422},          {errc::unauthenticated, 401},
      {errc::forbidden, 403},      {errc::not_found, 404},        {errc::conflict, 409},
      {errc::key_reused, 422},     {errc::rate_limited, 429},     {errc::unavailable, 503},
      {errc::content_locked, 403}, {errc::version_mismatch, 412}, {errc::edit_window_closed, 403},
      {errc::in_doubt, 503}};
  CHECK(std::size(promised) == codes);
  for (const auto& [code, status] : promised)
    check_status(problem({code, "No."}, {.target = "/x", .id = "r1"}), status);
}

TEST_CASE("each of HTTP's own errors answers with the status that the API promises") {
  using code = request_errc;
  const std::pair<code, int> promised[] = {
      {code::malformed, 400},         {code::not_found, 404},
      {code::too_large, 413},         {code::unsupported_media, 415},
      {code::headers_too_large, 431}, {code::target_too_long, 414},
      {code::timed_out, 408},         {code::overloaded, 503},
      {code::method_not_allowed, 405}};
  CHECK(std::size(promised) == request_codes);
  for (const auto& [refused, status] : promised)
    check_status(problem({refused, "No."}, {.target = "/x", .id = "r1"}), status);
}

TEST_CASE("a refused request is a problem of the same form as an error") {
  const request asked{.target = "/a?b", .prefix = "/talk", .id = "r-1"};
  const response refused = problem({request_errc::malformed, "No.", {{"Host", "required"}}}, asked);
  const response wrong = problem({errc::malformed, "No.", {{"Host", "required"}}}, asked);
  CHECK(refused.body == wrong.body);
  CHECK(refused.headers == wrong.headers);
}

TEST_CASE("a problem is this JSON, and is not to be cached") {
  const response answer = problem(
      {errc::invalid, "It breaks rules.", {{"/body", "required"}, {"/author/url", "format"}}},
      {.target = "/api/v1/comments?content_id=secret", .prefix = "/talk", .id = "r-1"});
  CHECK(answer.body ==
        R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"
        R"("detail":"It breaks rules.","instance":"/talk/api/v1/comments","code":"validation",)"
        R"("errors":[{"pointer":"/body","code":"required"},)"
        R"({"pointer":"/author/url","code":"format"}],"request_id":"r-1"})");
  CHECK(answer.headers ==
        fields{{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}});
}

TEST_CASE("what works later says when to come back") {
  const response answer = problem({errc::unavailable, "Not now."}, {.target = "/"});
  CHECK(find_header(answer.headers, "Retry-After") == "1");
}

TEST_CASE("only a write whose outcome is unknown says that it is in doubt") {
  const response doubtful = problem({errc::in_doubt, "Try again.", {}, 7}, {.target = "/"});
  const auto body = nlohmann::json::parse(doubtful.body);
  CHECK(doubtful.status == 503);
  CHECK(body.at("code") == "unavailable");
  CHECK(body.at("in_doubt") == true);
  CHECK(find_header(doubtful.headers, "Retry-After") == "7");
  for (int i = 0; i < codes; ++i) {
    const auto code = static_cast<errc>(i);
    const response answer = problem({code, "No."}, {.target = "/"});
    CHECK(nlohmann::json::parse(answer.body).contains("in_doubt") == (code == errc::in_doubt));
  }
}

TEST_CASE("a problem without violations has an empty list of them") {
  const response answer = problem({errc::not_found, "No."}, {});
  CHECK(nlohmann::json::parse(answer.body).at("errors") == nlohmann::json::array());
  CHECK(nlohmann::json::parse(answer.body).at("instance") == "");
}

TEST_CASE("text that is not UTF-8 is written all the same") {
  const std::string bad = "a\xff", good = "a\xef\xbf\xbd";
  const response answer = problem({errc::invalid, bad, {{bad, bad}}}, {.id = bad});
  const auto body = nlohmann::json::parse(answer.body);
  CHECK(body.at("detail") == good);
  CHECK(body.at("errors").at(0).at("pointer") == good);
  CHECK(body.at("errors").at(0).at("code") == good);
  CHECK(body.at("request_id") == good);
}

TEST_CASE("a target that is no text is written all the same") {
  const response answer = problem({errc::not_found, "No."}, {.target = "/\xff\"\x01?a=\xfe"});
  CHECK(nlohmann::json::parse(answer.body).at("instance") == "/\xef\xbf\xbd\"\x01");
}
