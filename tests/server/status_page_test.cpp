#include "../../apps/server/status_page.hpp"

#include <doctest/doctest.h>

#include <comments/text.hpp>

#include <string>
#include <vector>

using namespace comments;
using server::english;
using std::chrono::milliseconds;

namespace {

std::string to_html(const service_status& shown) { return server::to_html(shown, english()); }

const instant noon = from_milliseconds(1'700'000'000'000);

deployment step(deployment_status status, milliseconds after, const std::string& run = "1",
                const std::string& component = "comments") {
  return {.component = component,
          .version = "1.2",
          .responsible = "ana",
          .status = status,
          .run = run,
          .date = noon + after};
}

// The cells of the page's rows by the name that stands beside them.
std::vector<std::string> cells(const std::string& html, const std::string& name) {
  std::vector<std::string> found;
  const std::string mark = "data-name=\"" + name + "\"";
  for (std::size_t at = html.find(mark); at != html.npos; at = html.find(mark, at + 1)) {
    const std::size_t start = html.find('>', at) + 1;
    found.push_back(html.substr(start, html.find("</td>", start) - start));
  }
  return found;
}

std::vector<std::string> took(const std::vector<deployment>& steps, milliseconds now_after) {
  auto found = cells(to_html({.latest = to_status_rows(steps, noon + now_after)}), "Took");
  for (std::string& one : found)
    if (one.find("none") != one.npos) one = "";
  return found;
}

}  // namespace

TEST_CASE("the page tells of a proxy that is not heard, and what to do") {
  CHECK(to_html({}).find("proxy") == std::string::npos);
  const std::string known =
      to_html({.unheard_header = "X-Forwarded-For", .unheard_address = "10.0.0.7"});
  CHECK(known.find("--trusted-proxies 10.0.0.7") != known.npos);
  CHECK(known.find("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for") != known.npos);
  const std::string unknown = to_html({.unheard_header = "X-Real-IP"});
  CHECK(unknown.find("--trusted-proxies ADDRESS") != unknown.npos);
  const std::string unread = to_html(
      {.unheard_header = "Forwarded", .unheard_address = "10.0.0.7", .is_unheard_trusted = true});
  CHECK(unread.find("The trusted proxy 10.0.0.7 names readers in Forwarded") != unread.npos);
}

TEST_CASE("how long each step took stands in its row") {
  using enum deployment_status;
  CHECK(took({step(success, milliseconds{95'000}), step(pending, milliseconds{5'000}),
              step(in_progress, milliseconds{40'000}, "2")},
             milliseconds{100'000}) == std::vector<std::string>{"", "1 min 30 s", "1 min so far"});
}

TEST_CASE("the page shows what runs, its health, and the latest deployments") {
  const std::string html = to_html({.component = "comments-server",
                                    .version = "0.1.0",
                                    .commit = "74ea099",
                                    .build_date = "2026-11-23",
                                    .latest = {{step(deployment_status::in_progress, {})}},
                                    .now = noon});
  for (const std::string part :
       {"<!DOCTYPE html>", "lang=\"en\"", "name=\"viewport\"", "<title>Status of comments-server",
        "<dt>Version</dt><dd><bdi>0.1.0</bdi></dd>", "<dt>Commit</dt><dd><bdi>74ea099</bdi></dd>",
        "<dt>Built</dt><dd><bdi>2026-11-23</bdi></dd>", "class=\"health good\">It is working."})
    CHECK_MESSAGE(html.find(part) != html.npos, part);
  CHECK(cells(html, "Component") == std::vector<std::string>{"<bdi>comments</bdi>"});
  CHECK(cells(html, "Version") == std::vector<std::string>{"<bdi>1.2</bdi>"});
  CHECK(cells(html, "Responsible") == std::vector<std::string>{"<bdi>ana</bdi>"});
  CHECK(cells(html, "Status") == std::vector<std::string>{"in progress"});
  CHECK(cells(html, "Date (UTC)") ==
        std::vector<std::string>{"<time datetime=\"2023-11-14T22:13:20.000Z\">2023-11-14 22:13:20"
                                 "</time>"});
}

TEST_CASE("absent values are shown as absent") {
  const std::string html = to_html({.health = service_health::read_only, .is_log_readable = false});
  CHECK(html.find("<dt>Commit</dt><dd><span class=\"none\">not known</span>") != html.npos);
  CHECK(html.find("class=\"health bad\">It can be read; its store takes no writes now.") !=
        html.npos);
  CHECK(html.find("The log cannot be read now.") != html.npos);
  CHECK(html.find("None is recorded yet.") == html.npos);
  CHECK(to_html({}).find("None is recorded yet.") != html.npos);
  CHECK(to_html({.health = service_health::store_away}).find("Its database does not answer.") !=
        html.npos);
  CHECK(to_html({.health = service_health::draining}).find("It is shutting down.") != html.npos);
}

TEST_CASE("nothing that a person wrote is markup in the page") {
  const std::string hostile = "</bdi><script>alert(\"1\")</script><a href='x' onclick=\"y\">&amp;";
  deployment said{.component = hostile, .version = hostile, .responsible = hostile, .run = hostile};
  const std::string html = to_html({.component = hostile,
                                    .version = hostile,
                                    .commit = hostile,
                                    .build_date = hostile,
                                    .latest = {{said}}});
  CHECK(html.find("<script") == html.npos);
  CHECK(html.find("onclick=\"") == html.npos);
  CHECK(html.find("'x'") == html.npos);
  std::size_t escaped = 0;
  const std::string safe = escape_html(hostile);
  for (std::size_t at = html.find(safe); at != html.npos; at = html.find(safe, at + 1)) ++escaped;
  CHECK(escaped == 9);  // title, heading, four terms, three cells; the run is not shown
}

TEST_CASE("the page needs no script, and its policy would let none run") {
  const std::string policy{server::status_policy};
  CHECK(policy.starts_with("default-src 'none'; "));
  CHECK(policy.find("unsafe") == policy.npos);
  CHECK(policy.find("frame-ancestors 'none'") != policy.npos);
  const std::string html = to_html({.latest = {{step({}, {})}}});
  for (const std::string forbidden :
       {" style=", "<style", " on", "javascript:", "http://", "https://"})
    CHECK_MESSAGE(html.find(forbidden) == html.npos, forbidden);
  CHECK(html.find("<link rel=\"stylesheet\" href=\"status.css\">") != html.npos);
}

TEST_CASE("the page is served with its policy, and is never kept") {
  const auto answer = server::make_status_page({.component = "shop"}, {});
  CHECK(answer.status == 200);
  CHECK(answer.body == to_html({.component = "shop"}));
  CHECK(answer.headers ==
        http::fields{{"Content-Type", "text/html; charset=utf-8"},
                     {"Cache-Control", "no-store"},
                     {"Vary", "Accept-Language"},
                     {"Content-Security-Policy", std::string{server::status_policy}},
                     {"Referrer-Policy", "no-referrer"}});
}

TEST_CASE("the page speaks the language of its reader, and says so") {
  const auto answer = server::make_status_page(
      {.component = "shop", .latest = {{step(deployment_status::in_progress, {})}}},
      {.target = "/status", .headers = {{"Accept-Language", "pt-BR"}}});
  for (const std::string part :
       {"lang=\"pt-BR\"", "Está funcionando.",
        "data-name=\"Situação\" class=\"status in_progress\"", ">em andamento<"})
    CHECK_MESSAGE(answer.body.find(part) != answer.body.npos, part);
}
