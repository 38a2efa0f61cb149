#include <comments/deployments/page.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using http::status_page;
using http::to_html;
using std::chrono::milliseconds;

namespace {

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
  auto found = cells(to_html({.deployments = steps}, noon + now_after), "Took");
  for (std::string& one : found)
    if (one.find("none") != one.npos) one = "";
  return found;
}

}  // namespace

TEST_CASE("a span is said in two units, the smaller of them cut") {
  const struct {
    std::int64_t ms;
    std::string words;
  } table[] = {{0, "0 ms"},
               {999, "999 ms"},
               {1'000, "1.0 s"},
               {9'999, "9.9 s"},
               {10'000, "10 s"},
               {59'999, "59 s"},
               {60'000, "1 min"},
               {125'000, "2 min 5 s"},
               {3'599'999, "59 min 59 s"},
               {3'600'000, "1 h"},
               {12'000'000, "3 h 20 min"},
               {86'400'000, "1 d"},
               {187'200'000, "2 d 4 h"}};
  for (const auto& row : table) CHECK(http::to_words(milliseconds{row.ms}) == row.words);
}

TEST_CASE("a step took until the next of the same run, whatever others did meanwhile") {
  using enum deployment_status;
  const std::vector<deployment> steps{step(success, milliseconds{95'000}),
                                      step(failure, milliseconds{50'000}, "2"),
                                      step(in_progress, milliseconds{40'000}, "1", "widget"),
                                      step(in_progress, milliseconds{30'000}),
                                      step(in_progress, milliseconds{20'000}, "2"),
                                      step(pending, milliseconds{5'000})};
  CHECK(took(steps, milliseconds{100'000}) ==
        std::vector<std::string>{"", "", "1 min so far", "1 min 5 s", "30 s", "25 s"});
}

TEST_CASE("nothing is said of how long a step took where nobody can know") {
  using enum deployment_status;
  CHECK(took({step(success, milliseconds{9}, ""), step(pending, milliseconds{1}, "")},
             milliseconds{10}) == std::vector<std::string>{"", ""});
  // The clock was set back between the two, and is behind the first still.
  CHECK(took({step(in_progress, milliseconds{10}), step(pending, milliseconds{20})},
             milliseconds{5}) == std::vector<std::string>{"", ""});
  CHECK(took({step(in_progress, milliseconds{10}), step(pending, milliseconds{10})},
             milliseconds{10}) == std::vector<std::string>{"0 ms so far", "0 ms"});
}

TEST_CASE("the page says what runs, how it is, and who deployed what and when") {
  const std::string html = to_html({.component = "comments-server",
                                    .version = "0.1.0",
                                    .commit = "74ea099",
                                    .build_date = "2026-11-23",
                                    .deployments = {step(deployment_status::in_progress, {})}},
                                   noon);
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

TEST_CASE("what is not there is said to be not there") {
  const std::string html =
      to_html({.trouble = "It is <down>.", .unread = "It cannot be read & so."}, noon);
  CHECK(html.find("<dt>Commit</dt><dd><span class=\"none\">not known</span>") != html.npos);
  CHECK(html.find("class=\"health bad\">It is &lt;down&gt;.") != html.npos);
  CHECK(html.find("It cannot be read &amp; so.") != html.npos);
  CHECK(html.find("None is recorded yet.") == html.npos);
  CHECK(to_html({}, noon).find("None is recorded yet.") != html.npos);
}

TEST_CASE("nothing that anybody wrote is markup in the page") {
  const std::string hostile = "</bdi><script>alert(\"1\")</script><a href='x' onclick=\"y\">&amp;";
  deployment said{.component = hostile, .version = hostile, .responsible = hostile, .run = hostile};
  const std::string html = to_html({.component = hostile,
                                    .version = hostile,
                                    .commit = hostile,
                                    .build_date = hostile,
                                    .trouble = hostile,
                                    .deployments = {said}},
                                   noon);
  CHECK(html.find("<script") == html.npos);
  CHECK(html.find("onclick=\"") == html.npos);
  CHECK(html.find("'x'") == html.npos);
  std::size_t escaped = 0;
  const std::string safe = escape_html(hostile);
  for (std::size_t at = html.find(safe); at != html.npos; at = html.find(safe, at + 1)) ++escaped;
  CHECK(escaped == 10);  // title, heading, four terms, trouble, three cells; the run is not shown
}

TEST_CASE("the page needs no script, and its policy would let none run") {
  const std::string policy{http::status_policy};
  CHECK(policy.starts_with("default-src 'none'; "));
  CHECK(policy.find("unsafe") == policy.npos);
  CHECK(policy.find("frame-ancestors 'none'") != policy.npos);
  const std::string html = to_html({.deployments = {step({}, {})}}, noon);
  for (const std::string forbidden :
       {" style=", "<style", " on", "javascript:", "http://", "https://"})
    CHECK_MESSAGE(html.find(forbidden) == html.npos, forbidden);
  CHECK(html.find("<link rel=\"stylesheet\" href=\"status.css\">") != html.npos);
}
