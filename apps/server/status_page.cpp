#include "status_page.hpp"

#include <comments/text.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace server {
namespace {

using namespace comments;

// Text of somebody's in an element of its own, whose direction changes nothing around it.
std::string isolated(std::string_view text) { return "<bdi>" + escape_html(text) + "</bdi>"; }

void append_term(std::string& to, std::string_view name, std::string_view value) {
  to.append("<dt>").append(name).append("</dt><dd>");
  to.append(value.empty() ? "<span class=\"none\">not known</span>" : isolated(value));
  to += "</dd>\n";
}

// A cell; on a narrow screen, where there is no head above it, `name` stands beside it.
void append_cell_of(std::string& to, std::string_view name, std::string_view type,
                    std::string_view html) {
  to.append("<td role=\"cell\" data-name=\"").append(name).append("\"");
  if (!type.empty()) to.append(" class=\"").append(type).append("\"");
  to.append(">").append(html.empty() ? "<span class=\"none\">\u2013</span>" : html).append("</td>");
}

std::string to_time(instant at) {
  const std::string exact = to_rfc3339(at);
  return "<time datetime=\"" + exact + "\">" + exact.substr(0, 10) + " " + exact.substr(11, 8) +
         "</time>";
}

// A step that is under way says for how long.
std::string to_span(const status_row& row) {
  if (!row.took) return {};
  return to_words(*row.took) + (row.is_under_way ? " so far" : "");
}

void append_rows(std::string& to, const std::vector<status_row>& rows) {
  to += "<table role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">";
  for (const char* name : {"Component", "Version", "Status", "Responsible", "Date (UTC)", "Took"})
    to.append("<th role=\"columnheader\" scope=\"col\">").append(name).append("</th>");
  to += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
  for (const status_row& row : rows) {
    std::string status{to_text(row.step.status)};
    const std::string type = "status " + status;
    std::ranges::replace(status, '_', ' ');
    to += "<tr role=\"row\">";
    append_cell_of(to, "Component", "", isolated(row.step.component));
    append_cell_of(to, "Version", "", isolated(row.step.version));
    append_cell_of(to, "Status", type, status);
    append_cell_of(to, "Responsible", "", isolated(row.step.responsible));
    append_cell_of(to, "Date (UTC)", "date", to_time(row.step.date));
    append_cell_of(to, "Took", "took", to_span(row));
    to += "</tr>\n";
  }
  to += "</tbody>\n</table>\n";
}

void append_health(std::string& to, service_health health) {
  switch (health) {
    case service_health::working: to += "<p class=\"health good\">It is working.</p>\n"; break;
    case service_health::read_only:
      to += "<p class=\"health bad\">It can be read; its store takes no writes now.</p>\n";
      break;
    case service_health::draining:
      to += "<p class=\"health bad\">It is shutting down.</p>\n";
      break;
  }
}

}  // namespace

std::string to_html(const service_status& shown) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Status of ";
  html.append(escape_html(shown.component))
      .append("</title>\n<link rel=\"stylesheet\" href=\"status.css\">\n</head>\n<body>\n<main>\n")
      .append("<h1>Status of ")
      .append(isolated(shown.component))
      .append("</h1>\n");
  append_health(html, shown.health);
  html += "<h2>What runs now</h2>\n<dl>\n";
  append_term(html, "Component", shown.component);
  append_term(html, "Version", shown.version);
  append_term(html, "Commit", shown.commit);
  append_term(html, "Built", shown.build_date);
  html.append("<dt>As of (UTC)</dt><dd>").append(to_time(shown.now)).append("</dd>\n</dl>\n");
  html += "<h2>Latest deployments</h2>\n";
  if (!shown.is_log_readable)
    html += "<p class=\"bad\">The register cannot be read now.</p>\n";
  else if (shown.latest.empty())
    html += "<p class=\"none\">None is recorded yet.</p>\n";
  else
    append_rows(html, shown.latest);
  html += "<p><a href=\"api/v1/deployments?format=csv\">All of them as a spreadsheet</a></p>\n";
  return html + "</main>\n</body>\n</html>\n";
}

http::response make_status_page(const service_status& shown, const http::request&) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"Content-Security-Policy", std::string{status_policy}},
                      {"Referrer-Policy", "no-referrer"}},
          .body = to_html(shown)};
}

}  // namespace server
