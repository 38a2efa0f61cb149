#pragma once
// deployments/page.hpp - what runs now, how it is, and the latest deployments, as a page to read.
//
// Made here whole, with no script, so that it can be read wherever anything can. Its style has an
// address of its own, so that the page's policy (CSP) need not allow any that stands in the page.
// Whatever anybody wrote is text in it, and stands in an element of its own direction.
//
//   to_html({.component = "comments", .version = "1.2", .deployments = page.items}, now);

#include <comments/clock.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

struct status_page {
  std::string component{};
  std::string version{};
  std::string commit{};
  std::string build_date{};
  std::string trouble{};                  // why the service is not well; empty: it is
  std::vector<deployment> deployments{};  // the latest first
  std::string unread{};                   // why there are none of these; empty: there are none
};

// No page may put it into a frame, and it fetches nothing but its style.
inline constexpr std::string_view status_policy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

// "340 ms", "4.2 s", "2 min 5 s", "3 h 20 min", "2 d 4 h".
inline std::string to_words(std::chrono::milliseconds span) {
  const std::int64_t ms = span.count(), s = ms / 1000, min = s / 60, h = min / 60;
  const auto both = [](std::int64_t large, std::string_view one, std::int64_t small,
                       std::string_view other) {
    std::string text = std::to_string(large);
    text.append(one);
    return small == 0 ? text : text.append(" ").append(std::to_string(small)).append(other);
  };
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (s < 10) return std::to_string(s) + "." + std::to_string(ms % 1000 / 100) + " s";
  if (min < 1) return std::to_string(s) + " s";
  if (h < 1) return both(min, " min", s % 60, " s");
  if (h < 24) return both(h, " h", min % 60, " min");
  return both(h / 24, " d", h % 24, " h");
}

// How long each step took, in the order of `steps`, the latest first: until the next step of the
// same component's run. Nothing for the last step of a run, and where a clock was set back.
inline std::vector<std::optional<std::chrono::milliseconds>> spans_of(
    const std::vector<deployment>& steps) {
  std::map<std::pair<std::string_view, std::string_view>, instant> next;
  std::vector<std::optional<std::chrono::milliseconds>> spans;
  for (const deployment& step : steps) {
    spans.emplace_back();
    if (step.run.empty()) continue;
    const auto [known, is_last] = next.try_emplace({step.component, step.run}, step.date);
    if (!is_last && known->second >= step.date) spans.back() = known->second - step.date;
    known->second = step.date;
  }
  return spans;
}

namespace detail {

// Text of somebody's in an element of its own, whose direction changes nothing around it.
inline std::string isolated(std::string_view text) {
  return "<bdi>" + escape_html(text) + "</bdi>";
}

inline void append_term(std::string& to, std::string_view name, std::string_view value) {
  to.append("<dt>").append(name).append("</dt><dd>");
  to.append(value.empty() ? "<span class=\"none\">not known</span>" : isolated(value));
  to += "</dd>\n";
}

// A cell; on a narrow screen, where there is no head above it, `name` stands beside it.
inline void append_cell_of(std::string& to, std::string_view name, std::string_view type,
                           std::string_view html) {
  to.append("<td role=\"cell\" data-name=\"").append(name).append("\"");
  if (!type.empty()) to.append(" class=\"").append(type).append("\"");
  to.append(">").append(html.empty() ? "<span class=\"none\">\u2013</span>" : html).append("</td>");
}

inline std::string to_time(instant at) {
  const std::string exact = to_rfc3339(at);
  return "<time datetime=\"" + exact + "\">" + exact.substr(0, 10) + " " + exact.substr(11, 8) +
         "</time>";
}

// What is under way says for how long; of a run that ended nothing goes on.
inline std::string to_span(const deployment& step, std::optional<std::chrono::milliseconds> took,
                           bool is_latest, instant now) {
  if (took) return to_words(*took);
  if (is_final(step.status) || step.run.empty() || !is_latest || now < step.date) return {};
  return to_words(now - step.date) + " so far";
}

inline void append_deployments(std::string& to, const std::vector<deployment>& steps, instant now) {
  to += "<table role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">";
  for (const char* name : {"Component", "Version", "Status", "Responsible", "Date (UTC)", "Took"})
    to.append("<th role=\"columnheader\" scope=\"col\">").append(name).append("</th>");
  to += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
  const auto spans = spans_of(steps);
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const deployment& step = steps[i];
    const bool is_latest = seen.emplace(step.component, step.run).second;
    std::string status{to_text(step.status)};
    const std::string type = "status " + status;
    std::ranges::replace(status, '_', ' ');
    to += "<tr role=\"row\">";
    append_cell_of(to, "Component", "", isolated(step.component));
    append_cell_of(to, "Version", "", isolated(step.version));
    append_cell_of(to, "Status", type, status);
    append_cell_of(to, "Responsible", "", isolated(step.responsible));
    append_cell_of(to, "Date (UTC)", "date", to_time(step.date));
    append_cell_of(to, "Took", "took", to_span(step, spans[i], is_latest, now));
    to += "</tr>\n";
  }
  to += "</tbody>\n</table>\n";
}

}  // namespace detail

inline std::string to_html(const status_page& page, instant now) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Status of ";
  html.append(escape_html(page.component))
      .append("</title>\n<link rel=\"stylesheet\" href=\"status.css\">\n</head>\n<body>\n<main>\n")
      .append("<h1>Status of ")
      .append(detail::isolated(page.component))
      .append("</h1>\n");
  if (page.trouble.empty())
    html += "<p class=\"health good\">It is working.</p>\n";
  else
    html += "<p class=\"health bad\">" + escape_html(page.trouble) + "</p>\n";
  html += "<h2>What runs now</h2>\n<dl>\n";
  detail::append_term(html, "Component", page.component);
  detail::append_term(html, "Version", page.version);
  detail::append_term(html, "Commit", page.commit);
  detail::append_term(html, "Built", page.build_date);
  html.append("<dt>As of (UTC)</dt><dd>").append(detail::to_time(now)).append("</dd>\n</dl>\n");
  html += "<h2>Latest deployments</h2>\n";
  if (!page.unread.empty())
    html += "<p class=\"bad\">" + escape_html(page.unread) + "</p>\n";
  else if (page.deployments.empty())
    html += "<p class=\"none\">None is recorded yet.</p>\n";
  else
    detail::append_deployments(html, page.deployments, now);
  html += "<p><a href=\"api/v1/deployments?format=csv\">All of them as a spreadsheet</a></p>\n";
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace comments::http
